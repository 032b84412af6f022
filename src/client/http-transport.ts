/**
 * The Transport to a server elsewhere: HTTP/2 over TLS, one connection for all requests and watches, opened when it is
 * first needed and anew after it broke. A connection that gives no sign of life is found out by a ping, so that a watch
 * never hangs on a server that is gone.
 */
import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  IncomingHttpHeaders,
  OutgoingHttpHeaders,
} from 'node:http2'
import { parseExact, stringifyJson } from '#api/machinery/exact-json.ts'
import type { Clock } from '#base/clock.ts'
import type { Connection } from './kubeconfig.ts'
import { sendPieces } from './send-pieces.ts'
import { tlsOptions } from './tls-options.ts'
import type { ApiRequest, ApiResponse, EventSource, Transport } from './transport.ts'
import { eventsIn } from './watch-events.ts'

/** An answer that is not endless must be complete by then; upstream's servers give up after a minute. */
const REQUEST_TIMEOUT_MS = 65_000
/** A connection must stand by then. */
const CONNECT_TIMEOUT_MS = 10_000
/** Silence after which a connection is asked for a sign of life, and how long it may take: upstream's values. */
const PING_AFTER_MS = 30_000
const PING_TIMEOUT_MS = 15_000
/** The largest answer taken into memory: a list of some 100,000 pods. */
const ANSWER_LIMIT_BYTES = 512 * 1024 * 1024

export interface HttpTransportOptions {
  readonly clock: Clock
  readonly requestTimeoutMs?: number
}

export interface HttpTransport extends Transport {
  /** What is asked from now on goes over another connection; what runs on the present one may finish there. */
  reconnect(): void
  /** Ends the connection and everything on it. */
  close(): Promise<void>
}

export function createHttpTransport(
  connection: Connection,
  options: HttpTransportOptions,
): HttpTransport {
  const { clock, requestTimeoutMs = REQUEST_TIMEOUT_MS } = options
  const base = new URL(connection.server)
  const prefix = base.pathname.replace(/\/$/, '')
  let session: ClientHttp2Session | undefined
  let closed = false

  const open = (): ClientHttp2Session => {
    // Fetched with the first connection: a server that makes none does without it, 15 to 20 ms of its start.
    const { connect } = process.getBuiltinModule('node:http2')
    const opened = connect(base.origin, tlsOptions(connection))
    const forget = () => {
      if (session === opened) session = undefined
    }
    opened.on('goaway', forget)
    opened.on('close', forget)
    // Every stream on it fails with the same error, which is where callers hear of it.
    opened.on('error', forget)
    const cancelTimeout = clock.after(CONNECT_TIMEOUT_MS, () =>
      opened.destroy(new Error(`no connection to ${base.host} within ${CONNECT_TIMEOUT_MS} ms`)),
    )
    opened.once('connect', () => {
      cancelTimeout()
      keepAlive(opened, clock)
    })
    opened.once('close', cancelTimeout)
    return opened
  }

  const headersFor = async (request: ApiRequest): Promise<OutgoingHttpHeaders> => {
    const { token } = connection
    const bearer = typeof token === 'function' ? await token() : token
    return {
      ...request.headers,
      ...(bearer ? { authorization: `Bearer ${bearer}` } : {}),
      ':method': request.method,
      ':path': prefix + request.path,
    }
  }

  return {
    async request(request) {
      if (closed) throw new Error('the transport is closed')
      request.signal?.throwIfAborted()
      const headers = await headersFor(request)
      if (!session || session.closed || session.destroyed) session = open()
      const bytes = bodyOf(request)
      const { bodyStream } = request
      const stream = session.request(headers, { endStream: !bytes && !bodyStream })
      if (bytes) stream.end(bytes)
      else if (bodyStream) sendPieces(stream, bodyStream)
      const cancelTimeout = clock.after(requestTimeoutMs, () =>
        stream.destroy(new Error(`no answer from ${base.host} within ${requestTimeoutMs} ms`)),
      )
      const onAbort = () => stream.destroy(request.signal?.reason)
      request.signal?.addEventListener('abort', onAbort, { once: true })
      stream.once('close', () => request.signal?.removeEventListener('abort', onAbort))
      try {
        return await answerOf(stream, request)
      } finally {
        cancelTimeout()
      }
    },

    async connect(request) {
      if (closed) throw new Error('the transport is closed')
      const { connectStream } = await import('./streaming/connect.ts')
      return connectStream(connection, request, clock)
    },

    reconnect() {
      const open = session
      session = undefined
      open?.close()
    },

    async close() {
      closed = true
      const open = session
      session = undefined
      if (!open || open.destroyed) return
      await new Promise<void>(resolve => {
        open.once('close', () => resolve())
        open.destroy()
      })
    },
  }
}

