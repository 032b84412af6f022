/** The HTTPS door of the API server: HTTP/2 and HTTP/1.1 on one port, client certificates asked for but not demanded. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  createSecureServer,
  type Http2SecureServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { Duplex, Readable } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { isStatus } from '#api/machinery/status.ts'
import type { Clock } from '#base/clock.ts'
import { messageOf, UserError } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { ApiRequest, Method } from '#client/transport.ts'
import type { ApiServer, Peer } from '../apiserver.ts'
import { respondStatus } from '../respond.ts'
import { headersOf } from './headers.ts'
import { readBody } from './read-body.ts'
import { http1, http2, type Outgoing, send } from './send.ts'
import { serveUpgrade } from './upgrade.ts'

export interface ListenerOptions {
  readonly server: ApiServer
  readonly clock: Clock
  readonly log: Log
  /** PEM of the serving certificate (with its chain) and its key. */
  readonly certificate: string
  readonly privateKey: string
  /** PEM of the authorities that clients are told of when they are asked for a certificate. */
  readonly clientAuthorities?: readonly string[]
}

export interface Listener {
  /** Listens on one more address with the same handler; port 0 takes a free one. */
  listen(at: { address: string; port: number }): Promise<{ address: string; port: number }>
  /** Takes no more connections and lets what is under way finish, for at most 5 s; at once when called again. */
  stop(): Promise<void>
}

/** Streams at a time on one connection, as upstream. */
const MAXIMUM_STREAMS = 250
const MAXIMUM_HEADER_BYTES = 64 * 1024
const HANDSHAKE_TIMEOUT_MS = 10_000
/** An idle HTTP/1.1 connection is kept so long. */
const KEEP_ALIVE_MS = 90_000
const STOP_GRACE_MS = 5_000
const METHODS = new Set<string>(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

export function createListener(options: ListenerOptions): Listener {
  const doors = new Set<Http2SecureServer>()
  const sockets = new Set<Duplex>()
  const sessions = new Set<ServerHttp2Session>()
  const requests = new Set<Promise<void>>()
  let stopping: Promise<void> | undefined

  const track = (serving: Promise<void>) => {
    const tracked = serving
      .catch(error => options.log.error('an answer could not be sent', { error }))
      .finally(() => requests.delete(tracked))
    requests.add(tracked)
  }

  const open = () => {
    const door = createSecureServer({
      cert: options.certificate,
      key: options.privateKey,
      ...(options.clientAuthorities ? { ca: [...options.clientAuthorities] } : {}),
      allowHTTP1: true,
      requestCert: true,
      // Who signed the certificate is the authenticators' question; they also answer with a Status.
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      maxHeaderListPairs: 256,
      settings: {
        maxConcurrentStreams: MAXIMUM_STREAMS,
        maxHeaderListSize: MAXIMUM_HEADER_BYTES,
        initialWindowSize: 256 * 1024,
      },
    })
    Object.assign(door, { keepAliveTimeout: KEEP_ALIVE_MS })
    door.on('request', (request: unknown, response: unknown) =>
      track(serveHttp1(options, request as IncomingMessage, response as ServerResponse)),
    )
    // Listening for `request` makes node wrap each HTTP/2 stream in that form too, at a price; these are served as they are.
    door.removeAllListeners('stream')
    door.on('stream', (stream, headers, _flags, raw) =>
      track(serveHttp2(options, stream as ServerHttp2Stream, { headers, raw: raw as unknown as string[] })),
    )
    door.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      const asked = { request: requestOf(request), peer: peerOf(request.socket as TLSSocket) }
      serveUpgrade({ request, socket, head }, asked, options).catch(error => {
        options.log.error('an upgrade failed', { error })
        socket.destroy()
      })
    })
    door.on('secureConnection', socket => keep(sockets, socket))
    door.on('session', session => keep(sessions, session))
    // What breaks on a connection is its client's to notice; nothing of it may end the process.
    door.on('sessionError', () => {})
    door.on('clientError', (_error: Error, socket: Duplex) => socket.destroy())
    door.on('tlsClientError', () => {})
    doors.add(door)
    return door
  }

  const stopOnce = async () => {
    const closed = [...doors].map(door => new Promise<void>(resolve => door.close(() => resolve())))
    for (const session of sessions) session.close()
    let cancelTimer = () => {}
    const grace = new Promise<void>(resolve => {
      cancelTimer = options.clock.after(STOP_GRACE_MS, resolve)
    })
    await Promise.race([Promise.all(requests), grace])
    cancelTimer()
    destroyAll()
    await Promise.all(closed)
  }
  const destroyAll = () => {
    for (const session of sessions) session.destroy()
    for (const socket of sockets) socket.destroy()
  }

  return {
    async listen({ address, port }) {
      const door = open()
      await new Promise<void>((resolve, reject) => {
        door.once('error', error => {
          doors.delete(door)
          reject(listenError(error, address, port))
        })
        door.listen(port, address, resolve)
      })
      door.removeAllListeners('error')
      door.on('error', error => options.log.error('a listener failed', { error }))
      return { address, port: (door.address() as AddressInfo).port }
    },
    stop() {
      if (stopping) destroyAll()
      stopping ??= stopOnce()
      return stopping
    },
  }
}

