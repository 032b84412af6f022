/** Amounts finer than a thousandth, and others that are spelled oddly, wherever objects have lists of resources: both API servers store the same. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { type Asked, EVERYTHING, Pair } from './pair.ts'

const NAMESPACE = '/api/v1/namespaces/default'
const list = { cpu: '0.0005', memory: '1e-4', 'example.com/x': '1', storage: '1.0000001Gi' }
const resources = { limits: list, requests: list }
const container = { name: 'c', image: 'registry.example/app:1', resources }
const limited = { limits: { cpu: '500u', memory: '100u' } }
const small = { ...container, resources: limited }
const podSpec = {
  ...{ serviceAccountName: 'default', automountServiceAccountToken: false, overhead: list },
  ...{ containers: [small], initContainers: [{ ...small, name: 'i' }], resources: limited },
  volumes: [
    { name: 'e', emptyDir: { sizeLimit: '0.0005' } },
    {
      name: 'v',
      ephemeral: {
        volumeClaimTemplate: {
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1.0001' } } },
        },
      },
    },
  ],
}
const statusOfContainer = {
  ...{ name: 'c', image: 'i', imageID: 'i', ready: true, restartCount: 0 },
  ...{ resources: limited, allocatedResources: list, state: { running: {} } },
}

/** By the path of the collection: an object, and the status that is written over it. */
const OBJECTS: readonly (readonly [string, object, object?])[] = [
  [
    `${NAMESPACE}/pods`,
    { kind: 'Pod', spec: { ...podSpec, overhead: undefined } },
    {
      containerStatuses: [statusOfContainer],
      initContainerStatuses: [{ ...statusOfContainer, name: 'i' }],
      ...{ resources: limited, allocatedResources: list },
    },
  ],
  [
    '/apis/apps/v1/namespaces/default/deployments',
    {
      kind: 'Deployment',
      spec: {
        selector: { matchLabels: { a: 'b' } },
        template: { metadata: { labels: { a: 'b' } }, spec: podSpec },
      },
    },
  ],
  [
    `${NAMESPACE}/persistentvolumeclaims`,
    {
      kind: 'PersistentVolumeClaim',
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: '',
        resources: { requests: { storage: '1000.0001' } },
      },
    },
    { capacity: list, allocatedResources: { storage: '1000.0001' } },
  ],
  [
    '/api/v1/persistentvolumes',
    {
      kind: 'PersistentVolume',
      spec: {
        accessModes: ['ReadWriteOnce'],
        capacity: { storage: '1000.0001' },
        hostPath: { path: '/x' },
      },
    },
  ],
  [
    `${NAMESPACE}/resourcequotas`,
    { kind: 'ResourceQuota', spec: { hard: { 'limits.cpu': '1.00001', memory: '0.0001' } } },
    { hard: { cpu: '1.00001' }, used: { cpu: '-0.00001' } },
  ],
  [
    `${NAMESPACE}/limitranges`,
    {
      kind: 'LimitRange',
      spec: {
        limits: [
          {
            ...{ type: 'Container', max: { cpu: '1.00001' }, min: { cpu: '0.00001' } },
            ...{ default: { cpu: '0.90001' }, defaultRequest: { cpu: '0.30001' } },
            maxLimitRequestRatio: { cpu: '10000.00001' },
          },
        ],
      },
    },
  ],
  [
    '/apis/node.k8s.io/v1/runtimeclasses',
    { kind: 'RuntimeClass', handler: 'h', overhead: { podFixed: list } },
  ],
  ['/api/v1/nodes', { kind: 'Node' }, { capacity: list, allocatable: list }],
]

describe('small amounts', { skip: etcdMissing() || kubeApiServerMissing() }, () => {
  let pair: Pair
  before(async () => {
    pair = await Pair.start(['--disable-admission-plugins=ServiceAccount', EVERYTHING])
  })
  after(() => pair?.stop())

  for (const [path, object, status] of OBJECTS)
    test(path, async () => {
      const { kind, ...body } = object as { kind: string }
      const [, group = ''] = /^\/apis\/(.*?\/v1)\//.exec(path) ?? []
      const whole = { apiVersion: group || 'v1', kind, metadata: { name: 'small' }, ...body }
      const read = (text: string) => JSON.stringify(amountsIn(JSON.parse(text)))
      const made = { method: 'POST', path, body: whole } as const
      assert.deepEqual(await pair.compare(made, made, read), [])
      if (!status) return
      const headers = { 'content-type': 'application/merge-patch+json' }
      const told: Asked = {
        ...{ method: 'PATCH', path: `${path}/small/status` },
        ...{ body: { status }, headers },
      }
      assert.deepEqual(await pair.compare(told, told, read), [])
    })
})

/** Of an answer what was refused, or all that could be an amount. */
function amountsIn(told: Record<string, unknown>): unknown {
  if (told.kind === 'Status') return told.message
  const { metadata: _, ...rest } = told
  return inOrder(rest)
}

function inOrder(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(inOrder)
  const names = Object.keys(value).sort()
  return Object.fromEntries(names.map(name => [name, inOrder(value[name as keyof typeof value])]))
}
