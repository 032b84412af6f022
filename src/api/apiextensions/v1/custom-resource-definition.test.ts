import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { created, defaulted, lines, problemsOf, updated } from '../../core/v1/testing.ts'
import {
  type CustomResourceDefinition,
  customResourceDefinition,
} from './custom-resource-definition.ts'
import type { JsonSchemaProps } from './json-schema-props.ts'

type Spec = Record<string, unknown>

const version = (more: Spec = {}) => ({
  name: 'v1',
  served: true,
  storage: true,
  schema: { openAPIV3Schema: { type: 'object' } },
  ...more,
})

const body = (spec: Spec = {}, metadata: Spec = {}) => ({
  metadata: { name: 'widgets.example.com', ...metadata },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', kind: 'Widget' },
    versions: [version()],
    ...spec,
  },
})

const wrong = (spec: Spec, metadata: Spec = {}) =>
  problemsOf(customResourceDefinition, body(spec, metadata))

before(() => customResourceDefinition.prepareWrites?.())

test('names, conversion and the status have their defaults', () => {
  const definition = created(customResourceDefinition, {
    ...body(),
    status: { conditions: [{ type: 'Established', status: 'True' }], storedVersions: ['v7'] },
  })
  assert.deepEqual(definition.spec.names, {
    plural: 'widgets',
    singular: 'widget',
    kind: 'Widget',
    listKind: 'WidgetList',
  })
  assert.deepEqual(definition.spec.conversion, { strategy: 'None' })
  assert.deepEqual(definition.status, {
    conditions: [],
    acceptedNames: { plural: '', kind: '' },
    storedVersions: ['v1'],
  })
})

