/**
 * gRPC to the members of one etcd cluster. Each member has a client of its own; calls go to one member until it fails, then to
 * the next. What can be repeated is repeated there at once; a write is only where it surely was not sent.
 */
import { isIP } from 'node:net'
import { checkServerIdentity } from 'node:tls'
import {
  type ChannelCredentials,
  type ChannelOptions,
  Client,
  type ClientDuplexStream,
  credentials,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js'
import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import { EtcdError, grpcCode } from './errors.ts'
import {
  type Method,
  methods,
  WATCH_PATH,
  type WatchRequest,
  type WatchResponse,
  watchRequest,
  watchResponse,
} from './messages.ts'

/** PEM texts; each may be missing. */
export interface EtcdTls {
  readonly ca?: Buffer
  readonly cert?: Buffer
  readonly key?: Buffer
}

export interface CallOptions {
  readonly timeoutMs: number
  /** Asking twice does no harm. */
  readonly isRepeatable: boolean
}

export interface WatchCall {
  /** Numbers and dots, and perhaps something behind, e.g. `3.4.23`: what the member on the other end is. */
  readonly version: string
  send(request: Partial<WatchRequest>): void
  cancel(): void
}

export interface WatchCallSink {
  next(response: WatchResponse): void
  /** Called once unless the watch is cancelled before. */
  end(error: Error): void
}

/**
 * Finds a member that is gone without a word within 10 s (upstream: 40 s). Below 5 s etcd would take the pings for an attack.
 * Answers may be as large as they like, as for upstream: a page of large objects is.
 */
const CHANNEL_OPTIONS: ChannelOptions = {
  'grpc.keepalive_time_ms': 6_000,
  'grpc.keepalive_timeout_ms': 4_000,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2_000,
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  // Closing a client ends its connections, also where another one goes to the same member.
  'grpc.use_local_subchannel_pool': 1,
  // The default of 64 KiB makes long lists slow.
  'grpc-node.flow_control_window': 1024 * 1024,
}
/** TLS has no names for addresses, so another name goes over the wire; the certificate is judged by the address. */
const NAME_FOR_ADDRESSES: ChannelOptions = { 'grpc.ssl_target_name_override': 'etcd' }
const STATUS_TIMEOUT_MS = 5_000

export class EtcdConnection {
  readonly #members: readonly Client[]
  readonly #clock: Clock
  #current = 0
  #closed = false

  /** `servers` as `--etcd-servers` has them: URLs, or `host:port` for plain HTTP/2. */
  constructor(servers: readonly string[], tls: EtcdTls, clock: Clock) {
    this.#clock = clock
    this.#members = servers.map(server => {
      const { target, host, isSecure } = targetOf(server)
      if (!isSecure) return new Client(target, credentials.createInsecure(), CHANNEL_OPTIONS)
      const options = isIP(host) ? { ...CHANNEL_OPTIONS, ...NAME_FOR_ADDRESSES } : CHANNEL_OPTIONS
      return new Client(target, secured(tls, host), options)
    })
  }

  /** Rejects with an EtcdError. */
  async call<Request, Response>(
    method: Method<Request, Response>,
    request: Partial<Request>,
    options: CallOptions,
  ): Promise<Response> {
    for (let tries = 1; ; tries++) {
      const at = this.#current
      try {
        return await this.#callMember(at, method, request, options.timeoutMs)
      } catch (error) {
        if (!(error instanceof EtcdError)) throw error
        if (error.isUnavailable) this.#leave(at)
        const mayRepeat = error.isUnsent || (options.isRepeatable && error.isUnavailable)
        if (!mayRepeat || tries >= this.#members.length) throw error
      }
    }
  }

  /** Opens a stream of watches to the current member, once that has told its version. Rejects with an EtcdError. */
  async watch(sink: WatchCallSink): Promise<WatchCall> {
    const at = this.#current
    try {
      const { version } = await this.#callMember(at, methods.status, {}, STATUS_TIMEOUT_MS)
      return this.#openWatch(at, version, sink)
    } catch (error) {
      this.#leave(at)
      throw error
    }
  }

  #openWatch(at: number, version: string, sink: WatchCallSink): WatchCall {
    const metadata = new Metadata()
    // A member that is cut off from the others ends the watch; else it would be silent for as long as that lasts.
    metadata.set('hasleader', 'true')
    const stream: ClientDuplexStream<Partial<WatchRequest>, WatchResponse> = this.#member(
      at,
    ).makeBidiStreamRequest(
      WATCH_PATH,
      request => Buffer.from(watchRequest.encode(request)),
      bytes => watchResponse.decode(bytes),
      metadata,
      {},
    )
    let isOver = false
    const end = (error: Error) => {
      if (isOver) return
      isOver = true
      // A member that ends a watch may be shutting down.
      this.#leave(at)
      sink.end(error)
    }
    stream.on('data', (response: WatchResponse) => {
      if (!isOver) sink.next(response)
    })
    stream.on('error', (error: ServiceError) => end(errorOf(error)))
    stream.on('end', () => end(new EtcdError(grpcCode.unavailable, 'etcd ended the watch')))
    return {
      version,
      send: request => void stream.write(request),
      cancel() {
        isOver = true
        stream.cancel()
      },
    }
  }

  close(): void {
    this.#closed = true
    for (const member of this.#members) member.close()
  }

  #callMember<Request, Response>(
    at: number,
    { path, request: requests, response: responses }: Method<Request, Response>,
    request: Partial<Request>,
    timeoutMs: number,
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      this.#member(at).makeUnaryRequest(
        path,
        (value: Partial<Request>) => Buffer.from(requests.encode(value)),
        bytes => responses.decode(bytes),
        request,
        new Metadata(),
        { deadline: this.#clock.now() + timeoutMs },
        (error, response) => {
          if (error) reject(errorOf(error))
          else resolve(response as Response)
        },
      )
    })
  }

  #member(at: number): Client {
    const member = this.#members[at]
    if (!member || this.#closed)
      throw new EtcdError(grpcCode.unavailable, 'No connection established: the store is closed')
    return member
  }

  #leave(at: number): void {
    if (at === this.#current) this.#current = (at + 1) % this.#members.length
  }
}

function errorOf(error: ServiceError): EtcdError {
  return new EtcdError(error.code, error.details || messageOf(error))
}

/** The certificate has to be for the host as it stands in the URL. */
function secured({ ca, key, cert }: EtcdTls, host: string): ChannelCredentials {
  return credentials.createSsl(ca, key, cert, {
    checkServerIdentity: (_name, shown) => checkServerIdentity(host, shown),
  })
}

/** gRPC's name of a member; throws a TypeError where it is none. */
function targetOf(server: string): { target: string; host: string; isSecure: boolean } {
  if (server.startsWith('unix:')) return { target: server, host: '', isSecure: false }
  const { host, hostname, protocol, port } = new URL(
    server.includes('://') ? server : `http://${server}`,
  )
  const isSecure = protocol === 'https:'
  if (!isSecure && protocol !== 'http:') throw new TypeError(`${protocol}// is no way to an etcd`)
  const bare = hostname.replace(/^\[|\]$/g, '')
  return { host: bare, isSecure, target: `dns:${port ? host : `${host}:${isSecure ? 443 : 80}`}` }
}
