/**
 * What goes out on one connection. Everything of one turn of the event loop goes as one piece: many answers, or one event for many
 * watches, cost one write and one record of TLS. Streams take turns, each as far as its client has room, and none is asked
 * before the socket has taken the piece before.
 */

import type { Duplex } from 'node:stream'
import { ArrivalOrder, type Placed } from '#base/arrival-order.ts'
import {
  ConnectionError,
  type DataFrame,
  ErrorCode,
  type Frame,
  joinFrames,
  sizeOfFrames,
  writeFrames,
} from './frames.ts'
import type { SessionOptions } from './session-options.ts'
import { MAXIMUM_WINDOW } from './settings.ts'

/** The window that both ends begin with. */
export const INITIAL_WINDOW = 65_535
/** How much goes as one piece: all that a client leaves unread in the socket. */
const BATCH_BYTES = 64 * 1024
/**
 * What a stream sends before it is another's turn: a client that finds two frames for one of its readers wakes it once, and gives room back
 * once.
 */
const FRAMES_A_TURN = 2
/** Answers to pings and the like that may wait for a client that does not read. */
const MOST_WAITING_FRAMES = 10_000

/** Something that has data to send, piece by piece. */
export interface Source extends Placed {
  /** A DATA frame of at most `most` bytes of payload; undefined while there is none, or no room for it. */
  nextFrame(most: number): DataFrame | undefined
  /** There is more, or only the end is to be told yet. */
  readonly hasMore: boolean
  /** Nothing will come behind what it has. */
  readonly isWhole: boolean
}

type OutboxOptions = Pick<SessionOptions, 'buffers' | 'afterReadyWork'>

export class Outbox {
  readonly #socket: Duplex
  readonly #options: OutboxOptions
  readonly #overflow: () => void
  readonly #ready = new ArrivalOrder<Source>()
  #waiting: Frame[] = []
  #window = INITIAL_WINDOW
  #isScheduled = false
  /**
   * What is not an end, as the events of watches, goes behind all answers of the turn: whoever made a change goes on while a hundred others
   * are told of it.
   */
  #isLate = false
  /** Holds what the socket has not taken yet: what comes meanwhile goes together, which is less work for both ends. */
  #lent: Buffer | undefined
  #afterAll: (() => void) | undefined

  /** `overflow` hears that too many frames wait; whoever sends, and from which timer, cannot be blamed for it. */
  constructor(socket: Duplex, options: OutboxOptions, overflow: () => void) {
    this.#socket = socket
    this.#options = options
    this.#overflow = overflow
  }

  /** A frame that needs no room at the client. */
  send(frame: Frame): void {
    this.#waiting.push(frame)
    if (this.#waiting.length > MOST_WAITING_FRAMES) this.#overflow()
    else this.#schedule()
  }

  ready(source: Source): void {
    this.#ready.addNew(source)
    if (source.isWhole) this.#schedule()
    else if (!this.#isLate) {
      this.#isLate = true
      this.#options.afterReadyWork(this.#flushLate)
    }
  }

  forget(source: Source): void {
    this.#ready.delete(source)
  }

  /** The client has room for so much more on the whole connection. */
  grow(bytes: number): void {
    this.#window += bytes
    if (this.#window > MAXIMUM_WINDOW)
      throw new ConnectionError(ErrorCode.flowControl, 'a window that is too large')
    if (this.#ready.size > 0) this.#schedule()
  }

  /** Sends what waits and this, and ends the connection. */
  end(last?: Frame): void {
    if (last) this.#waiting.push(last)
    const frames = this.#waiting
    this.#waiting = []
    this.#ready.clear()
    this.#socket.end(joinFrames(frames))
  }

  /** Called once, as soon as everything is handed to the socket. */
  afterAll(act: () => void): void {
    this.#afterAll = act
    this.#schedule()
  }

  /** Not a microtask: all that the present callback sets off is to go out together. */
  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    process.nextTick(() => this.#flush())
  }

  readonly #flushLate = (): void => {
    this.#isLate = false
    this.#flush()
  }

  #flush(): void {
    this.#isScheduled = false
    const socket = this.#socket
    if (this.#lent || socket.destroyed || socket.writableEnded) return
    const frames = this.#nextBatch()
    if (frames.length > 0) {
      this.#lent = this.#options.buffers.take(sizeOfFrames(frames))
      socket.write(writeFrames(frames, this.#lent), this.#written)
    }
    if (this.#waiting.length > 0 || this.#ready.size > 0) return
    this.#afterAll?.()
    this.#afterAll = undefined
  }

  readonly #written = (): void => {
    if (this.#lent) this.#options.buffers.giveBack(this.#lent)
    this.#lent = undefined
    this.#flush()
  }

  #nextBatch(): (Frame | DataFrame)[] {
    const frames: (Frame | DataFrame)[] = this.#waiting
    this.#waiting = []
    let size = 0
    /** Those that find no room on the connection. */
    const held: Source[] = []
    for (let source = this.#ready.takeOldest(); source; source = this.#ready.takeOldest()) {
      const sent = this.#takeTurn(source, frames)
      // The end of an answer may need no room, so the others are still asked.
      if (sent < 0 && this.#window <= 0) held.push(source)
      if (sent < 0) continue
      if (source.hasMore) this.#ready.add(source)
      size += sent
      if (size >= BATCH_BYTES) break
    }
    if (held.length > 0) this.#putFirst(held)
    return frames
  }

  /** They keep their places. */
  #putFirst(held: readonly Source[]): void {
    const others = [...this.#ready]
    for (const source of [...held, ...others]) this.#ready.add(source)
  }

  /** Gives the bytes that it sends, or -1 where it can send nothing, not even its end. */
  #takeTurn(source: Source, frames: (Frame | DataFrame)[]): number {
    let sent = -1
    for (let turn = 0; turn < FRAMES_A_TURN; turn++) {
      const frame = source.nextFrame(this.#window)
      if (!frame) break
      frames.push(frame)
      this.#window -= frame.size
      sent = Math.max(sent, 0) + frame.size
      if (!source.hasMore) break
    }
    return sent
  }
}
