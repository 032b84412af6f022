/** A body that is taken off its stream for as long as it is small, and put back on one: whole, or its beginning before the rest. */
import type { EventSource } from '#client/transport.ts'

type Source = EventSource<Uint8Array>
type Sink = Parameters<Source['subscribe']>[0]

export type Taken =
  /** `giveBack` once nobody needs it any more. */
  | { readonly bytes: Uint8Array; giveBack(): void }
  /** It is too large, or it broke off: everything from its beginning on, as it came. */
  | { readonly stream: Source }

export interface BodyHolder {
  take(source: Source): Promise<Taken>
}

/** Bodies of up to `each` bytes, and `all` bytes of all bodies at a time. */
export function createBodyHolder({ each, all }: { each: number; all: number }): BodyHolder {
  let held = 0
  return {
    take: source =>
      new Promise(resolve => {
        const chunks: Uint8Array[] = []
        let size = 0
        let isPassed = false
        let ended: { readonly error: Error | undefined } | undefined
        let receiver: Sink | undefined
        const { promise: isReceived, resolve: goOn } = Promise.withResolvers<void>()
        const giveBack = () => {
          held -= size
          size = 0
        }
        const pass = () => {
          isPassed = true
          resolve({ stream: { subscribe } })
        }
        const subscribe = (sink: Sink) => {
          const stop = sendEach(chunks, sink, () => {
            giveBack()
            if (ended) return sink.end(ended.error)
            receiver = sink
            goOn()
          })
          return () => {
            stop()
            giveBack()
            cancel()
          }
        }
        const cancel = source.subscribe({
          next(chunk) {
            if (receiver) return receiver.next(chunk)
            chunks.push(chunk)
            size += chunk.length
            held += chunk.length
            if (!isPassed && (size > each || held > all)) pass()
            return isPassed ? isReceived : undefined
          },
          end(error) {
            if (receiver) return receiver.end(error)
            ended = { error }
            if (isPassed) return
            if (error) pass()
            else resolve({ bytes: Buffer.concat(chunks), giveBack })
          },
        })
      }),
  }
}

/** So much at a time: a receiver is asked in between whether it has had enough. */
const PIECE_BYTES = 64 * 1024

export function streamOf(bytes: Uint8Array, onEnd: () => void): Source {
  return {
    subscribe(sink) {
      const pieces: Uint8Array[] = []
      for (let at = 0; at < bytes.length; at += PIECE_BYTES)
        pieces.push(bytes.subarray(at, at + PIECE_BYTES))
      const stop = sendEach(pieces, sink, () => {
        onEnd()
        sink.end()
      })
      return () => {
        stop()
        onEnd()
      }
    },
  }
}

/** At the receiver's pace, with what is added meanwhile; `onDone` is called unless it is stopped before. */
function sendEach(chunks: Uint8Array[], sink: Sink, onDone: () => void): () => void {
  let isStopped = false
  const send = async () => {
    for (let chunk = chunks.shift(); chunk && !isStopped; chunk = chunks.shift())
      await sink.next(chunk)
    if (!isStopped) onDone()
  }
  void send()
  return () => {
    isStopped = true
  }
}
