/**
 * gRPC over a unix socket with node's own HTTP/2: a call is a POST whose body is a message behind five bytes (compressed or not, length),
 * and whose outcome stands in the trailers. That is all that CRI and the node's plugins need; `docs/adr/0003-cri-transport.md` tells why
 * not a library.
 */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
} from 'node:http2'
import { createConnection } from 'node:net'
import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'

/** What containerd sends at most, too. */
const maxMessageBytes = 16 * 1024 * 1024
const frameHeaderBytes = 5
/** Flow-control window a call may fill; the default of 64 KiB makes long lists slow. */
const windowBytes = 1024 * 1024

export const grpcCode = {
  ok: 0,
  unknown: 2,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
} as const

export class GrpcError extends Error {
  override readonly name = 'GrpcError'
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

/** By code. */
const CODE_NAMES = [
  ...['OK', 'Canceled', 'Unknown', 'InvalidArgument', 'DeadlineExceeded', 'NotFound'],
  ...['AlreadyExists', 'PermissionDenied', 'ResourceExhausted', 'FailedPrecondition', 'Aborted'],
  ...['OutOfRange', 'Unimplemented', 'Internal', 'Unavailable', 'DataLoss', 'Unauthenticated'],
]

/** Such as `Unavailable`. */
export function codeNameOf(error: unknown): string {
  const code = error instanceof GrpcError ? error.code : grpcCode.unknown
  return CODE_NAMES[code] ?? `Code(${code})`
}

/** As gRPC's clients in Go print it, which is how users know what plugins say. */
export function rpcErrorText(error: unknown): string {
  if (!(error instanceof GrpcError)) return messageOf(error)
  return `rpc error: code = ${codeNameOf(error)} desc = ${error.message}`
}

export interface GrpcCall {
  /** `/runtime.v1.RuntimeService/Version` */
  readonly path: string
  readonly request: Uint8Array
  readonly timeoutMs: number
  readonly metadata?: Readonly<Record<string, string>>
}

export interface GrpcStreamSink {
  next(message: Uint8Array): void
  end(error?: Error): void
}

export interface GrpcConnection {
  call(call: GrpcCall): Promise<Uint8Array>
  /** A call answered by many messages, without deadline. Returns the function that cancels it. */
  stream(call: Omit<GrpcCall, 'timeoutMs'>, sink: GrpcStreamSink): () => void
  close(): void
}

export interface GrpcOptions {
  readonly socketPath: string
  readonly clock: Clock
  /** Who answers there, as errors name it. */
  readonly peer?: string
}

/** Connects when first used, and again when used after the other side went away. */
export function connectGrpc(options: GrpcOptions): GrpcConnection {
  const { socketPath, clock, peer = 'containerd' } = options
  let session: ClientHttp2Session | undefined
  let closed = false

  function liveSession(): ClientHttp2Session {
    if (closed) throw new GrpcError(grpcCode.unavailable, `the connection to ${peer} is closed`)
    if (session && !session.closed && !session.destroyed) return session
    const fresh = connect('http://localhost', {
      createConnection: () => createConnection(socketPath),
      settings: { initialWindowSize: windowBytes, enablePush: false },
    })
    // Calls hear of it themselves; without a listener node would end the process.
    fresh.on('error', () => {})
    fresh.on('goaway', () => fresh.close())
    session = fresh
    return fresh
  }

  function open(call: Omit<GrpcCall, 'timeoutMs'>, timeoutMs?: number): ClientHttp2Stream {
    const stream = liveSession().request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: call.path,
      'content-type': 'application/grpc+proto',
      te: 'trailers',
      ...(timeoutMs !== undefined && { 'grpc-timeout': `${Math.ceil(timeoutMs)}m` }),
      ...call.metadata,
    })
    const header = Buffer.alloc(frameHeaderBytes)
    header.writeUInt32BE(call.request.length, 1)
    stream.end(Buffer.concat([header, call.request]))
    return stream
  }

  const failure = (error: unknown) =>
    error instanceof GrpcError
      ? error
      : new GrpcError(
          grpcCode.unavailable,
          `${peer} can not be reached at ${socketPath}: ${messageOf(error)}`,
        )

  return {
    async call(call) {
      let stream: ClientHttp2Stream
      try {
        stream = open(call, call.timeoutMs)
      } catch (error) {
        throw failure(error)
      }
      let message: Uint8Array | undefined
      return new Promise((resolve, reject) => {
        const cancelDeadline = clock.after(call.timeoutMs, () => {
          const seconds = Math.round(call.timeoutMs / 1000)
          const name = call.path.slice(call.path.lastIndexOf('/') + 1)
          const sentence = `${peer} did not answer ${name} within ${seconds} s`
          stream.destroy(new GrpcError(grpcCode.deadlineExceeded, sentence))
        })
        listen(stream, peer, {
          next(next) {
            if (message) throw new Error('more than one message')
            message = next
          },
          end(error) {
            cancelDeadline()
            if (error) reject(failure(error))
            else if (message) resolve(message)
            else reject(new GrpcError(grpcCode.unknown, `${peer} answered without a message`))
          },
        })
      })
    },
    stream(call, sink) {
      let stream: ClientHttp2Stream
      try {
        stream = open(call)
      } catch (error) {
        queueMicrotask(() => sink.end(failure(error)))
        return () => {}
      }
      let cancelled = false
      listen(stream, peer, {
        next: message => {
          if (!cancelled) sink.next(message)
        },
        end: error => {
          if (!cancelled) sink.end(error && failure(error))
        },
      })
      return () => {
        cancelled = true
        stream.close(constants.NGHTTP2_CANCEL)
      }
    },
    close() {
      closed = true
      session?.destroy()
    },
  }
}

