import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sleep } from '#base/clock.ts'
import { fastClock } from './fast-clock.ts'

/** As long as others have the processor. */
function holdUp(ms: number): void {
  for (const from = performance.now(); performance.now() - from < ms; );
}

test('it is quick, and what it wakes is not too early', async () => {
  const clock = fastClock(100)
  const [from, began] = [performance.now(), clock.monotonicMs()]
  await sleep(clock, 10_000)
  assert.ok(clock.monotonicMs() - began >= 10_000)
  // A hundred, and as much as a busy machine takes.
  assert.ok(performance.now() - from >= 95)
  assert.ok(clock.monotonicMs() - began <= (performance.now() - from) * 100 + 1)
})

test('for who is held up time has not flown', async () => {
  const clock = fastClock(100)
  const woken: string[] = []
  clock.after(20_000, () => void woken.push('late'))
  clock.after(1_000, () => void woken.push('soon'))
  const cancel = clock.after(30_000, () => void woken.push('never'))
  const began = clock.monotonicMs()
  holdUp(1_000)
  assert.ok(clock.monotonicMs() - began <= 5_000, 'at most fifty milliseconds of it count')
  cancel()
  await sleep(clock, 1)
  assert.deepEqual(woken, ['soon'])
  await sleep(clock, 40_000)
  assert.deepEqual(woken, ['soon', 'late'])
})
