/** HTTP/2: many requests on one connection. */
import {
  constants,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2'
import type { Connection } from './connections.ts'
import {
  CANCELLED_SHARE,
  CONNECTION_WINDOW_BYTES,
  RESET_BURST,
  RESETS_PER_SECOND,
  type ServingLimits,
  STREAM_WINDOW_BYTES,
} from './limits.ts'
import { headersOf, isMethod, type Wire, wireHeaders } from './wire.ts'

export interface Http2Options {
  readonly limits: ServingLimits
  /** Resolves when nothing more is done for the request. Never rejects. */
  readonly serve: (wire: Wire, connection: Connection) => Promise<void>
}

/** Takes over connections whose clients chose HTTP/2. */
export function createHttp2({ limits, serve }: Http2Options): (connection: Connection) => void {
  const server = createServer({
    streamResetBurst: RESET_BURST,
    streamResetRate: RESETS_PER_SECOND,
    // In megabytes; for all that a session holds outside of bodies.
    maxSessionMemory: 32,
    settings: {
      maxConcurrentStreams: limits.streams,
      maxHeaderListSize: limits.headerBytes,
      initialWindowSize: STREAM_WINDOW_BYTES,
      enablePush: false,
    },
  })
  let connecting: Connection | undefined
  server.on('session', session => {
    const connection = connecting as Connection
    session.setLocalWindowSize(CONNECTION_WINDOW_BYTES)
    connection.retire = () => session.close()
    session.setTimeout(limits.idleMs, () => {
      // Whoever watches may be silent for long.
      if (connection.endless.size === 0) session.destroy()
    })
    let working = 0
    const answer = async (stream: ServerHttp2Stream, wire: Wire) => {
      await undefined // What is cancelled in the same breath is not begun.
      if (!stream.destroyed) await serve(wire, connection)
      working--
    }
    session.on('stream', (stream, headers, _flags, raw) => {
      if (session.closed || session.destroyed) return stream.destroy()
      const wire = wireOf(stream, { headers, raw: raw as unknown as string[] }, connection)
      if (!wire) return
      // A cancelled request makes room for the next at once, but the work for it goes on: it is what is counted here.
      working++
      if (working > limits.streams * CANCELLED_SHARE)
        return session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM)
      void answer(stream, wire)
    })
    session.on('error', () => {}) // Each of its requests hears of it.
  })
  return connection => {
    connecting = connection // The session opens within the call.
    server.emit('connection', connection.socket)
  }
}

function wireOf(
  stream: ServerHttp2Stream,
  { headers, raw }: { headers: IncomingHttpHeaders; raw: readonly string[] },
  { peer, retire }: Connection,
): Wire | undefined {
  stream.on('error', () => {}) // `close` follows, and is what everybody listens to.
  const method = String(headers[':method'])
  if (!isMethod(method)) {
    stream.respond({ ':status': 405 }, { endStream: true })
    stream.resume()
    return undefined
  }
  // Without a body there is nothing to read on: `resume` here would cost a tenth of all requests a second.
  const incoming = stream.endAfterHeaders ? undefined : stream
  return {
    method,
    path: String(headers[':path']),
    headers: headersOf(raw),
    peer,
    incoming,
    outgoing: stream,
    begin(status, answer, hasBody) {
      if (stream.destroyed || stream.headersSent) return
      stream.respond({ ...wireHeaders(answer), ':status': status }, { endStream: !hasBody })
      if (!incoming || incoming.readableEnded) return
      // The rest of a body that was refused is not waited for.
      incoming.resume()
      stream.once('finish', () => stream.close(constants.NGHTTP2_NO_ERROR))
    },
    // Not `close`, which ends the body properly first.
    reset: () => stream.destroy(new Error('the answer broke off')),
    retire,
  }
}
