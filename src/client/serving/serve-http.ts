/** HTTP/1.1 without TLS, for who serves a browser on the same machine. The same handlers, limits and streams as over TLS. */
import { createServer, type Server } from 'node:net'
import { createConnections } from './connections.ts'
import { createHttp1 } from './http1.ts'
import { leave } from './leave.ts'
import { DEFAULT_LIMITS, KEEP_ALIVE_AFTER_MS } from './limits.ts'
import { listenOn, type ServeHttpsOptions } from './serve-https.ts'
import { serveRequest } from './serve-request.ts'

export interface ServeHttpOptions
  extends Pick<ServeHttpsOptions, 'handler' | 'clock' | 'log' | 'limits' | 'flags'> {
  readonly address: string
  /** 0 takes a free one. */
  readonly port: number
}

export interface HttpServing {
  readonly port: number
  /** Ends what is endless, lets what is being answered finish, then ends all. */
  stop(): Promise<void>
}

/** Resolves when the port is open. Throws a UserError where it cannot be had. */
export async function serveHttp(options: ServeHttpOptions): Promise<HttpServing> {
  const { handler, clock, log, address, port, flags } = options
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const connections = createConnections({
    ...{ handler, limits, clock, log },
    intake: { bytes: 0 },
    state: { isLeaving: false },
  })
  const http1 = createHttp1({
    limits,
    clock,
    serve: (wire, { context }) => void serveRequest(wire, context),
  })
  const server: Server = createServer({
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_AFTER_MS,
  })
  server.maxConnections = limits.connections
  server.on('connection', socket => {
    socket.on('error', () => {}) // `close` follows.
    http1(connections.add(socket))
  })
  await listenOn(server, { address, port }, flags ? { flags } : {})
  const bound = server.address()
  let stopped: Promise<void> | undefined
  const stop = async () => {
    let closed: Promise<void> = Promise.resolve()
    await leave({
      ...{ connections, clock, drainMs: limits.stopMs },
      refuse: () => {},
      close: () => {
        closed = new Promise(resolve => server.close(() => resolve()))
      },
    })
    const cancelForce = clock.after(limits.stopMs, () => {
      for (const { socket } of connections.all()) socket.destroy()
    })
    await connections.emptied()
    cancelForce()
    await closed
  }
  return {
    port: typeof bound === 'object' && bound ? bound.port : port,
    stop: () => {
      stopped ??= stop()
      return stopped
    },
  }
}
