import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IdleTurns } from './idle-turns.ts'

/** A machine whose time passes busy or idle, as a test says. */
function setUp() {
  let nowMs = 0
  let idleMs = 0
  let due: { atMs: number; callback: () => void }[] = []
  const turns = new IdleTurns({
    monotonicMs: () => nowMs,
    idleMs: () => idleMs,
    after: (delayMs, callback) => due.push({ atMs: nowMs + delayMs, callback }),
  })
  const signal = new AbortController()
  let taken = 0
  const ask = async (times: number) => {
    for (let i = 0; i < times; i++) {
      const turn = turns.take(signal.signal)
      if (turn) turn.then(() => taken++)
      else taken++
    }
  }
  const pass = async (ms: number, share: number) => {
    for (let i = 0; i < ms; i++) {
      nowMs++
      idleMs += share
      const now = due.filter(({ atMs }) => atMs <= nowMs)
      due = due.filter(({ atMs }) => atMs > nowMs)
      for (const { callback } of now) callback()
    }
    await Promise.resolve()
    await Promise.resolve()
  }
  return { turns, ask, pass, signal, taken: () => taken, timers: () => due.length }
}

test('a hundred turns are there at once, and whoever comes later waits', async () => {
  const { ask, taken, timers } = setUp()
  await ask(99)
  assert.equal(taken(), 99)
  assert.equal(timers(), 0)
  await ask(2)
  assert.equal(taken(), 100)
  assert.equal(timers(), 1)
})

test('a busy process has a hundred turns a second, an idle one four each millisecond', async () => {
  const { ask, pass, taken, timers } = setUp()
  await ask(1_100)
  await pass(1_000, 0)
  assert.ok(Math.abs(taken() - 200) <= 4, `${taken()} after a busy second`)
  await pass(100, 1)
  assert.ok(Math.abs(taken() - 610) <= 84, `${taken()} after an idle tenth of one`)
  await pass(1_000, 0.5)
  assert.equal(taken(), 1_100)
  assert.equal(timers(), 0, 'nobody waits, so nobody looks')
})

test('an idle hour saves no more than a hundred turns', async () => {
  const { ask, pass, taken } = setUp()
  await ask(100)
  await pass(3_600, 1)
  await ask(300)
  assert.equal(taken(), 200)
})

test('whoever leaves is let go, and the turn is for the next', async () => {
  const { ask, pass, turns, signal, taken } = setUp()
  await ask(100)
  const leaving = new AbortController()
  const order: string[] = []
  turns.take(leaving.signal)?.then(() => order.push('left'))
  turns.take(signal.signal)?.then(() => order.push('first'))
  turns.take(signal.signal)?.then(() => order.push('second'))
  leaving.abort()
  await pass(30, 0)
  assert.deepEqual(order, ['left', 'first', 'second'])
  assert.equal(taken(), 100)
})

test('when all have left, whoever comes next does not make it look twice', async () => {
  const { ask, turns, timers } = setUp()
  await ask(100)
  for (let i = 0; i < 3; i++) {
    const leaving = new AbortController()
    void turns.take(leaving.signal)
    leaving.abort()
  }
  await ask(1)
  assert.equal(timers(), 1)
})
