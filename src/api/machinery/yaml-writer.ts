/** Values as block YAML, byte for byte as upstream's API server writes them, with long texts folded behind the 80th column. */
import { isPlainObject, type PlainObject } from './plain.ts'
import { compareKeys } from './yaml-order.ts'
import { escaped, numberText, styleOf } from './yaml-scalars.ts'

const STEP = 2
/** A line is ended at the first space behind it. */
const WIDTH = 80
/** Longer keys, in bytes, stand on lines of their own. */
const MAXIMUM_KEY_BYTES = 128
/** Keys with one of these, too. */
const LINE_END = /[\n\r\x85\u2028\u2029]/
/** Deeper parts stand in one line: their indentation alone would be a megabyte, and take seconds. No real object nests so deep. */
const MAXIMUM_INDENT = 100

/** The value as YAML, with a line end. Members that are undefined are left out, as in JSON. */
export function writeYaml(value: unknown): string {
  const writer = new Writer()
  writer.write(value, -STEP, true)
  return writer.ended()
}

/** Most are short even if each of their letters took three bytes; of others the bytes are counted, as a browser can, too. */
const isShort = (key: string) =>
  key.length * 3 <= MAXIMUM_KEY_BYTES || new TextEncoder().encode(key).length <= MAXIMUM_KEY_BYTES

class Writer {
  #text = ''
  #lineStart = 0

  ended(): string {
    return this.#text.endsWith('\n') ? this.#text : `${this.#text}\n`
  }

  /** `indent` is that of what holds the value. `isInline`: a block begins on this line, behind a dash or the like. */
  write(value: unknown, indent: number, isInline: boolean): void {
    if (isScalar(value) || indent >= MAXIMUM_INDENT) this.#writeScalar(value, indent)
    else if (Array.isArray(value)) this.#writeSequence(value, indent, isInline)
    else this.#writeMapping(value as PlainObject, indent + STEP, isInline)
  }

  #writeSequence(items: readonly unknown[], indent: number, isInline: boolean): void {
    const own = isInline ? indent + STEP : indent
    for (const [at, item] of items.entries()) {
      this.#begin(own, isInline && at === 0)
      this.#text += '-'
      this.write(item, own, true)
    }
  }

  #writeMapping(members: PlainObject, own: number, isInline: boolean): void {
    let isFirst = isInline
    for (const key of keysOf(members).sort(compareKeys)) {
      this.#begin(own, isFirst)
      isFirst = false
      const isSimple = !LINE_END.test(key) && isShort(key)
      if (isSimple) this.#text += `${inOneLine(key)}:`
      else {
        this.#text += '?'
        this.#writeScalar(key, own)
        this.#begin(own, false)
        this.#text += ':'
      }
      this.write(members[key], own, !isSimple)
    }
  }

  /** The place where a part of a block begins: on this line or a new one. */
  #begin(indent: number, isInline: boolean): void {
    if (!isInline && this.#column > 0) this.#breakLine()
    this.#text += ' '.repeat(indent - this.#column)
  }

  get #column(): number {
    return this.#text.length - this.#lineStart
  }

  #breakLine(): void {
    this.#text += '\n'
    this.#lineStart = this.#text.length
  }

  #writeScalar(value: unknown, indent: number): void {
    if (this.#text !== '') this.#text += ' '
    if (typeof value !== 'string') this.#text += flow(value)
    else this.#writeText(value, Math.max(indent, 0) + STEP)
  }

  #writeText(text: string, indent: number): void {
    const style = styleOf(text)
    if (style === 'literal') this.#writeLiteral(text, indent)
    else if (style === 'plain') this.#writeFolded(text, indent, false)
    else if (style === 'single') this.#writeFolded(`'${text.replaceAll("'", "''")}'`, indent, false)
    else this.#writeFolded(`"${escaped(text)}"`, indent, true)
  }

  #writeLiteral(text: string, indent: number): void {
    const hint = /^[ \n]/.test(text) ? STEP : ''
    const chomping = !text.endsWith('\n') ? '-' : /^\n$|\n\n$/.test(text) ? '+' : ''
    this.#text += `|${hint}${chomping}`
    for (const line of text.replace(/\n$/, '').split('\n')) {
      this.#breakLine()
      if (line !== '') this.#text += ' '.repeat(indent) + line
    }
    if (text.endsWith('\n')) this.#breakLine()
  }

  /** With the line broken at spaces; in double quotes a second space is kept by a backslash, otherwise only single ones are broken at. */
  #writeFolded(text: string, indent: number, isEscaped: boolean): void {
    const last = text.length - 1
    let from = 0
    for (let at = text.indexOf(' '); at >= 0; at = text.indexOf(' ', at + 1)) {
      const isQuoted = text[0] === "'" || isEscaped
      const isEdge = isQuoted && (at === 1 || at === last - 1)
      if (isEdge || text[at - 1] === ' ') continue
      if (this.#column + at - from <= WIDTH || (!isEscaped && text[at + 1] === ' ')) continue
      this.#text += text.slice(from, at)
      this.#breakLine()
      this.#text += ' '.repeat(indent)
      if (text[at + 1] === ' ') this.#text += '\\'
      from = at + 1
    }
    this.#text += text.slice(from)
  }
}

const isScalar = (value: unknown): boolean =>
  Array.isArray(value) ? value.length === 0 : !isPlainObject(value) || keysOf(value).length === 0

const keysOf = (members: PlainObject): string[] =>
  Object.keys(members).filter(key => members[key] !== undefined)

function inOneLine(text: string): string {
  const style = styleOf(text, true)
  if (style === 'plain') return text
  return style === 'single' ? `'${text.replaceAll("'", "''")}'` : `"${escaped(text)}"`
}

/** On one line. */
function flow(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'bigint') return numberText(value)
  if (typeof value === 'string') return `"${escaped(value)}"`
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`
  if (!isPlainObject(value)) return String(value ?? null)
  return `{${keysOf(value)
    .sort(compareKeys)
    .map(key => `"${escaped(key)}": ${flow(value[key])}`)
    .join(', ')}}`
}
