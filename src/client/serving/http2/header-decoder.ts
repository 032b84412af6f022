/** Reads compressed headers (RFC 7541). */
import { ConnectionError, ErrorCode } from './frames.ts'
import { type HeaderField, sizeOfField, staticTable, TABLE_BYTES } from './header-tables.ts'
import { decodeHuffman } from './huffman.ts'

const broken = (what: string) => new ConnectionError(ErrorCode.compression, what)

/** What a client's end of the connection has told so far, newest last. */
class DynamicTable {
  #fields: HeaderField[] = []
  #bytes = 0
  #limit = TABLE_BYTES

  /** By the index that counts from 1 at the newest. */
  at(index: number): HeaderField | undefined {
    return this.#fields[this.#fields.length - index]
  }

  add(field: HeaderField): void {
    this.#bytes += sizeOfField(field)
    this.#fields.push(field)
    this.#shrink()
  }

  resize(limit: number): void {
    this.#limit = limit
    this.#shrink()
  }

  #shrink(): void {
    let gone = 0
    while (this.#bytes > this.#limit)
      this.#bytes -= sizeOfField(this.#fields[gone++] as HeaderField)
    if (gone > 0) this.#fields.splice(0, gone)
  }
}

export class HeaderDecoder {
  readonly #table = new DynamicTable()
  #bytes: Uint8Array = new Uint8Array(0)
  #at = 0
  /** How often the table changed, and with it what later blocks may mean. */
  changes = 0

  /** Tells each field of a whole block, in order. Throws a ConnectionError for what is no block. */
  decode(bytes: Uint8Array, take: (field: HeaderField) => void): void {
    this.#bytes = bytes
    this.#at = 0
    let mayResize = true
    while (this.#at < bytes.length) {
      const first = bytes[this.#at] as number
      if ((first & 0xe0) === 0x20) {
        if (!mayResize) throw broken('a change of the table amid headers')
        this.#resize(this.#integer(5))
        continue
      }
      mayResize = false
      take(this.#field(first))
    }
  }

  #resize(limit: number): void {
    if (limit > TABLE_BYTES) throw broken(`a table of ${limit} bytes`)
    this.#table.resize(limit)
    this.changes++
  }

  #field(first: number): HeaderField {
    if ((first & 0x80) !== 0) return this.#known(this.#integer(7))
    const isKept = (first & 0x40) !== 0
    const index = this.#integer(isKept ? 6 : 4)
    const name = index === 0 ? this.#text() : this.#known(index).name
    const field = { name, value: this.#text() }
    if (isKept) {
      this.#table.add(field)
      this.changes++
    }
    return field
  }

  #known(index: number): HeaderField {
    const field =
      index <= staticTable.length
        ? staticTable[index - 1]
        : this.#table.at(index - staticTable.length)
    if (!field) throw broken(`no header has the index ${index}`)
    return field
  }

  #text(): string {
    const isHuffman = ((this.#bytes[this.#at] ?? 0) & 0x80) !== 0
    const length = this.#integer(7)
    const from = this.#at
    const to = from + length
    if (to > this.#bytes.length) throw broken('a header longer than its block')
    this.#at = to
    if (isHuffman) return decodeHuffman(this.#bytes, from, to)
    return Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + from, length).toString('latin1')
  }

  /** A number that begins in the lowest `bits` of the next byte. */
  #integer(bits: number): number {
    const most = (1 << bits) - 1
    let value = this.#next() & most
    if (value < most) return value
    for (let shift = 0; ; shift += 7) {
      // Nothing here is larger than a block of headers, so more digits are an attack or a mistake.
      if (shift > 21) throw broken('a number that is too large')
      const byte = this.#next()
      value += (byte & 0x7f) << shift
      if ((byte & 0x80) === 0) return value
    }
  }

  #next(): number {
    const byte = this.#bytes[this.#at++]
    if (byte === undefined) throw broken('a block that ends too early')
    return byte
  }
}
