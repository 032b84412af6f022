/**
 * The kubelet's own API, as a Transport: logs, exec, attach, port-forward, pods, health and
 * figures. The API server reaches it directly in process, or over HTTPS through a listener; who may
 * ask is decided before.
 */
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { badRequest, notFound, StatusError } from '#api/machinery/status.ts'
import { messageOf } from '#base/errors.ts'
import { type FigureSource, figuresText } from '#base/figures.ts'
import type { Span } from '#base/tracing/span.ts'
import type { ApiRequest, ApiResponse, DuplexChannels, Transport } from '#client/transport.ts'
import type { LocalUsage } from '../eviction/local-usage.ts'
import type { KubeletContext } from '../options.ts'
import type { PodWorkers } from '../pods/pod-workers.ts'
import type { RuntimeCache } from '../pods/runtime-cache.ts'
import type { Volumes } from '../volumes/volumes.ts'
import { metered } from './answered.ts'
import { checkpoint } from './checkpoint.ts'
import { configurationOf } from './configz.ts'
import { containerFigures } from './container-figures.ts'
import { openContainerLogs } from './container-logs.ts'
import { resourceMetrics } from './figures.ts'
import { HEALTH_CHECKS, type HealthFigures, ownFigures, withStart } from './own-figures.ts'
import type { Rates } from './rates.ts'
import { openAttach, openExec, openPortForward } from './streams.ts'
import { statsSummary } from './summary.ts'
import { openSystemLogs } from './system-logs.ts'
import { createZpages } from './zpages.ts'

export interface ServerParts {
  readonly context: KubeletContext
  readonly cache: RuntimeCache
  readonly workers: PodWorkers
  readonly usage: LocalUsage
  readonly volumes: Pick<Volumes, 'claimStats'>
  readonly startedMs: number
  /** What the kubelet counts of its own work. */
  readonly figures: FigureSource
  /** How its probes went. */
  readonly probeFigures: FigureSource
  readonly health: HealthFigures
  /** What was used at the last look, for what is used a second. */
  readonly rates: Rates
}

export interface Route {
  /** Path without query, cut at slashes and decoded. */
  readonly segments: readonly string[]
  readonly query: URLSearchParams
}

export function createServer(parts: ServerParts): Transport {
  const zpages = createZpages(parts.context)
  const { context } = parts
  const { spans } = context.options
  const routed = async <T>(request: ApiRequest, work: (span?: Span) => Promise<T>): Promise<T> => {
    if (!spans) return work()
    const { routeSpan } = await import('./route-spans.ts')
    const { name, beginning } = routeSpan(request, context.options.kubeletPort)
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
      metered(context, request, () =>
        routed(request, async span => {
          const response = await respond(request)
          span?.set('http.response.status_code', response.status)
          return response
        }),
      ),
    connect: request =>
      metered(context, request, () => routed(request, () => connect(parts, request))),
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

async function answer(parts: ServerParts, request: ApiRequest): Promise<ApiResponse> {
  const route = routeOf(request.path)
  if (route.segments[0] === 'checkpoint' && request.method === 'POST')
    return json(await checkpoint(parts, route))
  if (route.segments[0] === 'checkpoint' || !['GET', 'HEAD'].includes(request.method))
    throw new StatusError('MethodNotAllowed', `the kubelet does not answer ${request.method} here`)
  switch (route.segments[0]) {
    case 'healthz':
      return healthOf(parts, route)
    case 'containerLogs':
      return openContainerLogs(parts, route, request.signal)
    case 'configz':
      return json({ kubeletconfig: configurationOf(parts.context) })
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
  return openSystemLogs({ files, directory }, segments, path)
}

async function metricsAt(parts: ServerParts, name = ''): Promise<string | undefined> {
  switch (name) {
    case '':
      return ownFigures(parts)
    case 'resource':
      return resourceMetrics(parts)
    case 'cadvisor':
      return containerFigures(parts)
    case 'slis':
      return withStart(parts, parts.health.text())
    case 'probes':
      return withStart(parts, figuresText([parts.probeFigures]))
    default:
      return undefined
  }
}

/** Of all that is looked at, or of one of them; told in lines where that is wanted. */
function healthOf({ health }: ServerParts, { segments, query }: Route): ApiResponse {
  const [, name] = segments
  if (segments.length > 2 || (name && !HEALTH_CHECKS.some(each => each === name)))
    return text(404, '404 page not found\n')
  health.asked()
  if (name || !query.has('verbose')) return text(200, 'ok')
  const lines = HEALTH_CHECKS.map(each => `[+]${each} ok\n`).join('')
  return text(200, `${lines}healthz check passed\n`)
}

async function connect(parts: ServerParts, request: ApiRequest): Promise<DuplexChannels> {
  const route = routeOf(request.path)
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
