/** Who gets another chance, and when: nobody is refused for room that is free, or waits for what will not happen. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { node } from '#api/core/v1/node.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { priorityClass } from '#api/scheduling/v1/priority-class.ts'
import type { Client } from '#client/client.ts'
import { actions } from './framework/cluster-event.ts'
import type { PluginFactory } from './framework/handle.ts'
import { failed, refusal } from './framework/status.ts'
import { startScheduler } from './scheduler.ts'
import type { PodInfo } from './state/pod-info.ts'
import { type ServedCluster, serveCluster } from './testing/served-cluster.ts'
import { asking, nodeOf } from './testing/world.ts'

const NAME = 'Own'
const CPU_OF_NODE = 4

/** Starts a scheduler with one more plugin, over a node and pods that are there before it, the most important first. */
async function withPods(
  [own, points]: readonly [create: PluginFactory, points: readonly string[]],
  names: readonly string[],
  run: (parts: {
    client: Client
    bound: (name: string) => Promise<void>
    /** Who was told that there is no node. */
    told: string[]
  }) => Promise<void>,
): Promise<void> {
  await using cluster = await serveCluster(['a'])
  const { client } = cluster
  await cluster.addNode(nodeOf('n1'))
  for (const [i, name] of names.entries()) await createPod(cluster, name, names.length - i)
  const told: string[] = []
  const context = cluster.openContext(slow(client, told))
  const plugins = Object.fromEntries(points.map(point => [point, { enabled: [{ name: NAME }] }]))
  const scheduler = startScheduler(context, {
    profiles: [{ schedulerName: 'default-scheduler', plugins }],
    ownPlugins: new Map([[NAME, own]]),
    featureGates: new Map([['NominatedNodeNameForExpectation', true]]),
    podInitialBackoffMs: 5,
  })
  try {
    await run({
      client,
      told,
      async bound(name) {
        for (let tries = 0; tries < 1_000; tries++) {
          if ((await client.get(pod, name, 'a')).spec.nodeName) return
          await sleep(10)
        }
        assert.fail(`${name} was never bound`)
      },
    })
  } finally {
    await scheduler.stop()
    context.end()
  }
}

async function createPod({ client }: ServedCluster, name: string, value: number): Promise<void> {
  await client.create(priorityClass, { metadata: { name }, value } as never)
  const spec = { ...asking(String(CPU_OF_NODE - 1)), priorityClassName: name }
  await client.create(pod, { metadata: { name, namespace: 'a' }, spec } as never)
}

/** Notes who is told that there is no node, and takes its time to tell who is about to get one. */
function slow(client: Client, told: string[]): Client {
  return {
    ...client,
    get: client.get.bind(client),
    async patch(kind, at, ...rest) {
      const text = JSON.stringify(rest[1])
      if (text.includes('"PodScheduled"')) told.push((at as { name: string }).name)
      else if (text.includes('nominatedNodeName')) await sleep(30)
      return client.patch(kind, at, ...rest)
    },
  }
}

test('the next pod finds the room of one that was turned away', () => {
  const own: PluginFactory = (_args, { waitingPods }) => ({
    name: NAME,
    filter: (_cycle, { pod }) =>
      pod.metadata.name === 'breaker' ? refusal(NAME, 'never') : undefined,
    permit: (_cycle, { pod }) =>
      pod.metadata.name === 'held'
        ? { status: refusal(NAME, '', 'Wait'), timeoutMs: 60_000 }
        : undefined,
    notPlaced({ pod }) {
      if (pod.metadata.name !== 'breaker') return
      for (const each of waitingPods.list()) each.reject(NAME, 'turned away')
    },
    events: () => [],
  })
  return withPods(
    [own, ['filter', 'permit']],
    ['held', 'breaker', 'last'],
    async ({ bound, told }) => {
      await bound('last')
      assert.ok(told.includes('held') && !told.includes('last'), told.join())
    },
  )
})

test('a pod for which room could not be made by mistake is tried again', () => {
  let isOpen = false
  const own: PluginFactory = () => ({
    name: NAME,
    filter: () => (isOpen ? undefined : refusal(NAME, 'closed')),
    postFilter() {
      isOpen = true
      return Promise.resolve({ status: failed(NAME, 'the connection broke') })
    },
    events: () => [],
  })
  return withPods([own, ['filter', 'postFilter']], ['a'], async ({ bound, told }) => {
    await bound('a')
    assert.deepEqual(told, ['a'])
  })
})

