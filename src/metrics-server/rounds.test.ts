import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createManualClock } from '#client/testing/manual-clock.ts'
import { Rounds } from './rounds.ts'

function rounds(names: readonly string[], isIncomplete = (_name: string) => false) {
  const clock = createManualClock()
  const asked: string[] = []
  const running = new Rounds({
    clock,
    resolutionMs: 15_000,
    nodes: () => names,
    async ask(name) {
      asked.push(`${name} at ${Math.round(clock.monotonicMs())}`)
      return isIncomplete(name)
    },
    ended() {},
  })
  running.start()
  return { clock, asked, running }
}

test('every node is asked once a round, one after the other', async () => {
  const { clock, asked, running } = rounds(['a', 'b', 'c'])
  await clock.advance(30_000)
  await running.stop()
  const times = [0, 8, 16, 15_000, 15_008, 15_016, 30_000]
  assert.deepEqual(
    asked.map(each => Number(each.split(' at ')[1])),
    times,
  )
  assert.deepEqual(new Set(asked.map(each => each[0])), new Set(['a', 'b', 'c']))
})

test('a thousand nodes take no more than four seconds of it', async () => {
  const names = Array.from({ length: 1000 }, (_, index) => `n${index}`)
  const { clock, asked, running } = rounds(names)
  await clock.advance(3_990)
  assert.ok(asked.length < 1000)
  await clock.advance(20)
  assert.equal(asked.length, 1000)
  await running.stop()
})

test('who has more to tell is asked once more soon, and then in its turn', async () => {
  let looks = 0
  const { clock, asked, running } = rounds(['a'], () => ++looks < 2)
  await clock.advance(15_000)
  await running.stop()
  assert.deepEqual(asked, ['a at 0', 'a at 3000', 'a at 15000'])
})

test('who always has more to tell does not keep everybody busy', async () => {
  const { clock, asked, running } = rounds(['a'], () => true)
  await clock.advance(14_999)
  assert.deepEqual(asked, ['a at 0', 'a at 3000', 'a at 6000'])
  await clock.advance(15_000)
  assert.equal(asked.length, 6)
  await running.stop()
})

test('news are looked at after a moment in which more may come', async () => {
  const { clock, asked, running } = rounds(['a'])
  await clock.advance(5_000)
  running.news('a')
  await clock.advance(500)
  running.news('a')
  await clock.advance(5_000)
  assert.deepEqual(asked, ['a at 0', 'a at 6000'])
  running.news('a')
  running.forget('a')
  await clock.advance(2_000)
  assert.equal(asked.length, 2)
  await running.stop()
  assert.equal(clock.pending, 0)
})
