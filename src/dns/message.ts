/**
 * DNS messages as bytes (RFC 1035, EDNS of RFC 6891): what a query asks, and answers with compressed names that are cut where the client could
 * not receive more. Names of questions are given back byte by byte, whatever is in them.
 */
import { addressToNumber } from '#base/ip-address.ts'
import type { DnsRecord } from './answers.ts'

export const RCODE = {
  ...{ NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 },
  /** Of EDNS: its upper bits stand in the OPT record. */
  BADVERS: 16,
} as const

export const FLAG = {
  RESPONSE: 1 << 15,
  AUTHORITATIVE: 1 << 10,
  TRUNCATED: 1 << 9,
  RECURSION_DESIRED: 1 << 8,
  RECURSION_AVAILABLE: 1 << 7,
} as const

const TYPE = { A: 1, NS: 2, CNAME: 5, SOA: 6, PTR: 12, TXT: 16, AAAA: 28, SRV: 33 } as const
const OPT = 41
const TYPE_NAMES = new Map<number, string>([
  ...Object.entries(TYPE).map(([name, number]) => [number, name] as const),
  [255, 'ANY'],
])
const CLASS_IN = 1
const HEADER_BYTES = 12
/** An empty OPT record. */
const OPT_BYTES = 11
const LONGEST_LABEL = 63
/** Of a name with the lengths of its labels. */
const LONGEST_NAME = 255
/** A pointer to a name has 14 bits. */
const FARTHEST_POINTER = 0x3fff

export interface Query {
  readonly id: number
  readonly opcode: number
  readonly recursionDesired: boolean
  /** Undefined where there is not just one that can be read. */
  readonly question: AskedQuestion | undefined
  readonly edns: { readonly version: number; readonly udpBytes: number } | undefined
}

export interface AskedQuestion {
  /** Without a dot at its end. Letters other than those that names of a cluster have are written so that they equal none. */
  readonly name: string
  /** `A`, or `TYPE65`. */
  readonly type: string
  readonly class: number
  /** As it came, to be given back. */
  readonly bytes: Uint8Array
}

/** Undefined for what is no query at all: it gets no answer, so nobody can make two servers talk to each other for ever. */
export function decodeQuery(bytes: Uint8Array): Query | undefined {
  if (bytes.length < HEADER_BYTES) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const flags = view.getUint16(2)
  if (flags & FLAG.RESPONSE) return undefined
  const counts = [4, 6, 8, 10].map(at => view.getUint16(at))
  const [questions = 0, answers = 0, authorities = 0, additionals = 0] = counts
  const question = questions === 1 ? questionAt(bytes, view) : undefined
  const end = HEADER_BYTES + (question?.bytes.length ?? 0)
  // A query has an OPT record behind its question, and perhaps a signature.
  const isPlain = answers + authorities === 0 && additionals <= 2
  const edns = question && isPlain ? ednsAt(view, end, additionals) : undefined
  return {
    id: view.getUint16(0),
    opcode: (flags >> 11) & 15,
    recursionDesired: (flags & FLAG.RECURSION_DESIRED) !== 0,
    question: isPlain && edns !== 'malformed' ? question : undefined,
    edns: edns === 'malformed' ? undefined : edns,
  }
}

function questionAt(bytes: Uint8Array, view: DataView): AskedQuestion | undefined {
  const labels: string[] = []
  let at = HEADER_BYTES
  for (;;) {
    const length = bytes[at]
    if (length === undefined || length > LONGEST_LABEL) return undefined
    at += 1 + length
    if (length === 0) break
    labels.push(labelText(bytes.subarray(at - length, at)))
  }
  if (at - HEADER_BYTES > LONGEST_NAME || at + 4 > bytes.length) return undefined
  const type = view.getUint16(at)
  return {
    name: labels.join('.'),
    type: TYPE_NAMES.get(type) ?? `TYPE${type}`,
    class: view.getUint16(at + 2),
    bytes: bytes.slice(HEADER_BYTES, at + 4),
  }
}

/** A dot within a label parts nothing. */
function labelText(label: Uint8Array): string {
  return [...label]
    .map(byte =>
      byte > 0x20 && byte < 0x7f && byte !== 0x2e && byte !== 0x5c
        ? String.fromCharCode(byte)
        : `\\${String(byte).padStart(3, '0')}`,
    )
    .join('')
}

