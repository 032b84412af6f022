/**
 * GET /logs/?query=…: what services of the machine log, by the journal where that knows them, else by files named after them; or one file. Loaded with
 * the first such question.
 */
import { compilePattern, loadPatternEngine } from '#api/machinery/patterns.ts'
import { isStatus } from '#api/machinery/status.ts'
import { messageOf } from '#base/errors.ts'
import type { ApiResponse, EventSource } from '#client/transport.ts'
import type { Journal } from '../../host-access.ts'
import { openSystemLogs, type SystemLogs } from '../system-logs.ts'
import { hasOptions, type LogQuery, readLogQuery } from './query.ts'

const NOT_ACCEPTABLE = 406

export interface QueriedLogs extends SystemLogs {
  readonly journal: Journal | undefined
}

/** `segments` are those behind `/logs`, `search` what stands behind the question mark, as it came. Undefined where nothing is queried. */
export async function answerLogQuery(
  logs: QueriedLogs,
  segments: readonly string[],
  search: string,
): Promise<ApiResponse | undefined> {
  const { query, problem, status } = readLogQuery(search)
  if (problem !== undefined) return refused(problem, status)
  if (!query) return undefined
  if (segments.length > 0) return refused('path not allowed in query mode')
  const { file, pattern } = query
  if (file !== undefined) return openFile(logs, file)
  const wrong = pattern === undefined ? undefined : await problemOf(pattern)
  if (wrong !== undefined)
    return refused(`pattern: Invalid value: ${JSON.stringify(pattern)}: ${wrong}`)
  return {
    status: 200,
    headers: {
      'content-type': 'text/plain;charset=UTF-8',
      'x-content-type-options': 'nosniff',
    },
    body: { kind: 'stream', stream: streamOf(signal => textOf(logs, query, signal)) },
  }
}

const refused = (problem: string, status = NOT_ACCEPTABLE): ApiResponse => ({
  status,
  headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
  body: { kind: 'bytes', bytes: encode(`${problem}\n`) },
})

const encode = (text: string) => new TextEncoder().encode(text)

/** The one that judges it is another than the journal's own, as with upstream: what is no pattern at all is told before anything runs. */
async function problemOf(pattern: string): Promise<string | undefined> {
  try {
    await loadPatternEngine()
    compilePattern(pattern)
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}

async function openFile(logs: QueriedLogs, path: string): Promise<ApiResponse> {
  const relative = path.replace(/^\/+/, '')
  try {
    const answer = await openSystemLogs(logs, relative.split('/'), path)
    // A page of names is no log.
    if (answer.body.kind === 'stream') return answer
  } catch (error) {
    if (!isStatus(error, 'NotFound')) throw error
  }
  const why = `statat ${relative}: no such file or directory`
  return refused(`query: Invalid value: ${JSON.stringify([path])}: ${why}`)
}

async function* textOf(
  logs: QueriedLogs,
  query: LogQuery,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const units = (await logs.journal?.units()) ?? new Set<string>()
  const isUnit = (service: string) => units.has(`${service}.service`)
  const inJournal = query.services.filter(isUnit)
  const { sinceMs, untilMs, lastLines, pattern, boot } = query
  if (logs.journal && inJournal.length > 0)
    yield* logs.journal.read(
      { units: inJournal, sinceMs, untilMs, lastLines, pattern, boot },
      signal,
    )
  const others = query.services.filter(service => !isUnit(service))
  if (others.length === 0) return
  if (hasOptions(query)) {
    const names = others.join(' ')
    yield encode(
      `\noptions present and query resolved to log files for [${names}]\ntry without specifying options\n`,
    )
    return
  }
  for (const service of others) yield* fileOf(logs, service, signal)
}

/** The first that is there of those that a service usually has. */
async function* fileOf(
  logs: QueriedLogs,
  service: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for (const segments of [[service], [`${service}.log`], [service, `${service}.log`]]) {
    const answer = await openSystemLogs(logs, segments, service).catch(() => undefined)
    if (answer?.body.kind !== 'stream') continue
    yield* chunksOf(answer.body.stream, signal)
    return
  }
  yield encode(`\nlog not found for ${service}\n`)
}

/** One at a time: the source waits until the one before was taken. */
async function* chunksOf(
  source: EventSource<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let arrived = Promise.withResolvers<Uint8Array | undefined>()
  let taken = Promise.withResolvers<void>()
  const cancel = source.subscribe({
    next(bytes) {
      arrived.resolve(bytes)
      return taken.promise
    },
    end: error => (error ? arrived.reject(error) : arrived.resolve(undefined)),
  })
  const stop = () => arrived.resolve(undefined)
  signal.addEventListener('abort', stop, { once: true })
  try {
    for (;;) {
      const bytes = await arrived.promise
      if (bytes === undefined || signal.aborted) return
      arrived = Promise.withResolvers()
      yield bytes
      const done = taken
      taken = Promise.withResolvers()
      done.resolve()
    }
  } finally {
    signal.removeEventListener('abort', stop)
    cancel()
  }
}

/** Begun by whoever takes it, and ended with him. */
function streamOf(
  make: (signal: AbortSignal) => AsyncGenerator<Uint8Array>,
): EventSource<Uint8Array> {
  return {
    subscribe(sink) {
      const leaving = new AbortController()
      const { signal } = leaving
      const send = async () => {
        for await (const bytes of make(signal)) {
          if (signal.aborted) return
          await sink.next(bytes)
        }
      }
      send().then(
        () => signal.aborted || sink.end(),
        error => signal.aborted || sink.end(new Error(messageOf(error))),
      )
      return () => leaving.abort()
    },
  }
}
