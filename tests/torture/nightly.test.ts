/** The table of a night, and that a row which fails is in it and fails the night. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scorecard } from './nightly.ts'
import type { Subject } from './subject.ts'

const good: Subject = {
  doc: '',
  flags: { rounds: 200, watchers: 7 },
  async run({ rounds, watchers, seed }, tell) {
    tell('20 of them so far')
    tell(`${rounds} rounds, ${watchers} watchers, seed ${seed}, 0 violations`)
  },
}
const bad: Subject = {
  ...good,
  async run() {
    throw new Error('2 violations\n  all of it is in /there')
  },
}

test('each row is in the table with its figures, shortened, also behind one that failed', async () => {
  const lines: string[] = []
  const rows = [
    { name: 'broken one', subject: bad },
    { name: 'good one', subject: good, values: { watchers: 9 } },
  ]
  await assert.rejects(
    scorecard(rows, { percent: 5, seed: 3 }, line => void lines.push(line)),
    /1 of 2 rows are broken/,
  )
  assert.deepEqual(
    lines.slice(-3).map(line => line.replace(/\d+\.\d/, '0.0')),
    [
      '| row | minutes | result | figures |',
      '| broken one | 0.0 | BROKEN | 2 violations   all of it is in /there |',
      '| good one | 0.0 | kept | 10 rounds, 9 watchers, seed 3, 0 violations |',
    ],
  )
})
