import type { Entry, Revision } from '../store.ts'

/** What reads and holds the values of entries; see `ValueFile`. */
export interface ValueSource {
  /** The value of an entry that does not hold it. Throws an UnreadableValueError. */
  read(entry: FileEntry): Uint8Array
}

/** An entry whose value may be in the file only, until somebody reads it. */
export class FileEntry implements Entry {
  readonly key: string
  readonly createRevision: Revision
  readonly modRevision: Revision
  readonly size: number
  readonly #source: ValueSource
  #value: Uint8Array | undefined

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
    this.#value = value
    Object.freeze(this)
  }

  get value(): Uint8Array {
    return this.#value ?? this.#source.read(this)
  }

  get isHeld(): boolean {
    return this.#value !== undefined
  }

  /** For the source alone: what the entry holds from now on, undefined where the file has to be asked. */
  hold(value: Uint8Array | undefined): void {
    this.#value = value
  }
}
