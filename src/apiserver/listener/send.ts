/** From an answer to bytes on a connection, HTTP/1.1 or HTTP/2 alike, at the client's pace and never faster for long. */
import type { ServerResponse } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import type { Writable } from 'node:stream'
import { promisify } from 'node:util'
import { constants, gzip } from 'node:zlib'
import type { ApiResponse, EventSource } from '#client/transport.ts'

/** The two ways out of a server. */
export interface Outgoing {
  readonly stream: Writable
  head(status: number, headers: Readonly<Record<string, string>>): void
}

export const http1 = (response: ServerResponse): Outgoing => ({
  stream: response,
  head: (status, headers) => response.writeHead(status, headers),
})

export const http2 = (stream: ServerHttp2Stream): Outgoing => ({
  stream,
  head: (status, headers) => stream.respond({ ':status': status, ...headers }),
})

/** A watcher with so much unsent is too slow; it is closed and comes back with its last revision. */
const MAXIMUM_UNSENT_BYTES = 4 * 1024 * 1024
/** Upstream compresses from here on; below, the time costs more than the bytes. */
const GZIP_FROM_BYTES = 128 * 1024
/** Small items of a list are put together to writes of this size. */
const WRITE_BYTES = 256 * 1024

const compress = promisify(gzip)

export interface SendOptions {
  readonly isHead: boolean
  readonly acceptsGzip: boolean
}

/** Resolves when the answer is written, or the client is gone. */
export async function send(
  outgoing: Outgoing,
  response: ApiResponse,
  options: SendOptions,
): Promise<void> {
  const { body } = response
  if (outgoing.stream.destroyed) {
    // Whoever follows a body that nobody reads must be told to stop.
    if (body.kind === 'stream') body.stream.subscribe({ next() {}, end() {} })()
    return
  }
  if (body.kind === 'bytes') return sendBuffers(outgoing, response, [body.bytes], options)
  if (body.kind === 'chunks') return sendBuffers(outgoing, response, body.chunks, options)
  if (body.kind === 'stream') return sendStream(outgoing, response, body.stream)
  if (body.kind === 'empty') return sendBuffers(outgoing, response, [], options)
  throw new Error(`a remote client cannot be sent ${body.kind}`)
}

async function sendBuffers(
  outgoing: Outgoing,
  { status, headers }: ApiResponse,
  buffers: readonly Uint8Array[],
  { isHead, acceptsGzip }: SendOptions,
): Promise<void> {
  const { stream } = outgoing
  let size = 0
  for (const buffer of buffers) size += buffer.length
  if (acceptsGzip && size >= GZIP_FROM_BYTES) {
    const packed = await compress(Buffer.concat(buffers, size), { level: constants.Z_BEST_SPEED })
    if (stream.destroyed) return
    outgoing.head(status, {
      ...headers,
      'content-encoding': 'gzip',
      vary: 'Accept-Encoding',
      'content-length': String(packed.length),
    })
    stream.end(isHead ? undefined : packed)
    return
  }
  outgoing.head(status, { ...headers, 'content-length': String(size) })
  if (isHead || buffers.length === 0) stream.end()
  else if (size <= WRITE_BYTES)
    stream.end(buffers.length === 1 ? buffers[0] : Buffer.concat(buffers, size))
  else await writeInParts(stream, buffers)
}

async function writeInParts(stream: Writable, buffers: readonly Uint8Array[]): Promise<void> {
  let part: Uint8Array[] = []
  let size = 0
  for (const buffer of buffers) {
    part.push(buffer)
    size += buffer.length
    if (size < WRITE_BYTES) continue
    if (!stream.write(Buffer.concat(part, size)) && !(await drained(stream))) return
    part = []
    size = 0
  }
  stream.end(Buffer.concat(part, size))
}

/** False when the client went away instead. */
function drained(stream: Writable): Promise<boolean> {
  if (stream.destroyed) return Promise.resolve(false)
  return new Promise(resolve => {
    const finish = (isOpen: boolean) => {
      stream.off('drain', onDrain).off('close', onClose)
      resolve(isOpen)
    }
    const onDrain = () => finish(true)
    const onClose = () => finish(false)
    stream.on('drain', onDrain).on('close', onClose)
  })
}

function sendStream(
  outgoing: Outgoing,
  { status, headers }: ApiResponse,
  source: EventSource<Uint8Array>,
): Promise<void> {
  const { stream } = outgoing
  outgoing.head(status, headers)
  return new Promise(resolve => {
    let isOver = false
    const finish = () => {
      if (isOver) return
      isOver = true
      stream.off('close', onClose)
      resolve()
    }
    const onClose = () => {
      cancel()
      finish()
    }
    let cancel = () => {}
    stream.on('close', onClose)
    cancel = source.subscribe({
      next(chunk) {
        if (isOver || stream.destroyed) return
        stream.write(chunk)
        if (stream.writableLength <= MAXIMUM_UNSENT_BYTES) return
        // Not from within the source's own call.
        queueMicrotask(() => cancel())
        stream.destroy()
      },
      end() {
        if (!stream.destroyed) stream.end()
        finish()
      },
    })
    if (isOver) cancel()
    // A watch's client waits for the headers before anything happens.
    if ('flushHeaders' in stream) (stream as unknown as ServerResponse).flushHeaders()
  })
}
