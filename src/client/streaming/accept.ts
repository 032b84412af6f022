/**
 * The server's end of exec, attach and port-forward. Authenticate, authorize and look up first: until this is called
 * any refusal is a plain HTTP answer with a Status. This then answers `101 Switching Protocols` in whichever protocol the
 * client asked for: web socket channels, SPDY/3.1, or SPDY tunnelled through a web socket.
 */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Clock } from '#base/clock.ts'
import type { DuplexChannels } from '../transport.ts'
import {
  errorChannel,
  type PortForwardSession,
  resizeChannel,
  type StreamKind,
  stderrChannel,
  stdinChannel,
  stdoutChannel,
} from './channels.ts'
import { plainErrors } from './plain-errors.ts'
import { acceptExecStreams } from './spdy/exec.ts'
import { acceptPortForward } from './spdy/port-forward.ts'
import { answerSpdyUpgrade, protocolHeader, spdyUpgrade } from './spdy/upgrade.ts'
import {
  acceptExecSocket,
  acceptPortForwardSocket,
  chooseProtocol,
  offeredProtocols,
  saysErrorsPlainly,
  tunnelProtocol,
  webSocketProblem,
} from './websocket/server.ts'

export interface AcceptOptions<K extends StreamKind = StreamKind> {
  readonly kind: K
  readonly clock: Clock
}

export interface UpgradeRequest {
  readonly request: IncomingMessage
  readonly socket: Duplex
  /** The first bytes that the client sent behind its request, as node's `upgrade` event hands them over. */
  readonly head: Uint8Array
}

export type Accepted<K extends StreamKind> = K extends 'portforward'
  ? PortForwardSession
  : DuplexChannels

const portForwardProtocol = 'portforward.k8s.io'
/** From v3 on a terminal's size has a stream; from v4 on errors are a Status. */
const spdyExecProtocols = [
  'v4.channel.k8s.io',
  'v3.channel.k8s.io',
  'v2.channel.k8s.io',
  'channel.k8s.io',
]
/** Ports one request may name; upstream has no limit, and nobody needs more. */
const maxPorts = 128

/**
 * Whether the request asks for an upgrade that `acceptStreamUpgrade` can serve. Where it does not, the answer is
 * 400 with the sentence that is returned.
 */
export function streamUpgradeProblem(
  request: IncomingMessage,
  kind: StreamKind,
): string | undefined {
  const upgrade = (request.headers.upgrade ?? '').toLowerCase()
  if (upgrade === 'websocket') {
    const problem = webSocketProblem(request)
    if (problem !== undefined) return problem
    const offered = offeredProtocols(request)
    if (chooseProtocol(offered, kind) === undefined)
      return `none of the offered subprotocols is served here: ${offered.join(', ')}`
    if (kind === 'portforward' && chooseProtocol(offered, kind) !== tunnelProtocol)
      return portsProblem(request)
    return undefined
  }
  if (upgrade === spdyUpgrade.toLowerCase()) {
    const offered = spdyProtocols(request)
    if (chooseSpdyProtocol(offered, kind) === undefined)
      return `unable to negotiate protocol: client supports ${JSON.stringify(offered)}`
    return undefined
  }
  return 'Upgrade request required'
}

/**
 * Upgrades and resolves when the client's streams are open. Rejects where the client goes away before, does not open
 * its streams in time, or breaks the protocol; the socket is then answered and closed already.
 */
export async function acceptStreamUpgrade<K extends StreamKind>(
  upgrade: UpgradeRequest,
  options: AcceptOptions<K>,
): Promise<Accepted<K>> {
  const { request, socket } = upgrade
  const problem = streamUpgradeProblem(request, options.kind)
  if (problem !== undefined) {
    socket.end(`HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
    throw new Error(problem)
  }
  // Until a carrier listens, an error of the socket must not end the process.
  socket.on('error', () => {})
  const accepted =
    request.headers.upgrade?.toLowerCase() === 'websocket'
      ? acceptSocket(upgrade, options)
      : acceptSpdy(upgrade, options)
  return (await accepted) as Accepted<K>
}

async function acceptSocket(
  { request, socket, head }: UpgradeRequest,
  { kind, clock }: AcceptOptions,
): Promise<DuplexChannels | PortForwardSession> {
  const protocol = chooseProtocol(offeredProtocols(request), kind) ?? ''
  const upgrade = { request, socket, head, protocol, clock }
  if (kind === 'portforward') return acceptPortForwardSocket(upgrade, portsOf(request))
  const channels = await acceptExecSocket(upgrade)
  return saysErrorsPlainly(protocol) ? plainErrors(channels) : channels
}

async function acceptSpdy(
  { request, socket, head }: UpgradeRequest,
  { kind, clock }: AcceptOptions,
): Promise<DuplexChannels | PortForwardSession> {
  const protocol = chooseSpdyProtocol(spdyProtocols(request), kind) ?? ''
  answerSpdyUpgrade(socket, protocol)
  const wire = { wire: socket, head, clock }
  if (kind === 'portforward') return acceptPortForward(wire)
  const version = spdyExecProtocols.indexOf(protocol)
  const resizes = version === 0 || version === 1
  const channels = await acceptExecStreams({ ...wire, channels: channelsOf(request, resizes) })
  return version === 0 ? channels : plainErrors(channels)
}

/** The streams that the client will open, as it said in its query: `stdin=true` to the API server, `input=1` to a kubelet. */
function channelsOf(request: IncomingMessage, resizes: boolean): number[] {
  const query = queryOf(request)
  const asks = (...names: string[]) =>
    names.some(name => ['1', 'true'].includes(query.get(name) ?? ''))
  const tty = asks('tty')
  const channels = [errorChannel]
  if (asks('stdin', 'input')) channels.push(stdinChannel)
  if (asks('stdout', 'output')) channels.push(stdoutChannel)
  if (asks('stderr', 'error') && !tty) channels.push(stderrChannel)
  if (tty && resizes) channels.push(resizeChannel)
  return channels
}

function spdyProtocols(request: IncomingMessage): string[] {
  const header = request.headers[protocolHeader]
  return [header ?? []]
    .flat()
    .flatMap(line => line.split(','))
    .map(name => name.trim())
    .filter(name => name !== '')
}

/** The first of the client's that we know; an empty name for a client that names none (the first protocol). */
function chooseSpdyProtocol(offered: readonly string[], kind: StreamKind): string | undefined {
  if (offered.length === 0) return ''
  const known = kind === 'portforward' ? [portForwardProtocol] : spdyExecProtocols
  return offered.find(name => known.includes(name))
}

function portsProblem(request: IncomingMessage): string | undefined {
  const ports = portsOf(request)
  if (ports.length === 0) return 'query parameter "ports" is required'
  if (ports.length > maxPorts) return `at most ${maxPorts} ports can be forwarded by one request`
  const wrong = ports.find(port => !Number.isInteger(port) || port < 1 || port > 65_535)
  return wrong === undefined ? undefined : 'query parameter "ports" must be numbers from 1 to 65535'
}

function portsOf(request: IncomingMessage): number[] {
  const query = queryOf(request)
  return [...query.getAll('ports'), ...query.getAll('port')]
    .flatMap(text => text.split(','))
    .map(Number)
}

function queryOf(request: IncomingMessage): URLSearchParams {
  const url = request.url ?? ''
  const mark = url.indexOf('?')
  return new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1))
}
