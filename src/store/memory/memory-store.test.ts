import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '#base/clock.ts'
import { storeSuite } from '../store.suite.ts'
import { put } from '../testing/recorder.ts'
import { createMemoryStore } from './memory-store.ts'

storeSuite('memory', async () => createMemoryStore())

test('history is forgotten by count, by bytes and by age, and live keys stay', async () => {
  let nowMs = 1000
  const clock: Clock = { now: () => nowMs, monotonicMs: () => nowMs, after: () => () => {} }
  const byCount = createMemoryStore({ history: { events: 10 } })
  for (let i = 0; i < 30; i++) await put(byCount, `/${i}`, 'x')
  assert.equal(byCount.compactedRevision, 20)
  assert.equal((await byCount.list('/')).entries.length, 30)

  const byBytes = createMemoryStore({ history: { bytes: 13_000 } })
  for (let i = 0; i < 30; i++) await put(byBytes, '/a', 'x'.repeat(1000))
  assert.equal(byBytes.compactedRevision, 22)

  const byAge = createMemoryStore({ clock, history: { ageMs: 5000 } })
  for (let i = 0; i < 10; i++) {
    await put(byAge, '/a', 'x')
    nowMs += 1000
  }
  assert.equal(byAge.compactedRevision, 4)
})

test('a wall clock that is set by hours makes nobody forget', async () => {
  let nowMs = 1000
  let wallMs = 1000
  const clock: Clock = { now: () => wallMs, monotonicMs: () => nowMs, after: () => () => {} }
  const store = createMemoryStore({ clock, history: { ageMs: 5000 } })
  for (let i = 0; i < 20; i++) {
    wallMs += (i % 2 === 0 ? 7 : -9) * 3_600_000
    nowMs += 1000
    await put(store, '/a', 'x')
  }
  assert.equal(store.compactedRevision, 14)
})
