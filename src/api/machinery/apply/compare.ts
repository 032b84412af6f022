/** Which fields an object has, and which differ between two objects. */
import { equal } from '../patch/json-patch.ts'
import type { AnySchema } from '../schema.ts'
import { type Part, partsOf } from './elements.ts'
import { FieldSet, LEAF } from './field-set.ts'

/** The fields that a value sets: its leaves, and each list item beside what is in it. A list without items sets nothing. */
export function fieldsOf(schema: AnySchema | undefined, value: unknown): FieldSet {
  const set = new FieldSet()
  const parts = partsOf(schema, value)
  if (!parts || parts.length === 0) {
    set.member = !parts || !Array.isArray(value)
    return set
  }
  for (const part of parts) {
    const child = fieldsOf(part.schema, part.value)
    if (!part.element.startsWith('f:')) child.member = true
    if (!child.isEmpty) set.put(part.element, child)
  }
  return set
}

export interface Differences {
  readonly added: FieldSet
  readonly changed: FieldSet
  readonly removed: FieldSet
}

/** What became of each field on the way from one value to the other. */
export function differences(schema: AnySchema, from: unknown, to: unknown): Differences {
  const result = { added: new FieldSet(), changed: new FieldSet(), removed: new FieldSet() }
  if (!equal(from, to)) compare(schema, from, to, result)
  return result
}

/** Of two values that differ. */
function compare(
  schema: AnySchema | undefined,
  from: unknown,
  to: unknown,
  into: Differences,
): void {
  const after = partsOf(schema, to)
  // Where there was no list yet, items come one by one; an empty list comes itself.
  const before = from === null && after?.length !== 0 && after ? [] : partsOf(schema, from)
  if (!before || !after) {
    into.changed.member = true
    return
  }
  const old = new Map<string, Part>()
  for (const part of before) old.set(part.element, part)
  for (const part of after) {
    const previous = old.get(part.element)
    old.delete(part.element)
    if (!previous) into.added.put(part.element, wholly(part.schema, part.value))
    // Most of an object stays as it was, and is left without a set of its own.
    else if (!equal(previous.value, part.value))
      compareBelow(part.element, part.schema, [previous.value, part.value], into)
  }
  for (const part of old.values()) into.removed.put(part.element, wholly(part.schema, part.value))
}

function compareBelow(
  element: string,
  schema: AnySchema | undefined,
  [from, to]: [unknown, unknown],
  into: Differences,
): void {
  const below = { added: new FieldSet(), changed: new FieldSet(), removed: new FieldSet() }
  compare(schema, from, to, below)
  for (const name of ['added', 'changed', 'removed'] as const)
    if (!below[name].isEmpty) into[name].put(element, below[name])
}

/** All fields of a value that came or went, with the nodes above the leaves. */
function wholly(schema: AnySchema | undefined, value: unknown): FieldSet {
  const parts = partsOf(schema, value)
  if (!parts || parts.length === 0) return LEAF
  const set = new FieldSet()
  set.member = true
  for (const part of parts) set.put(part.element, wholly(part.schema, part.value))
  return set
}
