/** Opens exec and attach on an API server or kubelet over a web socket, v5 where it can and v4 otherwise. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Clock } from '#base/clock.ts'
import type { DuplexChannels } from '../../transport.ts'
import { binaryCodec } from './message.ts'
import { channelsOverSocket, maxMessageBytes } from './socket.ts'

const protocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io']
const handshakeTimeoutMs = 30_000

export interface StreamTarget {
  /** For the Host header. */
  readonly host: string
  /** Path and query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** A fresh connection to the server, TLS included, that speaks HTTP/1.1. */
  dial(): Promise<Duplex>
  readonly clock: Clock
}

/** A server's refusal of an upgrade, before any stream was open. */
export class UpgradeRefused extends Error {
  override readonly name = 'UpgradeRefused'
  readonly status: number
  /** The answer's body, a Status as a rule. */
  readonly body: string

  constructor(status: number, body: string) {
    super(`the server answered ${status} to the request to open a stream`)
    this.status = status
    this.body = body
  }
}

/** Of a refusal's body. */
const maxRefusalBytes = 64 * 1024

export async function refusalOf(response: IncomingMessage): Promise<UpgradeRefused> {
  let body = ''
  for await (const chunk of response) {
    body += String(chunk)
    if (body.length > maxRefusalBytes) break
  }
  return new UpgradeRefused(response.statusCode ?? 0, body)
}

export async function connectSocket(target: StreamTarget): Promise<DuplexChannels> {
  const [{ WebSocket }, wire] = await Promise.all([import('ws'), target.dial()])
  const socket = new WebSocket(`ws://${target.host}${target.path}`, protocols, {
    createConnection: () => wire as never,
    headers: { ...target.headers },
    perMessageDeflate: false,
    maxPayload: maxMessageBytes,
    handshakeTimeout: handshakeTimeoutMs,
  })
  // Before it is open nothing can be lost: the listeners are set in the same turn as `open`.
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
    socket.once('unexpected-response', (request, response) => {
      refusalOf(response)
        .then(reject, reject)
        .finally(() => request.destroy())
    })
  })
  return channelsOverSocket({
    socket,
    codec: binaryCodec,
    clock: target.clock,
    ...(socket.protocol === protocols[0] && { closes: 'says' }),
  })
}
