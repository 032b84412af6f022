/** What the kubelet answers, path by path. What stands behind a path is loaded with the first request for it: most are asked of few nodes. */
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { badRequest, notFound, StatusError } from '#api/machinery/status.ts'
import { messageOf } from '#base/errors.ts'
import { figuresText } from '#base/figures.ts'
import type { Span } from '#base/tracing/span.ts'
import type { ApiRequest, ApiResponse, DuplexChannels, Transport } from '#client/transport.ts'
import type { KubeletContext } from '../options.ts'
import { HEALTH_CHECKS, HealthFigures } from './health.ts'
import { Rates } from './rates.ts'
import type { Route, ServedParts, ServerParts } from './server.ts'
import { createZpages } from './zpages.ts'

export function createAnswers(given: ServerParts): Required<Transport> {
  const parts = { ...given, health: new HealthFigures(), rates: new Rates() }
  const zpages = createZpages(parts.context)
  const { spans, kubeletPort } = parts.context.options
  const routed = async <T>(request: ApiRequest, work: (span?: Span) => Promise<T>): Promise<T> => {
    if (!spans) return work()
    const { routeSpan } = await import('./route-spans.ts')
    const { name, beginning } = routeSpan(request, kubeletPort)
    return spans.run(name, work, beginning)
  }
  const respond = async (request: ApiRequest) => {
    try {
      return (await zpages(request)) ?? (await answer(parts, request))
    } catch (error) {
      return refusalOf(error)
    }
  }
  return {
    request: request =>
      routed(request, async span => {
        const response = await respond(request)
        span?.set('http.response.status_code', response.status)
        return response
      }),
    connect: request => routed(request, () => connect(parts, request)),
  }
}

function routeOf(path: string): Route {
  const [before = '', query = ''] = path.split('?')
  try {
    const segments = before.split('/').filter(Boolean).map(decodeURIComponent)
    return { segments, query: new URLSearchParams(query) }
  } catch {
    throw badRequest('the path is not encoded properly')
  }
}

async function answer(parts: ServedParts, request: ApiRequest): Promise<ApiResponse> {
  const route = routeOf(request.path)
  if (route.segments[0] === 'checkpoint' && request.method === 'POST') {
    const { checkpoint } = await import('./checkpoint.ts')
    return json(await checkpoint(parts, route))
  }
  if (route.segments[0] === 'checkpoint' || !['GET', 'HEAD'].includes(request.method))
    throw new StatusError('MethodNotAllowed', `the kubelet does not answer ${request.method} here`)
  switch (route.segments[0]) {
    case 'healthz':
      return healthOf(parts, route)
    case 'containerLogs': {
      const { openContainerLogs } = await import('./container-logs.ts')
      return openContainerLogs(parts, route, request.signal)
    }
    case 'configz': {
      const { configurationOf } = await import('./configz.ts')
      return json({ kubeletconfig: configurationOf(parts.context) })
    }
    case 'debug':
      return profiles(parts.context, route, request)
    case 'logs':
      return systemLogs(parts.context, route.segments.slice(1), request.path)
    case 'pods':
      return json({
        kind: 'PodList',
        apiVersion: 'v1',
        metadata: {},
        items: parts.workers.all().map(worker => worker.latest as KubernetesObject),
      })
    case 'stats': {
      const { statsSummary } = await import('./summary.ts')
      const only = route.query.get('only_cpu_and_memory')
      return json(await statsSummary(parts, only === 'true'))
    }
    case 'metrics': {
      const lines = await metricsAt(parts, route.segments[1])
      if (lines === undefined || route.segments.length > 2) return text(404, '404 page not found\n')
      return text(200, lines, 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores')
    }
    default:
      throw notFound({ group: '', resource: 'paths' }, request.path.split('?')[0] ?? '')
  }
}

/** Of the process, whose other roles are in it where it has some. */
function profiles(
  { options: { pprof, showsProfiles } }: KubeletContext,
  { segments, query }: Route,
  { method, path, signal }: ApiRequest,
): ApiResponse | Promise<ApiResponse> {
  const [, sort, ...rest] = segments
  if (!pprof || sort !== 'pprof') return text(404, '404 page not found\n')
  if (!showsProfiles) throw new StatusError('MethodNotAllowed', 'profiling endpoint is disabled.')
  const ends = /^[^?]*\/(\?|$)/.test(path)
  const below = rest.length > 0 || ends ? `/${rest.join('/')}` : ''
  return pprof({ method, path: below, query, signal })
}

/** `target` as it was asked for, with its query. */
async function systemLogs(
  { options }: KubeletContext,
  segments: readonly string[],
  target: string,
): Promise<ApiResponse> {
  if (!options.showsSystemLogs)
    throw new StatusError('MethodNotAllowed', 'logs endpoint is disabled.')
  const { hostAccess, systemLogsDirectory: directory } = options
  const { files, journal } = hostAccess
  const [, path = '', search = ''] = /^([^?]*)\??(.*)$/s.exec(target) ?? []
  if (search !== '' && options.answersLogQueries) {
    const { answerLogQuery } = await import('./log-query/answer.ts')
    const answer = await answerLogQuery({ files, journal, directory }, segments, search)
    if (answer) return answer
  }
  const { openSystemLogs } = await import('./system-logs.ts')
  return openSystemLogs({ files, directory }, segments, path)
}

async function metricsAt(parts: ServedParts, name = ''): Promise<string | undefined> {
  switch (name) {
    case '':
      return (await import('./own-figures.ts')).ownFigures(parts)
    case 'resource':
      return (await import('./figures.ts')).resourceMetrics(parts)
    case 'cadvisor':
      return (await import('./container-figures.ts')).containerFigures(parts)
    case 'slis':
      return (await import('./own-figures.ts')).withStart(parts, parts.health.text())
    case 'probes': {
      const { withStart } = await import('./own-figures.ts')
      return withStart(parts, figuresText([parts.probeFigures]))
    }
    default:
      return undefined
  }
}

/** Of all that is looked at, or of one of them; told in lines where that is wanted. */
function healthOf({ health }: ServedParts, { segments, query }: Route): ApiResponse {
  const [, name] = segments
  if (segments.length > 2 || (name && !HEALTH_CHECKS.some(each => each === name)))
    return text(404, '404 page not found\n')
  health.asked()
  if (name || !query.has('verbose')) return text(200, 'ok')
  const lines = HEALTH_CHECKS.map(each => `[+]${each} ok\n`).join('')
  return text(200, `${lines}healthz check passed\n`)
}

async function connect(parts: ServedParts, request: ApiRequest): Promise<DuplexChannels> {
  const route = routeOf(request.path)
  const { openAttach, openExec, openPortForward } = await import('./streams.ts')
  switch (route.segments[0]) {
    case 'exec':
      return openExec(parts, route)
    case 'attach':
      return openAttach(parts, route)
    case 'portForward':
      return openPortForward(parts, route)
    default:
      throw notFound({ group: '', resource: 'paths' }, request.path.split('?')[0] ?? '')
  }
}

const encode = (value: string) => new TextEncoder().encode(value)

function text(status: number, body: string, type = 'text/plain; charset=utf-8'): ApiResponse {
  return { status, headers: { 'content-type': type }, body: { kind: 'bytes', bytes: encode(body) } }
}

function json(value: unknown): ApiResponse {
  return text(200, JSON.stringify(value), 'application/json')
}

/** Plain text, as upstream's kubelet refuses; the API server passes it on. */
function refusalOf(error: unknown): ApiResponse {
  const code = error instanceof StatusError ? error.code : 500
  return text(code, messageOf(error))
}
