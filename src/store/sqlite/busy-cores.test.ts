import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BusyCores } from './busy-cores.ts'

test('who is held up between two looks leaves more and more of them out, until it is calm for long', () => {
  const cores = new BusyCores()
  let ms = 0
  const look = (heldUpMs: number) => {
    cores.begin(ms)
    ms += 0.002
    assert.equal(cores.again(ms), 0, 'as quick as looks are')
    ms += heldUpMs
    const leftOut = cores.again(ms)
    // What lies between two goes counts for nothing.
    ms += 50
    return leftOut
  }
  assert.deepEqual(
    Array.from({ length: 9 }, () => look(1)),
    [64, 128, 256, 512, 1024, 2048, 4096, 4096, 4096],
  )
  for (let i = 0; i < 498; i++) assert.equal(look(0.01), 0)
  assert.equal(look(1), 4096, 'soon again')
  for (let i = 0; i < 500; i++) assert.equal(look(0.01), 0)
  assert.deepEqual([look(1), look(1)], [64, 128])
})