function ednsAt(view: DataView, start: number, records: number): Query['edns'] | 'malformed' {
  let at = start
  let found: Query['edns']
  for (let index = 0; index < records; index++) {
    while (at < view.byteLength && view.getUint8(at) !== 0 && view.getUint8(at) <= LONGEST_LABEL)
      at += 1 + view.getUint8(at)
    // The root, as OPT has it, or a pointer.
    at += at < view.byteLength && view.getUint8(at) > LONGEST_LABEL ? 2 : 1
    if (at + 10 > view.byteLength) return 'malformed'
    if (view.getUint16(at) === OPT) {
      if (found) return 'malformed'
      found = { version: view.getUint8(at + 5), udpBytes: view.getUint16(at + 2) }
    }
    at += 10 + view.getUint16(at + 8)
    if (at > view.byteLength) return 'malformed'
  }
  return found
}

/** The start of authority of a zone: who is told that there is nothing is told with it for how long. */
export interface StartOfAuthority {
  readonly type: 'SOA'
  readonly name: string
  readonly ttl: number
}

export interface Reply {
  /** Without the code. */
  readonly flags: number
  readonly code: number
  readonly answers?: readonly (DnsRecord | StartOfAuthority)[]
  readonly authorities?: readonly StartOfAuthority[]
  /** Left out one by one where there is no room. */
  readonly additionals?: readonly DnsRecord[]
  /** What we take in one datagram, for those who told the same. */
  readonly ednsUdpBytes: number
}

/**
 * At most `limit` bytes: as many records as fit, and the bit that says so where answers are missing. Some clients take those and never come back
 * over TCP. Throws where a record's name can not be written.
 */
export function encodeReply(query: Query, reply: Reply, limit: number): Uint8Array {
  const { question, edns } = query
  const writer = new Writer(limit - (edns ? OPT_BYTES : 0))
  writer.start(question)
  const written = (records: readonly (DnsRecord | StartOfAuthority)[]) => {
    const missing = records.findIndex(record => !writer.add(record))
    return missing === -1 ? records.length : missing
  }
  const { answers = [], authorities = [], additionals = [] } = reply
  const answered = written(answers)
  const authorized = answered < answers.length ? 0 : written(authorities)
  const isCut = answered < answers.length || authorized < authorities.length
  const added = isCut ? 0 : written(additionals)
  const bytes = writer.finish(edns && optRecord(reply))
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  view.setUint16(0, query.id)
  view.setUint16(
    2,
    FLAG.RESPONSE |
      (query.opcode << 11) |
      reply.flags |
      (query.recursionDesired ? FLAG.RECURSION_DESIRED : 0) |
      (isCut ? FLAG.TRUNCATED : 0) |
      (reply.code & 15),
  )
  const counts = [question ? 1 : 0, answered, authorized, added + (edns ? 1 : 0)]
  for (const [index, count] of counts.entries()) view.setUint16(4 + index * 2, count)
  return bytes
}

function optRecord({ code, ednsUdpBytes }: Reply): Uint8Array {
  const upper = code >> 4
  return Uint8Array.of(0, 0, OPT, ednsUdpBytes >> 8, ednsUdpBytes & 255, upper, 0, 0, 0, 0, 0)
}

/** A query of our own. */
export function encodeQuery(id: number, name: string, type: 'A' | 'AAAA'): Uint8Array {
  const writer = new Writer(LONGEST_NAME + HEADER_BYTES + 4)
  writer.start(undefined)
  writer.name(name)
  writer.number(TYPE[type], 2)
  writer.number(CLASS_IN, 2)
  const bytes = writer.finish(undefined)
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  view.setUint16(0, id)
  view.setUint16(2, FLAG.RECURSION_DESIRED)
  view.setUint16(4, 1)
  return bytes
}

class Writer {
  readonly #limit: number
  #bytes = new Uint8Array(512)
  #length = 0
  /** Where the ends of names stand that may be pointed to. */
  readonly #places = new Map<string, number>()
  /** Those of the record that is being written. */
  #ownEnds: string[] = []

  constructor(limit: number) {
    this.#limit = limit
  }

  start(question: AskedQuestion | undefined): void {
    this.#length = HEADER_BYTES
    if (!question) return
    this.#remember(question.name.split('.'), HEADER_BYTES, question.bytes)
    this.#append(question.bytes)
  }

