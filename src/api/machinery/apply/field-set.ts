/**
 * Sets of field paths, the currency of server-side apply. A set is a tree: a node is in the set itself (`member`), or only leads to
 * nodes that are. Its JSON form is FieldsV1: `f:` names a field, `k:` a list item by its keys, `v:` a value of a list of values, `.` the node itself.
 */
import { parseExactText, stringifyJson } from '../exact-json.ts'
import { isPlainObject, type PlainObject, setKey } from '../plain.ts'
import { sharedBranch } from './shared-fields.ts'

const NO_CHILDREN: ReadonlyMap<string, FieldSet> = new Map()

/** Changes only while it is being made; from then on sets share their branches, and keep their JSON. */
export class FieldSet {
  member = false
  // Most nodes are leaves, which need no map.
  #children: Map<string, FieldSet> | undefined
  #json: PlainObject | undefined

  /** Reads FieldsV1; whatever is no object counts as a leaf. */
  static fromJson(json: unknown): FieldSet {
    if (!isPlainObject(json)) return new FieldSet()
    const set = new FieldSet()
    for (const element in json) {
      if (!Object.hasOwn(json, element)) continue
      if (element === '.') {
        set.member = true
        continue
      }
      const child = FieldSet.fromJson(json[element])
      if (child.children.size > 0) set.put(element, child)
      else set.put(element, LEAF)
    }
    if (Object.isFrozen(json)) set.#json = json
    return set
  }

  /** FieldsV1, its keys in order, so that equal sets have equal texts. Frozen. */
  toJson(): PlainObject {
    if (this.#json) return this.#json
    if (this.children.size === 0) return NOTHING
    const json: PlainObject = {}
    if (this.member && this.children.size > 0) json['.'] = NOTHING
    for (const element of [...this.children.keys()].sort())
      setKey(json, element, this.children.get(element)?.toJson())
    this.#json = sharedBranch(json)
    return this.#json
  }

  get children(): ReadonlyMap<string, FieldSet> {
    return this.#children ?? NO_CHILDREN
  }

  put(element: string, child: FieldSet): void {
    this.#children ??= new Map()
    this.#children.set(element, child)
  }

  get isEmpty(): boolean {
    if (this.member) return false
    for (const child of this.children.values()) if (!child.isEmpty) return false
    return true
  }

  union(other: FieldSet): FieldSet {
    return this.contains(other) ? this : combine(this, other, (mine, its) => mine || its)
  }
  intersection(other: FieldSet): FieldSet {
    return combine(this, other, (mine, its) => mine && its)
  }
  difference(other: FieldSet): FieldSet {
    return meet(this, other) ? combine(this, other, (mine, its) => mine && !its) : this
  }

  /** Whether all members of the other are members here. */
  contains(other: FieldSet): boolean {
    if (other.member && !this.member) return false
    for (const [element, its] of other.children) {
      const mine = this.children.get(element)
      if (mine ? !mine.contains(its) : !its.isEmpty) return false
    }
    return true
  }

  equals(other: FieldSet): boolean {
    return this === other || (this.contains(other) && other.contains(this))
  }

  /** Every member's path, parents first. */
  paths(prefix: readonly string[] = []): string[][] {
    const below = [...this.children].flatMap(([element, child]) =>
      child.paths([...prefix, element]),
    )
    return this.member && prefix.length > 0 ? [[...prefix], ...below] : below
  }
}

/** Whether two sets have a member in common. */
function meet(one: FieldSet, other: FieldSet): boolean {
  if (one.member && other.member) return true
  const [small, large] = one.children.size < other.children.size ? [one, other] : [other, one]
  for (const [element, child] of small.children) {
    const its = large.children.get(element)
    if (its && meet(child, its)) return true
  }
  return false
}

/** Node by node; branches that come out empty are left out, and those that only one has are shared: sets do not change once made. */
function combine(
  one: FieldSet,
  other: FieldSet,
  keep: (one: boolean, other: boolean) => boolean,
): FieldSet {
  if (isBare(other)) return keep(true, false) ? one : new FieldSet()
  if (isBare(one)) return keep(false, true) ? other : new FieldSet()
  const result = new FieldSet()
  result.member = keep(one.member, other.member)
  for (const element of new Set([...one.children.keys(), ...other.children.keys()])) {
    const child = combine(
      one.children.get(element) ?? NONE,
      other.children.get(element) ?? NONE,
      keep,
    )
    if (!child.isEmpty) result.put(element, child)
  }
  return result
}

const NONE = new FieldSet()
/** A set of nothing but its own node; shared, so never to be put into. */
export const LEAF = new FieldSet()
LEAF.member = true
const NOTHING: PlainObject = Object.freeze({})
const isBare = ({ member, children }: FieldSet) => !member && children.size === 0

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
    .map(name => `${name}=${stringifyJson(keys[name])}`)
    .join(',')}]`
}

function keysIn(text: string): PlainObject | undefined {
  try {
    const keys = parseExactText(text)
    return isPlainObject(keys) ? keys : undefined
  } catch {
    return undefined
  }
}
