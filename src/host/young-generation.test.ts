import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

/** Much survives, which makes V8 enlarge the young generation as far as it may. */
const BUSY = `
  import { boundYoungGeneration, youngBytes } from '${import.meta.dirname}/young-generation.ts'
  if (process.argv[1] === 'bound') boundYoungGeneration()
  const kept = []
  for (let round = 0; round < 12_000; round++) {
    kept.push(Array.from({ length: 1000 }, (_, at) => ({ at })))
    if (kept.length > 1000) kept.length = 0
    if (round % 50 === 0) await new Promise(resolve => setTimeout(resolve, 1))
  }
  console.log(youngBytes(), kept.length)
`

function youngBytesAfterLoad(...words: string[]): number {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', BUSY, ...words],
    { encoding: 'utf8' },
  )
  const bytes = Number.parseInt(stdout, 10)
  assert.ok(bytes > 0, stderr)
  return bytes
}

test('the young generation stops growing, which it would not by itself', () => {
  const free = youngBytesAfterLoad()
  const bound = youngBytesAfterLoad('bound')
  assert.ok(free >= 32 * 1024 * 1024, `unbound it has ${free} bytes`)
  assert.ok(bound <= 24 * 1024 * 1024, `bound it has ${bound} bytes`)
})
