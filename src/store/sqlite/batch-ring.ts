import {
  FORGOTTEN_NUMBERS,
  LEAVING_NUMBERS,
  type LooseBatch,
  ROW_NUMBERS,
  type WriteBatch,
  type WriterRequest,
} from './messages.ts'

/**
 * Memory that the main thread and the writer share. A batch that is written into it needs no message, which would be packed and
 * unpacked by the runtime: a lone writer's way to the other thread and back takes half as long, and half of the processor.
 *
 * One thread puts, the other takes. Each record says which request it is, counted from the start: what is not in here, because it is large or
 * the ring is full, comes as a message, and the count tells where it belongs.
 */
export interface SharedRing {
  /**
   * How many words were ever put and taken, modulo 2^32; the microseconds that the last commit to the disk took; how many batches were
   * written, modulo 2^32; whether the main thread looks at that by itself, and whether the writer does not sleep; how many answers went as messages,
   * modulo 2^32; whether both threads had better sleep than look.
   */
  readonly positions: Int32Array<SharedArrayBuffer>
  /** Records, each in one piece; a power of two of words. */
  readonly words: Float64Array<SharedArrayBuffer>
}

const WORD_BYTES = Float64Array.BYTES_PER_ELEMENT
/** 1 MB: three turns of 256 writers of small objects. */
const RING_WORDS = 131_072
const PUT = 0
const TAKEN = 1
const COMMIT_MICROSECONDS = 2
const WRITTEN = 3
const IS_LOOKED_AT = 4
const IS_AWAKE = 5
const TOLD = 6
const SLEEPS = 7
const POSITIONS = 8

/** In a record's word for them. */
const IS_FOLLOWED = 1
const IS_LAST = 2

/** Words before those of the batch's numbers: see `put`. */
const HEADER_WORDS = 10
/** Instead of the number of a request: the next record is at the beginning. */
const WRAPPED = -1
/** What a character beyond ASCII takes at most: with so much room, keys that hold one never fill as many bytes as they have characters. */
const SPARE_BYTES = 4

export function makeRing(words = RING_WORDS): SharedRing {
  return {
    positions: new Int32Array(new SharedArrayBuffer(POSITIONS * Int32Array.BYTES_PER_ELEMENT)),
    words: new Float64Array(new SharedArrayBuffer(words * WORD_BYTES)),
  }
}

/** The end of the ring that puts. */
export class RingInput {
  readonly #ring: SharedRing
  readonly #bytes: Buffer
  #put: number

  constructor(ring: SharedRing) {
    this.#ring = ring
    this.#bytes = Buffer.from(ring.words.buffer)
    this.#put = Atomics.load(ring.positions, PUT)
  }

