/**
 * pods/proxy, services/proxy and nodes/proxy: passes a request on to what runs in the cluster. Where it goes is decided by the
 * cluster's own records alone, by address; who asks stays behind: no credential of the client or of this server is sent along.
 */
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { badRequest, StatusError } from '#api/machinery/status.ts'
import { changedRequest } from '#client/changed-request.ts'
import { type ForwardTarget, hostOf } from '#client/forwarding/forwarder.ts'
import type { ApiRequest, ApiResponse } from '#client/transport.ts'
import type { Exchange } from '../../exchange.ts'
import { cutAtProxy } from '../../request-info.ts'
import { admitConnect } from '../connect.ts'
import { nodeTransport } from '../pod-streams.ts'
import type { ServedResource, StoredResource } from '../registry.ts'
import type { SpecialHandler } from '../special.ts'
import { locationThrough, type ProxiedPlace } from './location.ts'
import { nodeOf, podTarget, serviceTarget, type TargetName, targetNameOf } from './targets.ts'

interface Asked {
  readonly name: TargetName
  /** The path of the API that stands for the target's root, without slash at its end. */
  readonly prefix: string
  readonly request: ApiRequest
  /** It has to be asked with a slash at its end, as browsers need for relative links. */
  readonly lacksSlash: boolean
}

async function asked(exchange: Exchange, resource: ServedResource): Promise<Asked> {
  const { request, info } = exchange
  const { prefix, path } = cutAtProxy(info.path)
  const name = targetNameOf(info.rest[0] ?? '')
  await admitConnect(exchange, resource as StoredResource, path)
  const { method } = request
  const headers = { ...request.headers, ...forwardedFor(exchange) }
  return {
    name,
    prefix,
    request: changedRequest(request, {
      headers,
      path: `${path || '/'}${queryOf(request)}`,
      objects: false,
    }),
    lacksSlash: path === '' && (method === 'GET' || method === 'HEAD') && !exchange.wantsStream,
  }
}

const queryOf = ({ path }: ApiRequest): string =>
  path.includes('?') ? path.slice(path.indexOf('?')) : ''

/** As proxies tell: for whom, and under which address it was asked. */
export function forwardedFor({ request, peer, info }: Exchange): Record<string, string> {
  const { host, 'x-forwarded-for': before } = request.headers ?? {}
  const chain = [before, peer.remoteAddress].filter(each => each !== undefined && each !== '')
  return {
    ...(chain.length > 0 ? { 'x-forwarded-for': chain.join(', ') } : {}),
    ...(host ? { 'x-forwarded-host': host, 'x-forwarded-proto': 'https' } : {}),
    'x-forwarded-uri': info.path,
  }
}

const withSlash = ({ request, info }: Exchange): ApiResponse => ({
  status: 301,
  headers: { location: `${info.path}/${queryOf(request)}` },
  body: { kind: 'empty' },
})

type FindTarget = (
  exchange: Exchange,
  resource: StoredResource,
  name: TargetName,
) => Promise<{ readonly target: ForwardTarget; readonly pod: Pod | undefined }>

const forwardTo =
  (find: FindTarget): SpecialHandler =>
  async (exchange, resource) => {
    const what = await asked(exchange, resource)
    const { target } = await find(exchange, resource as StoredResource, what.name)
    if (what.lacksSlash) return withSlash(exchange)
    const { forwarderTo } = exchange.server
    if (!forwarderTo)
      throw new StatusError(
        'ServiceUnavailable',
        'pods cannot be reached from this server: it has no network to them, for its nodes are hollow',
        {},
      )
    const { host } = exchange.request.headers ?? {}
    // Servers compare it with the Origin that a browser sends, and a web socket's would be refused.
    const forwarder = forwarderTo(host ? { ...target, host } : target)
    if (exchange.wantsStream && what.request.headers?.upgrade) {
      const result = await forwarder.upgrade(what.request)
      if ('tunnel' in result) {
        exchange.tunnel = result.tunnel
        return { status: 101, headers: {}, body: { kind: 'empty' } }
      }
      return refusedUpgrade(result.response)
    }
    const hosts = [hostOf(target), target.address, host]
    return passedBack(exchange, await forwarder.request(what.request), {
      hosts,
      prefix: what.prefix,
    })
  }

export const proxyPod = forwardTo(podTarget)
export const proxyService = forwardTo(serviceTarget)

/** What leads to the target's own paths leads through the proxy instead: a redirect, or else the links of a page. */
async function passedBack(
  { request, server: { clock } }: Exchange,
  answer: ApiResponse,
  place: ProxiedPlace,
): Promise<ApiResponse> {
  const response = withoutCors(answer)
  const location = locationThrough(response, place)
  if (location !== undefined) return { ...response, headers: { ...response.headers, location } }
  const type = response.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
  if (type !== 'text/html') return response
  const { htmlThrough } = await import('./html.ts')
  return htmlThrough(response, request.method, { ...place, clock })
}

/** Only the kubelet itself, the way that logs take; upgrades have subresources of their own, with rights of their own. */
export const proxyNode: SpecialHandler = async (exchange, resource) => {
  const what = await asked(exchange, resource)
  if (exchange.wantsStream)
    throw badRequest('connections to nodes cannot be upgraded; use exec, attach or portforward')
  const { request, name } = what
  const node = await nodeOf(exchange, resource as StoredResource, name)
  if (what.lacksSlash) return withSlash(exchange)
  if (/(^|\/)(\.|%2e){1,2}(\/|$)/i.test(request.path.split('?')[0] ?? ''))
    throw badRequest('paths to a kubelet may not contain . or .. as a segment')
  const transport = await nodeTransport(exchange, node)
  const { method, path, body, bodyStream, signal, headers } = request
  const response = await transport.request({
    method,
    path,
    headers: headers?.accept ? { accept: headers.accept } : {},
    ...(body === undefined ? {} : { body }),
    ...(bodyStream ? { bodyStream } : {}),
    ...(signal ? { signal } : {}),
  })
  const hosts = [exchange.request.headers?.host]
  return passedBack(exchange, notRedirecting(response), { hosts, prefix: what.prefix })
}

/**
 * Which pages of other origins may read an answer is not for the target to say: they could read it with the rights of whoever
 * looks at them.
 */
export function withoutCors(response: ApiResponse): ApiResponse {
  const entries = Object.entries(response.headers)
  const kept = entries.filter(
    ([name]) => !/^access-control-allow-(credentials|headers|methods|origin)$/.test(name),
  )
  if (kept.length === entries.length) return response
  return { ...response, headers: Object.fromEntries(kept) }
}

/** An error is passed on; what else is no upgrade would be taken for something it is not. */
function refusedUpgrade(response: ApiResponse): ApiResponse {
  if (response.status >= 400) return response
  drop(response)
  throw new StatusError('InternalError', `invalid upgrade response: status code ${response.status}`)
}

/** Ends the connection that an answer holds. */
function drop({ body }: ApiResponse): void {
  if (body.kind === 'stream') body.stream.subscribe({ next() {}, end() {} })()
}

export function notRedirecting(response: ApiResponse): ApiResponse {
  if (response.status < 300 || response.status > 399 || response.headers.location === undefined)
    return response
  drop(response)
  throw new StatusError(
    'InternalError',
    'the backend attempted to redirect this request, which is not permitted',
    {},
    502,
  )
}
