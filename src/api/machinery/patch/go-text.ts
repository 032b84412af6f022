import { isInt64 } from '../exact-json.ts'
import { isPlainObject } from '../plain.ts'

/** A value as Go prints it, which is how upstream shows strategic patches in messages. */
export function goText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`
  if (!isPlainObject(value)) return value === null ? '<nil>' : scalarText(value)
  const pairs = Object.keys(value)
    .sort()
    .map(key => `${key}:${goText(value[key])}`)
  return `map[${pairs.join(' ')}]`
}

function scalarText(value: unknown): string {
  const isFloat =
    (typeof value === 'number' && !Number.isSafeInteger(value)) ||
    (typeof value === 'bigint' && !isInt64(value))
  return isFloat ? floatText(Number(value)) : String(value)
}

const LARGEST_PLAIN_EXPONENT = 5
const LEAST_PLAIN_EXPONENT = -4

function floatText(value: number): string {
  const [digits = '', exponent = ''] = value.toExponential().split('e')
  const power = Number(exponent)
  if (power >= LEAST_PLAIN_EXPONENT && power <= LARGEST_PLAIN_EXPONENT) return String(value)
  return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
}
