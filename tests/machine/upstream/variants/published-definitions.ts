/** Definitions of custom resources that the OpenAPI documents are compared for. */
import { PUBLISHED } from './published-schemas.ts'

export const GROUP = 'shown.example.com'

interface Version {
  readonly name: string
  readonly schema: object
  readonly more?: object
}

const definition = (kind: string, versions: readonly Version[], more: object = {}) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${kind.toLowerCase()}s.${GROUP}` },
  spec: {
    group: GROUP,
    names: { kind, plural: `${kind.toLowerCase()}s` },
    scope: 'Namespaced',
    versions: versions.map(({ name, schema, more: own = {} }, index) => ({
      name,
      served: true,
      storage: index === 0,
      schema: { openAPIV3Schema: schema },
      ...own,
    })),
    ...more,
  },
})

const one = (schema: object, more: object = {}) => [{ name: 'v1', schema, more }]
const SIZED = {
  type: 'object',
  properties: { spec: { type: 'object', properties: { size: { type: 'integer' } } } },
}
const SUBRESOURCES = {
  subresources: {
    status: {},
    scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size' },
  },
}

export const DEFINED = [
  ...Object.entries(PUBLISHED).map(([kind, schema]) => definition(kind, one(schema))),
  definition('WholeCluster', one(SIZED, SUBRESOURCES), { scope: 'Cluster' }),
  definition('Scaled', one(SIZED, SUBRESOURCES)),
  definition('StatusAlone', one(SIZED, { subresources: { status: {} } })),
  definition('Several', [
    ...one(SIZED, { deprecated: true }),
    { name: 'v2', schema: PUBLISHED.OpenNested as object, more: SUBRESOURCES },
    { name: 'v3', schema: PUBLISHED.Bare as object, more: { served: false } },
  ]),
  definition('Columns', [
    ...one(SIZED, {
      additionalPrinterColumns: [{ name: 'Size', type: 'integer', jsonPath: '.spec.size' }],
      selectableFields: [{ jsonPath: '.spec.size' }],
    }),
  ]),
  definition('ListedOtherwise', one(SIZED), {
    names: { kind: 'ListedOtherwise', plural: 'listedotherwises', listKind: 'PileOfThem' },
  }),
]
