/** Definitions of custom resources. */
import type { Plain } from '../../../../src/apiserver/all-kinds/testing/fixture.ts'
import { onlyMetadata } from '../../../../src/apiserver/all-kinds/testing/fixture.ts'
import type { Variant, Variants } from './variant.ts'

const openAPIV3Schema = {
  type: 'object',
  description: 'A thing.',
  required: ['spec'],
  properties: {
    spec: {
      type: 'object',
      properties: {
        size: {
          type: 'integer',
          format: 'int32',
          minimum: 1,
          maximum: 10,
          exclusiveMaximum: true,
          default: 3,
          multipleOf: 1,
        },
        name: {
          type: 'string',
          pattern: '^[a-z]+$',
          minLength: 1,
          maxLength: 20,
          enum: ['a', 'b'],
          example: 'a',
          title: 'T',
          nullable: true,
        },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        either: { 'x-kubernetes-int-or-string': true },
        object: {
          type: 'object',
          'x-kubernetes-embedded-resource': true,
          'x-kubernetes-preserve-unknown-fields': true,
        },
        list: {
          type: 'array',
          items: {
            type: 'object',
            required: ['k'],
            properties: { k: { type: 'string' }, v: { type: 'number' } },
          },
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['k'],
          minItems: 1,
          maxItems: 5,
        },
        set: {
          type: 'array',
          items: { type: 'string', maxLength: 9 },
          'x-kubernetes-list-type': 'set',
          maxItems: 5,
        },
        map: {
          type: 'object',
          additionalProperties: { type: 'string', maxLength: 9 },
          'x-kubernetes-map-type': 'granular',
          minProperties: 1,
          maxProperties: 4,
        },
        any: { type: 'integer', anyOf: [{ minimum: 1 }, { maximum: -3 }], not: { enum: [7] } },
      },
      'x-kubernetes-validations': [
        {
          rule: 'self.size < 9',
          message: 'too large',
          reason: 'FieldValueForbidden',
          fieldPath: '.size',
        },
        { rule: 'self.size > 0', message: 'small' },
      ],
    },
    status: {
      type: 'object',
      properties: { replicas: { type: 'integer' }, selector: { type: 'string' } },
    },
  },
}
const service = { namespace: 'default', name: 'web' }
const definition = (plural: string, spec: Plain): Plain => ({
  spec: {
    group: 'tried.example.com',
    names: {
      plural,
      singular: plural.slice(0, -1),
      kind: `K${plural}`,
      listKind: `K${plural}List`,
      shortNames: [`s${plural}`],
      categories: ['all'],
    },
    ...spec,
  },
})
const subresources = {
  status: {},
  scale: {
    specReplicasPath: '.spec.size',
    statusReplicasPath: '.status.replicas',
    labelSelectorPath: '.status.selector',
  },
}
const columns = [
  {
    name: 'Size',
    type: 'integer',
    format: 'int32',
    description: 'how large',
    jsonPath: '.spec.size',
    priority: 1,
  },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
]
const version = {
  name: 'v1',
  served: true,
  storage: true,
  schema: { openAPIV3Schema },
  subresources,
  additionalPrinterColumns: columns,
  selectableFields: [{ jsonPath: '.spec.name' }],
}
const older = {
  name: 'v1beta1',
  served: true,
  storage: false,
  schema: { openAPIV3Schema: { type: 'object', description: 'As it was.' } },
  deprecated: true,
  deprecationWarning: 'old',
}
const definitions: readonly Variant[] = [
  {
    title: 'rich',
    object: definition('things2', { scope: 'Namespaced', versions: [version] }),
    change: onlyMetadata,
  },
  {
    title: 'conversion',
    object: definition('things3', {
      scope: 'Cluster',
      versions: [version, older],
      conversion: {
        strategy: 'Webhook',
        webhook: {
          clientConfig: { service: { ...service, path: '/c' }, caBundle: 'eA==' },
          conversionReviewVersions: ['v1', 'v1beta1'],
        },
      },
    }),
    change: onlyMetadata,
  },
  {
    title: 'conversion by url',
    object: definition('things4', {
      scope: 'Cluster',
      versions: [version, older],
      conversion: {
        strategy: 'Webhook',
        webhook: {
          clientConfig: { url: 'https://127.0.0.1:1/c' },
          conversionReviewVersions: ['v1'],
        },
      },
    }),
    change: onlyMetadata,
  },
]

export const definitionVariants: Variants = {
  'apiextensions.k8s.io/v1 CustomResourceDefinition': definitions,
}
