/**
 * Begins the span of a request, once it is known who asks: whoever is trusted with the server itself may say that a trace goes on. Spans within it have
 * upstream's names, by which people and their dashboards look for them.
 */
import { type Attributes, type Span, spanned, within } from '#base/tracing/span.ts'
import { parseTraceparent } from '#base/tracing/trace-context.ts'
import { SYSTEM_MASTERS } from '../authentication/authenticator.ts'
import { auditIdOf, type Exchange, type Step } from '../exchange.ts'
import type { RequestInfo } from '../request-info.ts'

const SYSTEM_MONITORING = 'system:monitoring'

export const trace: Step = (exchange, next) => {
  const { tracer } = exchange.server
  // Roles in this process ask thousands of times a second, of which nobody outside would know why.
  if (!tracer || exchange.peer.user) return next()
  const { request, user } = exchange
  const told = parseTraceparent(request.headers?.traceparent)
  const isTrusted = user.groups.some(
    group => group === SYSTEM_MASTERS || group === SYSTEM_MONITORING,
  )
  const span = tracer.begin(nameOf(exchange), {
    kind: 'server',
    parent: isTrusted ? told : undefined,
    link: isTrusted ? undefined : told,
  })
  if (!span) return next()
  describe(span, exchange)
  return within(span, async () => {
    const response = await next()
    span.set('http.response.status_code', response.status)
    return response
  })
}

/** One that has as many names as there are kinds of requests, and not as there are objects. */
function nameOf({ request, info }: Exchange): string {
  if (!info.isResourceRequest) return request.method
  const { prefix, group, version, resource, namespace, subresource } = info
  const parts = [
    prefix,
    ...(group ? [group] : []),
    version,
    ...(namespace && resource !== 'namespaces' ? ['namespaces', '{:namespace}'] : []),
    resource,
    ...(info.name ? ['{:name}'] : []),
    ...(subresource ? [subresource] : []),
  ]
  return `${request.method} /${parts.join('/')}`
}

function describe(span: Span, exchange: Exchange): void {
  const { request, peer } = exchange
  const [path = ''] = request.path.split('?')
  span.set('http.request.method', request.method)
  span.set('url.scheme', 'https')
  span.set('url.path', path)
  span.set('http.target', request.path)
  span.set('audit-id', auditIdOf(exchange))
  const { 'user-agent': agent } = request.headers ?? {}
  if (agent) span.set('user_agent.original', agent)
  if (!peer.remoteAddress) return
  span.set('client.address', peer.remoteAddress)
  span.set('network.peer.address', peer.remoteAddress)
}

/** A step that is told of as a part of the request, with all behind it. */
export const traced =
  (name: string, step: Step): Step =>
  (exchange, next) =>
    exchange.server.tracer && !exchange.peer.user
      ? spanned(name, () => step(exchange, next))
      : step(exchange, next)

/** What upstream calls the work for a request. */
const WORK: Readonly<Record<string, string>> = {
  get: 'Get',
  list: 'List',
  watch: 'List',
  create: 'Create',
  update: 'Update',
  patch: 'Patch',
  delete: 'Delete',
  deletecollection: 'Delete',
}

/** The work for a resource. */
export const traceWork: Step = (exchange, next) => {
  const { server, peer, info } = exchange
  if (!server.tracer || peer.user || !info.isResourceRequest) return next()
  return spanned(WORK[info.verb] ?? info.verb, next, () => ({
    attributes: attributesOf(exchange),
  }))
}

function attributesOf(exchange: Exchange): Attributes {
  const { info, request, peer } = exchange
  const [url = ''] = request.path.split('?')
  return {
    accept: request.headers?.accept ?? '',
    'audit-id': auditIdOf(exchange),
    client: peer.remoteAddress ?? '',
    'api-group': info.group,
    'api-version': info.version,
    name: info.name,
    subresource: info.subresource,
    namespace: info.namespace,
    resource: info.resource,
    scope: scopeOf(info),
    url,
    'user-agent': request.headers?.['user-agent'] ?? 'unknown',
    verb: info.verb === 'list' || info.verb === 'watch' ? info.verb.toUpperCase() : request.method,
  }
}

function scopeOf({ name, verb, namespace }: RequestInfo): string {
  if (name || verb === 'create') return 'resource'
  return namespace ? 'namespace' : 'cluster'
}
