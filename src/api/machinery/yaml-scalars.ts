/**
 * How the scalars of YAML are written: plain, in either quotes or as a literal, chosen as upstream's writer (the second version of
 * Go's yaml) chooses, which knows YAML 1.1, so `yes`, `12:30` and `2026-01-02` stand in quotes.
 */

export type ScalarStyle = 'plain' | 'single' | 'double' | 'literal'

/** Not strings where they stand plain. Upstream forgets the last one, which merges mappings. */
const WORDS = new Set(
  [
    'y n yes no on off true false null'
      .split(' ')
      .flatMap(word => [word, word.toUpperCase(), word[0]?.toUpperCase() + word.slice(1)]),
    ['', '~'],
    ['inf', 'Inf', 'INF'].flatMap(word => [`.${word}`, `+.${word}`, `-.${word}`]),
    ['.nan', '.NaN', '.NAN', '<<'],
  ].flat(),
)
const INTEGER = /^[-+]?(?:0[bB][01]+|0[oO]?[0-7]+|0[xX][0-9a-fA-F]+|0|[1-9]\d*)$/
const FLOAT = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/
const IN_BASE_60 = /^[-+]?\d[\d_]*(?::[0-5]?\d)+(?:\.[\d_]*)?$/
const TIMESTAMP =
  /^(\d{4})-(\d\d?)-(\d\d?)(?:[Tt](\d\d?):(\d\d?):(\d\d?)(?:[.,]\d+)?(?:Z|[-+]\d\d:\d\d)| (\d\d?):(\d\d?):(\d\d?)(?:[.,]\d+)?)?$/
const MINIMUM_INTEGER = -(2n ** 63n)
const MAXIMUM_INTEGER = 2n ** 64n
/** 64 binary digits with their mark and sign; what has more is too large, or begins with zeros and is put in quotes for nothing. */
const LONGEST_INTEGER = 70

/** Whether a reader would take the plain text for something else than a string. */
function meansOther(text: string): boolean {
  if (WORDS.has(text)) return true
  if (text.startsWith('.')) return FLOAT.test(text) && Number.isFinite(Number(text))
  if (!/^[-+\d]/.test(text)) return false
  const plain = text.replaceAll('_', '')
  return (
    isInteger(plain) ||
    (FLOAT.test(plain) && Number.isFinite(Number(plain))) ||
    IN_BASE_60.test(text) ||
    isTimestamp(text)
  )
}

function isInteger(text: string): boolean {
  if (text.length > LONGEST_INTEGER || !INTEGER.test(text)) return false
  const digits = text.replace(/^[-+]/, '').replace(/^0(?=[0-7])/, '0o')
  const value = BigInt(digits.toLowerCase()) * (text.startsWith('-') ? -1n : 1n)
  return value >= MINIMUM_INTEGER && value < MAXIMUM_INTEGER
}

function isTimestamp(text: string): boolean {
  const parts = TIMESTAMP.exec(text)
  if (!parts) return false
  const [year = 0, month = 0, day = 0, ...clock] = parts.slice(1).map(part => Number(part ?? 0))
  if (clock.some((part, at) => part >= (at % 3 === 0 ? 24 : 60))) return false
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day
}

/** The most usual texts, which need no closer look. */
const SIMPLE = /^[A-Z_a-z][\w./-]*$/
/**
 * What is only written escaped: neither tabs nor what lies above the first plane counts as printable. Unlike upstream this holds for the
 * separators of lines and paragraphs, which readers of YAML 1.2 do not take for the ends of lines, so that they would read the indentation, too.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are meant
const UNPRINTABLE = /[\0-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]/
const FIRST_INDICATOR = /^(?:---|\.\.\.|[#,[\]{}&*!|>'"%@`]|[-?:](?:[ \n]|$))/
const LATER_INDICATOR = /:(?:[ \n]|$)|[ \n]#/

/** The style of a value, or of a key, which takes one line where it may. */
export function styleOf(text: string, isOneLine = false): ScalarStyle {
  if (SIMPLE.test(text)) return WORDS.has(text) ? 'double' : 'plain'
  if (text.includes('\n'))
    return isOneLine || UNPRINTABLE.test(text) || / \n| $/.test(text) ? 'double' : 'literal'
  if (meansOther(text) || UNPRINTABLE.test(text)) return 'double'
  const isPlain = !/^ | $/.test(text) && !FIRST_INDICATOR.test(text) && !LATER_INDICATOR.test(text)
  return isPlain ? 'plain' : 'single'
}

const NAMED: Readonly<Record<string, string>> = {
  '\0': '\\0',
  '\x07': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\x1b': '\\e',
  '"': '\\"',
  '\\': '\\\\',
  '\x85': '\\N',
  '\u2028': '\\L',
  '\u2029': '\\P',
}
const ESCAPED =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are meant
  /["\\\0-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]|[\ud800-\udbff][\udc00-\udfff]/g

/** What stands between double quotes. */
export const escaped = (text: string): string =>
  text.replace(ESCAPED, character => NAMED[character] ?? numbered(character.codePointAt(0) ?? 0))

function numbered(code: number): string {
  const digits = code.toString(16).toUpperCase()
  if (code <= 0xff) return `\\x${digits.padStart(2, '0')}`
  return code <= 0xffff ? `\\u${digits.padStart(4, '0')}` : `\\U${digits.padStart(8, '0')}`
}

/** Integers of 64 bits in full, others as Go writes floats: with an exponent from a million on. */
export function numberText(value: number | bigint): string {
  if (typeof value === 'number' && !Number.isFinite(value))
    return Number.isNaN(value) ? '.nan' : value > 0 ? '.inf' : '-.inf'
  if (typeof value === 'bigint') return String(value)
  if (Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 64)
    return String(BigInt(value))
  const [digits = '', power = ''] = value.toExponential().split('e')
  const exponent = Number(power)
  if (exponent >= -4 && exponent < 6) return String(value)
  return `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
}
