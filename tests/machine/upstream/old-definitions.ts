/** As they lie in stores since times in which a schema did not have to say much. */
export const oldDefinitions = Object.entries({
  'without any schema': undefined,
  'with types missing': {
    properties: { a: { description: 'a' }, b: { type: 'array', items: {} } },
    additionalProperties: { type: 'string' },
  },
}).map(([title, openAPIV3Schema], at) => {
  const group = `old${at}.states.example.com`
  const name = `firsts.${group}`
  return {
    title,
    name,
    definition: {
      apiVersion: 'apiextensions.k8s.io/v1beta1',
      kind: 'CustomResourceDefinition',
      metadata: {
        name,
        uid: `6c5d3b4e-0000-4000-8000-${String(at).padStart(12, '0')}`,
        creationTimestamp: '2019-05-01T12:00:00Z',
        generation: 1,
      },
      spec: {
        group,
        version: 'v1',
        names: { plural: 'firsts', singular: 'first', kind: 'First', listKind: 'FirstList' },
        scope: 'Cluster',
        versions: [{ name: 'v1', served: true, storage: true }],
        preserveUnknownFields: true,
        conversion: { strategy: 'None' },
        ...(openAPIV3Schema && { validation: { openAPIV3Schema } }),
      },
      status: {
        conditions: null,
        acceptedNames: { plural: '', kind: '' },
        storedVersions: ['v1'],
      },
    },
  }
})
