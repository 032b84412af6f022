/**
 * Sets of field paths, the currency of server-side apply. A set is a tree: a node is in the set itself (`member`), or only leads to
 * nodes that are. Its JSON form is FieldsV1: `f:` names a field, `k:` a list item by its keys, `v:` a value of a list of values, `.` the node itself.
 */
import { parseExactText, stringifyJson } from '../exact-json.ts'
import { goQuote } from '../go-quote.ts'
import { isPlainObject, type PlainObject, setKey } from '../plain.ts'
import { isShared, sharedBranch } from './shared-fields.ts'

const NO_CHILDREN: ReadonlyMap<string, FieldSet> = new Map()
/** Fields, keys of items, values in sets and places in lists. */
const ELEMENTS = 'fkvi'

/**
 * Changes only while it is being made. From then on sets share their branches and keep their JSON, and what an operation does not
 * change comes out of it as it is.
 */
export class FieldSet {
  member = false
  // Most nodes are leaves, which need no map.
  #children: Map<string, FieldSet> | undefined
  #json: PlainObject | undefined

  /** Reads FieldsV1; whatever is no object counts as empty. Shared branches are read once. */
  static fromJson(json: unknown): FieldSet {
    if (!isPlainObject(json)) return NONE
    const known = readOf.get(json)
    if (known) return known
    const set = new FieldSet()
    for (const element in json) {
      if (!Object.hasOwn(json, element)) continue
      if (element === '.') {
        set.member = true
        continue
      }
      // What it says is not known, maybe not yet.
      if (element[1] !== ':' || !ELEMENTS.includes(element[0] as string)) continue
      const child = FieldSet.fromJson(json[element])
      set.put(element, child.isEmpty ? LEAF : child)
    }
    if (isShared(json)) {
      set.#json = json
      remember(json, set)
    }
    return set
  }

