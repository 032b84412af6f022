/**
 * What the process is busy with, below upstream's /debug/pprof. A profile is V8's own (JSON of a `.cpuprofile`, which developer tools of
 * browsers and editors open), for pprof's protobuf has no place for what V8 knows; goroutines and the like there are none.
 */
import { type Clock, sleep } from '#base/clock.ts'
import type { ApiResponse } from '#client/transport.ts'
import { jsonAnswer, notFound, textAnswer } from './answers.ts'

const DEFAULT_SECONDS = 30
/** A profile grows by about a megabyte a minute of work. */
const SECONDS_LIMIT = 300

export type Profiling = (
  name: string,
  query: URLSearchParams,
  signal: AbortSignal | undefined,
) => Promise<ApiResponse>

export function createProfiling(clock: Clock): Profiling {
  let isRunning = false
  return async (name, query, signal) => {
    switch (name) {
      case '':
        return textAnswer(200, INDEX, { 'content-type': 'text/html; charset=utf-8' })
      case 'cmdline':
        return textAnswer(200, process.argv.join('\0'))
      case 'profile': {
        const seconds = secondsIn(query)
        if (isRunning) return refusal('cpu profiling already in use')
        isRunning = true
        try {
          return jsonAnswer(await profile(clock, seconds * 1000, signal))
        } finally {
          isRunning = false
        }
      }
      default:
        return notFound()
    }
  }
}

const INDEX = `<html><head><title>/debug/pprof/</title></head><body>/debug/pprof/<br>
<p>Profiles:</p><ul><li><a href="cmdline">cmdline</a></li><li><a href="profile?seconds=30">profile</a></li></ul>
</body></html>
`

const refusal = (why: string): ApiResponse =>
  textAnswer(500, `Could not enable CPU profiling: ${why}\n`, { 'x-go-pprof': '1' })

function secondsIn(query: URLSearchParams): number {
  const seconds = Number(query.get('seconds') ?? DEFAULT_SECONDS)
  return seconds > 0 ? Math.min(seconds, SECONDS_LIMIT) : DEFAULT_SECONDS
}

/** Ends sooner when nobody waits for it any more. */
async function profile(
  clock: Clock,
  durationMs: number,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const { Session } = await import('node:inspector/promises')
  const session = new Session()
  session.connect()
  try {
    await session.post('Profiler.enable')
    await session.post('Profiler.start')
    await sleep(clock, durationMs, signal).catch(() => {})
    const { profile } = await session.post('Profiler.stop')
    return profile
  } finally {
    session.disconnect()
  }
}
