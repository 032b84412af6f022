import assert from 'node:assert/strict'
import { test } from 'node:test'
import { untilTick } from './ticks.ts'

test('a wait ends at a tick, no later than asked for unless there is none before', () => {
  for (const nowMs of [0, 1, 250.5, 499, 500, 123_456.7])
    for (const delayMs of [1, 400, 500, 1000, 5000, 10_000]) {
      const waitMs = untilTick(nowMs, delayMs)
      assert.ok(Math.abs(((nowMs + waitMs + 250) % 500) - 250) < 1e-6, `${nowMs} + ${waitMs}`)
      assert.ok(waitMs > 0 && waitMs <= Math.max(delayMs, 500), `${waitMs} for ${delayMs}`)
      assert.ok(waitMs > delayMs - 500, `${waitMs} for ${delayMs}`)
    }
})

test('nodes that begin at different times wake together', () => {
  const wakes = Array.from({ length: 100 }, (_, at) => {
    const nowMs = 7000 + at * 4.9
    return Math.round(nowMs + untilTick(nowMs, 5000))
  })
  assert.ok(new Set(wakes).size <= 2, String([...new Set(wakes)]))
})
