/**
 * One request passed on to one address over HTTP/1.1, and its answer passed back as it comes. The address is an IP address that
 * the caller has judged, so that no name can change its meaning between judging and dialling. Redirects are answers like any
 * other: nothing is followed.
 */

import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http'
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { ConnectionOptions } from 'node:tls'
import { badRequest, StatusError } from '#api/machinery/status.ts'
import { type Clock, sleep } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import { hostPort } from '#base/host-port.ts'
import { keepReading } from '../keep-reading.ts'
import { networkFailure } from '../network-failure.ts'
import { nodeHttp } from '../node-http.ts'
import { sendPieces } from '../send-pieces.ts'
import { trusting } from '../tls-options.ts'
import type { ApiRequest, ApiResponse, BodyStream, EventSource, Transport } from '../transport.ts'
import { forwardedAnswer, forwardedRequest, upgradeRequest } from './headers.ts'
import type { KeptConnections } from './kept-connections.ts'
import { expectLife } from './sign-of-life.ts'

export interface ForwardTarget {
  readonly scheme: 'http' | 'https'
  /** An IP address, never a name; a name only where `tls` says who must answer to it. */
  readonly address: string
  readonly port: number
  /** What is sent as Host; where there is none, the target's own address. */
  readonly host?: string
  /** How the other end is known and how we are known to it. Without it any certificate will do, and nothing of ours is shown. */
  readonly tls?: ForwardTls
  /** Sent whatever the client sent under these names. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  /** Where connections are kept for the next request; else each request opens its own. */
  readonly connections?: KeptConnections
}

export interface ForwardTls {
  /** The name that the certificate must have. */
  readonly serverName: string
  /** PEM; absent trusts the authorities of the system. */
  readonly authority?: string
  readonly isUnchecked: boolean
  /** Our own certificate with its key, both PEM. */
  readonly certificate: string
  readonly key: string
}

/** What a target answered that took over the connection: its head, and the connection itself. */
export interface Tunnel {
  readonly headers: Readonly<Record<string, string>>
  readonly socket: Duplex
  /** What came behind the head already. */
  readonly head: Uint8Array
}

export interface Forwarder extends Pick<Transport, 'request'> {
  /** Asks for an upgrade; only a 101 becomes a tunnel, anything else is an ordinary answer whose connection ends. */
  upgrade(request: ApiRequest): Promise<{ tunnel: Tunnel } | { response: ApiResponse }>
}

export type ForwarderTo = (target: ForwardTarget) => Forwarder

/** A connection must stand by then; upstream's time for dialling. */
const CONNECT_TIMEOUT_MS = 30_000
/** Silence after which the kernel asks whether a peer is still there, as upstream's dialler does: a watch may be silent for hours. */
const KEEP_ALIVE_MS = 30_000
/** Answers under way at a time, of all targets: each holds two sockets. Idle connections are not among them. */
const MAXIMUM_FORWARDED = 512

/** Makes forwarders that share one limit. */
export function createForwarders({ clock }: { readonly clock: Clock }): ForwarderTo {
  const open = { count: 0 }
  return target => {
    const ask = (options: RequestOptions, body?: Body) =>
      start({ target, clock, open }, options, body)
    return {
      async request(request) {
        const headers = {
          ...forwardedRequest(request.headers ?? {}, target.host ?? hostOf(target)),
          ...ours(target),
        }
        const options = optionsOf(request, headers)
        const kept = target.connections && keptAgent(target, target.connections, clock)
        if (!kept) return answerOf(refusingUpgrades(await ask(options, bodyOf(request))), request)
        const keeping = {
          ...options,
          headers: { ...headers, connection: 'keep-alive' },
          agent: kept,
        }
        if (!isRead(request)) await closingsSeen(kept, clock)
        const asked = askKept({ target, clock, open }, keeping, bodyOf(request))
        expectLife(asked, target, clock)
        return answerOf(refusingUpgrades(asked), request, true).catch(async error => {
          if (!mayRepeat(asked, request)) throw error
          return answerOf(refusingUpgrades(await ask(options, bodyOf(request))), request)
        })
      },
      async upgrade(request) {
        const headers = {
          ...upgradeRequest(request.headers ?? {}, target.host ?? hostOf(target)),
          ...ours(target),
        }
        const asked = await ask(optionsOf(request, headers))
        return upgradeOf(asked, request)
      },
    }
  }
}

