/** Which fields an object has, and which differ between two objects. */
import type { KubernetesObject } from '../metadata.ts'
import { equal } from '../patch/json-patch.ts'
import { isPlainObject, type PlainObject } from '../plain.ts'
import { isSaid } from '../said-lists.ts'
import type { AnySchema, ObjectShape } from '../schema.ts'
import { isNamed, type Part, type Place, partsOf, placeIn, placesIn } from './elements.ts'
import { FieldSet, LEAF, NONE } from './field-set.ts'
import { keepSet, knownSetOf } from './known-sets.ts'

/** The fields that a value sets: its leaves, and whatever has no name in the schema beside what is in it. A list without items sets nothing. */
export function fieldsOf(schema: AnySchema | undefined, value: unknown): FieldSet {
  const parts = partsOf(schema, value)
  if (!parts || parts.length === 0) return parts && Array.isArray(value) ? NONE : LEAF
  const set = new FieldSet()
  for (const part of parts) {
    const child = fieldsOf(part.schema, part.value)
    if (!isNamed(schema, part)) set.put(part.element, child.union(LEAF))
    else if (!child.isEmpty) set.put(part.element, child)
  }
  if (Array.isArray(value)) dropShared(set, parts)
  return set
}

/** What is in items that share their keys belongs to nobody: which of them it would be, none can tell. */
function dropShared(set: FieldSet, parts: readonly Part[]): void {
  if (set.children.size === parts.length) return
  const seen = new Set<string>()
  for (const { element } of parts) {
    if (seen.has(element)) set.put(element, LEAF)
    seen.add(element)
  }
}

/** What became of each field on the way from one value to the other; made while they are compared, and not changed any more after that. */
export class Differences {
  added = NONE
  changed = NONE
  removed = NONE
  #touched: FieldSet | undefined
  #lost: FieldSet | undefined

  /** Everything that has a new value. */
  get touched(): FieldSet {
    this.#touched ??= this.added.union(this.changed)
    return this.#touched
  }

  /** Everything that is no longer what its owners made it. */
  get lost(): FieldSet {
    this.#lost ??= this.touched.union(this.removed)
    return this.#lost
  }

  add(element: string, fields: FieldSet): void {
    this.added = put(this.added, element, fields)
  }
  remove(element: string, fields: FieldSet): void {
    this.removed = put(this.removed, element, fields)
  }
  /** What differs in a part. */
  below(element: string, { added, changed, removed }: Differences): void {
    if (!added.isEmpty) this.added = put(this.added, element, added)
    if (!changed.isEmpty) this.changed = put(this.changed, element, changed)
    if (!removed.isEmpty) this.removed = put(this.removed, element, removed)
  }
}

function put(set: FieldSet, element: string, fields: FieldSet): FieldSet {
  const into = set === NONE ? new FieldSet() : set
  into.put(element, fields)
  return into
}

/** Of two values that are owned as a whole. */
const CHANGED = new Differences()
CHANGED.changed = LEAF

export function differences(schema: AnySchema, from: unknown, to: unknown): Differences {
  return compare(schema, from, to) ?? new Differences()
}

const METADATA = 'metadata'

/** The same of whole objects, whose managedFields nobody owns and which are not looked at. */
export function objectDifferences(
  shape: ObjectShape,
  from: KubernetesObject,
  to: KubernetesObject,
): Differences {
  const { element, schema } = placeIn(shape, METADATA)
  const metadata = placesIn(schema)
  const placeOf = (name: string) => placeIn(shape, name)
  const found = compareFields(placeOf, plain(from), plain(to), METADATA) ?? new Differences()
  const below =
    metadata && compareFields(metadata, plain(from.metadata), plain(to.metadata), 'managedFields')
  if (below) found.below(element, below)
  return found
}

