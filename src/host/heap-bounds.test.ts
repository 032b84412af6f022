import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { isGlibc, NOT_GLIBC } from './testing/glibc.ts'

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

/** Much lived, all of it dies, and nothing happens any more; then the same again. Under load it does not wait, lest a busy machine make that look like rest. */
const AT_REST = `
  import { boundHeap, youngBytes } from '${import.meta.dirname}/heap-bounds.ts'
  const isBound = process.argv[1] === 'bound'
  if (isBound) boundHeap(500)
  // On a busy machine a process may seem to have much to do for long.
  const most = isBound ? 600 : 30
  const wait = ms => new Promise(resolve => setTimeout(resolve, ms))
  const nextTurn = () => new Promise(setImmediate)
  const total = () => process.memoryUsage().heapTotal
  const found = []
  for (let turn = 0; turn < 2; turn++) {
    let kept = []
    let young = 0
    for (let round = 0; round < 3000; round++) {
      kept[round % 1000] = Array.from({ length: 1000 }, (_, at) => ({ at }))
      if (round % 50 !== 0) continue
      await nextTurn()
      young = Math.max(young, youngBytes())
    }
    const loaded = total()
    kept = []
    for (let waited = 0; waited < most && total() > loaded / 3; waited++) await wait(100)
    found.push({ young, loaded, rested: total() })
    await wait(500)
  }
  console.log(JSON.stringify(found))
`

/** After a load, time for V8 to find by itself that little is allocated. */
const LONG_REST = `
  import { boundHeap, youngBytes } from '${import.meta.dirname}/heap-bounds.ts'
  boundHeap(...process.argv.slice(1).map(Number))
  const wait = ms => new Promise(resolve => setTimeout(resolve, ms))
  let kept = []
  for (let round = 0; round < 3000; round++) {
    kept[round % 1000] = Array.from({ length: 1000 }, (_, at) => ({ at }))
    if (round % 50 === 0) await new Promise(setImmediate)
  }
  kept = []
  await wait(6000)
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
  // Often less; the timer that looks may come one doubling late.
  assert.ok(bound.young <= 28 * MB, `bound it has ${bound.young} bytes`)
  assert.ok(bound.whole <= free.whole * 0.8, `bound ${bound.whole} bytes, unbound ${free.whole}`)
})

test('at rest what the load left is given back, and a new load finds the heap as the first one did', () => {
  const run = (...words: string[]) => {
    const all = ['--input-type=module', '-e', AT_REST, ...words]
    const { stdout, stderr } = spawnSync(process.execPath, all, { encoding: 'utf8' })
    assert.notEqual(stdout, '', stderr)
    return JSON.parse(stdout) as { young: number; loaded: number; rested: number }[]
  }
  for (const { young, loaded, rested } of run('bound')) {
    assert.ok(young >= 8 * 1024 * 1024, `the young generation has ${young} bytes under load`)
    assert.ok(rested <= loaded / 3, `${loaded} bytes under load, ${rested} at rest`)
  }
  const [free] = run()
  assert.ok(free && free.rested > free.loaded / 2, JSON.stringify(free))
})

/**
 * A hundred megabytes in buffers of a kilobyte, of which one in a thousand stays, while the heap has its load, without a pause that might look like rest;
 * then nothing more, for so many tenths of a second at most.
 */
const BUFFERS_AT_REST = `
  import { boundHeap } from '${import.meta.dirname}/heap-bounds.ts'
  boundHeap(300)
  const wait = ms => new Promise(resolve => setTimeout(resolve, ms))
  let all = []
  for (let round = 0; round < 100; round++) {
    all.push(...Array.from({ length: 1000 }, () => Buffer.allocUnsafeSlow(1000)))
    for (const from = performance.now(); performance.now() - from < 5; );
    await new Promise(setImmediate)
  }
  all = all.filter((_, at) => (at + 1) % 1000 === 0)
  const most = process.memoryUsage.rss()
  for (let waited = 0; waited < Number(process.argv[1]) && process.memoryUsage.rss() > most - 60_000_000; waited++) await wait(100)
  console.log(JSON.stringify({ most, rested: process.memoryUsage.rss(), kept: all.length }))
