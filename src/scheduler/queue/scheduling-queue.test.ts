import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { createManualClock } from '#client/testing/manual-clock.ts'
import { actions, type ClusterEvent } from '../framework/cluster-event.ts'
import { prioritySort } from '../plugins/priority-sort.ts'
import { podInfoOf } from '../state/pod-info.ts'
import type { QueuedPod } from './queued-pod.ts'
import { SchedulingQueue } from './scheduling-queue.ts'

const info = (uid: string, priority = 0, more: object = {}) =>
  podInfoOf({
    metadata: { uid, name: uid, namespace: 'a' },
    spec: { containers: [], priority, ...more },
    status: {},
  } as unknown as Pod)

const NODE_ADDED: ClusterEvent = { resource: 'Node', action: actions.add, label: 'NodeAdd' }
const POD_ADDED: ClusterEvent = {
  resource: 'AssignedPod',
  action: actions.add,
  label: 'AssignedPodAdd',
}

function setUp() {
  const clock = createManualClock()
  const queue = new SchedulingQueue({
    clock,
    compare: prioritySort().compare ?? (() => 0),
    preEnqueue: () => undefined,
    interestsOf: plugin => [
      ...(plugin === 'Fit' ? [{ resource: 'Node' as const, action: actions.add }] : []),
      { resource: 'UnscheduledPod', action: actions.updateOther },
    ],
  })
  const take = (): QueuedPod => {
    const pod = queue.take()
    assert.ok(pod)
    return pod
  }
  const refused = (pod: QueuedPod, ...plugins: string[]) => {
    pod.refusedBy = new Set(plugins)
    queue.refused(pod)
  }
  return { clock, queue, take, refused }
}

test('the most important goes first, then the one that waits longest', async () => {
  const { clock, queue, take } = setUp()
  for (const [uid, priority] of [
    ['a', 0],
    ['b', 0],
    ['c', 5],
    ['d', 0],
  ] as const) {
    queue.set(info(uid, priority))
    await clock.advance(1)
  }
  queue.remove('b')
  assert.deepEqual(
    [take(), take(), take()].map(pod => pod.info.uid),
    ['c', 'a', 'd'],
  )
  assert.equal(queue.take(), undefined)
})

test('a refused pod waits for a change that helps', async () => {
  const { clock, queue, take, refused } = setUp()
  queue.set(info('a'))
  refused(take(), 'Fit')
  queue.happened(POD_ADDED)
  await clock.advance(20_000)
  assert.deepEqual(queue.lengths, { active: 0, backoff: 0, gated: 0, unschedulable: 1 })
  queue.happened(NODE_ADDED)
  assert.equal(queue.lengths.active, 1)
})

test('what a change may have helped waits out its back-off only behind others', async () => {
  const { clock, queue, take, refused } = setUp()
  queue.set(info('a'))
  refused(take(), 'Fit')
  const ready = queue.ready()
  queue.happened(NODE_ADDED)
  assert.equal(queue.lengths.backoff, 1)
  await ready
  queue.set(info('b'))
  assert.equal(take().info.uid, 'b', 'b has no back-off to wait out')
  const again = take()
  assert.equal(again.info.uid, 'a', 'nobody else is ready')
  assert.equal(queue.lengths.backoff, 0)
  refused(again, 'Fit')
  queue.happened(NODE_ADDED)
  await clock.advance(1999)
  assert.equal(queue.lengths.active, 0)
  await clock.advance(1)
  assert.equal(queue.lengths.active, 1)
  assert.equal(take().info.uid, 'a')
  assert.equal(queue.take(), undefined, 'it is not handed out twice')
})

test('what failed waits in any case', async () => {
  const { queue, take } = setUp()
  queue.set(info('a'))
  queue.failed(take())
  assert.equal(queue.take(), undefined)
  queue.remove('a')
})

test('a refused pod is tried again after five minutes whatever happens, or when it changed itself', async () => {
  const { clock, queue, take, refused } = setUp()
  queue.set(info('a'))
  refused(take(), 'Other')
  await clock.advance(300_000)
  assert.equal(queue.lengths.active, 1)
  refused(take(), 'Other')
  queue.set(info('a'))
  assert.equal(queue.lengths.unschedulable, 1, 'only its status changed')
  queue.set(info('a', 0, { nodeSelector: { x: 'y' } }))
  assert.equal(queue.lengths.unschedulable, 0)
  queue.remove('a')
  assert.equal(clock.pending, 0)
})

