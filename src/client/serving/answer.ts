/** Sends an answer: whole bodies at the client's pace, endless ones as they come, and no more unread than the limit. */
import { constants, createGzip } from 'node:zlib'
import { stringifyJson } from '#api/machinery/exact-json.ts'
import type { Clock } from '#base/clock.ts'
import type { ApiResponse, EventSource, ResponseBody, WatchEvent } from '../transport.ts'
import { FULL_BYTES, GZIP_FROM_BYTES, type ServingLimits } from './limits.ts'
import { type Outgoing, outgoingOf, type Wire } from './wire.ts'

export interface AnswerOptions {
  readonly limits: ServingLimits
  readonly clock: Clock
  /** Hears of each endless answer and how to end it, and gives the function that says it is over. */
  readonly endless: (end: () => void) => () => void
}

/** Starts sending. What comes of it is told by the wire's `close`. */
export async function sendAnswer(
  wire: Wire,
  response: ApiResponse,
  options: AnswerOptions,
): Promise<void> {
  if (isEndless(response)) return sendEndless(wire, response, options)
  const { body } = response
  const pieces = wholeBody(body)
  const size = sizeOf(pieces)
  if (size > GZIP_FROM_BYTES && isCompressible(wire, response))
    return sendCompressed(wire, response, pieces, options)
  const headers = { ...response.headers, 'content-length': String(size) }
  return sendWhole(wire, { status: response.status, headers }, pieces, options)
}

export function isEndless({ body: { kind } }: ApiResponse): boolean {
  return kind === 'stream' || kind === 'events'
}

export function wholeBody(body: ResponseBody): readonly Uint8Array[] {
  switch (body.kind) {
    case 'bytes':
      return [body.bytes]
    case 'chunks':
      return body.chunks
    case 'object':
      return [Buffer.from(stringifyJson(body.object))]
    default:
      return []
  }
}

function sizeOf(chunks: readonly Uint8Array[]): number {
  let size = 0
  for (const chunk of chunks) size += chunk.length
  return size
}

function isCompressible({ headers, method }: Wire, response: ApiResponse): boolean {
  if (method === 'HEAD' || response.headers['content-encoding'] !== undefined) return false
  const accepted = headers['accept-encoding']
  if (accepted === undefined || !/(^|[\s,])gzip\s*($|,|;(?!\s*q=0(\.0*)?\s*($|,)))/.test(accepted))
    return false
  return response.headers['content-type'] !== undefined
}

/** Chunks are gathered to so much for one step of compression: a list of 10,000 items has 20,000 of them. */
const GATHER_BYTES = 256 * 1024

async function sendWhole(
  wire: Wire,
  head: Pick<ApiResponse, 'status' | 'headers'>,
  chunks: readonly Uint8Array[],
  { limits, clock }: AnswerOptions,
): Promise<void> {
  const { outgoing } = wire
  if (outgoing.isOver) return
  const size = Number(head.headers['content-length'])
  if (wire.method === 'HEAD' || size === 0) return wire.begin(head.status, head.headers, false)
  wire.begin(head.status, head.headers, true)
  const [first] = chunks
  if (chunks.length === 1 && first) {
    outgoing.end(first)
    if (size <= FULL_BYTES) return
  }
  // A client that does not take its answer would keep it in our memory.
  const cancelTimeout = clock.after(limits.requestMs, () => wire.reset())
  outgoing.onClose(cancelTimeout)
  if (chunks.length > 1) await writeEach(outgoing, chunks)
}

/**
 * Piece by piece, at the client's pace and off the loop: a list of 50 MB is neither copied whole nor held compressed. Its
 * compressed length is not known before, so the answer ends by itself.
 */
