import { NOWHERE } from '#base/arrival-order.ts'
import type { Entry, Revision } from '../store.ts'
import type { Holder } from './held-values.ts'
import type { PlacedPack } from './placed-pack.ts'

const WHOLE = -1

/** What reads and holds the values of entries; see `ValueFile`. */
export interface ValueSource {
  /** The value of an entry that does not hold it. Throws an UnreadableValueError. */
  read(entry: FileEntry): Uint8Array
}

/** Values that lie in one buffer. */
export interface SharedBuffer {
  readonly bytes: Uint8Array
  /** How often somebody asked for one of them. */
  asked: number
}

/** An entry whose value may be in the file only, until somebody reads it. */
export class FileEntry implements Entry, Holder {
  readonly key: string
  readonly createRevision: Revision
  readonly modRevision: Revision
  readonly size: number
  readonly #source: ValueSource
  /** The value, or where `#at` says so a buffer that it shares with others. */
  #held: Uint8Array | SharedBuffer | undefined
  #at = WHOLE
  #pack: PlacedPack | undefined
  #place = 0
  #valueAt = 0
  #slot = NOWHERE

  constructor(
    source: ValueSource,
    entry: Omit<Entry, 'value' | 'size'>,
    size: number,
    value?: Uint8Array,
  ) {
    this.#source = source
    this.key = entry.key
    this.createRevision = entry.createRevision
    this.modRevision = entry.modRevision
    this.size = size
    this.#held = value
    Object.freeze(this)
  }

  get value(): Uint8Array {
    const held = this.#held
    if (!held) return this.#source.read(this)
    if (this.#at === WHOLE) return held as Uint8Array
    const shared = held as SharedBuffer
    shared.asked++
    return shared.bytes.subarray(this.#at, this.#at + this.size)
  }

  get slot(): number {
    return this.#slot
  }

  /** For the order of those that hold their values. */
  set slot(slot: number) {
    this.#slot = slot
  }

  /** Where it was written to; undefined where it has a row of its own. */
  get pack(): PlacedPack | undefined {
    return this.#pack
  }

  /** Among the changes of the pack. */
  get place(): number {
    return this.#place
  }

  /** Where the value begins among those of the pack. */
  get valueAt(): number {
    return this.#valueAt
  }

  /** It was the last that the pack took in, at that place. */
  putInto(pack: PlacedPack, place: number): void {
    this.#pack = pack
    this.#place = place
    this.#valueAt = pack.lastValueAt
  }

  get isHeld(): boolean {
    return this.#held !== undefined
  }

  /** For the source alone: what the entry holds from now on, undefined where the file has to be asked. */
  hold(value: Uint8Array | undefined): void {
    this.#held = value
    this.#at = WHOLE
  }

  /** For the source alone: the value lies in a buffer with others, and is made into an array of its own each time that somebody asks. */
  holdIn(shared: SharedBuffer, at: number): void {
    this.#held = shared
    this.#at = at
  }

  letGo(): void {
    this.hold(undefined)
  }

  /** Unless it holds its value otherwise by now. */
  letGoOf(shared: SharedBuffer): void {
    if (this.#held === shared) this.hold(undefined)
  }
}

/**
 * Values that were read together, and are let go together. An array for each of them, and a place in an order for each, were
 * most of what collections of garbage had to carry around while somebody read page after page.
 */
export class SharedValues implements Holder, SharedBuffer {
  readonly bytes: Uint8Array
  asked = 0
  slot = NOWHERE
  readonly #entries: FileEntry[] = []

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  get size(): number {
    return this.bytes.length
  }

  /** The value of the entry begins there. */
  add(entry: FileEntry, at: number): void {
    this.#entries.push(entry)
    entry.holdIn(this, at)
  }

  /** Whether as many values were asked for as there are: whoever wanted them has had them. */
  get isUsed(): boolean {
    return this.asked >= this.#entries.length
  }

  letGo(): void {
    for (const entry of this.#entries) entry.letGoOf(this)
  }
}
