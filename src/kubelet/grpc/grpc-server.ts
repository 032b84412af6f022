/**
 * The other end of `cri/grpc.ts`: what the kubelet itself answers on a unix socket, such as the registration of device plugins. Calls with one
 * message each way, which is all that these services have. Whoever can open the socket may ask: its directory says who that is.
 */
import { chmodSync, rmSync } from 'node:fs'
import { createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2'
import { messageOf } from '#base/errors.ts'
import { GrpcError, grpcCode } from '../cri/grpc.ts'

/** By path, such as `/v1beta1.Registration/Register`. A GrpcError is answered with its code, any other as unknown. */
export type GrpcMethods = Readonly<Record<string, (request: Uint8Array) => Promise<Uint8Array>>>

export interface GrpcServer {
  /** Ends the connections, and removes the socket unless somebody else has put another in its place. */
  close(): Promise<void>
}

/** Requests are a few strings. */
const REQUEST_LIMIT_BYTES = 4 * 1024 * 1024
const FRAME_HEADER_BYTES = 5
/** Of one connection, and of all of them. */
const STREAM_LIMIT = 100
const CONNECTION_LIMIT = 100
/** The kernel takes no longer ones. */
const SOCKET_PATH_LIMIT_BYTES = 107

/** Takes the place of a socket that is left there. Rejects where nothing can listen at the path. */
export async function serveGrpc(socketPath: string, methods: GrpcMethods): Promise<GrpcServer> {
  if (Buffer.byteLength(socketPath) > SOCKET_PATH_LIMIT_BYTES)
    throw new Error(
      `the path ${socketPath} is too long for a socket, which takes ${SOCKET_PATH_LIMIT_BYTES} bytes`,
    )
  const server = createServer({ settings: { maxConcurrentStreams: STREAM_LIMIT } })
  const sessions = new Set<{ destroy(): void }>()
  server.on('session', session => {
    if (sessions.size >= CONNECTION_LIMIT) return session.destroy()
    sessions.add(session)
    session.on('close', () => sessions.delete(session))
    session.on('error', () => {})
  })
  server.on('sessionError', () => {})
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    stream.on('error', () => {})
    answer(stream, methods[String(headers[':path'])]).catch(() => stream.destroy())
  })
  rmSync(socketPath, { force: true })
  await listening(server, socketPath)
  chmodSync(socketPath, 0o600)
  return {
    close: () =>
      new Promise(resolve => {
        // Node removes the socket by its name, so that it is gone for whoever watches it.
        server.close(() => resolve())
        for (const session of sessions) session.destroy()
      }),
  }
}

function listening(server: Http2Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => {
      server.off('error', reject)
      server.on('error', () => {})
      resolve()
    })
  })
}

async function answer(
  stream: ServerHttp2Stream,
  method: GrpcMethods[string] | undefined,
): Promise<void> {
  let outcome: { code: number; message: string } = { code: grpcCode.ok, message: '' }
  let message: Uint8Array | undefined
  try {
    const request = await requestOf(stream)
    if (!method) throw new GrpcError(grpcCode.unimplemented, 'unknown method')
    message = await method(request)
  } catch (error) {
    const code = error instanceof GrpcError ? error.code : grpcCode.unknown
    outcome = { code, message: messageOf(error) }
  }
  if (stream.destroyed) return
  stream.on('wantTrailers', () =>
    stream.sendTrailers({
      'grpc-status': String(outcome.code),
      ...(outcome.message
        ? { 'grpc-message': encodeURIComponent(outcome.message.toWellFormed()) }
        : {}),
    }),
  )
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
  if (!message) return void stream.end()
  const header = Buffer.alloc(FRAME_HEADER_BYTES)
  header.writeUInt32BE(message.length, 1)
  stream.end(Buffer.concat([header, message]))
}

async function requestOf(stream: ServerHttp2Stream): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > REQUEST_LIMIT_BYTES)
      throw new GrpcError(
        grpcCode.resourceExhausted,
        `a request may have ${REQUEST_LIMIT_BYTES} bytes`,
      )
    chunks.push(chunk)
  }
  const body = Buffer.concat(chunks)
  if (body.length < FRAME_HEADER_BYTES)
    throw new GrpcError(grpcCode.internal, 'the request is cut short')
  if (body[0] !== 0)
    throw new GrpcError(grpcCode.unimplemented, 'compressed requests are not served')
  const end = FRAME_HEADER_BYTES + body.readUInt32BE(1)
  if (body.length < end) throw new GrpcError(grpcCode.internal, 'the request is cut short')
  return body.subarray(FRAME_HEADER_BYTES, end)
}
