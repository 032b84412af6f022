import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { createManualClock } from '#client/testing/manual-clock.ts'
import { podInfoOf } from './pod-info.ts'
import { createSchedulingQueue, type QueuedPod } from './queue.ts'

const info = (uid: string, priority = 0, more: object = {}) =>
  podInfoOf({
    metadata: { uid, name: uid, namespace: 'a' },
    spec: { containers: [], priority, ...more },
    status: {},
  } as unknown as Pod)

function setUp() {
  const clock = createManualClock()
  const queue = createSchedulingQueue({
    clock,
    helps: (change, refusedBy) => change === 'node-added' && refusedBy.has('Fit'),
  })
  const take = (): QueuedPod => {
    const pod = queue.take()
    assert.ok(pod)
    return pod
  }
  return { clock, queue, take }
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
  const { clock, queue, take } = setUp()
  queue.set(info('a'))
  queue.refused(take(), new Set(['Fit']))
  queue.changed('pod-added')
  await clock.advance(20_000)
  assert.deepEqual(queue.lengths, { active: 0, backingOff: 0, unschedulable: 1 })
  queue.changed('node-added')
  assert.equal(queue.lengths.active, 1)
})

test('what a change may have helped waits out its back-off only behind others', async () => {
  const { clock, queue, take } = setUp()
  queue.set(info('a'))
  queue.refused(take(), new Set(['Fit']))
  const ready = queue.ready()
  queue.changed('node-added')
  assert.equal(queue.lengths.backingOff, 1)
  await ready
  queue.set(info('b'))
  assert.equal(take().info.uid, 'b', 'b has no back-off to wait out')
  const again = take()
  assert.equal(again.info.uid, 'a', 'nobody else is ready')
  assert.equal(queue.lengths.backingOff, 0)
  queue.refused(again, new Set(['Fit']))
  queue.changed('node-added')
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
  const { clock, queue, take } = setUp()
  queue.set(info('a'))
  queue.refused(take(), new Set(['Other']))
  await clock.advance(300_000)
  assert.equal(queue.lengths.active, 1)
  queue.refused(take(), new Set(['Other']))
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
