/**
 * exec, attach and port-forward: who asks and whether they may is known, and the pod's end is open, before the client's
 * connection becomes anything but HTTP. Until then a refusal is a plain answer, behind which the connection ends: what a client
 * sent along with its request reaches nobody.
 */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { badRequest, internalError, StatusError } from '#api/machinery/status.ts'
import { acceptStreamUpgrade, streamUpgradeProblem } from '../streaming/accept.ts'
import { bridgeChannels, serveForwardedPorts } from '../streaming/bridge.ts'
import type { Connection } from './connections.ts'
import type { Connected } from './handler.ts'
import { isMethod, plainHeaders } from './wire.ts'

export interface Upgrade {
  readonly request: IncomingMessage
  readonly socket: Duplex
  readonly head: Uint8Array
}

/** Never rejects. */
export async function serveUpgrade(upgrade: Upgrade, connection: Connection): Promise<void> {
  const { request, socket } = upgrade
  const { handler, log } = connection.context
  socket.on('error', () => {}) // Whoever reads or writes it hears of it.
  try {
    const connected = await connectTo(request, connection)
    if (socket.destroyed) return hangUp(connected)
    const problem = streamUpgradeProblem(request, connected.kind)
    if (problem !== undefined) {
      hangUp(connected)
      throw badRequest(problem)
    }
    await join(upgrade, connected, connection)
  } catch (thrown) {
    if (!(thrown instanceof StatusError))
      log.error('a stream could not be opened', {
        path: request.url?.split('?')[0],
        error: thrown,
        handler: handler.connect !== undefined,
      })
    refuse(socket, thrown instanceof StatusError ? thrown : internalError('the server failed'))
  }
}

async function connectTo(request: IncomingMessage, connection: Connection): Promise<Connected> {
  const { handler } = connection.context
  const { method = '', url = '', headers } = request
  if (!isMethod(method) || !handler.connect)
    throw badRequest('this server does not open streams here')
  const gone = new AbortController()
  request.socket.once('close', () => gone.abort(new Error('the client went away')))
  return handler.connect(
    { method, path: url, headers: plainHeaders(headers), signal: gone.signal },
    connection.peer,
  )
}

/** Answers 101 and joins both ends. A client that breaks off meanwhile is answered by whoever noticed. */
async function join(upgrade: Upgrade, connected: Connected, connection: Connection): Promise<void> {
  const { clock, log } = connection.context
  try {
    if (connected.kind === 'portforward') {
      const session = await acceptStreamUpgrade(upgrade, { kind: connected.kind, clock })
      connection.retire = () => session.close()
      serveForwardedPorts(session, connected.dial)
      return
    }
    const near = await acceptStreamUpgrade(upgrade, { kind: connected.kind, clock })
    connection.retire = () => near.close()
    bridgeChannels(near, connected.channels)
  } catch (error) {
    log.debug('a client broke off while its streams were opened', { error })
    hangUp(connected)
    upgrade.socket.destroy()
  }
}

function hangUp(connected: Connected): void {
  if (connected.kind !== 'portforward') connected.channels.close()
}

function refuse(socket: Duplex, error: StatusError): void {
  if (socket.destroyed) return
  const body = Buffer.from(JSON.stringify(error.status))
  const head = [
    `HTTP/1.1 ${error.code} ${error.reason}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    'Connection: close',
  ]
  socket.end(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]), () =>
    socket.destroy(),
  )
}