/** Takes messages out of the frames, and the outcome out of headers (where it fails at once) or trailers. */
function listen(stream: ClientHttp2Stream, peer: string, sink: GrpcStreamSink): void {
  let waiting: Buffer = Buffer.alloc(0)
  let outcome: Error | 'ok' | undefined
  let over = false
  const finish = (error?: Error) => {
    if (over) return
    over = true
    sink.end(error)
  }
  stream.on('response', headers => {
    const status = headers[constants.HTTP2_HEADER_STATUS]
    if (Number(status) !== 200)
      outcome = new GrpcError(grpcCode.unknown, `${peer} answered ${status}`)
    else outcome = outcomeOf(headers, peer)
  })
  stream.on('trailers', headers => {
    outcome = outcomeOf(headers, peer) ?? outcome
  })
  stream.on('data', (chunk: Buffer) => {
    if (stream.destroyed) return
    waiting = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk])
    while (waiting.length >= frameHeaderBytes) {
      const length = waiting.readUInt32BE(1)
      if (length > maxMessageBytes) {
        stream.destroy(new GrpcError(grpcCode.unknown, `a message of ${length} bytes is too long`))
        return
      }
      if (waiting.length < frameHeaderBytes + length) return
      try {
        sink.next(waiting.subarray(frameHeaderBytes, frameHeaderBytes + length))
      } catch (error) {
        // Thrown here it would end the process.
        const sentence = `${peer} sent what can not be read: ${messageOf(error)}`
        stream.destroy(new GrpcError(grpcCode.internal, sentence))
        return
      }
      waiting = waiting.subarray(frameHeaderBytes + length)
    }
  })
  stream.on('error', finish)
  stream.on('close', () => {
    if (outcome === 'ok') finish()
    else finish(outcome ?? new Error('the connection was lost'))
  })
}

function outcomeOf(headers: IncomingHttpHeaders, peer: string): Error | 'ok' | undefined {
  const code = headers['grpc-status']
  if (code === undefined) return undefined
  if (Number(code) === grpcCode.ok) return 'ok'
  const said = String(headers['grpc-message'] ?? '')
  return new GrpcError(Number(code), decodePercent(said) || `${peer} answered with code ${code}`)
}

/** gRPC escapes what is not printable ASCII; a malformed escape stays as it is. */
function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