test('a pod that is refused before any node is looked at waits for an event, not for its turn', async () => {
  await using cluster = await serveCluster(['a'])
  const { client } = cluster
  await cluster.addNode(nodeOf('n1'))
  const volumes = [{ name: 'v', persistentVolumeClaim: { claimName: 'missing' } }]
  const spec = { ...asking('1'), volumes }
  await client.create(pod, { metadata: { name: 'p', namespace: 'a' }, spec } as never)
  let tries = 0
  const own: PluginFactory = () => ({
    name: NAME,
    permit: () => undefined,
    notPlaced: () => void tries++,
    events: () => [],
  })
  const context = cluster.openContext(client)
  const scheduler = startScheduler(context, {
    profiles: [
      { schedulerName: 'default-scheduler', plugins: { permit: { enabled: [{ name: NAME }] } } },
    ],
    ownPlugins: new Map([[NAME, own]]),
    podInitialBackoffMs: 5,
  })
  try {
    for (let looks = 0; tries === 0 && looks < 1_000; looks++) await sleep(10)
    // Many times its first back-off, which doubles.
    await sleep(200)
    assert.equal(tries, 1)
  } finally {
    await scheduler.stop()
    context.end()
  }
})

for (const finalizers of [[], ['example.com/wait']])
  test(`room that was kept for a pod is free once that is deleted, finalizers: ${finalizers.length}`, () => {
    const isHoping = ({ pod }: PodInfo) => pod.metadata.name === 'hopes'
    const own: PluginFactory = () => ({
      name: NAME,
      filter: (_cycle, pod) => (isHoping(pod) ? refusal(NAME, 'not yet') : undefined),
      postFilter: async (_cycle, pod) =>
        isHoping(pod) ? { nominatedNode: 'n1' } : { status: refusal(NAME, 'no room') },
      events: () => [],
    })
    const points = ['filter', 'postFilter']
    return withPods([own, points], ['hopes', 'last'], async ({ client, bound, told }) => {
      const at = { name: 'hopes', namespace: 'a' }
      await client.patch(pod, at, 'merge', { metadata: { finalizers } })
      while (!told.includes('last')) await sleep(10)
      await sleep(50)
      assert.equal((await client.get(pod, 'last', 'a')).spec.nodeName, undefined)
      await client.delete(pod, at)
      await bound('last')
    })
  })

for (const [how, letGo] of [
  ['finds that it never fits there', { metadata: { labels: { gives: 'up' } } }],
  ['loses its nomination to somebody else', { status: { nominatedNodeName: null } }],
] as const)
  test(`room that was kept for a pod is free once it ${how}`, () => {
    const isHoping = ({ pod }: PodInfo) => pod.metadata.name === 'hopes'
    const own: PluginFactory = () => ({
      name: NAME,
      filter: (_cycle, pod) => (isHoping(pod) ? refusal(NAME, 'not yet') : undefined),
      postFilter: async (_cycle, pod) =>
        isHoping(pod) && !pod.labels.gives
          ? { nominatedNode: 'n1' }
          : { status: refusal(NAME, 'no room'), nominatedNode: '' },
      events: () => [{ resource: 'UnscheduledPod', action: actions.updatePodLabel }],
    })
    const points = ['filter', 'postFilter']
    return withPods([own, points], ['hopes', 'last'], async ({ client, bound, told }) => {
      const at = { name: 'hopes', namespace: 'a' }
      const hopes = async () => (await client.get(pod, 'hopes', 'a')).status.nominatedNodeName
      while (!told.includes('last') || !(await hopes())) await sleep(10)
      assert.equal((await client.get(pod, 'last', 'a')).spec.nodeName, undefined)
      const options = 'status' in letGo ? { subresource: 'status' } : {}
      await client.patch(pod, at, 'merge', letGo, options)
      await bound('last')
    })
  })

test('who fits no node is tried again when taints change, and told what keeps it now', async () => {
  await using cluster = await serveCluster(['a'])
  const { client } = cluster
  await cluster.addNode(nodeOf('n1'))
  const spec = { ...asking('1'), nodeSelector: { disk: 'none' } }
  await client.create(pod, { metadata: { name: 'p', namespace: 'a' }, spec } as never)
  const context = cluster.openContext(client)
  const scheduler = startScheduler(context, { podInitialBackoffMs: 5 })
  const isTold = async (words: RegExp) => {
    for (let tries = 0; tries < 3_000; tries++) {
      const { status } = await client.get(pod, 'p', 'a')
      if (words.test(status.conditions?.[0]?.message ?? '')) return
      await sleep(10)
    }
    assert.fail(`nobody said ${words}`)
  }
  try {
    await isTold(/didn't match Pod's node affinity/)
    const change = (spec: object) => client.patch(node, { name: 'n1' }, 'merge', { spec })
    await change({ taints: [{ key: 'x', effect: 'NoSchedule' }] })
    await isTold(/had untolerated taint/)
    await change({ taints: null, unschedulable: true })
    await isTold(/were unschedulable/)
  } finally {
    await scheduler.stop()
    context.end()
  }
})
