/** What expressions can do with lists, and with lists as sets. */

import { rankOf } from './equality.ts'
import { ownName } from './library.texts.ts'
import type { Add, Optional, Target } from './library.ts'
import { durationText, typeName } from './printing.ts'
import { isSpan, isUint, nanosOf, type Span, spanNanos, spanOf } from './values.ts'

type Ordered = string | number | bigint | boolean

/** Ranges are made in memory, so their length is bounded. */
const MAXIMUM_RANGE = 10_000n

export function addLists(target: Target, add: Add, optional: Optional): void {
  addOrdered(add)
  addWhole(add)
  add('list.first(): optional<dyn>', (list: unknown[]) => optional(list[0]))
  add('list.last(): optional<dyn>', (list: unknown[]) => optional(list.at(-1)))
  addOptionals(add, optional)
  class Lists {}
  class Sets {}
  target.registerType('ListsLibrary', { ctor: Lists, fields: {} })
  target.registerType('SetsLibrary', { ctor: Sets, fields: {} })
  target.registerConstant('lists', 'ListsLibrary', new Lists())
  target.registerConstant('sets', 'SetsLibrary', new Sets())
  add('ListsLibrary.range(int): list<int>', (_: Lists, length: bigint) => {
    if (length > MAXIMUM_RANGE) throw new Error('lists.range(): too many elements')
    return Array.from({ length: Number(length < 0n ? 0n : length) }, (_, index) => BigInt(index))
  })
  const holds = (all: unknown[], some: unknown[]) => {
    const keys = new Set(all.map(keyOf))
    return some.every(item => keys.has(keyOf(item)))
  }
  add('SetsLibrary.contains(list, list): bool', (_: Sets, all: unknown[], some: unknown[]) =>
    holds(all, some),
  )
  add(
    'SetsLibrary.equivalent(list, list): bool',
    (_: Sets, one: unknown[], other: unknown[]) => holds(one, other) && holds(other, one),
  )
  add('SetsLibrary.intersects(list, list): bool', (_: Sets, one: unknown[], other: unknown[]) => {
    const keys = new Set(one.map(keyOf))
    return other.some(item => keys.has(keyOf(item)))
  })
}

interface MaybeThere {
  hasValue(): boolean
  value(): unknown
}

function addOptionals(add: Add, optional: Optional): void {
  const unwrapped = (list: readonly MaybeThere[]) =>
    list.filter(item => item.hasValue()).map(item => item.value())
  add('OptionalNamespace.unwrap(list): list', (_: unknown, list: MaybeThere[]) => unwrapped(list))
  add('list.unwrapOpt(): list', unwrapped)
  add('OptionalNamespace.ofNonZeroValue(A): optional<A>', (_: unknown, value: unknown) =>
    optional(isZero(value) ? undefined : value),
  )
}

/** For ones that hold plain values. */
export function sameOptional(one: unknown, other: unknown): boolean {
  const [a, b] = [one as MaybeThere, other as MaybeThere]
  if (!a.hasValue() || !b.hasValue()) return a.hasValue() === b.hasValue()
  return keyOf(a.value()) === keyOf(b.value())
}

const ZEROS = ['""', '0', 'false', 'null', '[]', '{}']
const isZero = (value: unknown) =>
  value instanceof Uint8Array
    ? value.length === 0
    : (isSpan(value) && spanNanos(value) === 0n) || ZEROS.includes(keyOf(value))

