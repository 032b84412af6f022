/** A machine that shuts down: who ends when, what is told, and what is not taken any more. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { event } from '#api/core/v1/event.ts'
import { node as nodeKind } from '#api/core/v1/node.ts'
import { priorityClass } from '#api/scheduling/v1/priority-class.ts'
import { sleep } from '#base/clock.ts'
import type { HostAccess, KubeletOptions } from '#kubelet'
import { rest, type TestCluster } from '../testing/hollow-cluster.ts'
import { conditionOf, sh, withCluster } from '../testing/pod-views.ts'
import type { HollowNode } from './hollow-node.ts'

type Shutdowns = NonNullable<HostAccess['shutdowns']>
type Listener = Parameters<Shutdowns['open']>[0]

/** A logind in memory. */
class Logind implements Shutdowns {
  readonly story: string[] = []
  listener: Listener | undefined
  delayMs = 5_000
  locks = 0
  isStubborn = false
  isShuttingDown = false
  /** Rejects as often. */
  failures = 0

  async open(listener: Listener) {
    if (this.failures-- > 0) throw new Error('nobody is there')
    this.listener = listener
    this.story.push('open')
    return {
      maximumDelayMs: async () => this.delayMs,
      isShuttingDown: async () => this.isShuttingDown,
      raiseMaximumDelay: async (delayMs: number) => {
        this.story.push(`raise ${delayMs}`)
        if (!this.isStubborn) this.delayMs = delayMs
      },
      holdLock: async () => {
        this.story.push('lock')
        this.locks++
        return async () => {
          this.story.push('release')
          this.locks--
        }
      },
      close: () => {
        this.story.push('close')
      },
    }
  }

  shutDown(isShuttingDown = true) {
    this.isShuttingDown = isShuttingDown
    this.listener?.changed(isShuttingDown)
  }
}

const PERIODS: KubeletOptions['shutdownPeriods'] = [
  { priority: 1000, seconds: 10 },
  { priority: 0, seconds: 20 },
]

