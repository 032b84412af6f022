import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Rounds } from './rounds.ts'

test('whoever asks during a round gets the next one, all of them the same', async () => {
  let state = 0
  const seen: number[] = []
  const ends: (() => void)[] = []
  const rounds = new Rounds(async () => {
    seen.push(state)
    await new Promise<void>(resolve => ends.push(resolve))
  })
  const first = rounds.run()
  await null
  const later = Array.from({ length: 100 }, () => {
    state++
    return rounds.run()
  })
  ends.shift()?.()
  await first
  while (ends.length === 0) await null
  ends.shift()?.()
  await Promise.all([...later, rounds.settled()])
  assert.deepEqual(seen, [0, 100])
})

test('a round that fails fails for those who asked for it, and not for later ones', async () => {
  let isBroken = true
  const rounds = new Rounds(async () => {
    if (isBroken) throw new Error('disk full')
  })
  await assert.rejects(rounds.run(), /disk full/)
  const failing = rounds.run()
  await assert.rejects(failing, /disk full/)
  isBroken = false
  await rounds.run()
  await rounds.settled()
})
