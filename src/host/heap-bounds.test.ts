import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

/** Much survives for a while, which makes V8 enlarge both generations as far as it may. */
const BUSY = `
  import { boundHeap, youngBytes } from '${import.meta.dirname}/heap-bounds.ts'
  if (process.argv[1] === 'bound') boundHeap()
  const kept = []
  let most = 0
  for (let round = 0; round < 12_000; round++) {
    kept[round % 1000] = Array.from({ length: 1000 }, (_, at) => ({ at }))
    if (round % 50 !== 0) continue
    await new Promise(resolve => setTimeout(resolve, 1))
    if (round > 3000) most = Math.max(most, process.memoryUsage().heapTotal)
  }
  console.log(JSON.stringify({ young: youngBytes(), whole: most, kept: kept.length }))
`

function heapAfterLoad(...words: string[]): { young: number; whole: number } {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', BUSY, ...words],
    { encoding: 'utf8' },
  )
  assert.notEqual(stdout, '', stderr)
  return JSON.parse(stdout)
}

test('the heap stops growing, which it would not by itself', () => {
  const free = heapAfterLoad()
  const bound = heapAfterLoad('bound')
  const MB = 1024 * 1024
  assert.ok(free.young >= 32 * MB, `unbound the young generation has ${free.young} bytes`)
  assert.ok(bound.young <= 24 * MB, `bound it has ${bound.young} bytes`)
  assert.ok(bound.whole <= free.whole * 0.8, `bound ${bound.whole} bytes, unbound ${free.whole}`)
})