test('failures wait 1 s, 2 s, 4 s … at most 10 s', async () => {
  const { clock, queue, take } = setUp()
  queue.set(info('a'))
  for (const seconds of [1, 2, 4, 8, 10, 10]) {
    queue.failed(take())
    await clock.advance(seconds * 1000 - 1)
    assert.equal(queue.lengths.active, 0)
    await clock.advance(1)
    assert.equal(queue.lengths.active, 1)
  }
})

test('ready waits for a pod, and stopping leaves no timer', async () => {
  const { clock, queue, take } = setUp()
  let woken = false
  const ready = queue.ready().then(() => {
    woken = true
  })
  await clock.advance(0)
  assert.equal(woken, false)
  queue.set(info('a'))
  await ready
  queue.failed(take())
  queue.stop()
  assert.equal(clock.pending, 0)
})

test('pods that are wanted next go before all others, wherever they wait', async () => {
  const { clock, queue, take, refused } = setUp()
  for (const uid of ['a', 'b', 'c', 'd']) {
    queue.set(info(uid))
    await clock.advance(1)
  }
  queue.set(info('high', 9))
  queue.advance(['a'])
  refused(take(), 'Fit')
  queue.advance(['c', 'a', 'unknown'])
  queue.set(info('c', 0, { nodeSelector: {} }))
  assert.deepEqual([queue.has('a'), queue.lengths.active], [true, 5])
  const c = take()
  assert.equal(c.info.uid, 'c')
  assert.ok(c.info.pod.spec.nodeSelector, 'its newest version')
  queue.remove('a')
  assert.deepEqual(
    [1, 2, 3].map(() => take().info.uid),
    ['high', 'b', 'd'],
  )
  assert.equal(queue.take(), undefined)
})

test('a change helps only those whom it concerns, also if they are tried just then', async () => {
  const { clock, queue, take, refused } = setUp()
  const concerns = ({ info }: QueuedPod) => info.uid === 'b'
  for (const [i, uid] of ['a', 'b', 'c'].entries()) queue.set(info(uid, 3 - i))
  const [a, b, c] = [take(), take(), take()]
  refused(a, 'Fit')
  assert.equal(
    queue.hasSeen('b', () => true),
    false,
  )
  queue.happened({ ...NODE_ADDED, concerns })
  assert.equal(
    queue.hasSeen('b', ({ resource }) => resource === 'Node'),
    true,
  )
  assert.equal(
    queue.hasSeen('b', ({ resource }) => resource === 'CSINode'),
    false,
  )
  for (const pod of [b, c]) refused(pod, 'Fit')
  await clock.advance(1_000)
  assert.equal(take(), b)
  assert.equal(queue.take(), undefined)
})

test('who was wanted next and was not tried goes back to where it waited', async () => {
  const { clock, queue, take, refused } = setUp()
  for (const [i, uid] of ['refused', 'helped', 'failed', 'active'].entries())
    queue.set(info(uid, 9 - i))
  for (const uid of ['refused', 'helped']) {
    const pod = take()
    assert.equal(pod.info.uid, uid)
    refused(pod, uid === 'helped' ? 'Fit' : 'Other')
  }
  queue.failed(take())
  const all = ['refused', 'helped', 'failed', 'active']
  queue.advance(all)
  queue.advance(all)
  assert.deepEqual(queue.lengths, { active: 4, backoff: 0, unschedulable: 0, gated: 0 })
  queue.happened(NODE_ADDED)
  queue.retreat([...all, 'unknown'])
  assert.deepEqual(queue.lengths, { active: 1, backoff: 2, unschedulable: 1, gated: 0 })
  assert.equal(take().info.uid, 'active')
  assert.equal(take().info.uid, 'helped', 'what helps came meanwhile')
  assert.equal(queue.take(), undefined)
  await clock.advance(1_000)
  assert.equal(take().info.uid, 'failed')
  await clock.advance(300_000)
  assert.equal(take().info.uid, 'refused', 'in the end, whatever happens')
})
