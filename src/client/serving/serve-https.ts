/**
 * The serving end of the transport seam: HTTP/2 and HTTP/1.1 over TLS, for the API server and the kubelet alike. Client
 * certificates are asked for and handed on unchecked: who signed them is the handler's to judge.
 */
import { createServer as createTcpServer, type Server, type Socket } from 'node:net'
import type { Clock } from '#base/clock.ts'
import { messageOf, UserError } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import { type Connection, createConnections } from './connections.ts'
import type { RequestHandler } from './handler.ts'
import { createHttp2 } from './http2/http2.ts'
import { type Leaving, leave } from './leave.ts'
import { DEFAULT_LIMITS, KEEP_ALIVE_AFTER_MS, type ServingLimits } from './limits.ts'
import { serveRequest } from './serve-request.ts'
import { acceptTls, type ServingCertificate, type TlsWanted } from './tls.ts'

export type { ServingCertificate } from './tls.ts'

export interface Address {
  readonly address: string
  /** 0 takes a free one. */
  readonly port: number
}

export interface ServeHttpsOptions {
  readonly addresses: readonly Address[]
  /**
   * Asked again now and then, so that a renewed certificate is shown without a restart. Must be quick. Without one (empty texts) no handshake
   * succeeds, and each connection asks again.
   */
  readonly tls: () => ServingCertificate
  readonly handler: RequestHandler
  readonly clock: Clock
  readonly log: Log
  readonly limits?: Partial<ServingLimits>
  /** Versions and ciphers; our own choice where absent. */
  readonly wanted?: TlsWanted
  /** Whether this request's connection is to be left for a new one, so that several servers share the clients; never where absent. */
  readonly goAway?: () => boolean
  readonly leaving?: Leaving
  /** Lets other processes listen at the same port, too. */
  readonly reusePort?: boolean
  /** Flags to name where a port cannot be had; the API server's by default. */
  readonly flags?: { readonly port: string; readonly address: string }
}

export interface HttpsServing {
  /** Of the addresses, in their order. */
  readonly ports: readonly number[]
  /** Listens on another address as well; gives its port. */
  addAddress(address: string, port: number): Promise<number>
  /** Ends watches, lets what is being answered finish, then ends all. */
  stop(): Promise<void>
}

/** Resolves when all addresses are listened on. Throws a UserError where one cannot be. */
export async function serveHttps(options: ServeHttpsOptions): Promise<HttpsServing> {
  const { handler, clock, log } = options
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const state = { isLeaving: false }
  const connections = createConnections({
    handler,
    limits,
    clock,
    log,
    intake: { bytes: 0 },
    state,
  })
  const raw = new Set<Socket>()
  const listening: Server[] = []
  let stopped: Promise<void> | undefined

  const accept = acceptHttps(options, limits, connections)
  const listen = async ({ address, port }: Address): Promise<number> => {
    const server = createTcpServer({
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_AFTER_MS,
    })
    server.maxConnections = limits.connections
    server.on('connection', socket => {
      if (raw.size >= limits.connections) return socket.destroy()
      raw.add(socket)
      socket.once('close', () => raw.delete(socket))
      accept(socket)
    })
    await listenOn(server, { address, port }, options)
    listening.push(server)
    const bound = server.address()
    return typeof bound === 'object' && bound ? bound.port : port
  }

  const stop = async () => {
    let closed: Promise<unknown> = Promise.resolve()
    await leave({
      ...options.leaving,
      connections,
      clock,
      drainMs: limits.stopMs,
      refuse: () => {
        state.isLeaving = true
      },
      close: () => {
        closed = Promise.all(
          listening.map(server => new Promise<void>(resolve => server.close(() => resolve()))),
        )
      },
    })
    const destroyAll = () => {
      for (const { socket } of connections.all()) socket.destroy()
      for (const socket of raw) socket.destroy()
    }
    const cancelForce = clock.after(limits.stopMs, destroyAll)
    await connections.emptied()
    cancelForce()
    destroyAll() // What was still shaking hands.
    await closed
  }

  const ports: number[] = []
  try {
    for (const address of options.addresses) ports.push(await listen(address))
  } catch (error) {
    await stop()
    throw error
  }
  return {
    ports,
    addAddress: (address, port) => listen({ address, port }),
    stop: () => {
      stopped ??= stop()
      return stopped
    },
  }
}

/** Makes raw connections secure and gives them to the protocol that their clients chose. */
function acceptHttps(
  { tls, wanted, goAway, clock, log }: ServeHttpsOptions,
  limits: ServingLimits,
  connections: ReturnType<typeof createConnections>,
): (socket: Socket) => void {
  const serve = (...[wire, { context }]: Parameters<Parameters<typeof createHttp2>[0]['serve']>) =>
    serveRequest(wire, context)
  const http1 = lateHttp1(log, async () => {
    const { createHttp1 } = await import('./http1.ts')
    return createHttp1({ limits, clock, serve })
  })
  const http2 = createHttp2({ limits, clock, serve, goAway })
  return acceptTls({
    tls,
    wanted,
    handshakeMs: limits.headersMs,
    clock,
    log,
    secured(socket) {
      socket.on('error', () => {}) // `close` follows.
      const connection = connections.add(socket)
      if (socket.alpnProtocol === 'h2') http2(connection)
      else http1(connection)
    },
  })
}

type TakeOver = (connection: Connection) => void

/** Loads HTTP/1.1 with the first client that speaks it; what that one sends meanwhile waits in its socket. */
function lateHttp1(log: Log, load: () => Promise<TakeOver>): TakeOver {
  let loaded: TakeOver | undefined
  let loading: Promise<TakeOver> | undefined
  return connection => {
    if (loaded) return loaded(connection)
    loading ??= load()
    loading.then(
      takeOver => {
        loaded = takeOver
        if (!connection.socket.destroyed) takeOver(connection)
      },
      error => {
        loading = undefined
        log.error('HTTP/1.1 could not be loaded', { error })
        connection.socket.destroy()
      },
    )
  }
}

const API_FLAGS = { port: '--secure-port', address: '--bind-address' }

/** Throws a UserError that says why it cannot be had. */
export function listenOn(
  server: Server,
  { address, port }: Address,
  { flags = API_FLAGS, reusePort = false }: Pick<ServeHttpsOptions, 'flags' | 'reusePort'>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', error =>
      reject(new UserError(listenProblem(error, { address, port }, flags))),
    )
    server.listen({ host: address, port, backlog: 511, reusePort }, () => {
      server.removeAllListeners('error')
      server.on('error', () => {}) // Of single connections, e.g. out of file descriptors: the next may do.
      resolve()
    })
  })
}

function listenProblem(
  error: NodeJS.ErrnoException,
  { address, port }: Address,
  flags: typeof API_FLAGS,
): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `port ${port} on ${address} is already in use; stop what uses it or choose another with ${flags.port}`
    case 'EACCES':
      return `no permission to listen on port ${port}; run as root or choose a port above 1023 with ${flags.port}`
    case 'EADDRNOTAVAIL':
      return `${address} is not an address of this machine; choose another with ${flags.address}`
    default:
      return `cannot listen on ${address} port ${port}: ${messageOf(error)}`
  }
}
