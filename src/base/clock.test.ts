import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Clock, Pauses, rfc3339Micro } from './clock.ts'

/** A clock whose timers fire when a test says so. */
function clockByHand() {
  const waiting = new Set<() => void>()
  const clock = {
    after(_delayMs: number, callback: () => void) {
      waiting.add(callback)
      return () => void waiting.delete(callback)
    },
  } as Clock
  const fire = () => {
    for (const callback of waiting) {
      waiting.delete(callback)
      callback()
    }
  }
  return { clock, waiting, fire }
}

test('pauses last until their time, and none lasts or begins once they are over', async () => {
  const { clock, waiting, fire } = clockByHand()
  const pauses = new Pauses(clock)
  let rounds = 0
  const loop = (async () => {
    for (;;) {
      await pauses.take(10)
      if (pauses.isOver) return
      rounds++
    }
  })()
  for (const expected of [1, 2]) {
    fire()
    await Promise.resolve()
    assert.equal(rounds, expected)
  }
  assert.equal(waiting.size, 1)
  pauses.end()
  await loop
  assert.equal(waiting.size, 0, 'no timer is left')
  await pauses.take(10)
  pauses.end()
  assert.equal(waiting.size, 0)
  assert.equal(rounds, 2)
})

test('the times of leases are those of a date, at every millisecond', () => {
  const start = Date.UTC(2026, 0, 1)
  const times = [0, 1, 59, 999, 1000, 1007, 61_123.9].map(each => start + each)
  for (const ms of [...times, -1, -999.5, -1000])
    assert.equal(rfc3339Micro(ms), `${new Date(ms).toISOString().slice(0, 23)}000Z`)
})