/** Pings a connection that has streams open, so that a dead peer ends them. */
function keepAlive(session: ClientHttp2Session, clock: Clock): void {
  let cancel = () => {}
  const check = () => {
    if (session.destroyed) return
    cancel = clock.after(PING_TIMEOUT_MS, () =>
      session.destroy(new Error('the server gave no sign of life')),
    )
    const sent = session.ping(error => {
      cancel()
      if (!error && !session.destroyed) cancel = clock.after(PING_AFTER_MS, check)
    })
    if (!sent) cancel()
  }
  cancel = clock.after(PING_AFTER_MS, check)
  session.once('close', () => cancel())
}

function bodyOf({ body }: ApiRequest): Uint8Array | undefined {
  if (body === undefined || body instanceof Uint8Array) return body
  return new TextEncoder().encode(stringifyJson(body))
}

function answerOf(stream: ClientHttp2Stream, request: ApiRequest): Promise<ApiResponse> {
  return new Promise((resolve, reject) => {
    // For good: an error without a listener would end the process.
    stream.on('error', reject)
    stream.once('close', () => reject(new Error('the connection ended before an answer came')))
    stream.once('response', incoming => {
      const status = Number(incoming[':status'])
      const headers = plainHeaders(incoming)
      if (status < 400 && isEndless(request.path)) {
        const body = request.objects
          ? ({ kind: 'events', events: eventsIn(chunksOf(stream)) } as const)
          : ({ kind: 'stream', stream: chunksOf(stream) } as const)
        resolve({ status, headers, body })
        return
      }
      const chunks: Buffer[] = []
      let size = 0
      stream.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > ANSWER_LIMIT_BYTES) stream.destroy(new Error('the answer is too large'))
        else chunks.push(chunk)
      })
      stream.once('end', () => {
        const error = brokenOff(stream)
        if (error) return reject(error)
        const bytes = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)
        try {
          resolve({ status, headers, body: bodyFrom(bytes, headers, request) })
        } catch (error) {
          reject(error)
        }
      })
    })
  })
}

function bodyFrom(
  bytes: Uint8Array,
  headers: Readonly<Record<string, string>>,
  request: ApiRequest,
): ApiResponse['body'] {
  if (bytes.length === 0) return { kind: 'empty' }
  if (!request.objects || !headers['content-type']?.startsWith('application/json'))
    return { kind: 'bytes', bytes }
  return { kind: 'object', object: parseExact(bytes) }
}

function plainHeaders(incoming: IncomingHttpHeaders): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(incoming))
    if (!name.startsWith(':') && value !== undefined)
      headers[name] = Array.isArray(value) ? value.join(', ') : value
  return headers
}

/** Watches and followed logs have no end of their own; a kubelet's logs may be larger than anybody's memory. */
function isEndless(path: string): boolean {
  if (path.startsWith('/containerLogs/') || path.startsWith('/logs/')) return true
  const query = path.slice(path.indexOf('?') + 1)
  return path.includes('?') && /(?:^|&)(?:watch|follow)=(?:true|1)(?:&|$)/.test(query)
}

const BROKEN_OFF = 'the connection ended before the whole answer came'

/** Node ends a stream that lost its connection like one that is whole; only its code tells them apart. */
function brokenOff({ rstCode }: ClientHttp2Stream): Error | undefined {
  return rstCode ? new Error(BROKEN_OFF) : undefined
}

/** The raw chunks of a stream. What comes before the subscriber waits in the stream's own, bounded buffer. */
function chunksOf(stream: ClientHttp2Stream): EventSource<Uint8Array> {
  return {
    subscribe(sink) {
      let over = false
      const finish = (error?: Error) => {
        if (over) return
        over = true
        sink.end(error)
      }
      stream.on('data', (chunk: Buffer) => {
        const full = over ? undefined : sink.next(chunk)
        if (!full) return
        // The server learns by flow control that it is to wait.
        stream.pause()
        full.finally(() => stream.resume())
      })
      stream.once('end', () => finish(brokenOff(stream)))
      stream.once('error', finish)
      // Without an end before it, there was none.
      stream.once('close', () => finish(new Error(BROKEN_OFF)))
      return () => {
        over = true
        stream.close()
      }
    },
  }
}
