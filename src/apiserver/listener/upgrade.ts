/** exec, attach and port-forward over a connection that changes its protocol. A refusal is an ordinary answer before that. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { badRequest, isStatus, StatusError } from '#api/machinery/status.ts'
import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import { acceptStreamUpgrade, streamUpgradeProblem } from '#client/streaming/accept.ts'
import { bridgeChannels, serveForwardedPorts } from '#client/streaming/bridge.ts'
import type { ApiRequest, ApiResponse } from '#client/transport.ts'
import type { ApiServer } from '../apiserver.ts'
import type { Peer } from '../authentication/authenticator.ts'
import type { Stream } from '../exchange.ts'
import { respondStatus } from '../respond.ts'

export interface Upgrade {
  readonly request: IncomingMessage
  readonly socket: Duplex
  readonly head: Uint8Array
}

export async function serveUpgrade(
  upgrade: Upgrade,
  asked: { request: ApiRequest; peer: Peer },
  { server, clock }: { server: ApiServer; clock: Clock },
): Promise<void> {
  const { socket } = upgrade
  socket.on('error', () => socket.destroy())
  const result = await server.upgrade(asked.request, asked.peer)
  if ('response' in result) return refuse(socket, result.response)
  try {
    await join(upgrade, result.stream, clock)
  } catch (thrown) {
    if (socket.destroyed || socket.writableEnded) return
    const error = isStatus(thrown)
      ? thrown
      : new StatusError('InternalError', `the stream could not be opened: ${messageOf(thrown)}`)
    refuse(socket, await respondStatus(asked.request, error.status))
  }
}

async function join(upgrade: Upgrade, stream: Stream, clock: Clock): Promise<void> {
  const { kind } = stream
  const problem = streamUpgradeProblem(upgrade.request, kind)
  if (problem) throw badRequest(problem)
  if (kind === 'portforward') {
    const session = await acceptStreamUpgrade(upgrade, { kind, clock })
    serveForwardedPorts(session, port => stream.dial(port))
    return
  }
  // First the far end: where it cannot be opened, the client gets a plain answer.
  const far = await stream.dial()
  try {
    bridgeChannels(await acceptStreamUpgrade(upgrade, { kind, clock }), far)
  } catch (thrown) {
    far.close()
    throw thrown
  }
}

/** Writes a whole HTTP/1.1 answer by hand and closes; nothing that the client sent behind it is read. */
function refuse(socket: Duplex, { status, headers, body }: ApiResponse): void {
  if (socket.destroyed) return
  const bytes = body.kind === 'bytes' ? body.bytes : new Uint8Array()
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(
    Buffer.concat([
      Buffer.from(
        `HTTP/1.1 ${status} Refused\r\n${lines.join('')}content-length: ${bytes.length}\r\nconnection: close\r\n\r\n`,
      ),
      bytes,
    ]),
  )
}
