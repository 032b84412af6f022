/** Which fields an object has, and which differ between two objects. */
import { equal } from '../patch/json-patch.ts'
import type { AnySchema } from '../schema.ts'
import { partsOf } from './elements.ts'
import { FieldSet } from './field-set.ts'

/** The fields that a value sets: its leaves, and each list item beside what is in it. */
export function fieldsOf(schema: AnySchema | undefined, value: unknown): FieldSet {
  const set = new FieldSet()
  const parts = partsOf(schema, value)
  if (!parts || parts.length === 0) {
    set.member = true
    return set
  }
  for (const part of parts) {
    const child = fieldsOf(part.schema, part.value)
    if (!part.element.startsWith('f:')) child.member = true
    set.put(part.element, child)
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
  compare(schema, from, to, result)
  return result
}

function compare(
  schema: AnySchema | undefined,
  from: unknown,
  to: unknown,
  into: Differences,
): void {
  if (from === to || equal(from, to)) return
  const after = partsOf(schema, to)
  // Where there was no list yet, items come one by one; an empty list comes itself.
  const before = from === null && after?.length !== 0 && after ? [] : partsOf(schema, from)
  if (!before || !after) {
    into.changed.member = true
    return
  }
  const old = new Map(before.map(part => [part.element, part]))
  for (const part of after) {
    const previous = old.get(part.element)
    old.delete(part.element)
    if (previous) compareBelow(part.element, part.schema, [previous.value, part.value], into)
    else into.added.put(part.element, wholly(part.schema, part.value))
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
  const set = new FieldSet()
  set.member = true
  for (const part of partsOf(schema, value) ?? [])
    set.put(part.element, wholly(part.schema, part.value))
  return set
}