interface Closing {
  once(event: 'close', listener: () => void): unknown
}

function keep<T extends Closing>(set: Set<T>, item: T): void {
  set.add(item)
  item.once('close', () => set.delete(item))
}

function listenError(error: NodeJS.ErrnoException, address: string, port: number): Error {
  const at = `${address}:${port}`
  if (error.code === 'EADDRINUSE')
    return new UserError(
      `${at} is taken by another program; stop it, or choose a port with --secure-port`,
    )
  if (error.code === 'EACCES')
    return new UserError(`listening on ${at} is not permitted; choose a port above 1023`)
  if (error.code === 'EADDRNOTAVAIL')
    return new UserError(`this machine has no address ${address}; choose one with --bind-address`)
  return new UserError(`cannot listen on ${at}: ${messageOf(error)}`)
}

const peers = new WeakMap<object, Peer>()

/** One value a connection, so that what is found out about its certificate can be remembered with it. */
function peerOf(socket: TLSSocket): Peer {
  let peer = peers.get(socket)
  if (!peer) {
    const certificate = socket.getPeerX509Certificate?.()?.raw
    const { remoteAddress } = socket
    peer = Object.freeze({
      ...(certificate ? { certificate } : {}),
      ...(remoteAddress ? { remoteAddress } : {}),
    })
    peers.set(socket, peer)
  }
  return peer
}

function requestOf({ method, url = '/', rawHeaders }: IncomingMessage): ApiRequest {
  return { method: method as Method, path: url, headers: headersOf(rawHeaders) }
}

async function serveHttp1(
  options: ListenerOptions,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const peer = peerOf(incoming.socket as TLSSocket)
  const status = await serve(options, requestOf(incoming), {
    peer,
    incoming,
    outgoing: http1(response),
  })
  // What of the body was not read stands in the way of the next request.
  if (status === 413) incoming.socket.destroySoon()
}

async function serveHttp2(
  options: ListenerOptions,
  stream: ServerHttp2Stream,
  { headers, raw }: { headers: IncomingHttpHeaders; raw: readonly string[] },
): Promise<void> {
  stream.on('error', () => {})
  const { session } = stream
  if (!session) return
  const peer = peerOf(session.socket as TLSSocket)
  const request: ApiRequest = {
    method: headers[':method'] as Method,
    path: headers[':path'] ?? '/',
    headers: headersOf(raw),
  }
  const status = await serve(options, request, { peer, incoming: stream, outgoing: http2(stream) })
  // Strangers do not keep a connection on which a thousand streams are as cheap as one.
  if (status === 401 && !peer.certificate) session.close()
}

/** Reads, asks, sends; gives the status that was sent. */
async function serve(
  { server, clock }: ListenerOptions,
  head: ApiRequest,
  { peer, incoming, outgoing }: { peer: Peer; incoming: Readable; outgoing: Outgoing },
): Promise<number> {
  const { method, headers = {} } = head
  let request = head
  try {
    if (!METHODS.has(method)) {
      await sendPlain(outgoing, 405)
      return 405
    }
    if (method !== 'GET' && method !== 'HEAD') {
      const body = await readBody(incoming, headers['content-length'], clock)
      if (body) request = { ...head, body }
    } else if (LIVES_LONG.test(head.path)) {
      const controller = new AbortController()
      outgoing.stream.once('close', () => controller.abort())
      request = { ...head, signal: controller.signal }
    }
  } catch (thrown) {
    // Anything else than a Status means that the client went away.
    if (!isStatus(thrown)) return 0
    await send(outgoing, await respondStatus(head, thrown.status), {
      isHead: false,
      acceptsGzip: false,
    })
    return thrown.code
  }
  const response = await server.handle(request, peer)
  await send(outgoing, response, {
    isHead: method === 'HEAD',
    acceptsGzip: headers['accept-encoding']?.includes('gzip') ?? false,
  })
  return response.status
}

/** Answers for which somebody behind the server works on, so that they must hear when the client is gone. */
const LIVES_LONG = /\/(?:log|proxy)(?:[/?]|$)/

async function sendPlain(outgoing: Outgoing, status: number): Promise<void> {
  outgoing.head(status, { 'content-length': '0' })
  outgoing.stream.end()
}
