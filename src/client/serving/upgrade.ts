/**
 * exec, attach and port-forward: who asks and whether they may is known, and the pod's end is open, before the client's
 * connection becomes anything but HTTP. Until then a refusal is a plain answer, behind which the connection ends: what a client
 * sent along with its request reaches nobody.
 */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { badRequest, internalError, StatusError } from '#api/machinery/status.ts'
import { messageOf } from '#base/errors.ts'
import { nodeHttp } from '../node-http.ts'
import { acceptStreamUpgrade, streamUpgradeProblem } from '../streaming/accept.ts'
import { bridgeChannels, serveForwardedPorts } from '../streaming/bridge.ts'
import type { ApiResponse } from '../transport.ts'
import { wholeBody } from './answer.ts'
import type { Connection } from './connections.ts'
import type { ServedStream } from './handler.ts'
import { headersOf, headLines } from './http1-headers.ts'
import { sendMessages } from './messages.ts'
import { statusAnswer } from './serve-request.ts'
import { tunnelThrough } from './tunnel.ts'
import { isMethod } from './wire.ts'

export interface Upgrade {
  readonly request: IncomingMessage
  readonly socket: Duplex
  readonly head: Uint8Array
}

/** Never rejects. */
export async function serveUpgrade(upgrade: Upgrade, connection: Connection): Promise<void> {
  const { request, socket } = upgrade
  const { log } = connection.context
  socket.on('error', () => {}) // Whoever reads or writes it hears of it.
  try {
    const result = await ask(request, connection)
    if ('response' in result) return await refuseWhole(socket, result.response)
    if ('tunnel' in result) return tunnelThrough(upgrade, result.tunnel, connection)
    if ('messages' in result) return await sendMessages(upgrade, result, connection)
    const problem = streamUpgradeProblem(request, result.stream.kind)
    if (problem !== undefined) throw badRequest(problem)
    await join(upgrade, result.stream, connection)
  } catch (thrown) {
    if (socket.destroyed || socket.writableEnded) return
    if (!(thrown instanceof StatusError))
      log.error('a stream could not be opened', { path: request.url?.split('?')[0], error: thrown })
    const error =
      thrown instanceof StatusError
        ? thrown
        : internalError(`the stream could not be opened: ${messageOf(thrown)}`)
    refuse(socket, statusAnswer(error))
  }
}

async function ask(request: IncomingMessage, { context, peer }: Connection) {
  const { method = '', url = '', rawHeaders } = request
  const { handler } = context
  if (!isMethod(method) || !handler.upgrade)
    throw badRequest('this server does not open streams here')
  const gone = new AbortController()
  request.socket.once('close', () => gone.abort(new Error('the client went away')))
  const asked = {
    method,
    path: url,
    headers: headersOf(rawHeaders, handler.keepsApart),
    signal: gone.signal,
  }
  return handler.upgrade(asked, peer)
}

/** Opens the far end, then answers 101 and joins both. */
async function join(
  upgrade: Upgrade,
  { kind, dial }: ServedStream,
  connection: Connection,
): Promise<void> {
  const { clock, log } = connection.context
  const { socket } = upgrade
  if (kind === 'portforward') {
    const session = await acceptStreamUpgrade(upgrade, { kind, clock }).catch(brokeOff)
    if (!session) return
    connection.retire = () => session.close()
    return serveForwardedPorts(session, dial)
  }
  const far = await dial()
  const near = socket.destroyed
    ? undefined
    : await acceptStreamUpgrade(upgrade, { kind, clock }).catch(brokeOff)
  if (!near) return far.close()
  connection.retire = () => near.close()
  bridgeChannels(near, far)

  /** The client did, after 101: there is nobody left to answer. */
  function brokeOff(error: unknown): undefined {
    log.debug('a client broke off while its streams were opened', { error })
    socket.destroy()
  }
}

/** The largest answer that is passed on instead of an upgrade: an error page. */
const MAXIMUM_REFUSAL_BYTES = 256 * 1024

/** What a proxied target answered instead comes as a stream; it is short, or cut. */
async function refuseWhole(socket: Duplex, response: ApiResponse): Promise<void> {
  const { body } = response
  if (body.kind !== 'stream') return refuse(socket, response)
  const chunks: Uint8Array[] = []
  let size = 0
  await new Promise<void>(resolve => {
    let cancel = () => {}
    cancel = body.stream.subscribe({
      next(chunk) {
        size += chunk.length
        if (size <= MAXIMUM_REFUSAL_BYTES) chunks.push(chunk)
        else queueMicrotask(() => cancel())
      },
      end: () => resolve(),
    })
    socket.once('close', () => {
      cancel()
      resolve()
    })
  })
  const { 'content-length': _, ...headers } = response.headers
  refuse(socket, { ...response, headers, body: { kind: 'chunks', chunks } })
}

/** Writes a whole HTTP/1.1 answer by hand and ends the connection; nothing that the client sent behind it is read. */
function refuse(socket: Duplex, { status, headers, body }: ApiResponse): void {
  if (socket.destroyed) return
  const bytes = Buffer.concat(wholeBody(body))
  const head = [
    `HTTP/1.1 ${status} ${nodeHttp().STATUS_CODES[status] ?? 'Refused'}`,
    ...headLines(headers),
    `content-length: ${bytes.length}`,
    'connection: close',
  ]
  socket.end(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), bytes]), () =>
    socket.destroy(),
  )
}
