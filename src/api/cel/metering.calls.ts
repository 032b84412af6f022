/** What calls of functions cost, given the values: mostly by the length of the texts that are read. */

import { writtenName } from './library.texts.ts'
import { entriesOf } from './values.ts'

/** Of reading a letter, and of a letter of a pattern. */
export const PER_LETTER = 0.1
export const PER_PATTERN_LETTER = 0.25
/** Two questions about rights are as much as an expression may ask. */
export const RIGHTS_CHECK = 350_000
/** The longest pattern behind a named format, as estimated. */
export const FORMAT_PATTERN = 128

export const traversal = (size: number, factor = 1) => Math.ceil(size * factor * PER_LETTER)

/** As the function `size` would say; 1 for what has none. */
export function sizeOf(value: unknown): number {
  if (typeof value === 'string' || Array.isArray(value) || value instanceof Uint8Array)
    return value.length
  if (typeof value !== 'object' || value === null) return 1
  if (value instanceof Map || value instanceof Set) return value.size
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype ? Object.keys(value).length : 1
}

export const comparisonCost = (left: unknown, right: unknown) =>
  traversal(Math.min(sizeOf(left), sizeOf(right)))

type Cost = (args: readonly unknown[], result: unknown) => number

const readsFirst: Cost = ([text]) => traversal(sizeOf(text))
const readsFirstTwice: Cost = ([text]) => traversal(sizeOf(text), 2)
const walks: Cost = ([value]) => walkOf(value)
const matches: Cost = ([text, pattern]) =>
  traversal(1 + sizeOf(text)) * Math.ceil(sizeOf(pattern) * PER_PATTERN_LETTER)
const pairs =
  (factor: number): Cost =>
  ([one, other]) =>
    sizeOf(one) * sizeOf(other) * factor + 1
const contains: Cost = ([range, other]) =>
  traversal(2 * addressSize(range)) + (typeof other === 'string' ? traversal(other.length) : 0)
/** IPv4 or IPv6: how many bytes are compared. */
const addressSize = (range: unknown) => (String(range).includes(':') ? 16 : 4)

/** A list, the text, and for every second letter a requirement. */
const selector: Cost = ([, text]) => 10 + traversal(sizeOf(text)) + Math.ceil(sizeOf(text) / 2) * 50

const COSTS: Readonly<Record<string, Cost>> = {
  check: () => RIGHTS_CHECK,
  fieldSelector: selector,
  labelSelector: selector,
  isSorted: walks,
  sum: walks,
  max: walks,
  min: walks,
  indexOf: walks,
  lastIndexOf: walks,
  includes: walks,
  url: readsFirst,
  lowerAscii: readsFirst,
  upperAscii: readsFirst,
  substring: readsFirst,
  trim: readsFirst,
  'jsonpatch.escapeKey': readsFirst,
  replace: readsFirstTwice,
  split: readsFirstTwice,
  join: (_, result) => traversal(sizeOf(result), 2),
  linearMatches: matches,
  matches,
  find: matches,
  findAll: matches,
  cidr: readsFirst,
  isIP: readsFirst,
  isCIDR: readsFirst,
  ip: ([value]) => (typeof value === 'string' ? traversal(value.length) : 1),
  'ip.isCanonical': readsFirstTwice,
  containsIP: contains,
  containsCIDR: args => contains(args, undefined) + traversal(addressSize(args[0])) + 1,
  quantity: readsFirst,
  isQuantity: readsFirst,
  semver: readsFirst,
  isSemver: readsFirst,
  validate: ([, text]) =>
    traversal(1 + sizeOf(text)) * Math.ceil(FORMAT_PATTERN * PER_PATTERN_LETTER),
  startsWith: readsFirst,
  endsWith: readsFirst,
  contains: ([text, part]) => traversal(sizeOf(text)) * traversal(sizeOf(part)),
  bytes: ([value]) => (typeof value === 'string' ? traversal(value.length) : 1),
  string: ([value]) => (value instanceof Uint8Array ? traversal(value.length) : 1),
  'sets.contains': pairs(1),
  'sets.intersects': pairs(1),
  'sets.equivalent': pairs(2),
}

/** Functions of the engine's rewritten forms, which nobody wrote. */
const isInternal = (name: string) => name.endsWith('__')

export function callCost(called: string, args: readonly unknown[], result: unknown): number {
  if (isInternal(called)) return 0
  const name = writtenName(called)
  return Object.hasOwn(COSTS, name) ? (COSTS[name]?.(args, result) ?? 1) : 1
}

/** All that is within, with what is within that. */
function walkOf(value: unknown): number {
  if (typeof value === 'string' || value instanceof Uint8Array)
    return Math.floor(value.length * PER_LETTER)
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + walkOf(item), 0)
  if (typeof value !== 'object' || value === null || sizeOf(value) === 1) return 1
  return entriesOf(value).reduce((sum, [key, item]) => sum + walkOf(key) + walkOf(item), 0)
}