/** Undefined where nothing differs that could be owned. */
function compare(
  schema: AnySchema | undefined,
  from: unknown,
  to: unknown,
): Differences | undefined {
  // Most of an object is what it was, and shared with what it was.
  if (from === to) return undefined
  const places = placesIn(schema)
  if (places && isPlainObject(from) && isPlainObject(to)) return compareFields(places, from, to)
  // Where there is null, parts come and go one by one; what is empty is a value as null is.
  const before = partsOf(schema, from) ?? (from === null ? NOTHING : undefined)
  const after = partsOf(schema, to) ?? (to === null ? NOTHING : undefined)
  if (before && after && before.length + after.length > 0) return compareParts(before, after)
  if (Array.isArray(to) && to.length === 0) {
    const isTold = isSaid(to)
    // Nobody told what is stored: who tells it changes it.
    if (isTold === true) return CHANGED
    if (isTold === false && from === null) return undefined
  }
  if (equal(from, to)) return undefined
  // Where nothing says what it is to be, a value may be of another type than before: its parts come or go, and it changes itself.
  const found =
    before?.length || after?.length ? compareParts(before ?? NOTHING, after ?? NOTHING) : undefined
  if (!found) return CHANGED
  found.changed = LEAF
  return found
}

const NOTHING: readonly Part[] = []

const plain = (object: object) => object as PlainObject

function compareFields(
  placeOf: (name: string) => Place,
  from: PlainObject,
  to: PlainObject,
  besides?: string,
): Differences | undefined {
  let found: Differences | undefined
  for (const name of Object.keys(to)) {
    if (name === besides) continue
    const value = to[name]
    const previous = ownValue(from, name)
    if (value === previous || value === undefined) continue
    const { element, schema } = placeOf(name)
    found ??= new Differences()
    if (previous === undefined) found.add(element, wholly(schema, value))
    else {
      const below = compare(schema, previous, value)
      if (below) found.below(element, below)
    }
  }
  for (const name of Object.keys(from)) {
    if (name === besides) continue
    const value = from[name]
    if (value === undefined || ownValue(to, name) !== undefined) continue
    const { element, schema } = placeOf(name)
    found ??= new Differences()
    found.remove(element, wholly(schema, value))
  }
  return found
}

const ownValue = (object: PlainObject, name: string): unknown =>
  Object.hasOwn(object, name) ? object[name] : undefined

function compareParts(before: readonly Part[], after: readonly Part[]): Differences | undefined {
  if (hasShared(before) || hasShared(after)) return compareShared(before, after)
  let found: Differences | undefined
  const old = new Map<string, Part>()
  for (const part of before) old.set(part.element, part)
  for (const { element, schema, value } of after) {
    const previous = old.get(element)
    old.delete(element)
    if (!previous) {
      found ??= new Differences()
      found.add(element, wholly(schema, value))
      continue
    }
    const below = compare(schema, previous.value, value)
    if (!below) continue
    found ??= new Differences()
    found.below(element, below)
  }
  for (const { element, schema, value } of old.values()) {
    found ??= new Differences()
    found.remove(element, wholly(schema, value))
  }
  return found
}

/** Whether several parts have one element. */
const hasShared = (parts: readonly Part[]) =>
  new Set(parts.map(({ element }) => element)).size < parts.length

/** Items that share an element are something whole of their own, and not the item that stood there alone before or stands there after. */
function compareShared(before: readonly Part[], after: readonly Part[]): Differences {
  const found = new Differences()
  const old = Map.groupBy(before, ({ element }) => element)
  const now = Map.groupBy(after, ({ element }) => element)
  for (const element of new Set([...old.keys(), ...now.keys()])) {
    const [was = [], is = []] = [old.get(element), now.get(element)]
    if (was.length > 1 && is.length > 1) {
      if (!equal(was.map(saidBy), is.map(saidBy))) found.below(element, CHANGED)
    } else if (was.length === 1 && is.length === 1) {
      const below = compare(is[0]?.schema, saidBy(was[0]), saidBy(is[0]))
      if (below) found.below(element, below)
    } else {
      if (was.length > 0) found.remove(element, ofItems(was))
      if (is.length > 0) found.add(element, ofItems(is))
    }
  }
  return found
}

const saidBy = (part: Part | undefined) => part?.value

const ofItems = ([item, ...others]: readonly Part[]) =>
  others.length > 0 ? LEAF : wholly(item?.schema, item?.value)

/** All fields of a value that came or went, with the nodes above the leaves. */
function wholly(schema: AnySchema | undefined, value: unknown): FieldSet {
  if (typeof value !== 'object' || value === null || !schema) return LEAF
  const known = knownSetOf(schema, value)
  if (known) return known
  const parts = partsOf(schema, value)
  if (!parts || parts.length === 0) return LEAF
  const set = new FieldSet()
  set.member = true
  for (const part of parts) set.put(part.element, wholly(part.schema, part.value))
  dropShared(set, parts)
  keepSet(schema, set)
  return set
}