  /** Whether there was room for the batch, and its keys are ASCII; nothing has changed otherwise. */
  put(request: number, batch: LooseBatch): boolean {
    const { words, positions } = this.#ring
    const { numbers, keys, values, size } = batch
    const length =
      HEADER_WORDS + numbers.length + Math.ceil((keys.length + SPARE_BYTES + size) / WORD_BYTES)
    const place = this.#put & (words.length - 1)
    const skipped = place + length > words.length ? words.length - place : 0
    const used = (this.#put - Atomics.load(positions, TAKEN)) | 0
    if (used + skipped + length > words.length) return false
    let at = skipped > 0 ? 0 : place
    const byteAt = (at + HEADER_WORDS + numbers.length) * WORD_BYTES
    if (this.#bytes.write(keys, byteAt, keys.length + SPARE_BYTES) !== keys.length) return false
    if (skipped > 0) words[place] = WRAPPED
    words[at++] = request
    words[at++] = batch.epoch
    words[at++] = (batch.isFollowed ? IS_FOLLOWED : 0) + (batch.isLast ? IS_LAST : 0)
    words[at++] = batch.revision
    words[at++] = batch.compacted ?? -1
    words[at++] = batch.rows
    words[at++] = batch.forgotten
    words[at++] = batch.leaving
    words[at++] = keys.length
    words[at++] = size
    for (let i = 0; i < numbers.length; i++) words[at++] = numbers[i] as number
    let valueAt = byteAt + keys.length
    for (const value of values) {
      this.#bytes.set(value, valueAt)
      valueAt += value.length
    }
    this.#put = (this.#put + skipped + length) | 0
    Atomics.store(positions, PUT, this.#put)
    return true
  }
}

/** How long the last commit to the disk took, in milliseconds; 0 before there was one. */
export function lastCommitMs({ positions }: SharedRing): number {
  return Atomics.load(positions, COMMIT_MICROSECONDS) / 1000
}

export function noteCommit({ positions }: SharedRing, tookMs: number): void {
  Atomics.store(
    positions,
    COMMIT_MICROSECONDS,
    Math.min(MAX_MICROSECONDS, Math.round(1000 * tookMs)),
  )
}

/** More batches were written. Whether the main thread has to be told, since it does not look. */
export function noteWritten({ positions }: SharedRing, count: number): boolean {
  Atomics.add(positions, WRITTEN, count)
  return Atomics.load(positions, IS_LOOKED_AT) === 0
}

/** How many batches were written so far, modulo 2^32. */
export function written({ positions }: SharedRing): number {
  return Atomics.load(positions, WRITTEN)
}

/** An answer of its own goes as a message: to be called before it is sent, and before anything is written after it. */
export function noteTold({ positions }: SharedRing): void {
  Atomics.add(positions, TOLD, 1)
}

/** How many answers went as messages so far, modulo 2^32. */
export function told({ positions }: SharedRing): number {
  return Atomics.load(positions, TOLD)
}

/** Whether the threads may look for what the other does, instead of sleeping; they may at first. */
export function mayLookNow({ positions }: SharedRing): boolean {
  return Atomics.load(positions, SLEEPS) === 0
}

/** For the main thread alone. */
export function letLook({ positions }: SharedRing, isLooking: boolean): void {
  Atomics.store(positions, SLEEPS, isLooking ? 0 : 1)
}

/** Whether the main thread looks from now on. Once it does not, it has to look a last time. */
export function setLookedAt({ positions }: SharedRing, isLookedAt: boolean): void {
  Atomics.store(positions, IS_LOOKED_AT, isLookedAt ? 1 : 0)
}

/** Whether the writer works, or looks for work: a batch that is put is taken at once, and nobody has to be woken. */
export function isAwake({ positions }: SharedRing): boolean {
  return Atomics.load(positions, IS_AWAKE) === 1
}

export function setAwake({ positions }: SharedRing, awake: boolean): void {
  Atomics.store(positions, IS_AWAKE, awake ? 1 : 0)
}

/** Tells the processor that a loop only waits, where JavaScript can say so (Node 26). */
export const pauseBriefly = (Atomics as { pause?: () => void }).pause ?? (() => {})

const MAX_MICROSECONDS = 2 ** 31 - 1

/** The end of the ring that takes. */
export class RingOutput {
  readonly #ring: SharedRing
  readonly #bytes: Buffer
  #taken: number
  /** Where the next record begins once the one that was taken last is done with. */
  #next: number

  constructor(ring: SharedRing) {
    this.#ring = ring
    this.#bytes = Buffer.from(ring.words.buffer)
    this.#taken = Atomics.load(ring.positions, TAKEN)
    this.#next = this.#taken
  }

  /** The batch which is this request, where it is in here. What was taken before is done with by then, and its place free. */
  take(request: number): WriteBatch | undefined {
    const { words, positions } = this.#ring
    if (this.#taken !== this.#next) {
      this.#taken = this.#next
      Atomics.store(positions, TAKEN, this.#taken)
    }
    if (Atomics.load(positions, PUT) === this.#taken) return undefined
    let position = this.#taken
    let at = position & (words.length - 1)
    if (words[at] === WRAPPED) {
      position = (position + words.length - at) | 0
      at = 0
    }
    if (words[at++] !== request) return undefined
    const epoch = words[at++] as number
    const flags = words[at++] as number
    const revision = words[at++] as number
    const compacted = words[at++] as number
    const rows = words[at++] as number
    const forgotten = words[at++] as number
    const leaving = words[at++] as number
    const keyLength = words[at++] as number
    const size = words[at++] as number
    const count = rows * ROW_NUMBERS + forgotten * FORGOTTEN_NUMBERS + leaving * LEAVING_NUMBERS
    const byteAt = (at + count) * WORD_BYTES
    const valuesAt = byteAt + keyLength
    const dataWords = Math.ceil((keyLength + SPARE_BYTES + size) / WORD_BYTES)
    this.#next = (position + HEADER_WORDS + count + dataWords) | 0
    return {
      type: 'write',
      epoch,
      isFollowed: (flags & IS_FOLLOWED) !== 0,
      isLast: (flags & IS_LAST) !== 0,
      revision,
      compacted: compacted < 0 ? undefined : compacted,
      rows,
      forgotten,
      leaving,
      numbers: words.subarray(at, at + count),
      keys: this.#bytes.toString('latin1', byteAt, valuesAt),
      bytes: this.#bytes.subarray(valuesAt, valuesAt + size),
    }
  }
}

/** What comes by the ring and what comes as messages, in the order in which it was sent. */
export class Requests {
  readonly #ring: RingOutput
  readonly #message: () => WriterRequest | undefined
  /** Which request comes next, counted from the start. */
  #next = 0
  /** A message that came while a batch before it was put into the ring. */
  #early: WriterRequest | undefined

  constructor(ring: SharedRing, message: () => WriterRequest | undefined) {
    this.#ring = new RingOutput(ring)
    this.#message = message
  }

  /** The next one, if it is there. A batch from the ring can be read until this is called again. */
  receive(): WriterRequest | undefined {
    let request: WriterRequest | undefined = this.#ring.take(this.#next)
    if (!request) {
      this.#early ??= this.#message()
      if (!this.#early) return undefined
      // Whatever was put before the message was sent is there now.
      request = this.#ring.take(this.#next)
      if (!request) {
        request = this.#early
        this.#early = undefined
      }
    }
    this.#next++
    return request
  }
}
