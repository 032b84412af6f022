/** One request on its way in and its answer on its way out: HTTP/2 and HTTP/1.1 look the same from here on. */
import type { Readable, Writable } from 'node:stream'
import type { Method } from '../transport.ts'
import type { ServedPeer } from './handler.ts'

export interface Wire {
  readonly method: Method
  /** Path and query as they came. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly peer: ServedPeer
  /** The body, or undefined where none was announced. */
  readonly incoming: Incoming | undefined
  readonly outgoing: Outgoing
  /** Sends status and headers; without `hasBody` that is the whole answer. */
  begin(status: number, headers: Readonly<Record<string, string>>, hasBody: boolean): void
  /** Breaks off, so that the client sees that the answer is not whole. */
  reset(): void
  /** Takes no further requests on this connection once this one is answered. */
  retire(): void
}

export interface Incoming {
  /** Tells what is there, and then what comes. */
  read(sink: IncomingSink): void
  /** Nobody reads on. */
  discard(): void
}

export interface IncomingSink {
  /** Whoever has enough for now returns a promise: the client is then held up. */
  data(bytes: Uint8Array): void | Promise<void>
  /** That was all of it. */
  end(): void
  /** The client went away before it sent all. */
  gone(): void
}

/** Where an answer's body goes. Nothing is refused: whoever sends much looks at `unsentBytes`, and waits. */
export interface Outgoing {
  /** All was sent, or nothing can be. */
  readonly isOver: boolean
  /** What the client's end has not taken yet. */
  readonly unsentBytes: number
  write(bytes: Uint8Array): void
  end(bytes?: Uint8Array): void
  /** Resolves when more may be written, or never will be. */
  drained(): Promise<void>
  /** Calls when it is over, for whatever reason. */
  onClose(listener: () => void): void
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

export function isMethod(method: string): method is Method {
  return METHODS.has(method)
}

/** One of node's streams. What is written in one turn goes out together, because each write costs. */
export function outgoingOf(stream: Writable): Outgoing {
  let isGathering = false
  const gather = () => {
    if (isGathering) return
    isGathering = true
    stream.cork()
    queueMicrotask(() => {
      isGathering = false
      stream.uncork()
    })
  }
  return {
    get isOver() {
      return stream.destroyed
    },
    get unsentBytes() {
      return stream.writableLength
    },
    write(bytes) {
      gather()
      stream.write(bytes)
    },
    end: bytes => void stream.end(bytes),
    drained: () => drained(stream),
    onClose: listener => void stream.once('close', listener),
  }
}

function drained(stream: Writable): Promise<void> {
  if (!stream.writableNeedDrain || stream.destroyed) return Promise.resolve()
  return new Promise(resolve => {
    const done = () => {
      stream.off('drain', done).off('close', done)
      resolve()
    }
    stream.on('drain', done).on('close', done)
  })
}

export function incomingOf(stream: Readable): Incoming {
  return {
    read({ data, end, gone }) {
      const take = (bytes: Uint8Array) => {
        const full = data(bytes)
        if (!full) return
        stream.pause()
        void full.then(() => stream.resume())
      }
      stream.on('data', take).on('end', end).on('close', gone)
    },
    discard: () => void stream.resume(),
  }
}

/** A client that asks before it sends its body is told to go on only when somebody reads it: what is refused is not sent at all. */
export function incomingFor(
  { expect }: Wire['headers'],
  incoming: Incoming,
  goOn: () => void,
): Incoming {
  if (expect?.toLowerCase() !== '100-continue') return incoming
  return {
    read(sink) {
      goOn()
      incoming.read(sink)
    },
    discard: () => incoming.discard(),
  }
}
