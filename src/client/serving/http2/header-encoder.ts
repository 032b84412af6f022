/** Writes compressed headers (RFC 7541). */
import { sizeOfField, staticTable, TABLE_BYTES } from './header-tables.ts'

/** Fields whose values come again and again: the client is told once, and reminded by a number afterwards. */
const REPEATING = new Set([
  'cache-control',
  'content-type',
  'x-kubernetes-pf-flowschema-uid',
  'x-kubernetes-pf-prioritylevel-uid',
])
/** What belongs to one connection, and may not be said in HTTP/2; an answer that is passed on may hold them. */
const CONNECTION_FIELDS = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])
const QUESTION_MARK = 63

/** What no header may hold: control characters but for the tab, and what has no byte. */
const isForbidden = (code: number) => (code < 0x20 && code !== 9) || code === 0x7f || code > 0xff

const staticNames = new Map(
  staticTable.map(({ name }, index) => [name, index + 1] as const).reverse(),
)
const STATUS_INDEX = 8
const statusIndexes = new Map(
  staticTable.flatMap(({ name, value }, index) =>
    name === ':status' ? [[Number(value), index + 1] as const] : [],
  ),
)

export class HeaderEncoder {
  /** The places of what the client was told to keep, by name and value. Nothing is pushed out again: what has no room is sent in full each time. */
  readonly #kept = new Map([...REPEATING].map(name => [name, new Map<string, number>()]))
  #keptFields = 0
  #keptBytes = 0
  #limit = TABLE_BYTES
  #mustEmpty = false
  #bytes = Buffer.allocUnsafe(1024)
  #at = 0

  /** The client keeps less than usual: then nothing is kept, which a client of ours has not been seen to ask. */
  limit(bytes: number): void {
    if (bytes >= this.#limit) return
    this.#limit = 0
    for (const values of this.#kept.values()) values.clear()
    this.#keptFields = 0
    this.#mustEmpty = true
  }

  /** The block of an answer. Values are texts of HTTP; what none may hold is replaced by a question mark. */
  encode(status: number, headers: Readonly<Record<string, string>>, date: string): Uint8Array {
    this.#at = 0
    this.#reserve(16)
    if (this.#mustEmpty) this.#integer(0x20, 5, 0)
    this.#mustEmpty = false
    const known = statusIndexes.get(status)
    if (known !== undefined) this.#integer(0x80, 7, known)
    else {
      this.#integer(0, 4, STATUS_INDEX)
      this.#text(String(status))
    }
    if (headers.date === undefined) this.#field('date', date)
    for (const [given, value] of Object.entries(headers)) {
      const name = given.toLowerCase()
      if (CONNECTION_FIELDS.has(name)) continue
      if (name === 'set-cookie') for (const each of value.split('\n')) this.#field(name, each)
      else this.#field(name, value)
    }
    return Uint8Array.prototype.slice.call(this.#bytes, 0, this.#at)
  }

  #field(name: string, value: string): void {
    this.#reserve(name.length + value.length + 16)
    const values = this.#kept.get(name)
    if (values) this.#repeating(values, name, value)
    else this.#literal(0, 4, name, value)
  }

  #repeating(values: Map<string, number>, name: string, value: string): void {
    const place = values.get(value)
    const size = sizeOfField({ name, value })
    if (place !== undefined) this.#integer(0x80, 7, staticTable.length + this.#keptFields - place)
    else if (this.#keptBytes + size > this.#limit) this.#literal(0, 4, name, value)
    else {
      this.#literal(0x40, 6, name, value)
      this.#keptBytes += size
      values.set(value, this.#keptFields++)
    }
  }

  #literal(pattern: number, bits: number, name: string, value: string): void {
    const index = staticNames.get(name) ?? 0
    this.#integer(pattern, bits, index)
    if (index === 0) this.#text(name)
    this.#text(value)
  }

  /** Byte by byte, which is quicker for a few dozen of them than any call out of JavaScript. */
  #text(text: string): void {
    const { length } = text
    this.#integer(0, 7, length)
    for (let at = 0; at < length; at++) {
      const code = text.charCodeAt(at)
      this.#bytes[this.#at + at] = isForbidden(code) ? QUESTION_MARK : code
    }
    this.#at += length
  }

  #integer(pattern: number, bits: number, value: number): void {
    const most = (1 << bits) - 1
    if (value < most) {
      this.#bytes[this.#at++] = pattern | value
      return
    }
    this.#bytes[this.#at++] = pattern | most
    let rest = value - most
    for (; rest >= 0x80; rest >>= 7) this.#bytes[this.#at++] = (rest & 0x7f) | 0x80
    this.#bytes[this.#at++] = rest
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe((this.#at + bytes) * 2)
    this.#bytes.copy(larger, 0, 0, this.#at)
    this.#bytes = larger
  }
}
