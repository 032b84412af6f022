/** A minute of fuzzing with every run of the tests, from another seed each time; `npm run fuzz` takes ten. */
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { reportOf } from './fuzzer.ts'
import { fuzzed } from './targets.ts'

const TOTAL_MS = 50_000
const LEAST_RUNS = 100
const seed = randomInt(2 ** 32)

for (const target of fuzzed)
  test(`${target.name}: nothing goes wrong`, async () => {
    const durationMs = TOTAL_MS / fuzzed.length
    const { runs, findings } = await target.run({ seed, durationMs, leastRuns: LEAST_RUNS })
    assert.deepEqual(
      findings.map(finding => reportOf(finding, seed)),
      [],
    )
    assert.ok(runs >= LEAST_RUNS, `only ${runs} runs`)
  })
