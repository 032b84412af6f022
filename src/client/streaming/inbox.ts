/**
 * Where what arrives waits for its listeners, and where a carrier learns that its receiver can't keep up.
 * Listeners may be set a moment after the connection opened; nothing that came before is lost, and the order stays.
 */
import type { DuplexChannels } from '../transport.ts'

/**
 * Bytes that may wait at one receiver before its sender is held back: enough to fill a fast local link between two turns of the
 * event loop, little enough that a hundred stuck sessions cost 25 MB.
 */
export const maxWaitingBytes = 256 * 1024

export type Listeners = Pick<DuplexChannels, 'onData' | 'onEnd' | 'onClose'>

export interface Inbox extends Listeners {
  /** Resolves when the receiver took the bytes; `undefined` where it took them at once. */
  data(channel: number, bytes: Uint8Array): undefined | Promise<void>
  end(channel: number): void
  /** The first call counts; nothing is handed over after it. */
  close(error?: Error): void
}

type Arrival =
  | { kind: 'data'; channel: number; bytes: Uint8Array; taken: () => void }
  | { kind: 'end'; channel: number }
  | { kind: 'close'; error?: Error }

type DataListener = (channel: number, bytes: Uint8Array) => void | Promise<void>

export function createInbox(): Inbox {
  const early: Arrival[] = []
  let flowing = false
  let closed = false
  let onData: DataListener | undefined
  let onEnd: (channel: number) => void = () => {}
  let onClose: (error?: Error) => void = () => {}

  function flush(): void {
    // Handing over may bring more in.
    for (let arrival = early.shift(); arrival; arrival = early.shift()) {
      if (arrival.kind === 'data') {
        const taking = onData?.(arrival.channel, arrival.bytes)
        if (taking) taking.then(arrival.taken, arrival.taken)
        else arrival.taken()
      } else if (arrival.kind === 'end') onEnd(arrival.channel)
      else onClose(arrival.error)
    }
    flowing = true
  }

  return {
    data(channel, bytes) {
      if (closed || bytes.length === 0) return undefined
      if (flowing) return onData?.(channel, bytes) ?? undefined
      return new Promise(taken => early.push({ kind: 'data', channel, bytes, taken }))
    },
    end(channel) {
      if (closed) return
      if (flowing) onEnd(channel)
      else early.push({ kind: 'end', channel })
    },
    close(error) {
      if (closed) return
      closed = true
      if (flowing) onClose(error)
      else early.push({ kind: 'close', ...(error && { error }) })
    },
    onData(listener) {
      onData = listener
      // A microtask later, so that onEnd and onClose, set in the same breath, hear what waits as well.
      queueMicrotask(flush)
    },
    onEnd(listener) {
      onEnd = listener
    },
    onClose(listener) {
      onClose = listener
    },
  }
}

export interface Gate {
  /** Counts `size` bytes as waiting until `taking` settles. */
  track(taking: undefined | Promise<void>, size: number): void
  readonly waitingBytes: number
}

/** Pauses a carrier while more than a limit of bytes waits at its receivers. */
export function createGate(
  carrier: { pause(): void; resume(): void },
  limitBytes: () => number = () => maxWaitingBytes,
): Gate {
  let waitingBytes = 0
  let paused = false
  return {
    get waitingBytes() {
      return waitingBytes
    },
    track(taking, size) {
      if (!taking) return
      waitingBytes += size
      if (!paused && waitingBytes > limitBytes()) {
        paused = true
        carrier.pause()
      }
      const taken = () => {
        waitingBytes -= size
        if (!paused || waitingBytes > limitBytes() / 2) return
        paused = false
        carrier.resume()
      }
      taking.then(taken, taken)
    },
  }
}