async function start(cluster: TestCluster, options: Partial<KubeletOptions> = {}) {
  for (const value of [10, 2000])
    await cluster.client
      .create(priorityClass, {
        ...{ apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass' },
        ...{ metadata: { name: `of-${value}` }, value },
      })
      .catch(() => {})
  const node: HollowNode = cluster.node()
  heedless(node, cluster.clock)
  const logind = new Logind()
  const hostAccess = { ...node.hostAccess, shutdowns: logind }
  const kubelet = await cluster.kubelet(
    { ...node, hostAccess },
    { shutdownPeriods: PERIODS, ...options },
  )
  await rest()
  return { node, logind, kubelet }
}

/** Ends well after so many seconds, and does not mind being asked to before. */
const slow = (seconds: number, priorityClassName = '', grace = 600) => ({
  terminationGracePeriodSeconds: grace,
  priorityClassName,
  containers: [{ name: 'c', image: 'busybox', command: sh(`sleep ${seconds}`) }],
})

/** Containers of hollow nodes end as soon as they are asked to: these take all the time that they get. */
function heedless({ runtime }: HollowNode, clock: TestCluster['clock']): void {
  const stop = runtime.stopContainer.bind(runtime)
  runtime.stopContainer = async (id, seconds) => {
    for (let waited = 0; waited < seconds * 10; waited++) {
      if ((await runtime.containerStatus(id))?.state === 'exited') return
      await sleep(clock, 100)
    }
    await stop(id, 0)
  }
}

const phases = async (cluster: TestCluster, ...names: string[]) =>
  Promise.all(names.map(async name => (await cluster.pod(name)).status?.phase))

const ready = async ({ client }: TestCluster) =>
  (await client.get(nodeKind, 'n1')).status.conditions?.find(({ type }) => type === 'Ready')

test('pods end in the order of their priorities, each in its time, and then the machine may go', () =>
  withCluster(async cluster => {
    const { node, logind, kubelet } = await start(cluster)
    assert.deepEqual(logind.story, ['open', 'raise 30000', 'lock'])
    await cluster.createPod('usual', slow(1000))
    await cluster.createPod('quick', slow(1000, 'of-10', 3))
    await cluster.createPod('important', slow(26, 'of-2000'))
    await cluster.clock.advance(2_000)
    logind.shutDown()
    await cluster.clock.advance(1_000)
    const { status, reason, message } = (await ready(cluster)) ?? {}
    assert.deepEqual(
      [status, reason, message],
      ['False', 'KubeletNotReady', 'node is shutting down'],
    )
    await cluster.createPod('late', slow(100))
    await cluster.clock.advance(1_000)
    const late = (await cluster.pod('late')).status
    assert.deepEqual(
      [late?.phase, late?.reason, late?.message],
      [
        'Failed',
        'NodeShutdown',
        'Pod was rejected: Pod was rejected as the node is shutting down.',
      ],
    )
    await cluster.clock.advance(2_500)
    // What a pod asks for counts where it is less.
    assert.deepEqual(await phases(cluster, 'usual', 'quick', 'important'), [
      'Running',
      'Failed',
      'Running',
    ])
    await cluster.clock.advance(14_000)
    assert.deepEqual(await phases(cluster, 'usual', 'important'), ['Running', 'Running'])
    assert.equal((await cluster.pod('usual')).status?.reason, undefined, 'it still ends')
    await cluster.clock.advance(2_500)
    const usual = await cluster.pod('usual')
    const why = 'Pod was terminated in response to imminent node shutdown.'
    assert.deepEqual(
      [usual.status?.phase, usual.status?.reason, usual.status?.message],
      ['Failed', 'Terminated', why],
    )
    const disruption = conditionOf(usual, 'DisruptionTarget')
    assert.deepEqual(
      [disruption?.status, disruption?.reason, disruption?.message],
      ['True', 'TerminationByKubelet', why],
    )
    assert.equal(logind.locks, 1, 'the important one is not over yet')
    await cluster.clock.advance(5_000)
    const important = await cluster.pod('important')
    // As upstream: whoever ended well has succeeded, though it would have run on.
    assert.deepEqual([important.status?.phase, important.status?.reason], ['Succeeded', undefined])
    assert.equal(conditionOf(important, 'DisruptionTarget')?.status, 'True')
    assert.equal(logind.locks, 0)
    const { items } = await cluster.client.list(event, { namespace: 'default' })
    assert.ok(
      items.some(
        ({ reason, message }) =>
          reason === 'Shutdown' && message === 'Shutdown manager detected shutdown event',
      ),
    )
    await assertKept(node, kubelet)
  }))

async function assertKept(
  node: HollowNode,
  kubelet: Awaited<ReturnType<TestCluster['kubelet']>>,
): Promise<void> {
  const bytes = await node.hostAccess.files.read('/var/lib/kubelet/graceful_node_shutdown_state')
  const { startTime, endTime } = JSON.parse(new TextDecoder().decode(bytes))
  const spanMs = Date.parse(endTime) - Date.parse(startTime)
  assert.ok(spanMs >= 24_000 && spanMs < 26_000, String(spanMs))
  const { body } = await kubelet.transport.request({ method: 'GET', path: '/metrics' })
  const text = body.kind === 'bytes' ? Buffer.from(body.bytes).toString() : ''
  for (const [end, time] of Object.entries({ start: startTime, end: endTime }))
    assert.ok(
      text.includes(
        `kubelet_graceful_shutdown_${end}_time_seconds ${Math.floor(Date.parse(time) / 1000)}\n`,
      ),
    )
}

test('whoever takes longer than there is does not hold up the others, and they are not waited for', () =>
  withCluster(async cluster => {
    const { node, logind } = await start(cluster)
    await cluster.createPod('stuck', slow(1000))
    await cluster.createPod('next', slow(24, 'of-2000'))
    await cluster.clock.advance(2_000)
    const { stopContainer } = node.runtime
    const hanging = Promise.withResolvers<void>()
    node.runtime.stopContainer = (id, seconds) =>
      seconds > 10 ? hanging.promise : stopContainer.call(node.runtime, id, seconds)
    logind.shutDown()
    await cluster.clock.advance(19_000)
    assert.deepEqual(await phases(cluster, 'stuck', 'next'), ['Running', 'Running'])
    await cluster.clock.advance(4_000)
    assert.deepEqual(await phases(cluster, 'stuck', 'next'), ['Running', 'Succeeded'])
    assert.equal(logind.locks, 0)
    hanging.resolve()
    await rest()
  }))

test('a shutdown that does not come after all leaves a node that is ready again and takes pods', () =>
  withCluster(async cluster => {
    const { logind } = await start(cluster)
    await cluster.createPod('gone', slow(4))
    await cluster.clock.advance(2_000)
    logind.shutDown()
    await cluster.clock.advance(5_000)
    assert.equal(logind.locks, 0)
    logind.shutDown(false)
    await cluster.clock.advance(1_000)
    assert.equal((await ready(cluster))?.status, 'True')
    const { items } = await cluster.client.list(event, { namespace: 'default' })
    assert.deepEqual(
      items.filter(({ reason }) => reason === 'Shutdown').map(({ message }) => message),
      [
        'Shutdown manager detected shutdown event',
        'Shutdown manager detected shutdown cancellation',
      ],
    )
    assert.equal(logind.locks, 1, 'for the next one')
    await cluster.createPod('new', slow(100))
    await cluster.clock.advance(2_000)
    assert.deepEqual(await phases(cluster, 'gone', 'new'), ['Succeeded', 'Running'])
  }))

test('a pod that still waits for its image ends at once', () =>
  withCluster(async cluster => {
    const { node, logind } = await start(cluster)
    node.runtime.imageStatus = async () => undefined
    node.runtime.pullImage = () => new Promise(() => {})
    await cluster.createPod('pulling', slow(1))
    await cluster.clock.advance(2_000)
    logind.shutDown()
    await cluster.clock.advance(2_000)
    const { status } = await cluster.pod('pulling')
    assert.deepEqual([status?.phase, status?.reason], ['Failed', 'Terminated'])
    assert.equal(logind.locks, 0)
  }))

test('what is lost is opened anew, and a kubelet that stops lets go', () =>
  withCluster(async cluster => {
    const { logind, kubelet } = await start(cluster)
    logind.failures = 2
    logind.story.length = 0
    logind.listener?.lost('the bus hung up')
    await cluster.clock.advance(10_000)
    assert.equal(logind.story.at(-1), 'lock')
    assert.equal(logind.locks, 1)
    await kubelet.stop()
    assert.equal(logind.locks, 0)
    assert.equal(logind.story.at(-2), 'close')
  }))

test('a shutdown goes on waiting for pods where it is not told of any more', () =>
  withCluster(async cluster => {
    const { logind } = await start(cluster)
    await cluster.createPod('slow', slow(1000))
    await cluster.clock.advance(2_000)
    logind.shutDown()
    await cluster.clock.advance(5_000)
    logind.listener?.lost('the bus hung up')
    await cluster.clock.advance(5_000)
    assert.deepEqual(await phases(cluster, 'slow'), ['Running'])
    assert.equal(logind.locks, 1, 'the machine still waits')
    await cluster.clock.advance(13_000)
    assert.deepEqual(await phases(cluster, 'slow'), ['Failed'])
    assert.equal(logind.locks, 0)
  }))

test('what became of a shutdown while nobody told is found out', () =>
  withCluster(async cluster => {
    const { logind } = await start(cluster)
    logind.shutDown()
    await cluster.clock.advance(1_000)
    assert.equal((await ready(cluster))?.status, 'False')
    logind.listener?.lost('the bus hung up')
    logind.isShuttingDown = false
    await cluster.clock.advance(5_000)
    assert.equal((await ready(cluster))?.status, 'True')
    assert.equal(logind.locks, 1)
    await cluster.createPod('again', slow(1000))
    await cluster.clock.advance(2_000)
    assert.deepEqual(await phases(cluster, 'again'), ['Running'])
    logind.listener?.lost('the bus hung up')
    logind.isShuttingDown = true
    await cluster.clock.advance(40_000)
    assert.equal((await ready(cluster))?.status, 'False')
    assert.deepEqual(await phases(cluster, 'again'), ['Failed'])
    assert.equal(logind.locks, 0)
  }))

test('a logind that does not wait as long as it is asked to is kept waiting for as long as it does', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    const logind = new Logind()
    logind.isStubborn = true
    await cluster.kubelet(
      { ...node, hostAccess: { ...node.hostAccess, shutdowns: logind } },
      { shutdownPeriods: PERIODS },
    )
    await cluster.clock.advance(10_000)
    assert.deepEqual(logind.story, ['open', 'raise 30000', 'lock'])
  }))

test('a node whose pods have no time does not look at all', () =>
  withCluster(async cluster => {
    const { logind } = await start(cluster, { shutdownPeriods: [{ priority: 0, seconds: 0 }] })
    const other = await start(cluster, { shutdownPeriods: [], nodeName: 'n2' })
    assert.deepEqual([logind.story, other.logind.story], [[], []])
  }))

test('where there is no logind pods run all the same', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    const logind = new Logind()
    logind.open = async () => Promise.reject(new Error('nobody is there'))
    await cluster.kubelet(
      { ...node, hostAccess: { ...node.hostAccess, shutdowns: logind } },
      { shutdownPeriods: PERIODS },
    )
    await cluster.createPod('pod', slow(100))
    await cluster.clock.advance(5_000)
    assert.deepEqual(await phases(cluster, 'pod'), ['Running'])
  }))
