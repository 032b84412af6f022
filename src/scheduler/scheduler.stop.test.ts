/** A scheduler that is told to stop decides nothing more, and waits for nobody whom only it could let go. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { pod } from '#api/core/v1/pod/pod.ts'
import { priorityClass } from '#api/scheduling/v1/priority-class.ts'
import type { Client } from '#client/client.ts'
import type { Extender } from './framework/extender.ts'
import type { PluginFactory } from './framework/handle.ts'
import { refusal } from './framework/status.ts'
import { type RunningScheduler, type SchedulerOptions, startScheduler } from './scheduler.ts'
import { type ServedCluster, serveCluster } from './testing/served-cluster.ts'
import { nodeOf } from './testing/world.ts'

const NAME = 'Own'
const HELD = { status: refusal(NAME, '', 'Wait'), timeoutMs: 15 * 60_000 }

function start(
  context: ReturnType<ServedCluster['openContext']>,
  own: PluginFactory,
  more: SchedulerOptions = {},
): RunningScheduler {
  const enabled = { enabled: [{ name: NAME }] }
  return startScheduler(context, {
    profiles: [
      { schedulerName: 'default-scheduler', plugins: { filter: enabled, permit: enabled } },
    ],
    ownPlugins: new Map([[NAME, own]]),
    ...more,
  })
}

/** Pods that are there before the scheduler, the most important first. */
async function createPods({ client, addNode }: ServedCluster, ...names: readonly string[]) {
  await addNode(nodeOf('n1'))
  for (const [i, name] of names.entries()) {
    const value = names.length - i
    await client.create(priorityClass, { metadata: { name }, value } as never)
    const spec = { containers: [{ name: 'c', image: 'i' }], priorityClassName: name }
    await client.create(pod, { metadata: { name, namespace: 'a' }, spec } as never)
  }
}

test('no pod is taken while the loop waits for one that was turned away', async () => {
  await using cluster = await serveCluster(['a'])
  await createPods(cluster, 'held', 'breaker', 'last')
  const turnedAway = Promise.withResolvers<void>()
  const told = Promise.withResolvers<void>()
  /** That a node is chosen is told for as long as the test wants, and until then a pod that is turned away keeps its room. */
  const slow: Client = {
    ...cluster.client,
    get: cluster.client.get.bind(cluster.client),
    async patch(kind, at, ...rest) {
      if (JSON.stringify(rest[1]).includes('"nominatedNodeName":"n1"')) await told.promise
      return cluster.client.patch(kind, at, ...rest)
    },
  }
  const placed: string[] = []
  const own: PluginFactory = (_args, { waitingPods }) => ({
    name: NAME,
    filter: (_cycle, { pod }) =>
      pod.metadata.name === 'breaker' ? refusal(NAME, 'never') : undefined,
    permit(_cycle, { pod }) {
      placed.push(pod.metadata.name ?? '')
      return pod.metadata.name === 'held' ? HELD : undefined
    },
    notPlaced({ pod }) {
      if (pod.metadata.name !== 'breaker') return
      for (const each of waitingPods.list()) each.reject(NAME, 'turned away')
      turnedAway.resolve()
    },
  })
  const context = cluster.openContext(slow)
  const featureGates = new Map([['NominatedNodeNameForExpectation', true]])
  const scheduler = start(context, own, { featureGates })
  await turnedAway.promise
  // The loop comes to where it waits for the room.
  await sleep(20)
  const stopped = scheduler.stop()
  told.resolve()
  await stopped
  context.end()
  assert.deepEqual(placed, ['held'])
})

test('a pod that is held only then is sent back', async () => {
  await using cluster = await serveCluster(['a'])
  await createPods(cluster, 'late')
  const asked = Promise.withResolvers<void>()
  const answered = Promise.withResolvers<void>()
  const extender: Extender = {
    name: 'e',
    weight: 1,
    ignorable: false,
    isInterested: () => true,
    async filter(_pod, nodes) {
      asked.resolve()
      await answered.promise
      return { nodes, failed: new Map(), failedAndUnresolvable: new Map() }
    },
  }
  let isHeld = false
  const own: PluginFactory = () => ({
    name: NAME,
    filter: () => undefined,
    permit() {
      isHeld = true
      return HELD
    },
  })
  const context = cluster.openContext()
  const scheduler = start(context, own, { extenders: [extender] })
  await asked.promise
  const stopped = scheduler.stop().then(() => 'stopped')
  answered.resolve()
  const patience = new AbortController()
  const tooLong = sleep(60_000, 'still waiting', { signal: patience.signal }).catch(() => '')
  assert.equal(await Promise.race([stopped, tooLong]), 'stopped')
  patience.abort()
  context.end()
  assert.ok(isHeld)
})