describe('a definition is refused', () => {
  const two = [version(), version({ name: 'v2', storage: false })]
  const different = [version(), version({ name: 'v2', storage: false, schema: schemaOf({}) })]
  function schemaOf(more: JsonSchemaProps) {
    return { openAPIV3Schema: { type: 'object', description: 'another', ...more } }
  }
  const cases: readonly (readonly [string, Spec, string | RegExp])[] = [
    ['without a group', { group: '' }, 'spec.group: Required value'],
    [
      'for a group without a dot',
      { group: 'example' },
      'spec.group: Invalid value: "example": should be a domain with at least one dot',
    ],
    [
      'for another scope',
      { scope: 'Global' },
      'spec.scope: Unsupported value: "Global": supported values: "Cluster", "Namespaced"',
    ],
    [
      'without a schema',
      { versions: [version({ schema: undefined })] },
      'spec.versions[0].schema.openAPIV3Schema: Required value',
    ],
    [
      'with bad names of kinds',
      { names: { plural: 'widgets', kind: 'my_widget', listKind: 'my_widget' } },
      'spec.names.listKind: Invalid value: "my_widget": kind and listKind may not be the same',
    ],
    [
      'with bad short names',
      { names: { plural: 'widgets', kind: 'Widget', shortNames: ['W'] } },
      "spec.names.shortNames[0]: Invalid value: \"W\": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
    ],
    [
      'with the same version twice',
      { versions: [version(), version({ storage: false })] },
      /^spec\.versions: Invalid value: .*: must contain unique version names$/,
    ],
    [
      'with the same storage version twice',
      { versions: [version(), version()] },
      'status.storedVersions: Invalid value: ["v1"]: must have the storage version v1',
    ],
    [
      'with selectable fields and no schema',
      { versions: [version({ schema: undefined, selectableFields: [{ jsonPath: '.a' }] })] },
      'spec.selectableFields: Invalid value: "": may only be set when validations.schema is included',
    ],
    [
      'with the same selectable fields in schemas that differ',
      { versions: different.map(each => ({ ...each, selectableFields: [{ jsonPath: '.a' }] })) },
      'spec.selectableFields: Invalid value: "": may only be set when validations.schema is included',
    ],
    [
      'with selectable fields of its own and no schema',
      {
        versions: [
          version({ schema: undefined, selectableFields: [{ jsonPath: '.a' }] }),
          version({ name: 'v2', storage: false }),
        ],
      },
      'spec.versions[0].selectableFields: Invalid value: "": may only be set when `version.schema.openAPIV3Schema` is not included',
    ],
    [
      'with two storage versions',
      { versions: [version(), version({ name: 'v2' })] },
      /^spec\.versions: Invalid value: .*: must have exactly one version marked as storage version$/,
    ],
    [
      'that keeps unknown fields everywhere',
      { preserveUnknownFields: true },
      'spec.preserveUnknownFields: Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
    ],
    [
      'with a column of no type',
      {
        versions: [
          version({ additionalPrinterColumns: [{ name: 'A', type: 'text', jsonPath: 'a' }] }),
        ],
      },
      'spec.additionalPrinterColumns[0].type: Invalid value: "text": must be one of boolean,date,integer,number,string',
    ],
    [
      'with a column at no path',
      {
        versions: [
          version({ additionalPrinterColumns: [{ name: 'A', type: 'string', jsonPath: 'a' }] }),
        ],
      },
      'spec.additionalPrinterColumns[0].JSONPath: Invalid value: "a": must be a simple json path starting with .',
    ],
    [
      'that scales outside of the spec',
      {
        versions: [
          version({
            subresources: {
              scale: { specReplicasPath: '.size', statusReplicasPath: '.status.size' },
            },
          }),
        ],
      },
      'spec.subresources.scale.specReplicasPath: Invalid value: ".size": should be a json path under .spec',
    ],
    [
      'that selects by what is not there',
      { versions: [version({ selectableFields: [{ jsonPath: '.spec.colour' }] })] },
      'spec.selectableFields[0].jsonPath: Invalid value: ".spec.colour": is an invalid path: does not refer to a valid field',
    ],
    [
      'with a warning for a version that is not deprecated',
      { versions: [version({ deprecationWarning: 'old' })] },
      'spec.versions[0].deprecationWarning: Invalid value: "old": can only be set for deprecated versions',
    ],
    [
      'with a webhook and no address',
      { conversion: { strategy: 'Webhook', webhook: { conversionReviewVersions: ['v1'] } } },
      'spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook',
    ],
    [
      'with a webhook over plain HTTP',
      {
        conversion: {
          strategy: 'Webhook',
          webhook: { clientConfig: { url: 'http://a.b/c' }, conversionReviewVersions: ['v1'] },
        },
      },
      'spec.conversion.webhookClientConfig.url: Invalid value: "http": \'https\' is the only allowed URL scheme; desired format: https://host[/path]',
    ],
    ...['', 'Not_Valid!', 'a/b/c'].map((url): (typeof cases)[number] => [
      `with a webhook at ${JSON.stringify(url)}`,
      {
        conversion: {
          strategy: 'Webhook',
          webhook: { clientConfig: { url }, conversionReviewVersions: ['v1'] },
        },
      },
      'spec.conversion.webhookClientConfig.url: Invalid value: "": host must be specified; desired format: https://host[/path]',
    ]),
    [
      'with a webhook of a service without a name, said as upstream does',
      {
        conversion: {
          strategy: 'Webhook',
          webhook: {
            clientConfig: { service: { namespace: 'b' } },
            conversionReviewVersions: ['v1'],
          },
        },
      },
      'spec.conversion.webhookClientConfig.service.namespace: Required value',
    ],
    [
      'with a webhook that speaks nothing we know',
      {
        conversion: {
          strategy: 'Webhook',
          webhook: {
            clientConfig: { service: { name: 'a', namespace: 'b' } },
            conversionReviewVersions: ['v9'],
          },
        },
      },
      'spec.conversion.conversionReviewVersions: Invalid value: ["v9"]: must include at least one of v1, v1beta1',
    ],
    [
      'whose versions differ, at the place of each',
      { versions: [different[0], { ...different[1], schema: schemaOf({ type: 'array' }) }] },
      'spec.versions[1].schema.openAPIV3Schema.type: Invalid value: "array": must be object at the root',
    ],
    [
      'whose versions agree, once for all of them',
      { versions: two.map(each => ({ ...each, schema: schemaOf({ type: '' }) })) },
      'spec.validation.openAPIV3Schema.type: Required value: must not be empty at the root',
    ],
  ]
  for (const [what, spec, expected] of cases)
    test(what, () => {
      const found = wrong(spec)
      const isThere = found.some(line =>
        typeof expected === 'string' ? line === expected : expected.test(line),
      )
      assert.ok(isThere, found.join('\n') || 'nothing was wrong')
    })

  test('under another name than its resource and group', () => {
    assert.deepEqual(wrong({}, { name: 'others.example.com' }), [
      'metadata.name: Invalid value: "others.example.com": must be spec.names.plural+"."+spec.group',
    ])
  })

  test('in a group of the community without its approval', () => {
    const spec = { group: 'things.k8s.io' }
    const name = 'widgets.things.k8s.io'
    const key = 'api-approved.kubernetes.io'
    const field = `metadata.annotations[${key}]`
    const approvedBy = (text: string) => wrong(spec, { name, annotations: { [key]: text } })
    assert.ok(wrong(spec, { name })[0]?.startsWith(`${field}: Required value: protected groups`))
    assert.match(approvedBy('me')[0] ?? '', /with either a URL or a reason starting with/)
    assert.deepEqual(approvedBy('https://github.com/kubernetes/kubernetes/pull/1'), [])
    assert.deepEqual(approvedBy('unapproved, experimental'), [])
  })
})

