import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Jumps } from './jumps.ts'

function world() {
  const times = { wallMs: 1e12, monotonicMs: 0 }
  const looks = new Set<() => void>()
  const jumps = new Jumps({
    now: () => times.wallMs,
    monotonicMs: () => times.monotonicMs,
    every: (_, look) => {
      looks.add(look)
      return () => looks.delete(look)
    },
  })
  const pass = (wallMs: number, monotonicMs = wallMs) => {
    times.wallMs += wallMs
    times.monotonicMs += monotonicMs
    for (const look of looks) look()
  }
  return { jumps, looks, pass }
}

test('a clock that is set, and a machine that slept, are told once each; time that passes is not', () => {
  const { jumps, pass } = world()
  const told: string[] = []
  jumps.tell(() => told.push('a'))
  jumps.tell(() => told.push('b'))
  pass(5_000)
  pass(60_000)
  assert.deepEqual(told, [])
  pass(3_600_000, 5_000)
  assert.deepEqual(told, ['a', 'b'])
  pass(5_000)
  assert.deepEqual(told, ['a', 'b'])
  pass(-3_600_000, 5_000)
  assert.deepEqual(told, ['a', 'b', 'a', 'b'])
})

test('a clock that is brought right bit by bit has not jumped until it is off by a second', () => {
  const { jumps, pass } = world()
  let told = 0
  jumps.tell(() => told++)
  for (let i = 0; i < 3; i++) pass(5_300, 5_000)
  assert.equal(told, 0)
  pass(5_300, 5_000)
  assert.equal(told, 1)
})

test('nobody looks where nobody listens', () => {
  const { jumps, looks } = world()
  const ends = [jumps.tell(() => {}), jumps.tell(() => {})]
  assert.equal(looks.size, 1)
  for (const end of ends) end()
  assert.equal(looks.size, 0)
})
