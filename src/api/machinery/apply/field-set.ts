/**
 * Sets of field paths, the currency of server-side apply. A set is a tree: a node is in the set itself (`member`), or only leads to
 * nodes that are. Its JSON form is FieldsV1: `f:` names a field, `k:` a list item by its keys, `v:` a value of a list of values, `.` the node itself.
 */
import { isPlainObject, type PlainObject, setKey } from '../plain.ts'

export class FieldSet {
  member = false
  readonly children = new Map<string, FieldSet>()

  /** Reads FieldsV1; whatever is no object counts as a leaf. */
  static fromJson(json: unknown): FieldSet {
    const set = new FieldSet()
    if (!isPlainObject(json)) return set
    for (const [element, below] of Object.entries(json)) {
      if (element === '.') {
        set.member = true
        continue
      }
      const child = FieldSet.fromJson(below)
      if (child.children.size === 0) child.member = true
      set.children.set(element, child)
    }
    return set
  }

  /** FieldsV1, its keys in order, so that equal sets have equal texts. */
  toJson(): PlainObject {
    const json: PlainObject = {}
    if (this.member && this.children.size > 0) json['.'] = {}
    for (const element of [...this.children.keys()].sort())
      setKey(json, element, this.children.get(element)?.toJson())
    return json
  }

  get isEmpty(): boolean {
    if (this.member) return false
    for (const child of this.children.values()) if (!child.isEmpty) return false
    return true
  }

  /** The node at an element, made where it is missing. */
  at(element: string): FieldSet {
    const existing = this.children.get(element)
    if (existing) return existing
    const made = new FieldSet()
    this.children.set(element, made)
    return made
  }

  union(other: FieldSet): FieldSet {
    return combine(this, other, (mine, its) => mine || its)
  }
  intersection(other: FieldSet): FieldSet {
    return combine(this, other, (mine, its) => mine && its)
  }
  difference(other: FieldSet): FieldSet {
    return combine(this, other, (mine, its) => mine && !its)
  }

  equals(other: FieldSet): boolean {
    return this.difference(other).isEmpty && other.difference(this).isEmpty
  }

  /** Every member's path, parents first. */
  paths(prefix: readonly string[] = []): string[][] {
    const below = [...this.children].flatMap(([element, child]) =>
      child.paths([...prefix, element]),
    )
    return this.member && prefix.length > 0 ? [[...prefix], ...below] : below
  }
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
    if (!child.isEmpty) result.children.set(element, child)
  }
  return result
}

const NONE = new FieldSet()
const isBare = ({ member, children }: FieldSet) => !member && children.size === 0

/** A path as conflicts show it: `.spec.containers[name="web"].image`. */
export function pathText(path: readonly string[]): string {
  return path.map(elementText).join('')
}

function elementText(element: string): string {
  const rest = element.slice(2)
  if (element.startsWith('f:')) return `.${rest}`
  if (element.startsWith('v:')) return `[=${rest}]`
  const keys = JSON.parse(rest) as Record<string, unknown>
  return `[${Object.keys(keys)
    .sort()
    .map(name => `${name}=${JSON.stringify(keys[name])}`)
    .join(',')}]`
}
