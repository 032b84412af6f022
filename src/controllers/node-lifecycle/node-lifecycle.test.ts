import assert from 'node:assert/strict'
import { test } from 'node:test'
import { event } from '#api/core/v1/event.ts'
import { type Node, node as nodeKind } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { reconcile as evict } from '../taint-eviction/taint-eviction.reconcile.ts'
import { startTestCluster } from '../testing/test-cluster.ts'
import { type NodeWorld, reconcile } from './node-lifecycle.reconcile.ts'

const NOW_MS = Date.UTC(2026, 0, 1)

function nodeOf(ready: string, taints: object[] = [], spec: object = {}): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'n1', uid: 'n1', resourceVersion: '5' },
    spec: { taints, ...spec },
    status: {
      conditions: ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'].map(type => ({
        type,
        status: type === 'Ready' ? ready : 'False',
        lastHeartbeatTime: '2025-12-31T00:00:00Z',
      })),
    },
  } as unknown as Node
}

const pod = {
  metadata: { name: 'p', namespace: 'a', uid: 'p' },
  spec: { nodeName: 'n1', containers: [] },
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
} as unknown as Pod

const look = (node: Node, more: Partial<NodeWorld> = {}) =>
  reconcile({
    node,
    pods: () => [pod],
    isNew: false,
    silent: false,
    mayEvict: true,
    allDown: false,
    nowMs: NOW_MS,
    ...more,
  })

const taintsIn = ({ writes }: ReturnType<typeof look>): string[] | undefined =>
  writes.flatMap(write => {
    // biome-ignore lint/suspicious/noExplicitAny: tests look into the patch
    const spec = write.verb === 'patch' && (write.patch as any).spec
    return spec
      ? [
          spec.taints.map(
            (taint: { key: string; effect: string }) =>
              `${taint.key.split('/')[1]}:${taint.effect}`,
          ),
        ]
      : []
  })[0]

test('a silent node becomes Unknown and unreachable, and its pods not ready', () => {
  const decision = look(nodeOf('True'), { silent: true })
  const [status] = decision.writes
  assert.ok(status?.verb === 'update')
  const { conditions = [] } = (status.object as unknown as Node).status
  assert.ok(conditions.every(({ status: told }) => told === 'Unknown'))
  assert.equal(conditions[0]?.reason, 'NodeStatusUnknown')
  assert.deepEqual(taintsIn(decision), ['unreachable:NoSchedule', 'unreachable:NoExecute'])
  assert.ok(decision.writes.some(write => write.verb === 'patch' && write.kind.kind === 'Pod'))
})

test('conditions keep their places when they become Unknown, and what was never told comes last', () => {
  const node = nodeOf('True')
  const [ready, memory, disk] = node.status.conditions ?? []
  const own = { type: 'Own', status: 'True' }
  const conditions = [disk, memory, own, ready] as NonNullable<Node['status']['conditions']>
  const silent = { ...node, status: { ...node.status, conditions } }
  const [status] = look(silent, { silent: true }).writes
  assert.ok(status?.verb === 'update')
  const told = (status.object as unknown as Node).status.conditions ?? []
  assert.deepEqual(
    told.map(({ type, status }) => `${type} ${status}`),
    [
      'DiskPressure Unknown',
      'MemoryPressure Unknown',
      'Own True',
      'Ready Unknown',
      'PIDPressure Unknown',
    ],
  )
})

test('a node that says that it is not ready is tainted so, and cleared when it is back', () => {
  const decision = look(nodeOf('False'))
  assert.deepEqual(taintsIn(decision), ['not-ready:NoSchedule', 'not-ready:NoExecute'])
  const tainted = ['NoSchedule', 'NoExecute'].map(effect => ({
    key: 'node.kubernetes.io/not-ready',
    effect,
  }))
  const foreign = { key: 'mine', effect: 'NoExecute' }
  const back = look(nodeOf('True', [...tainted, foreign]))
  assert.equal(back.writes.length, 1)
  assert.deepEqual(taintsIn(back)?.length, 1, 'only the foreign taint stays')
  assert.deepEqual(look(nodeOf('True', [foreign])).writes, [])
})

test('nobody is driven off while eviction is held back or all nodes are down', () => {
  assert.deepEqual(taintsIn(look(nodeOf('Unknown'), { mayEvict: false })), [
    'unreachable:NoSchedule',
  ])
  const tainted = [{ key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' }]
  assert.deepEqual(taintsIn(look(nodeOf('Unknown', tainted), { allDown: true })), [
    'unreachable:NoSchedule',
  ])
})

test('a cordoned node is tainted as unschedulable', () => {
  assert.deepEqual(taintsIn(look(nodeOf('True', [], { unschedulable: true }))), [
    'unschedulable:NoSchedule',
  ])
})

test('eviction: at once, after the tolerated time since the taint, or never', () => {
  const taint = {
    key: 'k',
    effect: 'NoExecute' as const,
    timeAdded: new Date(NOW_MS - 100_000).toISOString(),
  }
  const tolerating = (toleration?: object) =>
    ({ ...pod, spec: { ...pod.spec, ...(toleration ? { tolerations: [toleration] } : {}) } }) as Pod
  const since = { nowMs: NOW_MS, sinceMs: NOW_MS - 50_000 }
  const verbs = (of: Pod) =>
    evict({ pod: of, taints: [taint], ...since }).writes.map(({ verb }) => verb)
  assert.deepEqual(verbs(tolerating()), ['event', 'patch', 'delete'])
  assert.deepEqual(verbs(tolerating({ operator: 'Exists' })), [])
  const patient = tolerating({ key: 'k', operator: 'Exists', tolerationSeconds: 300 })
  assert.deepEqual(evict({ pod: patient, taints: [taint], ...since }), {
    writes: [],
    againAfterMs: 200_000,
  })
  const timeless = { ...taint, timeAdded: undefined }
  assert.deepEqual(evict({ pod: patient, taints: [timeless], ...since }), {
    writes: [],
    againAfterMs: 250_000,
  })
  const impatient = tolerating({ key: 'k', operator: 'Exists', tolerationSeconds: 60 })
  assert.deepEqual(verbs(impatient), ['event', 'patch', 'delete'])
  assert.deepEqual(
    evict({ pod: tolerating(), taints: [{ ...taint, effect: 'NoSchedule' }], ...since }).writes,
    [],
  )
})

test('a node that comes and one that goes are told of, once each', async () => {
  await using cluster = await startTestCluster({ runPods: false })
  const { client, until } = cluster
  const told = async () => {
    const { items } = await client.list(event, { namespace: 'default' })
    return items
      .filter(({ involvedObject }) => involvedObject.name === 'n9')
      .map(({ reason, message, count }) => `${count} ${reason}: ${message}`)
  }
  await client.create(nodeKind, { metadata: { name: 'n9' } } as Partial<Node>)
  await until('the word of its coming', async () => (await told()).length > 0)
  const patch = { metadata: { labels: { a: 'b' } } }
  await client.patch(nodeKind, { name: 'n9' }, 'merge', patch)
  await client.delete(nodeKind, { name: 'n9' })
  await until('the word of its going', async () => (await told()).length > 1)
  assert.deepEqual(await told(), [
    '1 RegisteredNode: Node n9 event: Registered Node n9 in Controller',
    '1 RemovingNode: Node n9 event: Removing Node n9 from Controller',
  ])
})
