/** The definitions that Services across clusters need, in the form of mcs-api v0.5 and about-api; brought along where nobody has installed them. */
import type { Definition } from '../inventory/ensure-definitions.ts'
import { condition, list, struct, text } from '../inventory/schema-words.ts'
import { FEDERATED } from '../names.ts'
import { GROUP } from './kinds.ts'

const words = (description: string) => ({
  type: 'object',
  description,
  additionalProperties: { type: 'string' },
})
const integer = (more: object = {}) => ({ type: 'integer', format: 'int32', ...more })

/** Both versions are the same but for their names. */
const versions = (schema: object, columns: readonly object[] = []) =>
  ['v1alpha1', 'v1beta1'].map(name => ({
    name,
    served: true,
    storage: name === 'v1beta1',
    schema: { openAPIV3Schema: schema },
    subresources: { status: {} },
    additionalPrinterColumns: [
      ...columns,
      { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
    ],
  }))

const whole = (parts: object, required: readonly string[] = []) =>
  struct({ apiVersion: text(), kind: text(), metadata: { type: 'object' }, ...parts }, required)

const exportDefinition: Definition = {
  metadata: { name: `serviceexports.${GROUP}` },
  spec: {
    group: GROUP,
    scope: 'Namespaced',
    names: {
      kind: 'ServiceExport',
      listKind: 'ServiceExportList',
      plural: 'serviceexports',
      singular: 'serviceexport',
      shortNames: ['svcex', 'svcexport'],
    },
    versions: versions(
      whole({
        spec: struct({
          exportedLabels: words('Labels of the ServiceImport.'),
          exportedAnnotations: words('Annotations of the ServiceImport.'),
        }),
        status: struct({ conditions: list('type', condition) }),
      }),
    ),
  },
}

const port = struct(
  {
    name: text(),
    protocol: text(),
    appProtocol: text(),
    port: integer(),
  },
  ['port'],
)

const importSpec = struct(
  {
    type: text({ enum: ['ClusterSetIP', 'Headless'] }),
    ports: { type: 'array', 'x-kubernetes-list-type': 'atomic', items: port },
    ips: { type: 'array', maxItems: 2, items: text() },
    ipFamilies: { type: 'array', maxItems: 2, items: text() },
    sessionAffinity: text(),
    sessionAffinityConfig: struct({ clientIP: struct({ timeoutSeconds: integer() }) }),
    internalTrafficPolicy: text(),
    trafficDistribution: text(),
  },
  ['ports', 'type'],
)

const importDefinition: Definition = {
  metadata: { name: `serviceimports.${GROUP}` },
  spec: {
    group: GROUP,
    scope: 'Namespaced',
    names: {
      kind: 'ServiceImport',
      listKind: 'ServiceImportList',
      plural: 'serviceimports',
      singular: 'serviceimport',
      shortNames: ['svcim', 'svcimport'],
    },
    versions: versions(
      whole({
        spec: importSpec,
        status: struct({
          clusters: list('cluster', struct({ cluster: text() }, ['cluster'])),
          conditions: list('type', condition),
        }),
      }),
      [
        { name: 'Type', type: 'string', jsonPath: '.spec.type' },
        { name: 'IP', type: 'string', jsonPath: '.spec.ips' },
      ],
    ),
  },
}

const propertyDefinition: Definition = {
  metadata: {
    name: 'clusterproperties.about.k8s.io',
    // API servers ask who approved of a group that ends so: KEP 2149 in its beta.
    annotations: {
      'api-approved.kubernetes.io': 'https://github.com/kubernetes/enhancements/pull/3084',
    },
  },
  spec: {
    group: 'about.k8s.io',
    scope: 'Cluster',
    names: {
      kind: 'ClusterProperty',
      listKind: 'ClusterPropertyList',
      plural: 'clusterproperties',
      singular: 'clusterproperty',
      categories: ['multicluster'],
    },
    versions: versions(
      whole({
        spec: struct({ value: text({ minLength: 1 }) }, ['value']),
        status: { type: 'object' },
      }),
      [{ name: 'Value', type: 'string', jsonPath: '.spec.value' }],
    ),
  },
}

/** Of each member. */
export const definitionsOfMembers: readonly Definition[] = [
  exportDefinition,
  importDefinition,
  propertyDefinition,
]

/** Of the host: exports that are written there are placed in clusters as other objects are. The definition is not: each cluster has its own. */
export const definitionsOfHost: readonly Definition[] = [
  {
    ...exportDefinition,
    metadata: { ...exportDefinition.metadata, labels: { [FEDERATED]: 'objects' } },
  },
  importDefinition,
]
