import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createManualClock } from './testing/manual-clock.ts'
import { createWorkQueue } from './work-queue.ts'

test('a key waits once however often it is added, in the order of first adding', async () => {
  const queue = createWorkQueue({ clock: createManualClock() })
  for (const key of ['a', 'b', 'a', 'a']) queue.add(key)
  assert.equal(queue.length, 2)
  assert.equal(await queue.next(), 'a')
  assert.equal(await queue.next(), 'b')
  assert.equal(queue.length, 0)
})

test('a key that is added while it runs, runs again afterwards and never twice at a time', async () => {
  const queue = createWorkQueue({ clock: createManualClock() })
  queue.add('a')
  assert.equal(await queue.next(), 'a')
  queue.add('a')
  queue.add('a')
  assert.equal(queue.length, 0)
  queue.done('a')
  assert.equal(queue.length, 1)
  assert.equal(await queue.next(), 'a')
  queue.done('a')
  assert.equal(queue.length, 0)
})

test('failures wait 5 ms, 10 ms, 20 ms … at most 1000 s, until forgotten', async () => {
  const clock = createManualClock()
  const queue = createWorkQueue({ clock })
  const waits: number[] = []
  for (let i = 0; i < 20; i++) {
    const startMs = clock.monotonicMs()
    queue.addRateLimited('a')
    let arrived = false
    const next = queue.next().then(() => {
      arrived = true
    })
    let step = 1
    while (!arrived) {
      await clock.advance(step)
      step = Math.ceil(step * 1.05)
    }
    await next
    queue.done('a')
    waits.push(clock.monotonicMs() - startMs)
  }
  for (const [i, waited] of waits.entries()) {
    const wanted = Math.min(5 * 2 ** i, 1_000_000)
    assert.ok(waited >= wanted && waited <= wanted * 1.3 + 2, `wait ${i} was ${waited} ms`)
  }
  assert.equal(queue.failures('a'), 20)
  queue.forget('a')
  assert.equal(queue.failures('a'), 0)
  queue.addRateLimited('a')
  await clock.advance(5)
  assert.equal(queue.length, 1)
})

test('of several delays for one key the soonest counts', async () => {
  const clock = createManualClock()
  const queue = createWorkQueue({ clock })
  queue.addAfter('a', 100)
  queue.addAfter('a', 50)
  queue.addAfter('a', 200)
  assert.equal(clock.pending, 1)
  await clock.advance(49)
  assert.equal(queue.length, 0)
  await clock.advance(1)
  assert.equal(queue.length, 1)
})

test('stopping ends waiting workers and leaves no timer', async () => {
  const clock = createManualClock()
  const queue = createWorkQueue({ clock })
  const worker = queue.next()
  queue.addAfter('a', 100)
  queue.stop()
  assert.equal(await worker, undefined)
  assert.equal(clock.pending, 0)
  queue.add('b')
  assert.equal(await queue.next(), undefined)
})

test('who waits is looked at anew when the wall clock jumps, and may wait on', async () => {
  const clock = createManualClock()
  const queue = createWorkQueue({ clock })
  queue.addAfter('midnight', 3_600_000)
  await clock.jump(3_600_000)
  assert.equal(await queue.next(), 'midnight')
  assert.equal(clock.pending, 0)
  queue.done('midnight')
  queue.stop()
  await clock.jump(1_000)
  assert.equal(queue.length, 0)
})
