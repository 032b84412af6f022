/** Constants as they are written. Each reader throws in the words that are told. */

const LARGEST = 2n ** 63n - 1n
const LARGEST_UNSIGNED = 2n ** 64n - 1n

const wholeOf = (text: string): bigint => BigInt(text)

export function intOf(text: string, isNegative: boolean): bigint {
  const value = isNegative ? -wholeOf(text) : wholeOf(text)
  if (value > LARGEST || value < -LARGEST - 1n) throw new Error('invalid int literal')
  return value
}

export function uintOf(text: string): bigint {
  const value = wholeOf(text.slice(0, -1))
  if (value > LARGEST_UNSIGNED) throw new Error('invalid uint literal')
  return value
}

export function doubleOf(text: string, isNegative: boolean): number {
  const value = Number(text)
  if (!Number.isFinite(value)) throw new Error('invalid double literal')
  return isNegative ? -value : value
}

const QUOTED = /^([rR]?)("""|'''|"|')([\s\S]*)\2$/
const ESCAPE = /\\(?:([xX]|u|U)([0-9a-fA-F]+)|([0-3][0-7]{2})|([\s\S]))/g
/** Of `\x` two digits belong to the letter. */
const DIGITS: Readonly<Record<string, number>> = { x: 2, X: 2, u: 4, U: 8 }
const LETTERS: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}

/** Of bytes only whether they can be read is of interest: what they say is known to the engine. */
export function textOf(written: string, isBytes: boolean): string {
  const [, raw, , text = ''] = QUOTED.exec(written.replace(/\r\n?/g, '\n')) ?? []
  if (raw) return text
  return text.replace(ESCAPE, (_, kind?: string, digits = '', octal?: string, letter = '') => {
    if (octal !== undefined) return letterOf(Number.parseInt(octal, 8), isBytes)
    if (kind === undefined) return LETTERS[letter] ?? letter
    if (isBytes && (kind === 'u' || kind === 'U')) throw new Error('unable to unescape string')
    const length = DIGITS[kind] ?? 0
    return letterOf(Number.parseInt(digits.slice(0, length), 16), isBytes) + digits.slice(length)
  })
}

function letterOf(code: number, isBytes: boolean): string {
  const isLetter = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff)
  if (!isBytes && !isLetter) throw new Error('invalid unicode code point')
  return isLetter ? String.fromCodePoint(code) : ''
}
