import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { isGlibc, NOT_GLIBC } from './testing/glibc.ts'

/** The young generation of a process that has much to do. */
const LARGE = 8 * 1024 * 1024

/**
 * Much survives for a while, which makes V8 enlarge both generations as far as it may. So slowly that between two looks a quick machine does not
 * come further than one enlargement; and the most is told, since V8 takes back what a busy machine seems not to need.
 */
const BUSY = `
  import { boundHeap, youngBytes } from '${import.meta.dirname}/heap-bounds.ts'
  if (process.argv[1] === 'bound') boundHeap()
  const kept = []
  let young = 0
  let whole = 0
  for (let round = 0; round < 8000; round++) {
    kept[round % 1000] = Array.from({ length: 1000 }, (_, at) => ({ at }))
    if (round % 20 !== 0) continue
    await new Promise(resolve => setTimeout(resolve, 10))
    young = Math.max(young, youngBytes())
    if (round > 3000) whole = Math.max(whole, process.memoryUsage().heapTotal)
  }
  console.log(JSON.stringify({ young, whole, kept: kept.length }))
`

/** The same in one go, as who opens a large store: no timer runs. */
const IN_ONE_GO = `
  import { boundHeap, lookAtHeap, youngBytes } from '${import.meta.dirname}/heap-bounds.ts'
  boundHeap()
  const kept = []
  for (let round = 0; round < 6000; round++) {
    kept[round % 1000] = Array.from({ length: 1000 }, (_, at) => ({ at }))
    if (round % 50 === 0) lookAtHeap()
  }
  console.log(youngBytes())
`

/**
 * What the programs below share. A load takes its turns without waiting: on a busy machine a process that waits seems to rest, however much it
 * has to do. There V8 is also slow to enlarge the young generation, so the load goes on until whoever looks for one must have seen it.
 * `isGivenBack` says whether all was collected since then, which V8 does not do by itself.
 */
const SHARED = `
  import { PerformanceObserver, constants } from 'node:perf_hooks'
  import { boundHeap, youngBytes } from '${import.meta.dirname}/heap-bounds.ts'
  const wait = ms => new Promise(resolve => setTimeout(resolve, ms))
  const turn = () => new Promise(resolve => setImmediate(resolve))
  const total = () => process.memoryUsage().heapTotal
  async function load() {
    const kept = []
    let young = 0
    let largeFrom = Infinity
    for (let round = 0; round < 3000 || (round < 60_000 && performance.now() < largeFrom + 300); round++) {
      kept[round % 1000] = Array.from({ length: 1000 }, (_, at) => ({ at }))
      if (round % 50 !== 0) continue
      await turn()
      young = Math.max(young, youngBytes())
      largeFrom = youngBytes() < ${LARGE} ? Infinity : Math.min(largeFrom, performance.now())
    }
    return { young, kept }
  }
  const collections = []
  new PerformanceObserver(list => collections.push(...list.getEntries())).observe({ entryTypes: ['gc'] })
  const WHOLE = constants.NODE_PERFORMANCE_GC_FLAGS_ALL_AVAILABLE_GARBAGE
  const isGivenBack = since => collections.some(({ startTime, detail }) => startTime > since && detail.flags & WHOLE)
  /** Patiently: on a busy machine a process may seem to have much to do for long. */
  async function givenBack(seconds = 120) {
    const from = performance.now()
    for (let waited = 0; waited < 10 * seconds && !isGivenBack(from); waited++) await wait(100)
    return isGivenBack(from)
  }
`

/** Much lived, all of it dies, and nothing happens any more; then the same again. */
const AT_REST = `
  ${SHARED}
  const isBound = process.argv[1] === 'bound'
  if (isBound) boundHeap(500)
  const found = []
  for (let time = 0; time < 2; time++) {
    let { young, kept } = await load()
    const loaded = total()
    kept = undefined
    await givenBack(isBound ? 120 : 3)
    found.push({ young, loaded, rested: total() })
  }
  console.log(JSON.stringify(found))
`

/** After a load, time for V8 to find by itself that little is allocated. */
const LONG_REST = `
  ${SHARED}
  const restMs = process.argv.slice(1).map(Number)
  boundHeap(...restMs)
  await load()
  if (restMs.length > 0) await givenBack()
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
  // Often less; the timer that looks may come one doubling late.
  assert.ok(bound.young <= 28 * MB, `bound the young generation has ${bound.young} bytes`)
  assert.ok(free.young > bound.young, `unbound it has ${free.young} bytes, bound ${bound.young}`)
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
    assert.ok(young >= LARGE, `the young generation has ${young} bytes under load`)
    assert.ok(rested <= loaded / 4, `${loaded} bytes under load, ${rested} at rest`)
  }
  // By itself V8 leaves it, but for a collection that it happens to have begun: not each time.
  const free = () => run().map(({ loaded, rested }) => rested / loaded)
  const shares: number[] = []
  for (let tries = 0; tries < 3 && !shares.some(share => share > 0.25); tries++)
    shares.push(...free())
  assert.ok(Math.max(...shares) > 0.25, `V8 gives it back by itself: ${shares}`)
})

/** A hundred megabytes in buffers of a kilobyte, of which one in a thousand stays, while the heap has its load; then nothing more. */
const BUFFERS_AT_REST = `
  ${SHARED}
  boundHeap(300)
  let all = []
  for (let round = 0; round < 100; round++) {
    all.push(...Array.from({ length: 1000 }, () => Buffer.allocUnsafeSlow(1000)))
    await turn()
  }
  all = all.filter((_, at) => (at + 1) % 1000 === 0)
  const most = process.memoryUsage.rss()
  const isOver = await givenBack(30)
  for (let waited = 0; waited < 100 && process.memoryUsage.rss() > most - 60_000_000; waited++) await wait(100)
  console.log(JSON.stringify({ isOver, given: most - process.memoryUsage.rss(), kept: all.length }))
`

test('who lets no timer run asks for the bound, and gets it in time', () => {
  const all = ['--input-type=module', '-e', IN_ONE_GO]
  const { stdout, stderr } = spawnSync(process.execPath, all, { encoding: 'utf8' })
  assert.equal(stderr, '')
  // Otherwise four to eight times as much as is enough.
  assert.ok(Number(stdout) <= 2 * LARGE, stdout)
})

test('at rest what buffers left is given back, too', {
  skip: isGlibc() ? false : NOT_GLIBC,
}, () => {
  const run = (...flags: string[]) => {
    const all = [...flags, '--input-type=module', '-e', BUFFERS_AT_REST]
    const { stdout, stderr } = spawnSync(process.execPath, all, { encoding: 'utf8' })
    assert.equal(stderr, '')
    return JSON.parse(stdout) as { isOver: boolean; given: number }
  }
  const givenBack = (...flags: string[]) => {
    // So short a load may be overlooked where V8 is slow to enlarge the young generation.
    for (let tries = 1; ; tries++) {
      const { isOver, given } = run(...flags)
      if (isOver) return given
      assert.ok(tries < 10, 'the load was never seen')
    }
  }
  assert.ok(givenBack() > 60_000_000)
  assert.ok(givenBack('--no-experimental-ffi') < 40_000_000, 'V8 gives it back by itself')
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
  ${SHARED}
  import { setFlagsFromString } from 'node:v8'
  boundHeap(100)
  await load()
  setFlagsFromString('--optimize-for-size')
  const from = performance.now()
  const isOwn = ({ detail, startTime }) => detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR && startTime > from
  while (!collections.some(isOwn) && performance.now() < from + 10_000) {
    for (const from = performance.now(); performance.now() - from < 10; );
    await turn()
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
