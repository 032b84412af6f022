/** What is wrong with an expression, told as Go's implementation tells it: each with its line and a mark below. */
import { type Complaint, NOWHERE } from './parser/tokens.ts'

const MAXIMUM = 100
/** Longer lines are not shown, in bytes. */
const LONGEST_LINE = 16_384

export function shownComplaints(text: string, complaints: readonly Complaint[]): string {
  // There is no line to show then, nor a first column.
  if (text === '')
    return complaints.map(({ message }) => `ERROR: <input>:1:0: ${message}`).join('\n')
  const lines = linesOf(text)
  const told = complaints
    .slice(0, MAXIMUM)
    .toSorted((one, other) => one.at - other.at)
    .map(complaint => shown(lines, complaint))
  const more = complaints.length - MAXIMUM
  return [...told, ...(more > 0 ? [`${more} more errors were truncated`] : [])].join('\n')
}

interface Line {
  readonly text: string
  /** Where it begins, in code points. */
  readonly start: number
}

function linesOf(text: string): Line[] {
  let start = 0
  return text.split('\n').map(line => {
    const own = { text: line, start }
    start += [...line].length + 1
    return own
  })
}

function shown(lines: readonly Line[], { at, message }: Complaint): string {
  if (at === NOWHERE) return `ERROR: <input>:-1:0: ${message}`
  const index = Math.max(
    0,
    lines.findLastIndex(({ start }) => start <= at),
  )
  const { text, start } = lines[index] as Line
  const column = at - start
  const place = `ERROR: <input>:${index + 1}:${column + 1}: ${message}`
  if (encoder.encode(text).length > LONGEST_LINE) return place
  const letters = [...text.replaceAll('\t', ' ')]
  const below = letters.slice(0, Math.max(0, column)).map(letter => (isWide(letter) ? '．' : '.'))
  const mark = isWide(letters[column] ?? ' ') ? '＾' : '^'
  return `${place}\n | ${letters.join('')}\n | ${below.join('')}${mark}`
}

const encoder = new TextEncoder()
/** Of more than one byte, it takes more room, too. */
const isWide = (letter: string) => letter > '\x7f'
