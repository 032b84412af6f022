import { CRC_BYTES } from './pack.ts'

/** A bit for each change of a pack is one number. */
export const PACK_CHANGES = 32

/**
 * As many values of a kilobyte as share an fsync on a busy server; but not more, since whoever reads one that is not held reads the pack.
 */
const PACK_BYTES = 24 * 1024
/** What a change takes beside its key and value, about. */
const HEAD_BYTES = 60

/** A pack that is in the file, or on its way there, as the main thread knows it: which of its changes somebody may still read. */
export class PlacedPack {
  /** Of its first change, by which the file knows it. */
  readonly id: number
  #lastId: number
  #changes = 0
  #bytes = 0
  #valuesEnd = 0
  #lastValueAt = 0
  /** A bit for each change that is the newest of its key, or was at a revision that can be read. Deletes are needed by nobody once the pack is old. */
  #needed = 0
  /** Whether its row goes, or went: what was needed is a row of its own then. */
  leaves: 'not' | 'soon' | 'gone' = 'not'
  /** For `HeldPacks` alone. */
  heldAt: number | undefined

  constructor(id: number) {
    this.id = id
    this.#lastId = id
  }

  get lastId(): number {
    return this.#lastId
  }

  get changes(): number {
    return this.#changes
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Where the last value begins that was taken in. */
  get lastValueAt(): number {
    return this.#lastValueAt
  }

  get needed(): number {
    return this.#needed
  }

  /** For one more change; the first always has. */
  hasRoomFor(keyLength: number, size: number): boolean {
    const bytes = this.#bytes + keyLength + size + HEAD_BYTES
    return this.#changes < PACK_CHANGES && bytes <= PACK_BYTES
  }

  /** Takes a change in, `size` undefined for a delete; its place. */
  add(id: number, keyLength: number, size: number | undefined): number {
    const place = this.#changes++
    this.#lastId = id
    this.#bytes += keyLength + (size ?? 0) + HEAD_BYTES
    if (size === undefined) return place
    this.#needed = (this.#needed | (1 << place)) >>> 0
    this.#lastValueAt = this.#valuesEnd + CRC_BYTES
    this.#valuesEnd = this.#lastValueAt + size
    return place
  }

  /** Nobody can read the change at that place any more. */
  forget(place: number): void {
    this.#needed = (this.#needed & ~(1 << place)) >>> 0
  }
}
