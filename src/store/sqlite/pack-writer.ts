import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { crc32 } from 'node:zlib'
import { KEY_LENGTH, ROW_NUMBERS, type WriteBatch } from './messages.ts'
import { CRC_BYTES, packChecksum, packedHead } from './pack.ts'

/** Room for the values of a usual pack; more is given back after it. */
const USUAL_BYTES = 64 * 1024

/** Puts changes into packs, as the main thread has shared them out, within a transaction that somebody else begins and ends. */
export class PackWriter {
  readonly #insert: StatementSync
  #bytes = new Uint8Array(USUAL_BYTES)
  #length = 0
  /** Of the open pack; empty where there is none. */
  #heads = ''
  #id = 0
  #lastId = 0

  constructor(database: DatabaseSync) {
    this.#insert = database.prepare('INSERT INTO packs VALUES (?, ?, ?, ?, ?)')
  }

  add({ numbers, rows, keys, bytes }: WriteBatch): void {
    let byteAt = 0
    let keyAt = 0
    for (let at = 0; at < rows * ROW_NUMBERS; at += ROW_NUMBERS) {
      const id = this.#begin(numbers[at] as number)
      const keyEnd = keyAt + (numbers[at + KEY_LENGTH] as number)
      const key = keys.slice(keyAt, keyEnd)
      const length = numbers[at + 4] as number
      const value = length < 0 ? undefined : bytes.subarray(byteAt, byteAt + length)
      const head = packedHead([
        id - this.#id,
        key,
        numbers[at + 1] as number,
        numbers[at + 2] as number,
        this.#length + CRC_BYTES,
        value ? length : null,
      ])
      this.#heads += this.#heads === '' ? head : `,${head}`
      if (value) this.#append(value)
      byteAt += Math.max(length, 0)
      keyAt = keyEnd
    }
  }

  /** Takes in how a change names its id, negative where it begins a pack; the id. */
  #begin(name: number): number {
    if (name < 0) {
      this.finish()
      this.#id = -name
    } else if (this.#heads === '') throw new Error(`the pack of the change ${name} was never begun`)
    this.#lastId = Math.abs(name)
    return this.#lastId
  }

  #append(value: Uint8Array): void {
    const at = this.#length + CRC_BYTES
    const end = at + value.length
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(2 * end)
      grown.set(this.#bytes.subarray(0, this.#length))
      this.#bytes = grown
    }
    const crc = crc32(value)
    for (let i = 0; i < CRC_BYTES; i++) this.#bytes[at - 1 - i] = crc >>> (8 * i)
    this.#bytes.set(value, at)
    this.#length = end
  }

  /** Writes the open pack. */
  finish(): void {
    if (this.#heads === '') return
    const heads = `[${this.#heads}]`
    const bytes = this.#bytes.subarray(0, this.#length)
    const checksum = packChecksum(this.#id, this.#lastId, heads)
    this.drop()
    this.#insert.get(this.#id, this.#lastId, checksum, heads, bytes)
    if (this.#bytes.length > USUAL_BYTES) this.#bytes = new Uint8Array(USUAL_BYTES)
  }

  /** Forgets the open pack, with its transaction. */
  drop(): void {
    this.#heads = ''
    this.#length = 0
  }
}
