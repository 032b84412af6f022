/** One request passed on to the server that serves its version, under the name of whoever asks. */
import { parseExact } from '#api/machinery/exact-json.ts'
import { StatusError } from '#api/machinery/status.ts'
import { messageOf } from '#base/errors.ts'
import { changedRequest } from '#client/changed-request.ts'
import type { ApiRequest, ApiResponse } from '#client/transport.ts'
import { eventsIn } from '#client/watch-events.ts'
import { auditIdOf, type Exchange } from '../exchange.ts'
import { JSON_TYPE } from '../media-type.ts'
import { forwardedFor, notRedirecting, withoutCors } from '../resources/proxy/proxy.ts'
import { respondText } from '../respond.ts'
import { isAvailable } from './availability.ts'
import { bytesOf, type FrontProxy, reach, type Wanted } from './target.ts'

/** Discovery is asked by everybody who looks around, and one slow server must not hold them all up. */
const DISCOVERY_TIMEOUT_MS = 5_000
/** For callers in process, who take values: the largest answer that is read for them. */
const MAXIMUM_ANSWER_BYTES = 512 * 1024 * 1024

export async function passOn(
  exchange: Exchange,
  { service, connections }: Omit<Wanted, 'user'>,
  proxy: FrontProxy,
): Promise<ApiResponse> {
  if (!isAvailable(service)) return unavailable(exchange, 'service unavailable')
  const { server, user } = exchange
  let reached: ReturnType<typeof reach>
  try {
    reached = reach(server, proxy, { service, user, connections })
  } catch (error) {
    server.log.warn('an APIService leads nowhere', {
      name: service.metadata.name,
      error: messageOf(error),
    })
    return unavailable(exchange, 'service unavailable')
  }
  if (reached.local) return reached.local.request(exchange.request)
  const { request, end } = limited(exchange)
  try {
    if (exchange.wantsStream && request.headers?.upgrade) {
      const result = await reached.forwarder.upgrade(request)
      if ('response' in result) return notRedirecting(result.response)
      exchange.tunnel = result.tunnel
      return { status: 101, headers: {}, body: { kind: 'empty' } }
    }
    const response = withoutCors(notRedirecting(await reached.forwarder.request(request)))
    return exchange.request.objects ? await valuesOf(exchange, response) : response
  } catch (error) {
    if (error instanceof StatusError && error.reason === 'ServiceUnavailable')
      return unavailable(exchange, error.message)
    throw error
  } finally {
    end()
  }
}

/** In upstream's form, which is plain text; callers in process get the error itself. */
function unavailable({ request }: Exchange, message: string): ApiResponse {
  if (request.objects) throw new StatusError('ServiceUnavailable', message)
  return respondText(503, `${message}\n`)
}

function limited(exchange: Exchange): { request: ApiRequest; end: () => void } {
  const { request, info, server } = exchange
  const { objects } = request
  const isPlain = request.body !== undefined && !(request.body instanceof Uint8Array)
  const headers = {
    ...request.headers,
    ...forwardedFor(exchange),
    // The other server's audit log tells of the same request.
    'audit-id': auditIdOf(exchange),
    ...(objects ? { accept: JSON_TYPE } : {}),
    ...(isPlain && !request.headers?.['content-type'] ? { 'content-type': JSON_TYPE } : {}),
  }
  const changed = changedRequest(request, { headers, objects: false })
  if (info.isResourceRequest) return { request: changed, end: () => {} }
  const controller = new AbortController()
  const abort = () => controller.abort()
  const cancel = server.clock.after(DISCOVERY_TIMEOUT_MS, abort)
  request.signal?.addEventListener('abort', abort, { once: true })
  const end = () => {
    cancel()
    request.signal?.removeEventListener('abort', abort)
  }
  return { request: { ...changed, signal: controller.signal }, end }
}

async function valuesOf({ info }: Exchange, response: ApiResponse): Promise<ApiResponse> {
  const { body, status } = response
  if (body.kind !== 'stream') return response
  if (info.verb === 'watch' && status < 400)
    return { ...response, body: { kind: 'events', events: eventsIn(body.stream) } }
  const bytes = await bytesOf(body, MAXIMUM_ANSWER_BYTES)
  if (!response.headers['content-type']?.startsWith(JSON_TYPE))
    return { ...response, body: { kind: 'bytes', bytes } }
  return { ...response, body: { kind: 'object', object: parseExact(bytes) } }
}