`

test('at rest what buffers left is given back, too', {
  skip: isGlibc() ? false : NOT_GLIBC,
}, () => {
  const givenBack = (longest: number, ...flags: string[]) => {
    const all = [...flags, '--input-type=module', '-e', BUFFERS_AT_REST, String(longest)]
    const { stdout, stderr } = spawnSync(process.execPath, all, { encoding: 'utf8' })
    assert.equal(stderr, '')
    const { most, rested } = JSON.parse(stdout) as { most: number; rested: number }
    return most - rested
  }
  assert.ok(givenBack(600) > 60_000_000)
  assert.ok(givenBack(100, '--no-experimental-ffi') < 40_000_000, 'V8 gives it back by itself')
})

test('a pause of some seconds does not lead to it, which would cost the compiled code', () => {
  const all = ['--trace-gc', '--input-type=module', '-e', LONG_REST]
  const { stdout } = spawnSync(process.execPath, all, { encoding: 'utf8' })
  assert.match(stdout, /Scavenge/)
  assert.doesNotMatch(stdout, /testing/)
})

test('what was given back is not looked for again and again', () => {
  const run = (...words: string[]) => {
    const sooner = ['--memory-reducer-delay-ms=200', '--gc-memory-reducer-start-delay-ms=300']
    const flags = [...sooner, '--trace-memory-reducer', '--trace-gc', '--input-type=module']
    const all = [...flags, '-e', LONG_REST, ...words]
    return spawnSync(process.execPath, all, { encoding: 'utf8' }).stdout
  }
  const bound = run('300').split('testing')
  assert.ok(bound.length > 1, 'nothing was given back')
  const after = bound.at(-1) ?? ''
  assert.match(after, /Memory reducer/, 'V8 did not look')
  assert.doesNotMatch(after, /started GC/)
})

/** No rest, until V8 has collected by itself, since memory counts, and is about to do so again. */
const MEETING = `
  import { PerformanceObserver, constants } from 'node:perf_hooks'
  import { setFlagsFromString } from 'node:v8'
  import { boundHeap } from '${import.meta.dirname}/heap-bounds.ts'
  boundHeap(100)
  const wait = ms => new Promise(resolve => setTimeout(resolve, ms))
  let kept = []
  for (let round = 0; round < 3000; round++) {
    kept[round % 1000] = Array.from({ length: 1000 }, (_, at) => ({ at }))
    if (round % 50 === 0) await new Promise(setImmediate)
  }
  kept = []
  setFlagsFromString('--optimize-for-size')
  const from = performance.now()
  let collections = 0
  const isOwn = ({ detail, startTime }) => detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR && startTime > from
  new PerformanceObserver(list => (collections += list.getEntries().filter(isOwn).length)).observe({ entryTypes: ['gc'] })
  while (collections === 0 && performance.now() < from + 10_000) {
    for (const from = performance.now(); performance.now() - from < 10; );
    await wait(20)
  }
  console.log('at rest')
  await wait(2000)
`

test('giving back does not meet the collections that V8 has begun by itself', () => {
  const sooner = ['--memory-reducer-delay-ms=200', '--gc-memory-reducer-start-delay-ms=200']
  const flags = [...sooner, '--trace-memory-reducer', '--trace-gc', '--input-type=module']
  const hasMet = () => {
    const all = [...flags, '-e', MEETING]
    const { stdout, status, signal } = spawnSync(process.execPath, all, { encoding: 'utf8' })
    assert.deepEqual({ status, signal }, { status: 0, signal: null }, stdout.slice(-1000))
    const [before = '', after = ''] = stdout.split('at rest')
    // Where the collection was still one of the load, or the machine was held up, nothing meets.
    return before.includes('(will do more)') && after.includes('testing')
  }
  let tries = 1
  while (!hasMet()) assert.ok(tries++ < 40, 'what V8 had begun was never met')
})