  /** False where it does not fit; nothing of it is left then. */
  add(record: DnsRecord | StartOfAuthority): boolean {
    const start = this.#length
    this.#ownEnds = []
    this.name(record.name)
    this.number(TYPE[record.type], 2)
    this.number(CLASS_IN, 2)
    this.number(record.ttl, 4)
    const lengthAt = this.#length
    this.number(0, 2)
    this.#data(record)
    const end = this.#length
    this.#length = lengthAt
    this.number(end - lengthAt - 2, 2)
    this.#length = end
    if (end <= this.#limit) return true
    this.#length = start
    for (const end of this.#ownEnds) this.#places.delete(end)
    return false
  }

  finish(more: Uint8Array | undefined): Uint8Array {
    if (more) this.#append(more)
    return this.#bytes.subarray(0, this.#length)
  }

  name(text: string, { isWhole = false }: { readonly isWhole?: boolean } = {}): void {
    const labels = text.replace(/\.$/, '').split('.')
    const isRoot = labels.length === 1 && labels[0] === ''
    const bytes = labels.reduce((sum, label) => sum + 1 + label.length, 1)
    if (!isRoot && (bytes > LONGEST_NAME || labels.some(isNoLabel)))
      throw new Error(`"${text}" can not be written as a DNS name`)
    for (let index = 0; index < labels.length && !isRoot; index++) {
      const end = labels.slice(index).join('.')
      const known = isWhole ? undefined : this.#places.get(end)
      if (known !== undefined) {
        this.number(0xc000 | known, 2)
        return
      }
      if (this.#length <= FARTHEST_POINTER && !this.#places.has(end)) {
        this.#places.set(end, this.#length)
        this.#ownEnds.push(end)
      }
      const label = labels[index] as string
      this.number(label.length, 1)
      this.#append(Buffer.from(label, 'latin1'))
    }
    this.number(0, 1)
  }

  number(value: number, bytes: 1 | 2 | 4): void {
    for (let shift = (bytes - 1) * 8; shift >= 0; shift -= 8) this.#byte(value >>> shift)
  }

  #data(record: DnsRecord | StartOfAuthority): void {
    switch (record.type) {
      case 'A':
      case 'AAAA':
        this.#address(record.data, record.type === 'A' ? 4 : 16)
        break
      case 'TXT':
        for (const text of record.data) {
          this.number(text.length, 1)
          this.#append(Buffer.from(text, 'latin1'))
        }
        break
      case 'SRV': {
        const { priority, weight, port, target } = record.data
        for (const number of [priority, weight, port]) this.number(number, 2)
        // RFC 2782 forbids to shorten it, and c-ares takes no answer in which it is.
        this.name(target, { isWhole: true })
        break
      }
      case 'SOA':
        this.name(`ns.dns.${record.name}`)
        this.name(`hostmaster.${record.name}`)
        // Serial, refresh, retry, expire; and for how long it may be remembered that a name is not there.
        for (const number of [1, 7200, 1800, 86_400, record.ttl]) this.number(number, 4)
        break
      default:
        this.name(record.data)
    }
  }

  #address(text: string, bytes: 4 | 16): void {
    const number = addressToNumber(text) ?? 0n
    for (let shift = BigInt(bytes - 1) * 8n; shift >= 0n; shift -= 8n)
      this.#byte(Number((number >> shift) & 255n))
  }

  #remember(labels: readonly string[], at: number, bytes: Uint8Array): void {
    let place = at
    for (const [index, label] of labels.entries()) {
      if (label !== '') this.#places.set(labels.slice(index).join('.'), place)
      place += 1 + (bytes[place - at] ?? 0)
    }
  }

  #byte(value: number): void {
    this.#makeRoom(1)
    this.#bytes[this.#length++] = value
  }

  #makeRoom(bytes: number): void {
    while (this.#length + bytes > this.#bytes.length) {
      const larger = new Uint8Array(this.#bytes.length * 2)
      larger.set(this.#bytes)
      this.#bytes = larger
    }
  }

  #append(more: Uint8Array): void {
    this.#makeRoom(more.length)
    this.#bytes.set(more, this.#length)
    this.#length += more.length
  }
}

const isNoLabel = (label: string): boolean => label.length === 0 || label.length > LONGEST_LABEL
