/** Accepts web sockets: exec and attach, port-forward with two channels a port, and SPDY tunnelled through messages. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import type { Clock } from '#base/clock.ts'
import type { DuplexChannels } from '../../transport.ts'
import type { PortForwardSession } from '../channels.ts'
import { acceptPortForward } from '../spdy/port-forward.ts'
import { base64Codec, binaryCodec } from './message.ts'
import { forwardPortsOverSocket } from './port-forward.ts'
import { channelsOverSocket, maxMessageBytes } from './socket.ts'

export const tunnelProtocol = 'SPDY/3.1+portforward.k8s.io'

/** What each subprotocol means; an empty name is a client that named none. */
const execProtocols: Readonly<Record<string, { base64?: true; closes?: true; plainError?: true }>> =
  {
    'v5.channel.k8s.io': { closes: true },
    'v4.channel.k8s.io': {},
    'v4.base64.channel.k8s.io': { base64: true },
    'channel.k8s.io': { plainError: true },
    'base64.channel.k8s.io': { base64: true, plainError: true },
    '': { plainError: true },
  }

const portForwardProtocols: Readonly<Record<string, { base64?: true; tunnel?: true }>> = {
  [tunnelProtocol]: { tunnel: true },
  'v4.channel.k8s.io': {},
  'v4.base64.channel.k8s.io': { base64: true },
  '': {},
}

/** Which subprotocol the client gets: the first of its own that we know; undefined where it named others only. */
export function chooseProtocol(
  offered: readonly string[],
  kind: 'exec' | 'attach' | 'portforward',
): string | undefined {
  const known = kind === 'portforward' ? portForwardProtocols : execProtocols
  if (offered.length === 0) return ''
  return offered.find(name => name !== '' && Object.hasOwn(known, name))
}

export function offeredProtocols(request: IncomingMessage): string[] {
  const header = request.headers['sec-websocket-protocol'] ?? ''
  return header
    .split(',')
    .map(name => name.trim())
    .filter(name => name !== '')
}

export interface SocketUpgrade {
  readonly request: IncomingMessage
  readonly socket: Duplex
  readonly head: Uint8Array
  readonly protocol: string
  readonly clock: Clock
}

/** Whether the client expects plain text, not a Status, on the error channel (before v4). */
export function saysErrorsPlainly(protocol: string): boolean {
  return execProtocols[protocol]?.plainError === true
}

export async function acceptExecSocket(upgrade: SocketUpgrade): Promise<DuplexChannels> {
  const { base64, closes } = execProtocols[upgrade.protocol] ?? {}
  const socket = await acceptWebSocket(upgrade)
  return channelsOverSocket({
    socket,
    codec: base64 ? base64Codec : binaryCodec,
    clock: upgrade.clock,
    ...(closes && { closes: 'hears' }),
  })
}

/** `ports` are those of the query; SPDY clients name theirs later, stream by stream. */
export async function acceptPortForwardSocket(
  upgrade: SocketUpgrade,
  ports: readonly number[],
): Promise<PortForwardSession> {
  const { base64, tunnel } = portForwardProtocols[upgrade.protocol] ?? {}
  const { createWebSocketStream } = await import('ws')
  const socket = await acceptWebSocket(upgrade)
  const { clock } = upgrade
  if (tunnel) return acceptPortForward({ wire: createWebSocketStream(socket), clock })
  return forwardPortsOverSocket({ socket, codec: base64 ? base64Codec : binaryCodec, clock, ports })
}

/**
 * Answers 101 with this subprotocol, or with none where its name is empty. Throws where the client is gone; whether its handshake
 * is right must have been asked before.
 */
export async function acceptWebSocket(
  { request, socket, head, protocol }: Omit<SocketUpgrade, 'clock'>,
  maxPayload = maxMessageBytes,
): Promise<WebSocket> {
  const { WebSocketServer } = await import('ws')
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload,
  })
  // `SPDY/3.1+portforward.k8s.io` is no token by RFC 6455, so `ws` would refuse it: the choice is made and answered here.
  if (protocol !== '')
    server.on('headers', lines => lines.push(`Sec-WebSocket-Protocol: ${protocol}`))
  const { 'sec-websocket-protocol': _, ...headers } = request.headers
  const handshake = { method: request.method, url: request.url, headers, socket: request.socket }
  let accepted: WebSocket | undefined
  server.handleUpgrade(handshake as IncomingMessage, socket, Buffer.from(head), opened => {
    accepted = opened
  })
  // At once or never: who is gone already would be waited for in vain.
  if (!accepted) throw new Error('the client went away')
  return accepted
}

const webSocketKey = /^[+/0-9A-Za-z]{22}==$/

/** What is wrong with a handshake, whatever its subprotocol. */
export function webSocketProblem({ method, headers }: IncomingMessage): string | undefined {
  if (method !== 'GET') return 'a web socket is opened with GET'
  if (!webSocketKey.test(headers['sec-websocket-key'] ?? ''))
    return 'the Sec-WebSocket-Key header is missing or malformed'
  if (!['8', '13'].includes(headers['sec-websocket-version'] ?? ''))
    return 'the web socket must be of version 13'
  return undefined
}
