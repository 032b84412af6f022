/** GET /containerLogs/<namespace>/<pod>/<container>, with upstream's parameters. */
import { badRequest } from '#api/machinery/status.ts'
import { messageOf } from '#base/errors.ts'
import type { ApiResponse, EventSource } from '#client/transport.ts'
import { type LogOptions, readLog } from '../logs/read-logs.ts'
import { loggedRun } from './find.ts'
import type { Route, ServerParts } from './server.ts'

/** Without `follow` a log is answered as one body; a longer one is streamed like a followed one. */
const HEADERS = { 'content-type': 'text/plain; charset=utf-8' }

export async function openContainerLogs(
  parts: ServerParts,
  route: Route,
  signal: AbortSignal | undefined,
): Promise<ApiResponse> {
  const options = optionsOf(route.query, parts.context.clock.now())
  const run = loggedRun(parts, route, flag(route.query, 'previous'))
  const { clock, options: kubelet } = parts.context
  const source = {
    files: kubelet.hostAccess.files,
    path: run.logPath,
    clock,
    isRunning: () => parts.cache.container(run.id)?.state === 'running',
  }
  const stream: EventSource<Uint8Array> = {
    subscribe(sink) {
      const stopping = new AbortController()
      const stop = () => stopping.abort()
      signal?.addEventListener('abort', stop, { once: true })
      readLog(source, options, bytes => sink.next(bytes), stopping.signal)
        .then(
          () => stopping.signal.aborted || sink.end(),
          error => sink.end(new Error(messageOf(error))),
        )
        .finally(() => signal?.removeEventListener('abort', stop))
      return stop
    },
  }
  return { status: 200, headers: HEADERS, body: { kind: 'stream', stream } }
}

const flag = (query: URLSearchParams, name: string): boolean =>
  ['true', '1'].includes(query.get(name) ?? '')

function optionsOf(query: URLSearchParams, now: number): LogOptions {
  const sinceSeconds = numberOf(query, 'sinceSeconds', 1)
  const sinceTime = query.get('sinceTime')
  if (sinceSeconds !== undefined && sinceTime)
    throw badRequest('at most one of sinceTime or sinceSeconds may be specified')
  const sinceMs = sinceTime
    ? Date.parse(sinceTime)
    : sinceSeconds === undefined
      ? undefined
      : now - sinceSeconds * 1000
  if (Number.isNaN(sinceMs)) throw badRequest(`sinceTime "${sinceTime}" is not a time`)
  const stream = query.get('stream')?.toLowerCase()
  return {
    follow: flag(query, 'follow'),
    timestamps: flag(query, 'timestamps'),
    tailLines: numberOf(query, 'tailLines', 0),
    sinceMs,
    limitBytes: numberOf(query, 'limitBytes', 1),
    stream: stream === 'stdout' || stream === 'stderr' ? stream : undefined,
  }
}

function numberOf(query: URLSearchParams, name: string, minimum: number): number | undefined {
  const value = query.get(name)
  if (value === null || value === '') return undefined
  const number = Number(value)
  if (!Number.isInteger(number) || number < minimum)
    throw badRequest(`${name} must be a whole number of at least ${minimum}, not "${value}"`)
  return number
}
