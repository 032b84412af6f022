import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { pprofProfile } from '#base/profiles/pprof.ts'
import { AlreadyProfiling, type Profiler } from '#base/profiles/v8.ts'
import { createManualClock } from '../testing/manual-clock.ts'
import type { ApiResponse } from '../transport.ts'
import { createPprof } from './pprof.ts'

const callFrame = { functionName: 'work', url: 'work.js', lineNumber: 0 }
const cpu = {
  nodes: [{ id: 1, callFrame }],
  ...{ startTime: 0, endTime: 1000, samples: [1], timeDeltas: [0] },
}

function started(profiler: Partial<Profiler> = {}) {
  const clock = createManualClock()
  const pprof = createPprof({
    profiler: {
      cpu: async until => {
        await until
        return cpu
      },
      allocations: async (until, of) => {
        await until
        return { head: { callFrame, selfSize: of === 'all' ? 100 : 10, children: [] } }
      },
      ...profiler,
    },
    intervals: { cpuUs: 1000, allocationBytes: 1024 },
    clock,
    commandLine: ['node', 'proa', 'up'],
  })
  /** Lets the time pass that is asked for, in seconds. */
  const ask = async (target: string, seconds = 0, signal?: AbortSignal) => {
    const { pathname, searchParams } = new URL(target, 'http://of/debug/pprof')
    const answer = pprof({ method: 'GET', path: pathname, query: searchParams, signal })
    await clock.advance(seconds * 1000)
    return answer
  }
  return { clock, pprof, ask }
}

const bytesOf = ({ body }: ApiResponse) => {
  assert.ok(body.kind === 'bytes')
  return body.bytes
}
const textOf = (answer: ApiResponse) => Buffer.from(bytesOf(answer)).toString()
const valuesOf = (answer: ApiResponse) =>
  pprofProfile.decode(gunzipSync(bytesOf(answer))).sample.map(({ value }) => value)

test('profiles take as long as is asked for, and are what pprof reads, or V8’s own', async () => {
  const { ask } = started()
  const profile = await ask('/profile?seconds=7', 7)
  assert.deepEqual(valuesOf(profile), [[1, 1_000_000]])
  assert.equal(profile.headers['content-type'], 'application/octet-stream')
  assert.equal(profile.headers['content-disposition'], 'attachment; filename="profile"')
  for (const odd of ['', '?seconds=0', '?seconds=-3', '?seconds=x', '?seconds=1.5'])
    assert.deepEqual(valuesOf(await ask(`/profile${odd}`, 30)), [[1, 1_000_000]])
  assert.deepEqual(JSON.parse(textOf(await ask('/profile?format=v8', 30))), cpu)
  assert.deepEqual(valuesOf(await ask('/heap', 10)), [[10]])
  assert.deepEqual(valuesOf(await ask('/allocs?seconds=3', 3)), [[100]])
  const own = await ask('/heap?seconds=1&format=v8', 1)
  assert.equal(JSON.parse(textOf(own)).head.selfSize, 10)
  assert.match(own.headers['content-disposition'] ?? '', /"heap\.heapprofile"/)
})

test('none takes longer than five minutes, or than somebody waits for it', async () => {
  const { ask } = started()
  assert.equal((await ask('/profile?seconds=100000000', 300)).status, 200)
  const gone = new AbortController()
  const answer = ask('/profile?seconds=300', 0, gone.signal)
  gone.abort()
  assert.equal((await answer).status, 200)
})

test('a second one at a time, spans that are none and sorts that are not there are refused', async () => {
  const busy = async () => {
    throw new AlreadyProfiling('a profile (cpu) is being taken')
  }
  const { ask } = started({ cpu: busy })
  const told = async (target: string) => {
    const answer = await ask(target)
    return [answer.status, textOf(answer), answer.headers['x-go-pprof']]
  }
  const inUse = 'Could not enable profiling: cpu profiling already in use\n'
  assert.deepEqual(await told('/profile'), [500, inUse, '1'])
  const noSpan = 'invalid value for "seconds" - must be a positive integer\n'
  for (const span of ['', '0', '-1', 'x'])
    assert.deepEqual(await told(`/heap?seconds=${span}`), [400, noSpan, '1'])
  for (const sort of ['/goroutine', '/trace', '/profile/', '/heap/x'])
    assert.deepEqual(await told(sort), [404, 'Unknown profile\n', '1'])
})

test('the pages beside them', async () => {
  const { ask, pprof } = started()
  for (const method of ['GET', 'POST'] as const) {
    const moved = await pprof({ method, path: '', query: new URLSearchParams() })
    assert.deepEqual([moved.status, moved.headers.location], [302, '/debug/pprof/'])
    assert.equal(textOf(moved) !== '', method === 'GET')
  }
  for (const [, sort = ''] of textOf(await ask('/')).matchAll(/href="(\w+)/g))
    assert.equal((await ask(`/${sort}`, 30)).status, 200, sort)
  assert.equal(textOf(await ask('/cmdline')), 'node\0proa\0up')
  assert.equal(textOf(await ask('/symbol')), 'num_symbols: 1\n')
})
