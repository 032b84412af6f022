/** The definition of ClusterProfiles, which the federation brings along where nobody has installed it. */
import type { Definition } from './ensure-definitions.ts'
import { condition, list, struct, text } from './schema-words.ts'

const cluster = struct(
  {
    server: text(),
    'tls-server-name': text(),
    'insecure-skip-tls-verify': { type: 'boolean' },
    'certificate-authority': text(),
    'certificate-authority-data': text({ format: 'byte' }),
    'proxy-url': text(),
    'disable-compression': { type: 'boolean' },
    extensions: {
      type: 'array',
      items: struct(
        {
          name: text(),
          extension: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        },
        ['name', 'extension'],
      ),
    },
  },
  ['server'],
)

const provider = struct({ name: text(), cluster }, ['name'])

const schema = struct(
  {
    apiVersion: text(),
    kind: text(),
    metadata: { type: 'object' },
    spec: struct(
      {
        displayName: text({ description: 'What people call the cluster.' }),
        clusterManager: {
          ...struct({ name: text({ description: 'Who manages the cluster.' }) }, ['name']),
          'x-kubernetes-validations': [
            { rule: 'self == oldSelf', message: 'ClusterManager is immutable' },
          ],
        },
      },
      ['clusterManager'],
    ),
    status: struct({
      conditions: list('type', condition),
      version: struct({ kubernetes: text() }),
      properties: list(
        'name',
        struct(
          {
            name: text({ minLength: 1, maxLength: 253 }),
            value: text({ minLength: 1, maxLength: 1024 }),
            lastObservedTime: text({ format: 'date-time' }),
          },
          ['name', 'value'],
        ),
      ),
      accessProviders: list('name', provider),
      credentialProviders: list('name', provider),
    }),
  },
  ['spec'],
)

export const clusterProfileDefinition: Definition = {
  metadata: { name: 'clusterprofiles.multicluster.x-k8s.io' },
  spec: {
    group: 'multicluster.x-k8s.io',
    scope: 'Namespaced',
    names: {
      kind: 'ClusterProfile',
      listKind: 'ClusterProfileList',
      plural: 'clusterprofiles',
      singular: 'clusterprofile',
    },
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: schema },
        subresources: { status: {} },
        additionalPrinterColumns: [
          column('Healthy', 'ControlPlaneHealthy'),
          column('Offline', 'Offline'),
          { name: 'Version', type: 'string', jsonPath: '.status.version.kubernetes' },
          { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
        ],
      },
    ],
  },
}

function column(name: string, type: string) {
  const jsonPath = `.status.conditions[?(@.type=="${type}")].status`
  return { name, type: 'string', jsonPath }
}