function addOrdered(add: Add): void {
  add('list.isSorted(): bool', (list: Ordered[]) =>
    list.every((item, at) => at === 0 || rank(list[at - 1]) <= rank(item)),
  )
  add('list.sum(): dyn', sumOf)
  const extreme = (name: string, isBetter: (one: Ordered, other: Ordered) => boolean) =>
    add(`list.${name}(): dyn`, (list: Ordered[]) => {
      const [first, ...rest] = list
      if (first === undefined) throw new Error(`${name} called on empty list`)
      return rest.reduce((best, item) => (isBetter(item, best) ? item : best), first)
    })
  extreme('min', (one, other) => rank(one) < rank(other))
  extreme('max', (one, other) => rank(one) > rank(other))
  add('list.sort(): list', (list: Ordered[]) => sorted(list, item => item))
  // What `sortBy` is rewritten to: each item with what it is sorted by.
  add('list.sortedPairs__(): list', (pairs: [Ordered, unknown][]) =>
    sorted(pairs, ([key]) => key).map(([, item]) => item),
  )
}

/** Of numbers of any kind, or of spans of time. */
function sumOf(list: readonly unknown[]): unknown {
  const [first] = list
  if (isSpan(first)) {
    const nanos = (list as Span[]).reduce((sum, item) => sum + spanNanos(item), 0n)
    return spanOf(nanos, first)
  }
  if (list.some(item => typeof item === 'number'))
    return list.reduce<number>((total, item) => total + Number(item), 0)
  const total = list.reduce<bigint>((sum, item) => sum + (item as bigint).valueOf(), 0n)
  if (typeof first === 'object' && first !== null)
    return new (first.constructor as new (sum: bigint) => unknown)(total)
  if (BigInt.asIntN(64, total) !== total) throw new Error('integer overflow')
  return total
}

function sorted<T>(list: readonly T[], key: (item: T) => Ordered): T[] {
  if (new Set(list.map(item => typeName(key(item)))).size > 1)
    throw new Error('list elements must have the same type')
  const place = (item: T) => rank(key(item))
  return list.toSorted((a, b) => (place(a) < place(b) ? -1 : place(a) > place(b) ? 1 : 0))
}

const rank = (value: unknown) => rankOf(value) as Ordered

function addWhole(add: Add): void {
  const place = (name: 'indexOf' | 'lastIndexOf') => {
    const find = (list: unknown[], item: unknown) => BigInt(list.map(keyOf)[name](keyOf(item)))
    for (const known of [name, ownName(name)]) add(`list.${known}(dyn): int`, find)
  }
  place('indexOf')
  place('lastIndexOf')
  add('list.distinct(): list', (list: unknown[]) => {
    const seen = new Set<string>()
    return list.filter(item => seen.size < seen.add(keyOf(item)).size)
  })
  add('list.reverse(): list', (list: unknown[]) => list.toReversed())
  add('list.slice(int, int): list', (list: unknown[], start: bigint, end: bigint) => {
    if (start < 0n || end < 0n)
      throw new Error(`cannot slice(${start}, ${end}), negative indexes not supported`)
    if (end > BigInt(list.length) || start > end)
      throw new Error(`cannot slice(${start}, ${end}), list is length ${list.length}`)
    return list.slice(Number(start), Number(end))
  })
  add('list.flatten(): list', (list: unknown[]) => list.flat())
  add('list.flatten(int): list', (list: unknown[], depth: bigint) => {
    if (depth < 0n) throw new Error('level must be non-negative')
    return list.flat(Number(depth))
  })
}

/** The same for values that are equal; what is no JSON is marked. */
function keyOf(value: unknown): string {
  return JSON.stringify(value, function (this: Record<string, unknown>, name, shown: unknown) {
    const part = this[name]
    if (typeof part === 'bigint') return numberOf(part)
    if (part instanceof Date) return `\0${nanosOf(part)}`
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return shown
    if (isUint(part)) return numberOf(part.value)
    if (isSpan(part)) return `\0${durationText(part)}`
    if (part instanceof Map)
      return [...part].map(([key, item]) => [keyOf(key), keyOf(item)]).toSorted()
    return Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  })
}

/** Whole numbers of all kinds are equal; those that are too large for JSON must not become so. */
const numberOf = (value: bigint) =>
  Number.isSafeInteger(Number(value)) ? Number(value) : `${value}`
