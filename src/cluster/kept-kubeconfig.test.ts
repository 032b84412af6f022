import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '#base/log.ts'
import { createManualClock } from '#client/testing/manual-clock.ts'
import { keepKubeconfig } from './kept-kubeconfig.ts'

const DAY_MS = 86_400_000

test('a kubeconfig is written anew when its certificate was renewed, and left alone until then', async () => {
  const clock = createManualClock()
  const state = { text: 'first', isFull: false }
  const written: string[] = []
  const kept = keepKubeconfig({
    clock,
    log: silentLog,
    text: () => state.text,
    write(text) {
      if (state.isFull) throw new Error('the disk is full')
      written.push(text)
    },
  })
  await clock.advance(30 * DAY_MS)
  assert.deepEqual(written, ['first'])
  state.text = 'second'
  state.isFull = true
  await clock.advance(DAY_MS)
  state.isFull = false
  await clock.advance(DAY_MS)
  assert.deepEqual(written, ['first', 'second'])
  state.text = 'third'
  await clock.jump(300 * DAY_MS)
  assert.deepEqual(written, ['first', 'second', 'third'])
  kept.stop()
  assert.equal(clock.pending, 0)
})
