/** The Huffman code of header texts (RFC 7541, appendix B). Only reading: an answer's few headers are sent as they are. */
import { ConnectionError, ErrorCode } from './frames.ts'

/**
 * How many bits each of the 256 symbols has, in base 36. The code is canonical: among symbols ordered by length, then by value,
 * each code is the one before plus one, so the lengths say it all.
 */
const LENGTHS =
  'dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6cad67777777777777777777777878djde6f56565666577666567655677777fbeds' +
  'kmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmnqqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrq'
const SHORTEST = 5
const LONGEST = 30
/** Codes of at most so many bits, which are all letters and digits, are found in one step. */
const STEP = 8

/** A symbol and the length of its code are one number, since a pair would be garbage for each letter of each request. */
const LENGTH_BITS = 5
const LENGTH_MASK = (1 << LENGTH_BITS) - 1
/** Instead of such a number: the bytes are over before the code is. */
const CUT_OFF = -1

/** By the next 8 bits: the symbol and its length, or 0 where the code is longer. */
const bySteps = new Uint16Array(1 << STEP)
/** By length: the code of the first symbol of that length, and where among the ordered symbols it is. */
const firstCodes = new Uint32Array(LONGEST + 2)
const firstPlaces = new Uint16Array(LONGEST + 2)
const ordered = new Uint8Array(LENGTHS.length)

{
  let code = 0
  let place = 0
  for (let length = SHORTEST; length <= LONGEST; length++) {
    code *= 2
    firstCodes[length] = code
    firstPlaces[length] = place
    for (let symbol = 0; symbol < LENGTHS.length; symbol++) {
      if (Number.parseInt(LENGTHS[symbol] as string, 36) !== length) continue
      ordered[place++] = symbol
      if (length <= STEP) fillSteps(code, length, symbol)
      code++
    }
  }
  firstPlaces[LONGEST + 1] = place
}

function fillSteps(code: number, length: number, symbol: number): void {
  const free = STEP - length
  for (let rest = 0; rest < 1 << free; rest++)
    bySteps[(code << free) | rest] = (symbol << LENGTH_BITS) | length
}

let scratch = Buffer.allocUnsafeSlow(4096)

/** The text of the bytes from `from` up to `to`. Throws a ConnectionError for a code that is none, or ends badly. */
export function decodeHuffman(bytes: Uint8Array, from: number, to: number): string {
  const most = Math.floor(((to - from) * 8) / SHORTEST)
  if (scratch.length < most) scratch = Buffer.allocUnsafeSlow(most * 2)
  const end = to * 8
  let at = from * 8
  let size = 0
  while (end - at >= SHORTEST) {
    const index = at >> 3
    const next = index + 1 < to ? (bytes[index + 1] as number) : 0xff
    const window = (((bytes[index] as number) << 8) | next) >> (8 - (at & 7))
    let found = bySteps[window & 0xff] as number
    if (found === 0) found = longCode(bytes, at, to)
    const length = found & LENGTH_MASK
    if (found === CUT_OFF || at + length > end) break
    scratch[size++] = found >> LENGTH_BITS
    at += length
  }
  checkPadding(bytes, at, end)
  return scratch.toString('latin1', 0, size)
}

/** Symbol and length of a code of more than 8 bits. */
function longCode(bytes: Uint8Array, at: number, to: number): number {
  const index = at >> 3
  let window = 0
  for (let next = 0; next < 5; next++) {
    window = window * 256 + (index + next < to ? (bytes[index + next] as number) : 0xff)
  }
  for (let length = STEP + 1; length <= LONGEST; length++) {
    const code = Math.floor(window / 2 ** (40 - (at & 7) - length)) % 2 ** length
    const place = code - (firstCodes[length] as number) + (firstPlaces[length] as number)
    if (place < (firstPlaces[length + 1] as number))
      return ((ordered[place] as number) << LENGTH_BITS) | length
  }
  return CUT_OFF
}

/** What is left of the last byte must be the beginning of the longest code, which is all ones. */
function checkPadding(bytes: Uint8Array, at: number, end: number): void {
  const bits = end - at
  const ones = (1 << bits) - 1
  if (bits < 8 && (bits === 0 || ((bytes[(end >> 3) - 1] as number) & ones) === ones)) return
  throw new ConnectionError(ErrorCode.compression, 'a Huffman code that does not end as it must')
}
