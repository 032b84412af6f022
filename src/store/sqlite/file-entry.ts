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

/** An entry whose value may be in the file only, until somebody reads it. */
export class FileEntry implements Entry, Holder {
  readonly key: string
  readonly createRevision: Revision
  readonly modRevision: Revision
  readonly size: number
  readonly #source: ValueSource
  /** The value, or where `#at` says so a buffer that it shares with others. */
  #bytes: Uint8Array | undefined
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
    this.#bytes = value
    Object.freeze(this)
  }

  get value(): Uint8Array {
    const bytes = this.#bytes
    if (!bytes) return this.#source.read(this)
    return this.#at === WHOLE ? bytes : bytes.subarray(this.#at, this.#at + this.size)
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
    return this.#bytes !== undefined
  }

  /** For the source alone: what the entry holds from now on, undefined where the file has to be asked. */
  hold(value: Uint8Array | undefined): void {
    this.#bytes = value
    this.#at = WHOLE
  }

  /** For `SharedValues`: the value lies in a buffer with others, and is made into an array of its own each time that somebody asks. */
  holdIn(bytes: Uint8Array, at: number): void {
    this.#bytes = bytes
    this.#at = at
  }

  letGo(): void {
    this.hold(undefined)
  }

  /** Unless it holds its value otherwise by now. */
  letGoOf(bytes: Uint8Array): void {
    if (this.#at !== WHOLE && this.#bytes === bytes) this.hold(undefined)
  }
}

/**
 * Values that were read together, and are let go together. An array for each of them, and a place in an order for each, were
 * most of what collections of garbage had to carry around while somebody read page after page.
 */
export class SharedValues implements Holder {
  readonly bytes: Uint8Array
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
    entry.holdIn(this.bytes, at)
  }

  letGo(): void {
    for (const entry of this.#entries) entry.letGoOf(this.bytes)
  }
}
