/** Collects a request's body within limits. */
import { StatusError } from '#api/machinery/status.ts'
import type { Clock } from '#base/clock.ts'
import type { BodyStream } from '../transport.ts'
import type { ServingLimits } from './limits.ts'
import type { Incoming, Wire } from './wire.ts'

/** Counts what is being received on all connections together. */
export interface Intake {
  bytes: number
}

export interface ReceiveOptions {
  readonly limits: ServingLimits
  readonly intake: Intake
  readonly clock: Clock
}

const tooLarge = (limitBytes: number) =>
  new StatusError('RequestEntityTooLarge', `Request entity too large: limit is ${limitBytes}`)

/**
 * The whole body. Throws a StatusError for one that is too large, too slow, or one too many; the rest of it must then not
 * be waited for. Rejects with a plain error where the client went away.
 */
export function receiveBody(
  incoming: Incoming,
  headers: Wire['headers'],
  options: ReceiveOptions,
): Promise<Uint8Array> {
  const { limits, intake, clock } = options
  const announced = Number(headers['content-length'] ?? 0)
  if (announced > limits.bodyBytes) return Promise.reject(tooLarge(limits.bodyBytes))
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = []
    let size = 0
    let isOver = false
    let cancelTimeout = () => {}
    const finish = (act: () => void) => {
      if (isOver) return
      isOver = true
      cancelTimeout()
      intake.bytes -= size
      act()
    }
    const fail = (error: Error) =>
      finish(() => {
        incoming.discard()
        reject(error)
      })
    const data = (chunk: Uint8Array) => {
      if (isOver) return
      size += chunk.length
      intake.bytes += chunk.length
      if (size > limits.bodyBytes) fail(tooLarge(limits.bodyBytes))
      else if (intake.bytes > limits.receivingBytes)
        fail(
          new StatusError('TooManyRequests', 'Too many requests, please try again later.', {
            retryAfterSeconds: 1,
          }),
        )
      else chunks.push(chunk)
    }
    const end = () => {
      const [first] = chunks
      finish(() => resolve(chunks.length === 1 && first ? first : Buffer.concat(chunks)))
    }
    const gone = () => finish(() => reject(new Error('the client went away')))
    incoming.read({ data, end, gone })
    // Most bodies are here already.
    if (isOver) return
    cancelTimeout = clock.after(limits.requestMs, () =>
      fail(new StatusError('Timeout', 'the request body did not arrive in time', {}, 408)),
    )
  })
}

/** True where a body cannot be said to fit. */
export function mayBeLarge(headers: Wire['headers'], { bodyBytes }: ServingLimits): boolean {
  const announced = headers['content-length']
  return announced === undefined || Number(announced) > bodyBytes
}

/** The body as it comes, at the pace of whoever reads it: no limit is needed, since nothing is kept. */
export class IncomingBody implements BodyStream {
  readonly length?: number
  readonly #incoming: Incoming
  #isRead = false

  constructor(incoming: Incoming, headers: Wire['headers']) {
    this.#incoming = incoming
    const announced = headers['content-length']
    if (announced !== undefined) this.length = Number(announced)
  }

  subscribe(sink: Parameters<BodyStream['subscribe']>[0]): () => void {
    this.#isRead = true
    let isOver = false
    const finish = (error?: Error) => {
      if (isOver) return
      isOver = true
      sink.end(error)
    }
    this.#incoming.read({
      data: bytes => (isOver ? undefined : sink.next(bytes)),
      end: () => finish(),
      gone: () => finish(new Error('the client went away')),
    })
    return () => {
      isOver = true
    }
  }

  /** Whoever answered had no use for it. */
  discardUnread(): void {
    if (!this.#isRead) this.#incoming.discard()
  }
}
