/**
 * `/debug/pprof/` of a component: what the process is busy with and where it allocates, for `go tool pprof` and whatever else reads that
 * form; with `format=v8` for the developer tools of browsers and editors. There are no goroutines, locks that are waited for or threads.
 */
import { gzipSync } from 'node:zlib'
import { type Clock, sleep } from '#base/clock.ts'
import { pprofOfAllocations, pprofOfCpu } from '#base/profiles/pprof.ts'
import { AlreadyProfiling, type Profiler } from '#base/profiles/v8.ts'
import type { ApiResponse, Method } from '../transport.ts'

export interface PprofOptions {
  readonly profiler: Profiler
  readonly intervals: { readonly cpuUs: number; readonly allocationBytes: number }
  readonly clock: Clock
  /** How the process was started: the program and its arguments. */
  readonly commandLine: readonly string[]
}

export interface PprofQuestion {
  readonly method: Method
  /** Behind `/debug/pprof`, with the slash. */
  readonly path: string
  readonly query: URLSearchParams
  /** Aborted when nobody waits for the answer any more. */
  readonly signal?: AbortSignal | undefined
}

export type Pprof = (question: PprofQuestion) => Promise<ApiResponse>

const DEFAULT_CPU_SECONDS = 30
const DEFAULT_ALLOCATION_SECONDS = 10
/** A profile grows by some megabytes a minute of work. */
const MOST_SECONDS = 300

const ALLOCATIONS = {
  '/allocs': { of: 'all', type: 'alloc_space' },
  '/heap': { of: 'living', type: 'inuse_space' },
} as const

export function createPprof(options: PprofOptions): Pprof {
  return async question => {
    try {
      return await answer(options, question)
    } catch (error) {
      if (!(error instanceof AlreadyProfiling)) throw error
      const why = question.path === '/profile' ? 'cpu profiling already in use' : error.message
      return refusal(500, `Could not enable profiling: ${why}`)
    }
  }
}

async function answer(options: PprofOptions, question: PprofQuestion): Promise<ApiResponse> {
  const { path, method } = question
  switch (path) {
    case '':
      return method === 'GET' || method === 'HEAD' ? MOVED : { ...MOVED, ...WITHOUT_WORDS }
    case '/':
      return text(200, INDEX, { 'content-type': 'text/html; charset=utf-8' })
    case '/cmdline':
      return text(200, options.commandLine.join('\0'))
    case '/symbol':
      // There are; they are in the profiles.
      return text(200, 'num_symbols: 1\n')
    case '/profile':
      return cpu(options, question)
    case '/allocs':
    case '/heap':
      return allocations(options, question, ALLOCATIONS[path])
    default:
      return refusal(404, 'Unknown profile')
  }
}

async function cpu(options: PprofOptions, { query, signal }: PprofQuestion): Promise<ApiResponse> {
  const { profiler, intervals, clock } = options
  const startedMs = clock.now()
  const seconds = secondsIn(query) ?? DEFAULT_CPU_SECONDS
  const profile = await profiler.cpu(waited(clock, seconds, signal))
  if (query.get('format') === 'v8') return file('profile.cpuprofile', json(profile))
  return file('profile', gzipSync(pprofOfCpu(profile, startedMs, intervals.cpuUs)))
}

async function allocations(
  options: PprofOptions,
  { path, query, signal }: PprofQuestion,
  { of, type }: (typeof ALLOCATIONS)[keyof typeof ALLOCATIONS],
): Promise<ApiResponse> {
  const { profiler, intervals, clock } = options
  const seconds = secondsIn(query)
  if (query.has('seconds') && seconds === undefined)
    return refusal(400, 'invalid value for "seconds" - must be a positive integer')
  const startedMs = clock.now()
  const fromMs = clock.monotonicMs()
  const until = waited(clock, seconds ?? DEFAULT_ALLOCATION_SECONDS, signal)
  const profile = await profiler.allocations(until, of)
  const name = path.slice(1)
  if (query.get('format') === 'v8') return file(`${name}.heapprofile`, json(profile))
  const durationMs = clock.monotonicMs() - fromMs
  const times = { startedMs, durationMs, intervalBytes: intervals.allocationBytes }
  return file(`${name}-delta`, gzipSync(pprofOfAllocations(profile, type, times)))
}

/** Or less, when nobody waits for it any more. */
const waited = (clock: Clock, seconds: number, signal: AbortSignal | undefined): Promise<unknown> =>
  sleep(clock, seconds * 1000, signal).catch(() => {})

function secondsIn(query: URLSearchParams): number | undefined {
  const said = query.get('seconds') ?? ''
  const seconds = /^\d{1,9}$/.test(said) ? Number(said) : 0
  return seconds > 0 ? Math.min(seconds, MOST_SECONDS) : undefined
}

const LOCATION = { location: '/debug/pprof/' }
const MOVED: ApiResponse = {
  status: 302,
  headers: { ...LOCATION, 'content-type': 'text/html; charset=utf-8' },
  body: { kind: 'bytes', bytes: Buffer.from('<a href="/debug/pprof/">Found</a>.\n\n') },
}

const WITHOUT_WORDS = {
  headers: LOCATION,
  body: { kind: 'bytes', bytes: new Uint8Array(0) },
} as const

const INDEX = `<html><head><title>/debug/pprof/</title></head><body>/debug/pprof/<br>
<p>Profiles, for <code>go tool pprof</code>; with <code>format=v8</code> for developer tools of browsers and editors:</p>
<ul>
<li><a href="allocs?seconds=${DEFAULT_ALLOCATION_SECONDS}">allocs</a>: where objects were allocated in these seconds</li>
<li><a href="cmdline">cmdline</a>: how the process was started</li>
<li><a href="heap?seconds=${DEFAULT_ALLOCATION_SECONDS}">heap</a>: where those of them were allocated that still live</li>
<li><a href="profile?seconds=${DEFAULT_CPU_SECONDS}">profile</a>: what the process was busy with</li>
</ul>
</body></html>
`

const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value))

function file(name: string, bytes: Uint8Array): ApiResponse {
  return {
    status: 200,
    headers: {
      'content-type': 'application/octet-stream',
      'content-disposition': `attachment; filename="${name}"`,
      'x-content-type-options': 'nosniff',
    },
    body: { kind: 'bytes', bytes },
  }
}

const refusal = (status: number, why: string): ApiResponse =>
  text(status, `${why}\n`, { 'x-go-pprof': '1' })

function text(
  status: number,
  words: string,
  headers: Readonly<Record<string, string>> = {},
): ApiResponse {
  return {
    status,
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
      ...headers,
    },
    body: { kind: 'bytes', bytes: Buffer.from(words) },
  }
}