  /** FieldsV1, its keys in order, so that equal sets have equal texts. Frozen and shared. */
  toJson(): PlainObject {
    if (this.#json) return this.#json
    if (this.children.size === 0) return NOTHING
    const json: PlainObject = {}
    if (this.member) json['.'] = NOTHING
    for (const element of [...this.children.keys()].sort())
      setKey(json, element, this.children.get(element)?.toJson())
    this.#json = sharedBranch(json)
    return this.#json
  }

  get children(): ReadonlyMap<string, FieldSet> {
    return this.#children ?? NO_CHILDREN
  }

  /** Of children none is empty. */
  put(element: string, child: FieldSet): void {
    this.#children ??= new Map()
    this.#children.set(element, child)
  }

  get isEmpty(): boolean {
    return !this.member && this.children.size === 0
  }

  union(other: FieldSet): FieldSet {
    if (this === other || other.isEmpty) return this
    if (this.isEmpty) return other
    let result: FieldSet = this
    if (other.member && !this.member) {
      result = this.#copy()
      result.member = true
    }
    for (const [element, its] of other.children) {
      const mine = this.children.get(element)
      const both = mine ? mine.union(its) : its
      if (both === mine) continue
      if (result === this) result = this.#copy()
      result.put(element, both)
    }
    return result
  }

  intersection(other: FieldSet): FieldSet {
    if (this === other) return this
    const result = new FieldSet()
    result.member = this.member && other.member
    for (const [element, mine] of this.children) {
      const its = other.children.get(element)
      const common = its && mine.intersection(its)
      if (common && !common.isEmpty) result.put(element, common)
    }
    return result
  }

  difference(other: FieldSet): FieldSet {
    if (this === other) return NONE
    let result: FieldSet = this
    if (this.member && other.member) {
      if (this.children.size === 0) return NONE
      result = this.#copy()
      result.member = false
    }
    const fewer = this.children.size < other.children.size ? this.children : other.children
    for (const element of fewer.keys()) {
      const mine = this.children.get(element)
      const its = other.children.get(element)
      if (!mine || !its) continue
      const left = mine.difference(its)
      if (left === mine) continue
      if (result === this) result = this.#copy()
      if (left.isEmpty) result.#children?.delete(element)
      else result.put(element, left)
    }
    return result
  }

  /** One that may be changed; its branches are shared, for sets do not change once made. */
  #copy(): FieldSet {
    const copy = new FieldSet()
    copy.member = this.member
    if (this.#children) copy.#children = new Map(this.#children)
    return copy
  }

  /** Whether all members of the other are members here. */
  contains(other: FieldSet): boolean {
    if (this === other) return true
    if (other.member && !this.member) return false
    for (const [element, its] of other.children)
      if (!this.children.get(element)?.contains(its)) return false
    return true
  }

  /** Whether the other is the same also in its nodes that are no members; in whichever order, as equal sets have equal JSON. */
  isSame(other: FieldSet): boolean {
    if (this === other) return true
    if (this.member !== other.member || this.children.size !== other.children.size) return false
    for (const [element, its] of other.children)
      if (!this.children.get(element)?.isSame(its)) return false
    return true
  }

  equals(other: FieldSet): boolean {
    return this.contains(other) && other.contains(this)
  }

  /** Every member's path in order, all of one node before those below them. */
  paths(prefix: readonly string[] = []): string[][] {
    const elements = [...this.children.keys()].sort(byElement)
    const children = elements.map(element => [element, this.children.get(element)] as const)
    return [
      ...children.filter(([, child]) => child?.member).map(([element]) => [...prefix, element]),
      ...children.flatMap(([element, child]) => child?.paths([...prefix, element]) ?? []),
    ]
  }
}

/** Of nothing; shared, so never to be put into. */
export const NONE = new FieldSet()
/** A set of nothing but its own node; shared as well. */
export const LEAF = new FieldSet()
LEAF.member = true
const NOTHING: PlainObject = Object.freeze({})

/** Branches whose sets are kept; with more it begins anew, as sets are larger than what they were read from. */
const READ_LIMIT = 10_000
let readOf = new WeakMap<PlainObject, FieldSet>()
let reads = 0

/** Keeps what a shared branch says for whoever reads it next. */
function remember(branch: PlainObject, set: FieldSet): void {
  if (++reads > READ_LIMIT) {
    readOf = new WeakMap()
    reads = 1
  }
  readOf.set(branch, set)
}

/** Names before keys and values, which are compared by what they say. */
function byElement(one: string, other: string): number {
  if (one[0] !== other[0] || one[0] === 'f') return order(one, other)
  const [mine, its] = [one, other].map(element => said(element.slice(2))) as [Said, Said]
  for (const [at, value] of mine.entries()) {
    const found = order(value, its[at] ?? '')
    if (found !== 0) return found
  }
  return mine.length - its.length
}

type Said = readonly (string | number | bigint | boolean)[]
const order = <T>(one: T, other: T): number => (one < other ? -1 : one > other ? 1 : 0)

/** Keys and their values in turn, or the one value. */
function said(text: string): Said {
  const keys = keysIn(text)
  return keys ? (Object.entries(keys).sort().flat() as unknown as Said) : [text]
}

/** A path as conflicts show it: `.spec.containers[name="web"].image`. */
export function pathText(path: readonly string[]): string {
  return path.map(elementText).join('')
}

function elementText(element: string): string {
  const rest = element.slice(2)
  if (element.startsWith('f:')) return `.${rest}`
  if (element.startsWith('v:')) return `[=${rest}]`
  const keys = keysIn(rest)
  // Clients may write managedFields, and what is no key must not hide the conflict.
  if (!keys) return `[${rest}]`
  return `[${Object.keys(keys)
    .sort()
    .map(name => `${name}=${valueText(keys[name])}`)
    .join(',')}]`
}

/** The value of a key, or in a set, as Go's library for merging writes it; of maps in no order of its own. */
export function valueText(value: unknown): string {
  if (typeof value === 'string') return goQuote(value)
  if (Array.isArray(value)) return `[${value.map(valueText).join(',')}]`
  if (!isPlainObject(value)) return stringifyJson(value)
  return Object.keys(value)
    .sort()
    .map(name => `${name}=${valueText(value[name])}`)
    .join('')
}

function keysIn(text: string): PlainObject | undefined {
  try {
    const keys = parseExactText(text)
    return isPlainObject(keys) ? keys : undefined
  } catch {
    return undefined
  }
}
