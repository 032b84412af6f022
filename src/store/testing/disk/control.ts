import { closeSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs'

/** The numbers by which `disk.c` misbehaves; both sides look at the same bytes. */
const fields = [
  'held',
  'operations',
  'after',
  'error',
  'lasting',
  'seen',
  'failed',
  'lies',
  'halves',
  'syncs',
  'released',
] as const
type Field = (typeof fields)[number]

/** Kinds of calls that can fail, to be added up. */
export const operations = { write: 1, sync: 2, truncate: 4, read: 8 } as const

/** Whose fsync does nothing and says that all went well, to be added up: bugs that must be found. */
export const lies = { log: 1, file: 2, directory: 4, other: 8 } as const

/** As Linux numbers them. */
export const errors = { EIO: 5, ENOSPC: 28 } as const

export interface Failure {
  /** A sum of `operations`. */
  readonly operations: number
  /** How many such calls still go well. */
  readonly after: number
  readonly error: keyof typeof errors
  /** All further calls fail, too, until `calm`. */
  readonly lasting?: boolean
  /** Only half of what is written arrives, without an error. */
  readonly halves?: boolean
}

/** A disk's temper, kept in a file that the library maps. Several processes may hold it. */
export class DiskControl {
  readonly file: string
  readonly #handle: number

  private constructor(file: string) {
    this.file = file
    this.#handle = openSync(file, 'r+')
  }

  /** A new one: calm. */
  static create(file: string): DiskControl {
    writeFileSync(file, new Uint8Array(fields.length * 4))
    const control = new DiskControl(file)
    control.calm()
    return control
  }

  static open(file: string): DiskControl {
    return new DiskControl(file)
  }

  /** Everything goes well again. */
  calm(): void {
    this.#set('after', -1)
    this.#set('held', 0)
  }

  fail(failure: Failure): void {
    this.#set('after', -1)
    this.#set('operations', failure.operations)
    this.#set('error', errors[failure.error])
    this.#set('lasting', failure.lasting ? 1 : 0)
    this.#set('halves', failure.halves ? 1 : 0)
    this.#set('seen', 0)
    this.#set('failed', 0)
    this.#set('after', failure.after)
  }

  /** Each fsync that begins from now on takes until `release` lets the oldest of them end, or until `calm`. */
  hold(): void {
    this.#set('released', this.syncs)
    this.#set('held', 1)
  }

  release(): void {
    this.#set('released', this.#get('released') + 1)
  }

  /** A sum of `lies`. */
  lie(sum: number): void {
    this.#set('lies', sum)
  }

  /** Calls that failed since `fail`. */
  get failed(): number {
    return this.#get('failed')
  }

  /** fsync calls that began since the file was made. */
  get syncs(): number {
    return this.#get('syncs')
  }

  close(): void {
    closeSync(this.#handle)
  }

  #get(field: Field): number {
    const bytes = Buffer.alloc(4)
    readSync(this.#handle, bytes, 0, 4, fields.indexOf(field) * 4)
    return bytes.readInt32LE()
  }

  #set(field: Field, value: number): void {
    const bytes = Buffer.alloc(4)
    bytes.writeInt32LE(value)
    writeSync(this.#handle, bytes, 0, 4, fields.indexOf(field) * 4)
  }
}
