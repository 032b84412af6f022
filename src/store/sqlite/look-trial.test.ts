import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LookTrial } from './look-trial.ts'

/** One trial, in which each way is tried for half of the time. */
const TRIAL = 4 * 32

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
  assert.equal(run(quick, TRIAL, { looking: 0.2, sleeping: 0.3 }), TRIAL / 2)
  assert.equal(run(quick, 512, { looking: 0.2, sleeping: 0.3 }), 512)
  const busy = new LookTrial()
  assert.equal(run(busy, TRIAL, { looking: 0.4, sleeping: 0.3 }), TRIAL / 2)
  assert.equal(run(busy, 512, { looking: 0.4, sleeping: 0.3 }), 0)
})

test('what was better once is tried again, as the machine may have become busy, or calm', () => {
  const trial = new LookTrial()
  run(trial, TRIAL + 512, { looking: 0.4, sleeping: 0.3 })
  assert.equal(run(trial, TRIAL, { looking: 0.2, sleeping: 0.3 }), TRIAL / 2)
  assert.equal(run(trial, 512, { looking: 0.2, sleeping: 0.3 }), 512)
  assert.equal(run(trial, TRIAL, { looking: 0.5, sleeping: 0.3 }), TRIAL / 2)
  assert.equal(run(trial, 512, { looking: 0.5, sleeping: 0.3 }), 0)
})

test('the longer nothing has changed, the more seldom both ways are tried', () => {
  const trial = new LookTrial()
  let slept = 0
  for (let count = 1; count <= 100_000; count++) {
    if (!trial.isLooking) slept++
    trial.note(1, trial.isLooking ? 0.2 : 0.3)
  }
  // After 1, 2, 4 and 8 thousand, and then after each 8 thousand.
  assert.equal(slept, 64 * 15)
})

test('looks that win next to nothing are left', () => {
  const trial = new LookTrial()
  run(trial, TRIAL, { looking: 0.29, sleeping: 0.3 })
  assert.equal(trial.isLooking, false)
})

test('a pause of the disk does not decide', () => {
  const trial = new LookTrial()
  run(trial, TRIAL - 2, { looking: 0.2, sleeping: 0.3 })
  assert.equal(trial.isLooking, true)
  trial.note(2, 2000)
  trial.note(2, 0.2)
  assert.equal(trial.isLooking, true)
})

test('a process that becomes quicker meanwhile favours neither way', () => {
  const trial = new LookTrial()
  for (let i = 0; i < TRIAL; i++)
    trial.note(1, (trial.isLooking ? 0.2 : 0.24) * (1 - i / (2 * TRIAL)))
  assert.equal(trial.isLooking, true)
})

test('more rows may take longer', () => {
  const trial = new LookTrial()
  for (let i = 0; i < TRIAL; i++) {
    if (trial.isLooking) trial.note(16, 0.4)
    else trial.note(1, 0.3)
  }
  assert.equal(trial.isLooking, true)
})