async function sendCompressed(
  wire: Wire,
  { status, headers }: ApiResponse,
  chunks: readonly Uint8Array[],
  { limits, clock }: AnswerOptions,
): Promise<void> {
  const { outgoing } = wire
  if (outgoing.isOver) return
  wire.begin(status, { ...headers, 'content-encoding': 'gzip', vary: 'Accept-Encoding' }, true)
  const cancelTimeout = clock.after(limits.requestMs, () => wire.reset())
  // The fastest level: a tenth of the size for a hundredth of the time of a slow network.
  const gzip = createGzip({ level: constants.Z_BEST_SPEED })
  outgoing.onClose(() => {
    cancelTimeout()
    gzip.destroy()
  })
  gzip.on('error', () => wire.reset())
  gzip.on('data', async chunk => {
    outgoing.write(chunk)
    if (outgoing.unsentBytes < FULL_BYTES) return
    gzip.pause()
    await outgoing.drained()
    gzip.resume()
  })
  gzip.on('end', () => outgoing.end())
  await writeGathered(outgoingOf(gzip), chunks)
}

/** As they are: whoever sends puts them together, and an answer of a megabyte is not copied once more for it. */
async function writeEach(outgoing: Outgoing, chunks: readonly Uint8Array[]): Promise<void> {
  for (const chunk of chunks) {
    if (outgoing.isOver) return
    outgoing.write(chunk)
    if (outgoing.unsentBytes >= FULL_BYTES) await outgoing.drained()
  }
  outgoing.end()
}

async function writeGathered(outgoing: Outgoing, chunks: readonly Uint8Array[]): Promise<void> {
  let gathered: Uint8Array[] = []
  let size = 0
  for (const chunk of chunks) {
    gathered.push(chunk)
    size += chunk.length
    if (size < GATHER_BYTES) continue
    if (outgoing.isOver) return
    outgoing.write(whole(gathered))
    if (outgoing.unsentBytes >= FULL_BYTES) await outgoing.drained()
    gathered = []
    size = 0
  }
  if (!outgoing.isOver) outgoing.end(whole(gathered))
}

/** A large item alone is not copied. */
const whole = (pieces: readonly Uint8Array[]): Uint8Array =>
  pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces)

function sendEndless(wire: Wire, response: ApiResponse, options: AnswerOptions): void {
  const { body, status, headers } = response
  const { outgoing } = wire
  // Whoever made the stream may hold something for it, which only a subscriber can give back.
  if (outgoing.isOver || wire.method === 'HEAD') {
    if (wire.method === 'HEAD' && !outgoing.isOver) wire.begin(status, headers, false)
    if (body.kind === 'events') body.events.subscribe(nowhere)()
    if (body.kind === 'stream') body.stream.subscribe(nowhere)()
    return
  }
  wire.begin(status, headers, true)
  if (body.kind === 'events') flow(wire, body.events, encodeEvent, options)
  else if (body.kind === 'stream') flow(wire, body.stream, bytes => bytes, options)
}

const nowhere = { next() {}, end() {} }

const encodeEvent = (event: WatchEvent): Uint8Array => Buffer.from(`${stringifyJson(event)}\n`)

function flow<E>(
  wire: Wire,
  source: EventSource<E>,
  encode: (event: E) => Uint8Array,
  { limits, endless }: AnswerOptions,
): void {
  const { outgoing } = wire
  let open = true
  let cancel: (() => void) | undefined
  let waiting: Promise<void> | undefined
  const finish = (act: () => void) => {
    if (!open) return
    open = false
    forget()
    cancel?.()
    act()
  }
  const forget = endless(() => finish(() => outgoing.end()))
  outgoing.onClose(() => finish(() => {}))
  cancel = source.subscribe({
    next(event) {
      if (!open) return undefined
      outgoing.write(encode(event))
      if (outgoing.unsentBytes < FULL_BYTES) return undefined
      if (outgoing.unsentBytes > limits.unreadBytes) {
        finish(() => wire.reset())
        return undefined
      }
      waiting ??= outgoing.drained().then(() => {
        waiting = undefined
      })
      return waiting
    },
    end: error => finish(() => (error ? wire.reset() : outgoing.end())),
  })
  // It may have ended while it was being subscribed to.
  if (!open) cancel()
}
