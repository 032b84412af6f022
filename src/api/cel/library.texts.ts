/** What expressions can do with texts beyond what the engine knows. */
import { isPlainObject } from '../machinery/plain.ts'
import type { Add, Target } from './library.ts'

/** A text that repeats another must not grow without end. */
const MAXIMUM_PRECISION = 100

export function addTexts(target: Target, add: Add): void {
  add('string.charAt(int): string', (text: string, at: bigint) => {
    const letters = [...text]
    if (at < 0n || at > BigInt(letters.length)) throw new Error(`index out of range: ${at}`)
    return letters[Number(at)] ?? ''
  })
  add('string.replace(string, string): string', (text: string, from: string, to: string) =>
    text.split(from).join(to),
  )
  add(
    'string.replace(string, string, int): string',
    (text: string, from: string, to: string, count: bigint) => {
      if (count < 0n) return text.split(from).join(to)
      const parts = text.split(from)
      const replaced = Math.min(Number(count), parts.length - 1)
      return [parts.slice(0, replaced + 1).join(to), ...parts.slice(replaced + 1)].join(from)
    },
  )
  add('string.format(list): string', formatted)
  class Texts {}
  target.registerType('StringsLibrary', { ctor: Texts, fields: {} })
  target.registerConstant('strings', 'StringsLibrary', new Texts())
  add('StringsLibrary.quote(string): string', (_: Texts, text: string) => JSON.stringify(text))
}

function formatted(template: string, values: unknown[]): string {
  let next = 0
  return template.replace(/%(?:\.(\d+))?([a-zA-Z%])?/g, (whole, digits: string, verb: string) => {
    if (verb === '%') return '%'
    if (next >= values.length) throw new Error(`index ${next} out of range`)
    const value = values[next++]
    const precision = Math.min(Number(digits ?? 6), MAXIMUM_PRECISION)
    return inVerb(verb, value, precision, whole)
  })
}

function inVerb(verb: string, value: unknown, precision: number, whole: string): string {
  switch (verb) {
    case 's':
      return textOf(value)
    case 'd':
      if (typeof value === 'bigint' || typeof value === 'number') return String(value)
      throw new Error('decimal clause can only be used on numbers')
    case 'f':
      return numberOf(value).toFixed(precision)
    case 'e':
      return numberOf(value)
        .toExponential(precision)
        .replace(/e([+-])(\d)$/, 'e$10$2')
    case 'b':
      return typeof value === 'boolean' ? (value ? '1' : '0') : wholeOf(value).toString(2)
    case 'o':
      return wholeOf(value).toString(8)
    case 'x':
      return hexOf(value)
    case 'X':
      return hexOf(value).toUpperCase()
    default:
      throw new Error(`unrecognized formatting clause ${JSON.stringify(whole)}`)
  }
}

const encoder = new TextEncoder()

function hexOf(value: unknown): string {
  const bytes = typeof value === 'string' ? encoder.encode(value) : value
  return bytes instanceof Uint8Array
    ? [...bytes].map(byte => byte.toString(16).padStart(2, '0')).join('')
    : wholeOf(value).toString(16)
}

function wholeOf(value: unknown): bigint {
  if (typeof value === 'bigint') return value
  throw new Error('only integers can be written in this way')
}

function numberOf(value: unknown): number {
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value)
  throw new Error('only numbers can be written in this way')
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(textOf).join(', ')}]`
  if (value instanceof Date) return value.toISOString()
  // What the engine made a class for writes itself.
  const isMap =
    isPlainObject(value) && [null, Object.prototype].includes(Object.getPrototypeOf(value))
  if (!isMap) return String(value)
  const pairs = Object.entries(value).map(([name, part]) => `${name}: ${textOf(part)}`)
  return `{${pairs.toSorted().join(', ')}}`
}