test('a status that is emptied says again what is stored', () => {
  const definition = defaulted(customResourceDefinition, { ...body(), status: {} })
  assert.deepEqual(definition.status.storedVersions, ['v1'])
})

test('a correct definition is taken', () => {
  assert.deepEqual(wrong({}), [])
})

describe('an update', () => {
  const established = (spec: Spec = {}): CustomResourceDefinition => {
    const definition = created(customResourceDefinition, body(spec))
    definition.status.conditions = [
      { type: 'Established', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' },
    ]
    return definition
  }
  const wrongChange = (previous: CustomResourceDefinition, spec: Spec) =>
    lines(
      customResourceDefinition.validateUpdate(
        updated(customResourceDefinition, previous, body(spec)),
        previous,
      ),
    )

  test('may keep rules that cost too much, not bring them', () => {
    const costly = (type: string) => ({
      versions: [
        version({
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: {
                a: {
                  type: 'array',
                  items: { type },
                  'x-kubernetes-validations': [{ rule: 'self.all(x, self.all(y, x == y))' }],
                },
              },
            },
          },
        }),
      ],
    })
    const previous = established(costly('string'))
    const kept = {
      ...costly('string'),
      names: { plural: 'widgets', kind: 'Widget', shortNames: ['w'] },
    }
    assert.deepEqual(wrongChange(previous, kept), [])
    const [line = ''] = wrongChange(previous, costly('integer'))
    assert.match(line, /estimated rule cost exceeds budget by factor of more than 100x/)
  })

  test('keeps the status, the scope and the kind', () => {
    const previous = established()
    const next = updated(customResourceDefinition, previous, body())
    assert.deepEqual(next.status, previous.status)
    assert.deepEqual(wrongChange(previous, { scope: 'Cluster' }), [
      'spec.scope: Invalid value: "Cluster": field is immutable',
    ])
    assert.deepEqual(
      wrongChange(previous, {
        names: { plural: 'widgets', kind: 'Gadget', listKind: 'WidgetList' },
      }),
      ['spec.names.kind: Invalid value: "Gadget": field is immutable'],
    )
  })

  test('may change both before the resource is established', () => {
    const previous = created(customResourceDefinition, body())
    assert.deepEqual(wrongChange(previous, { scope: 'Cluster' }), [])
  })

  test('of the status is checked for its names alone', () => {
    const next = established()
    next.status.acceptedNames = { plural: 'Widgets', kind: 'Widget' }
    const [line = ''] = lines(customResourceDefinition.validateStatusUpdate(next, next))
    assert.match(line, /^status\.acceptedNames\.plural: Invalid value: "Widgets"/)
  })
})

test('formats that nobody knows are told, once', () => {
  const withFormat = (format: string) =>
    defaulted(
      customResourceDefinition,
      body({
        versions: [
          version({
            schema: {
              openAPIV3Schema: {
                type: 'object',
                properties: {
                  a: { type: 'string', format },
                  b: { type: 'integer', format: 'int32' },
                },
              },
            },
          }),
        ],
      }),
    )
  assert.deepEqual(customResourceDefinition.warnings(withFormat('date-time'), undefined), [])
  assert.deepEqual(customResourceDefinition.warnings(withFormat('colour'), undefined), [
    'unrecognized format "colour"',
  ])
  assert.deepEqual(
    customResourceDefinition.warnings(withFormat('colour'), withFormat('colour')),
    [],
  )
})
