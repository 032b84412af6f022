/** The checkers themselves: each must find the bug that was planted for it, and none where there is none. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kinds } from '../../src/api/kinds.ts'
import { parseJson } from '../../src/api/machinery/body.ts'
import { internalError, StatusError } from '../../src/api/machinery/status.ts'
import { cpuMs } from '../../src/base/testing/cpu-time.ts'
import { fuzz, MAXIMUM_FINDINGS, reportOf, type Target } from './fuzzer.ts'
import { Dice, mutated } from './random.ts'
import { fuzzRequests } from './requests.ts'
import { targets } from './targets.ts'

const options = { seed: 1, durationMs: 600, leastRuns: 300 }
const planted = (run: Target['run']): Target => ({
  name: 'planted',
  samples: ['{"a":[1,2,3]}'],
  words: ['[', '"b":', '{'],
  run,
})
const findingsOf = async (run: Target['run'], durationMs = options.durationMs) =>
  (await fuzz(planted(run), { ...options, durationMs })).findings.map(({ what }) => what)

function holdTheLoop(): void {
  const end = cpuMs() + 60
  while (cpuMs() < end);
}

test('a decoder that refuses what is wrong is fine', async () => {
  assert.deepEqual(await findingsOf(input => void parseJson(input)), [])
})

test('a crash is found, and an error that blames the server counts as one', async () => {
  const crashes = (input: Uint8Array) => void JSON.parse(Buffer.from(input).toString())
  assert.ok((await findingsOf(crashes)).includes('crash'))
  const blames = (input: Uint8Array) => {
    if (input.length > 20) throw internalError('planted')
  }
  assert.ok((await findingsOf(blames)).includes('crash'))
})

test('what is thrown later, by a promise, is found too', async () => {
  const later = async (input: Uint8Array) => {
    await undefined
    assert.ok(input.length < 20)
  }
  assert.ok((await findingsOf(later)).includes('crash'))
})

test('a stall is found where it is the input’s, and not where the machine was busy once', async () => {
  const slow = (input: Uint8Array) => {
    if (input.includes(0x5b) && input.length > 30) holdTheLoop()
  }
  assert.ok((await findingsOf(slow)).includes('stall'))
  let runs = 0
  const busyOnce = () => {
    if (runs++ === 3) holdTheLoop()
  }
  assert.deepEqual(await findingsOf(busyOnce), [])
})

test('memory that is kept is found', async () => {
  const kept: Uint8Array[] = []
  const keep = () => {
    if (kept.length < 400) kept.push(new Uint8Array(512 * 1024).fill(1))
    const end = performance.now() + 5
    while (performance.now() < end);
  }
  // Long enough that most is kept after the first part, which does not count.
  assert.deepEqual(await findingsOf(keep, 2000), ['growth'])
})

test('a value that changes on its way is found by each target that compares', async () => {
  // Whoever compares, throws an AssertionError; that one counts as a crash is what the others rest on.
  const findings = await findingsOf(input => {
    const value = parseJson(input)
    assert.equal(JSON.stringify(value), JSON.stringify(value).replace('3', '4'))
  })
  assert.ok(findings.includes('crash'))
})

test('the same seed gives the same inputs, and the report says how to see one again', () => {
  const inputs = (seed: number) => {
    const dice = new Dice(seed)
    const sample = Buffer.from('{"a":1}')
    return Array.from({ length: 50 }, () =>
      Buffer.from(mutated(dice, [sample], [sample])).toString('hex'),
    )
  }
  assert.deepEqual(inputs(7), inputs(7))
  assert.notDeepEqual(inputs(7), inputs(8))
  const text = reportOf({ target: 'JSON', what: 'stall', message: '60 ms', input: 'e30=' }, 7)
  assert.match(text, /JSON: stall \(seed 7\): 60 ms\n {2}input in base64: e30=/)
})

test('every target goes all the way with one of its own samples', async () => {
  assert.ok(targets.length > 15)
  const takes = async (target: Target, sample: string | Uint8Array) => {
    try {
      await target.run(Buffer.from(sample as Uint8Array))
      return true
    } catch (thrown) {
      if (thrown instanceof StatusError) return false
      throw thrown
    }
  }
  for (const target of targets) {
    const taken = await Promise.all(target.samples.map(sample => takes(target, sample)))
    assert.ok(taken.includes(true), target.name)
  }
})

test('a request that fails within the server is found, and told with those before it', async () => {
  const few = ['ConfigMap', 'ServiceAccount', 'Namespace', 'CustomResourceDefinition']
  const some = kinds.filter(({ kind }) => few.includes(kind))
  const broken = some.map(kind =>
    kind.kind === 'ConfigMap'
      ? { ...kind, warnings: () => [(undefined as unknown as { text: string }).text] }
      : kind,
  )
  const { findings } = await fuzzRequests({ seed: 1, durationMs: 120_000 }, broken)
  assert.equal(findings.length, MAXIMUM_FINDINGS)
  assert.match(findings[0]?.message ?? '', /TypeError.*POST .*configmaps/s)
})
