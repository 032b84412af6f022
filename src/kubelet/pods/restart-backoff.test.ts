import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  BACKOFF_RESET_MS,
  Backoff,
  INITIAL_BACKOFF_MS,
  MAXIMUM_BACKOFF_MS,
} from './restart-backoff.ts'

/** Wall and monotonic time moved by hand, each alone if need be. */
function handClock() {
  const time = { wall: 1_000_000_000, monotonic: 5 }
  const clock = { now: () => time.wall, monotonicMs: () => time.monotonic, after: () => () => {} }
  const pass = (ms: number) => {
    time.wall += ms
    time.monotonic += ms
  }
  return { time, clock, pass }
}

test('each failure waits twice as long, up to five minutes', () => {
  const { clock, pass } = handClock()
  const backoff = new Backoff(clock)
  const waits: number[] = []
  for (let failure = 0; failure < 8; failure++) {
    const failedAt = clock.now()
    const wait = backoff.remaining('a', failedAt)
    waits.push(wait / 1000)
    pass(wait)
    assert.equal(backoff.remaining('a', failedAt), 0)
    backoff.next('a', failedAt)
    pass(50)
  }
  assert.deepEqual(waits, [0, 10, 20, 40, 80, 160, 300, 300])
})

test('ten good minutes are forgiven, however long the last wait was', () => {
  for (const goodMs of [BACKOFF_RESET_MS - 1000, BACKOFF_RESET_MS, BACKOFF_RESET_MS + 1]) {
    const { clock, pass } = handClock()
    const backoff = new Backoff(clock)
    for (let count = 0; count < 7; count++) backoff.next('a', clock.now())
    assert.equal(backoff.delayOf('a'), MAXIMUM_BACKOFF_MS)
    pass(goodMs)
    const forgiven = goodMs > BACKOFF_RESET_MS
    const failedAt = clock.now()
    assert.equal(backoff.remaining('a', failedAt), forgiven ? 0 : MAXIMUM_BACKOFF_MS)
    // What it waits does not count as going well.
    pass(MAXIMUM_BACKOFF_MS)
    backoff.next('a', failedAt)
    assert.equal(backoff.delayOf('a'), forgiven ? INITIAL_BACKOFF_MS : MAXIMUM_BACKOFF_MS)
  }
})

test('a wall clock that is set back or forth changes no wait that has begun', () => {
  const { time, clock, pass } = handClock()
  const backoff = new Backoff(clock)
  backoff.next('a', clock.now())
  const failedAt = clock.now() + 1000
  pass(1000)
  assert.equal(backoff.remaining('a', failedAt), 10_000)
  time.wall -= 3_600_000
  pass(4_000)
  assert.equal(backoff.remaining('a', failedAt), 6_000)
  time.wall += 7_200_000
  assert.equal(backoff.remaining('a', failedAt), 6_000)
})

test('no wait is longer than five minutes, and all end, whatever the clocks say', () => {
  const step = fc.record({
    runMs: fc.integer({ min: 0, max: 900_000 }),
    jumpMs: fc.integer({ min: -10_000_000, max: 10_000_000 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), steps => {
      const { time, clock, pass } = handClock()
      const backoff = new Backoff(clock)
      for (const { runMs, jumpMs } of steps) {
        pass(runMs)
        const failedAt = clock.now()
        time.wall += jumpMs
        const wait = backoff.remaining('a', failedAt)
        assert.ok(wait >= 0 && wait <= MAXIMUM_BACKOFF_MS, `${wait}`)
        pass(wait)
        assert.equal(backoff.remaining('a', failedAt), 0)
        backoff.next('a', failedAt)
      }
    }),
  )
})

test('what is forgotten starts anew, by prefix', () => {
  const { clock } = handClock()
  const backoff = new Backoff(clock)
  for (const key of ['u1/a', 'u1/b', 'u12/a']) backoff.next(key, clock.now())
  backoff.forget('u1/')
  assert.deepEqual(
    ['u1/a', 'u1/b', 'u12/a'].map(key => backoff.delayOf(key)),
    [0, 0, INITIAL_BACKOFF_MS],
  )
})
