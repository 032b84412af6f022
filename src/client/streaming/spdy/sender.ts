/**
 * The sending half of a session: whose bytes go next. Control frames go at once; data waits for its stream's window, the
 * session's window and the wire, one frame a stream in turn, so that no stream starves another.
 */
import type { Writable } from 'node:stream'
import { encodeFrame } from './frames.ts'

/** The protocol's default, for streams and for the session. */
export const initialWindowBytes = 64 * 1024
const maxDataFrameBytes = 16 * 1024
/** Writers wait for their writes; one that does not is cut off here rather than filling memory. */
const maxQueuedBytes = 16 * 1024 * 1024
const maxWindowBytes = 0x7fffffff

export interface StreamSender {
  write(bytes: Uint8Array): Promise<void>
  /** Resolves when everything, the end included, is on the wire. */
  end(): Promise<void>
  stop(error: Error): void
  readonly idle: boolean
}

interface Pending {
  bytes: Uint8Array
  readonly fin: boolean
  resolve(): void
  reject(error: Error): void
}

interface Lane {
  readonly id: number
  readonly queue: Pending[]
  queuedBytes: number
  window: number
}

export interface SessionSender {
  control(frame: Uint8Array): void
  stream(id: number): StreamSender
  /** From now on the peer's windows bind us. */
  heedWindows(): void
  readonly peerHasWindows: boolean
  setInitialWindow(bytes: number): void
  grow(streamId: number, delta: number): void
  /** Resolves when nothing waits any more. */
  drained(): Promise<void>
  stop(error: Error): void
}

export function createSender(wire: Writable): SessionSender {
  const lanes = new Map<number, Lane>()
  const waitingForDrain: { resolve(): void; reject(error: Error): void }[] = []
  let sessionWindow = initialWindowBytes
  let streamWindow = initialWindowBytes
  let peerHasWindows = false
  let blocked = false
  let stopped: Error | undefined

  function room(lane: Lane): number {
    if (!peerHasWindows) return maxDataFrameBytes
    return Math.min(maxDataFrameBytes, sessionWindow, lane.window)
  }

  /** Sends one frame of a lane; false where it has nothing or may not. */
  function sendOne(lane: Lane): boolean {
    const [next] = lane.queue
    if (!next) return false
    const size = Math.min(next.bytes.length, Math.max(0, room(lane)))
    if (size === 0 && next.bytes.length > 0) return false
    const part = next.bytes.subarray(0, size)
    next.bytes = next.bytes.subarray(size)
    const done = next.bytes.length === 0
    wire.cork()
    let free = wire.write(encodeFrame.dataHeader(lane.id, size, done && next.fin))
    if (size > 0) free = wire.write(part)
    wire.uncork()
    if (!free) blocked = true
    // Counted from the first byte on, also while the peer has not said yet that it counts.
    lane.window -= size
    sessionWindow -= size
    lane.queuedBytes -= size
    if (done) {
      lane.queue.shift()
      next.resolve()
      if (next.fin) lanes.delete(lane.id)
    }
    return true
  }

  function pump(): void {
    let sent = true
    while (sent && !blocked && !stopped) {
      sent = false
      for (const lane of [...lanes.values()]) {
        if (blocked) break
        if (sendOne(lane)) sent = true
      }
    }
    if (![...lanes.values()].some(lane => lane.queue.length > 0))
      for (const waiter of waitingForDrain.splice(0)) waiter.resolve()
  }

  wire.on('drain', () => {
    blocked = false
    pump()
  })

  function enqueue(lane: Lane, bytes: Uint8Array, fin: boolean): Promise<void> {
    if (stopped) return Promise.reject(stopped)
    if (lane.queuedBytes + bytes.length > maxQueuedBytes)
      return Promise.reject(new Error('too many bytes wait to be sent'))
    lane.queuedBytes += bytes.length
    const sent = new Promise<void>((resolve, reject) => {
      lane.queue.push({ bytes, fin, resolve, reject })
    })
    pump()
    return sent
  }

  function stopLane(lane: Lane, error: Error): void {
    lanes.delete(lane.id)
    for (const pending of lane.queue.splice(0)) pending.reject(error)
  }

  return {
    control(frame) {
      if (!stopped && wire.writable) wire.write(frame)
    },
    stream(id) {
      const lane: Lane = { id, queue: [], queuedBytes: 0, window: streamWindow }
      lanes.set(id, lane)
      return {
        write: bytes => enqueue(lane, bytes, false),
        end: () => enqueue(lane, new Uint8Array(0), true),
        stop: error => stopLane(lane, error),
        get idle() {
          return lane.queue.length === 0
        },
      }
    },
    heedWindows() {
      peerHasWindows = true
    },
    get peerHasWindows() {
      return peerHasWindows
    },
    setInitialWindow(bytes) {
      const size = Math.min(bytes, maxWindowBytes)
      for (const lane of lanes.values()) lane.window += size - streamWindow
      streamWindow = size
      pump()
    },
    grow(streamId, delta) {
      if (streamId === 0) sessionWindow = Math.min(sessionWindow + delta, maxWindowBytes)
      const lane = lanes.get(streamId)
      if (lane) lane.window = Math.min(lane.window + delta, maxWindowBytes)
      pump()
    },
    drained() {
      if (stopped) return Promise.reject(stopped)
      return new Promise((resolve, reject) => {
        waitingForDrain.push({ resolve, reject })
        pump()
      })
    },
    stop(error) {
      stopped = error
      for (const lane of [...lanes.values()]) stopLane(lane, error)
      for (const waiter of waitingForDrain.splice(0)) waiter.reject(error)
    },
  }
}
