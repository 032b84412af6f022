import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LookTrial } from './look-trial.ts'

/** So many transactions of two rows, which take as long as either way says; gives how many of them were looked for. */
function run(trial: LookTrial, count: number, ms: { looking: number; sleeping: number }): number {
  let looked = 0
  for (let i = 0; i < count; i++) {
    if (trial.isLooking) looked++
    trial.note(2, trial.isLooking ? ms.looking : ms.sleeping)
  }
  return looked
}

test('both ways are tried, and the quicker one is kept', () => {
  const quick = new LookTrial()
  assert.equal(quick.isLooking, true)
  assert.equal(run(quick, 512, { looking: 0.2, sleeping: 0.3 }), 256)
  assert.equal(run(quick, 8192, { looking: 0.2, sleeping: 0.3 }), 8192)
  const busy = new LookTrial()
  assert.equal(run(busy, 512, { looking: 0.4, sleeping: 0.3 }), 256)
  assert.equal(run(busy, 8192, { looking: 0.4, sleeping: 0.3 }), 0)
})

test('what was better once is tried again, as the machine may have become busy, or calm', () => {
  const trial = new LookTrial()
  run(trial, 512 + 8192, { looking: 0.4, sleeping: 0.3 })
  assert.equal(run(trial, 512, { looking: 0.2, sleeping: 0.3 }), 256)
  assert.equal(run(trial, 8192, { looking: 0.2, sleeping: 0.3 }), 8192)
  assert.equal(run(trial, 512, { looking: 2, sleeping: 0.3 }), 256)
  assert.equal(run(trial, 8192, { looking: 2, sleeping: 0.3 }), 0)
})

test('looks that win next to nothing are left', () => {
  const trial = new LookTrial()
  run(trial, 512, { looking: 0.29, sleeping: 0.3 })
  assert.equal(trial.isLooking, false)
})

test('a pause of the disk does not decide', () => {
  const trial = new LookTrial()
  run(trial, 200, { looking: 0.2, sleeping: 0.3 })
  trial.note(2, 2000)
  run(trial, 311, { looking: 0.2, sleeping: 0.3 })
  assert.equal(trial.isLooking, true)
})

test('more rows may take longer', () => {
  const trial = new LookTrial()
  for (let i = 0; i < 256; i++) trial.note(16, 0.4)
  for (let i = 0; i < 256; i++) trial.note(1, 0.3)
  assert.equal(trial.isLooking, true)
})
