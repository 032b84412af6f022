/** The definition of ClusterProfiles, which the federation brings along where nobody has installed it. */
import { isConditionTrue } from '#api/apiextensions/v1/conditions.ts'
import {
  type CustomResourceDefinition,
  customResourceDefinition,
} from '#api/apiextensions/v1/custom-resource-definition.ts'
import { isStatus } from '#api/machinery/status.ts'
import { type Clock, sleep } from '#base/clock.ts'
import type { Reader, Writer } from '#client/client.ts'

const NAME = 'clusterprofiles.multicluster.x-k8s.io'

const text = (more: object = {}) => ({ type: 'string', ...more })
const list = (key: string, items: object) => ({
  type: 'array',
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': [key],
  items,
})
const struct = (properties: object, required: readonly string[] = []) => ({
  type: 'object',
  properties,
  ...(required.length > 0 ? { required } : {}),
})

const condition = struct(
  {
    type: text({ maxLength: 316 }),
    status: text({ enum: ['True', 'False', 'Unknown'] }),
    reason: text({ minLength: 1, maxLength: 1024 }),
    message: text({ maxLength: 32768 }),
    lastTransitionTime: text({ format: 'date-time' }),
    observedGeneration: { type: 'integer', format: 'int64', minimum: 0 },
  },
  ['type', 'status', 'reason', 'message', 'lastTransitionTime'],
)

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

const definition = {
  metadata: { name: NAME },
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

const POLL_MS = 50
const LONGEST_WAIT_MS = 30_000

/** Resolves when profiles can be written. One that is there already is left as it is: it may be newer. */
export async function ensureDefinition(
  client: Pick<Reader, 'get'> & Pick<Writer, 'create'>,
  clock: Clock,
  signal?: AbortSignal,
): Promise<void> {
  await client
    .create(customResourceDefinition, definition as unknown as Partial<CustomResourceDefinition>)
    .catch(error => {
      if (!isStatus(error, 'AlreadyExists')) throw error
    })
  const giveUpMs = clock.monotonicMs() + LONGEST_WAIT_MS
  while (!isConditionTrue(await client.get(customResourceDefinition, NAME), 'Established')) {
    if (clock.monotonicMs() > giveUpMs)
      throw new Error('the definition of ClusterProfiles is not established')
    await sleep(clock, POLL_MS, signal)
  }
}