/** Without a listener node would leave the connection to nobody. */
function refusingUpgrades(asked: ClientRequest): ClientRequest {
  return asked.once(
    'upgrade',
    (_answer, socket) =>
      asked.emit('error', new Error('it changed the protocol unasked')) && socket.destroy(),
  )
}

/** The other end may close a kept connection just when the next request goes out. What changes nothing is asked once more then. */
function mayRepeat({ reusedSocket }: ClientRequest, request: ApiRequest): boolean {
  // A body that came piece by piece is gone.
  return reusedSocket && isRead(request) && !request.bodyStream && !request.signal?.aborted
}

const isRead = ({ method }: ApiRequest) => method === 'GET' || method === 'HEAD'

/**
 * What changes something cannot be asked once more. It is not sent where the other end has closed before: two turns of the loop are
 * enough to hear of all that has arrived.
 */
async function closingsSeen(agent: Agent, clock: Clock): Promise<void> {
  for (let turns = 0; turns < 2 && Object.keys(agent.freeSockets).length > 0; turns++)
    await sleep(clock, 0)
}

function keptAgent(target: ForwardTarget, connections: KeptConnections, clock: Clock) {
  const { headers: _, connections: __, ...place } = target
  return connections.agentFor(place, () => dial(target, clock))
}

function ours({ headers = {} }: ForwardTarget): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : [...value],
    ]),
  )
}

interface Shared {
  readonly target: ForwardTarget
  readonly clock: Clock
  readonly open: { count: number }
}

async function start(
  { target, clock, open }: Shared,
  options: RequestOptions,
  body: Body | undefined,
): Promise<ClientRequest> {
  if (isIP(target.address) === 0 && !target.tls)
    throw new Error(`${target.address} is not an IP address`)
  enter(open)
  let socket: Socket
  try {
    socket = await dial(target, clock)
  } catch (error) {
    open.count--
    throw unreachable(error)
  }
  socket.once('close', () => {
    open.count--
  })
  // No agent: the connection is this request's alone, so nothing of one client reaches another.
  const own = { ...options, createConnection: () => socket }
  const request = requestOf(own, () => void socket.destroy())
  return sent(request, body)
}

/** On a connection that is kept, or is afterwards. What is not quite HTTP could be taken for the answer to another request there. */
function askKept({ open }: Shared, options: RequestOptions, body: Body | undefined): ClientRequest {
  enter(open)
  const request = requestOf({ ...options, insecureHTTPParser: false }, () => {
    open.count--
  })
  request.once('close', () => {
    open.count--
  })
  return sent(request, body)
}

/** Throws a StatusError, after `giveUp`, where a header or the path holds what node sends to nobody. */
function requestOf(options: RequestOptions, giveUp: () => void): ClientRequest {
  try {
    return nodeHttp().request(options)
  } catch (error) {
    giveUp()
    throw badRequest(`it cannot be passed on: ${messageOf(error)}`)
  }
}

function enter(open: Shared['open']): void {
  if (open.count >= MAXIMUM_FORWARDED)
    throw new StatusError('TooManyRequests', 'too many requests are being passed on, try again', {
      retryAfterSeconds: 1,
    })
  open.count++
}

function sent(request: ClientRequest, body: Body | undefined): ClientRequest {
  // Node says no length where the body is a DELETE's, and the other end would take it for a request of its own.
  if (body?.length !== undefined) request.setHeader('content-length', body.length)
  request.on('error', () => {}) // Whoever waits for the answer hears of it, too.
  if (body && !(body instanceof Uint8Array)) {
    if (body.length === undefined) request.setHeader('transfer-encoding', 'chunked')
    sendPieces(request, body)
  } else request.end(body)
  return request
}

async function dial(target: ForwardTarget, clock: Clock): Promise<Socket> {
  const { scheme, address, port } = target
  let socket: Socket
  if (scheme === 'https') {
    const { connect } = await import('node:tls')
    socket = connect({ host: address, port, ...trustOf(target) })
  } else socket = connectTcp({ host: address, port, noDelay: true })
  socket.setKeepAlive(true, KEEP_ALIVE_MS)
  return new Promise((resolve, reject) => {
    const cancel = clock.after(CONNECT_TIMEOUT_MS, () =>
      socket.destroy(
        Object.assign(new Error('no connection in time'), { code: 'ETIMEDOUT', address, port }),
      ),
    )
    socket.once(scheme === 'https' ? 'secureConnect' : 'connect', () => {
      cancel()
      resolve(keepReading(socket))
    })
    socket.on('error', reject)
    socket.once('close', cancel)
  })
}

