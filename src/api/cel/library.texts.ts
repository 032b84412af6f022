/** What expressions can do with texts beyond what the engine knows, or where it counts halves of letters as letters. */
import type { Add, Target } from './library.ts'
import { durationText, formatted } from './printing.ts'
import { spanNanos, timeText } from './values.ts'

/** Functions of the engine's own that ours stand for: their names in our expressions end so. */
const OWN = 'Own'
export const OWN_FUNCTIONS: ReadonlySet<string> = new Set(
  'indexOf lastIndexOf substring split lowerAscii upperAscii trim'.split(' '),
)
export const ownName = (name: string): string => (OWN_FUNCTIONS.has(name) ? name + OWN : name)
export const writtenName = (name: string): string =>
  name.endsWith(OWN) ? name.slice(0, -OWN.length) : name

export function addTexts(target: Target, add: Add): void {
  add('string.charAt(int): string', (text: string, at: bigint) => {
    const letters = [...text]
    check(at, letters)
    return letters[Number(at)] ?? ''
  })
  add('string.replace(string, string): string', (text: string, from: string, to: string) =>
    replaced(text, from, to, Number.POSITIVE_INFINITY),
  )
  add(
    'string.replace(string, string, int): string',
    (text: string, from: string, to: string, count: bigint) =>
      replaced(text, from, to, count < 0n ? Number.POSITIVE_INFINITY : Number(count)),
  )
  add('string.format(list): string', formatted)
  add('string(google.protobuf.Timestamp): string', timeText)
  add('string(google.protobuf.Duration): string', durationText)
  add('int(google.protobuf.Timestamp): int', (time: Date) =>
    BigInt(Math.floor(time.getTime() / 1000)),
  )
  add('int(google.protobuf.Duration): int', spanNanos)
  for (const [name, type] of Object.entries({ timestamp: 'Timestamp', duration: 'Duration' }))
    add(`${name}(google.protobuf.${type}): google.protobuf.${type}`, (value: unknown) => value)
  add('int(uint): int', (value: { value: bigint }) => value.value)
  addLetters(add)
  class Texts {}
  target.registerType('StringsLibrary', { ctor: Texts, fields: {} })
  target.registerConstant('strings', 'StringsLibrary', new Texts())
  add('StringsLibrary.quote(string): string', (_: Texts, text: string) => quoted(text))
}

/** What is empty is found before each letter and at the end. */
function replaced(text: string, from: string, to: string, count: number): string {
  let left = count
  const replace = (found: string) => (left-- > 0 ? to : found)
  if (from !== '') return text.replaceAll(from, replace)
  const letters = [...text].map(letter => replace('') + letter)
  return letters.join('') + replace('')
}

/** Only what would not be seen in a line is written otherwise. */
const quoted = (text: string) =>
  `"${text.replace(/["\\]|\p{Cc}/gu, sign => ESCAPES[sign] ?? sign)}"`
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
}

function check(at: bigint, letters: readonly string[]): void {
  if (at < 0n || at > BigInt(letters.length)) throw new Error(`index out of range: ${at}`)
}

/** What Unicode calls white, as Go does. */
const WHITE = /^[\s\u0085]+|[\s\u0085]+$/gu

function addLetters(add: Add): void {
  const ascii = (name: string, letters: RegExp, change: (text: string) => string) =>
    add(`string.${ownName(name)}(): string`, (text: string) => text.replace(letters, change))
  ascii('lowerAscii', /[A-Z]+/g, text => text.toLowerCase())
  ascii('upperAscii', /[a-z]+/g, text => text.toUpperCase())
  add(`string.${ownName('trim')}(): string`, (text: string) =>
    // The mark of a file's beginning is white to JavaScript alone.
    text.replace(WHITE, white => (white.includes('\ufeff') ? white : '')),
  )
  const substring = `string.${ownName('substring')}`
  add(`${substring}(int): string`, (text: string, start: bigint) => {
    const letters = [...text]
    check(start, letters)
    return letters.slice(Number(start)).join('')
  })
  add(`${substring}(int, int): string`, (text: string, start: bigint, end: bigint) => {
    const letters = [...text]
    if (start > end) throw new Error(`invalid substring range. start: ${start}, end: ${end}`)
    check(start, letters)
    check(end, letters)
    return letters.slice(Number(start), Number(end)).join('')
  })
  const split = `string.${ownName('split')}`
  add(`${split}(string): list<string>`, (text: string, by: string) => splitBy(text, by))
  add(`${split}(string, int): list<string>`, (text: string, by: string, limit: bigint) => {
    const parts = splitBy(text, by)
    if (limit < 0n || BigInt(parts.length) <= limit) return parts
    const rest = Math.max(0, Number(limit) - 1)
    return limit === 0n ? [] : [...parts.slice(0, rest), parts.slice(rest).join(by)]
  })
  addSearches(add)
}

const splitBy = (text: string, by: string) => (by === '' ? [...text] : text.split(by))

function addSearches(add: Add): void {
  const lettersBefore = (text: string, at: number) =>
    at < 0 ? -1n : BigInt([...text.slice(0, at)].length)
  /** Where in the text the letter of that number begins. */
  const begin = (letters: readonly string[], number: bigint) =>
    letters.slice(0, Number(number)).join('').length
  const first = `string.${ownName('indexOf')}`
  const last = `string.${ownName('lastIndexOf')}`
  add(`${first}(string): int`, (text: string, part: string) =>
    lettersBefore(text, text.indexOf(part)),
  )
  add(`${last}(string): int`, (text: string, part: string) =>
    lettersBefore(text, text.lastIndexOf(part)),
  )
  const from =
    (search: (text: string, part: string, at: number) => number) =>
    (text: string, part: string, offset: bigint) => {
      if (part === '') return offset
      if (offset < 0n) throw new Error(`index out of range: ${offset}`)
      const letters = [...text]
      if (offset >= BigInt(letters.length)) return -1n
      return lettersBefore(text, search(text, part, begin(letters, offset)))
    }
  add(
    `${first}(string, int): int`,
    from((text, part, at) => text.indexOf(part, at)),
  )
  add(
    `${last}(string, int): int`,
    from((text, part, at) => text.lastIndexOf(part, at)),
  )
}
