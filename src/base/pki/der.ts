/**
 * Just enough DER (ITU-T X.690) to write X.509 certificates and to read a subject back. A certificate library would
 * do, but importing `@peculiar/x509` costs 150 to 175 ms and 30 MB here, and a whole first boot may take 500 ms;
 * these lines cost nothing, and `node:crypto` does all of the cryptography.
 */

const TAG_BOOLEAN = 0x01
const TAG_INTEGER = 0x02
const TAG_BIT_STRING = 0x03
const TAG_OCTET_STRING = 0x04
const TAG_OID = 0x06
const TAG_UTF8 = 0x0c
const TAG_UTC_TIME = 0x17
const TAG_GENERALIZED_TIME = 0x18
const TAG_SEQUENCE = 0x30
const TAG_SET = 0x31

/** Any element: tag, length, content. */
export function element(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents)
  const { length } = content
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content])
  const lengthBytes: number[] = []
  for (let rest = length; rest > 0; rest >>>= 8) lengthBytes.unshift(rest & 0xff)
  return Buffer.concat([Buffer.from([tag, 0x80 | lengthBytes.length, ...lengthBytes]), content])
}

export const sequence = (...parts: readonly Uint8Array[]) => element(TAG_SEQUENCE, ...parts)
/** SET OF: DER wants its members in the order of their encodings. */
export const set = (...parts: readonly Uint8Array[]) =>
  element(TAG_SET, ...[...parts].sort(Buffer.compare))
export const octetString = (...parts: readonly Uint8Array[]) => element(TAG_OCTET_STRING, ...parts)
export const utf8String = (text: string) => element(TAG_UTF8, Buffer.from(text, 'utf8'))
export const boolean = (value: boolean) => element(TAG_BOOLEAN, Buffer.from([value ? 0xff : 0]))
export const NULL = Buffer.from([0x05, 0x00])

/** A non-negative integer from its big-endian bytes. */
export function integer(bytes: Uint8Array): Buffer {
  let start = 0
  while (start < bytes.length - 1 && bytes[start] === 0) start++
  const trimmed = bytes.subarray(start)
  const needsSign = ((trimmed[0] ?? 0) & 0x80) !== 0
  return element(TAG_INTEGER, needsSign ? Buffer.concat([Buffer.from([0]), trimmed]) : trimmed)
}

export const bitString = (bytes: Uint8Array, unusedBits = 0) =>
  element(TAG_BIT_STRING, Buffer.from([unusedBits]), bytes)

export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const bytes: number[] = []
  for (const arc of [first * 40 + second, ...rest]) {
    const group = [arc & 0x7f]
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128))
      group.unshift((left & 0x7f) | 0x80)
    bytes.push(...group)
  }
  return element(TAG_OID, Buffer.from(bytes))
}

/** UTCTime up to 2049 and GeneralizedTime after, as RFC 5280 wants it. */
export function time(milliseconds: number): Buffer {
  const digits = new Date(milliseconds).toISOString().replace(/[-:T]|\.\d+/g, '')
  const year = Number(digits.slice(0, 4))
  return year >= 1950 && year < 2050
    ? element(TAG_UTC_TIME, Buffer.from(digits.slice(2)))
    : element(TAG_GENERALIZED_TIME, Buffer.from(digits))
}

/** `[number] EXPLICIT` or a constructed `[number] IMPLICIT`. */
export const context = (number: number, ...parts: readonly Uint8Array[]) =>
  element(0xa0 | number, ...parts)
/** A primitive `[number] IMPLICIT`. */
export const contextPrimitive = (number: number, bytes: Uint8Array) => element(0x80 | number, bytes)

/** One element as it was read; `content` is a view into the input. */
export interface Element {
  readonly tag: number
  readonly content: Uint8Array
}

/** The elements that stand one after the other in `bytes`. Throws a RangeError for anything that is not DER. */
export function readElements(bytes: Uint8Array): Element[] {
  const elements: Element[] = []
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at] ?? 0
    let length = bytes[at + 1] ?? -1
    at += 2
    if (length >= 0x80) {
      const count = length & 0x7f
      // Four bytes hold every length that a certificate can have; the indefinite form (0) is not DER.
      if (count === 0 || count > 4) throw new RangeError('not DER: bad length')
      length = 0
      for (let i = 0; i < count; i++) length = length * 256 + (bytes[at++] ?? 0)
    }
    if (length < 0 || at + length > bytes.length) throw new RangeError('not DER: cut short')
    elements.push({ tag, content: bytes.subarray(at, at + length) })
    at += length
  }
  return elements
}

export function readOid(content: Uint8Array): string {
  const arcs: number[] = []
  let arc = 0
  for (const byte of content) {
    arc = arc * 128 + (byte & 0x7f)
    if ((byte & 0x80) === 0) {
      arcs.push(arc)
      arc = 0
    }
  }
  const [head = 0, ...rest] = arcs
  const first = Math.min(2, Math.floor(head / 40))
  return [first, head - first * 40, ...rest].join('.')
}