function trustOf({ tls }: ForwardTarget): ConnectionOptions {
  // As upstream: nobody issues certificates for pod addresses. Nothing secret of ours is sent along.
  if (!tls) return { rejectUnauthorized: false, ca: [] }
  const { serverName, authority, isUnchecked, certificate, key } = tls
  return {
    servername: serverName,
    cert: certificate,
    key,
    rejectUnauthorized: !isUnchecked,
    ...(authority ? trusting(authority) : {}),
  }
}

/** The error itself is its cause, for those who tell it in other words. */
function unreachable(error: unknown): StatusError {
  if (error instanceof StatusError) return error
  const { address = '', port = 0 } = error as { address?: string; port?: number }
  const why = networkFailure(error, { host: address, port })
  const message = `error trying to reach service: ${why}`
  return Object.assign(new StatusError('ServiceUnavailable', message, {}), { cause: error })
}

export const hostOf = ({ address, port }: ForwardTarget): string => hostPort(address, port)

function optionsOf(
  { method, path }: ApiRequest,
  headers: Readonly<Record<string, string | string[]>>,
): RequestOptions {
  // Servers that end their lines carelessly are answered for, as upstream does; with one request a connection there is nothing to smuggle.
  return { method, path, headers, setHost: false, insecureHTTPParser: true }
}

type Body = Uint8Array | BodyStream

function bodyOf({ body, bodyStream }: ApiRequest): Body | undefined {
  if (bodyStream) return bodyStream
  if (body === undefined || body instanceof Uint8Array) return body
  return Buffer.from(JSON.stringify(body))
}

/** Resolves with the head; an aborted request ends its connection, before the answer and after. */
function answerOf(
  asked: ClientRequest,
  { signal }: ApiRequest,
  isKept = false,
): Promise<ApiResponse> {
  return new Promise((resolve, reject) => {
    const abort = () => asked.destroy(new Error('the client went away'))
    if (signal?.aborted) abort()
    signal?.addEventListener('abort', abort, { once: true })
    asked.once('close', () => signal?.removeEventListener('abort', abort))
    asked.once('error', error => reject(unreachable(error)))
    asked.once('response', answer => resolve(passedBack(answer, isKept)))
  })
}

function upgradeOf(
  asked: ClientRequest,
  { signal }: ApiRequest,
): Promise<{ tunnel: Tunnel } | { response: ApiResponse }> {
  return new Promise((resolve, reject) => {
    asked.once('upgrade', ({ headers, rawHeaders }, socket, head) => {
      if (signal?.aborted) return void socket.destroy()
      const { upgrade = '' } = headers
      const answered = { ...forwardedAnswer(rawHeaders), connection: 'Upgrade', upgrade }
      resolve({ tunnel: { headers: answered, socket, head } })
    })
    answerOf(
      asked,
      signal ? { method: 'GET', path: '', signal } : { method: 'GET', path: '' },
    ).then(response => resolve({ response }), reject)
  })
}

function passedBack(answer: IncomingMessage, isKept: boolean): ApiResponse {
  const { socket } = answer
  // Whatever the target thinks: nothing more is asked on a connection that is not kept, or whose answer broke off.
  answer.once('close', () => {
    if (!isKept || !answer.complete) socket.destroy()
  })
  return {
    status: answer.statusCode ?? 502,
    headers: forwardedAnswer(answer.rawHeaders),
    body: { kind: 'stream', stream: streamOf(answer) },
  }
}

/** The body at its receiver's pace. */
function streamOf(answer: IncomingMessage): EventSource<Uint8Array> {
  answer.on('error', () => {}) // `close` follows.
  return {
    subscribe(sink) {
      let isOver = false
      const finish = (error?: Error) => {
        if (isOver) return
        isOver = true
        sink.end(error)
      }
      answer.on('data', (chunk: Buffer) => {
        const full = isOver ? undefined : sink.next(chunk)
        if (!full) return
        answer.pause()
        void full.then(() => answer.resume())
      })
      answer.once('end', () => finish())
      answer.once('close', () =>
        finish(answer.complete ? undefined : new Error('the answer broke off')),
      )
      return () => {
        isOver = true
        answer.destroy()
      }
    },
  }
}
