/**
 * Sets of fields that were met before. Pods of one template have the same fields, and so has what kubelets say of them: to see that is a
 * walk that makes nothing, while a set anew costs a map for each of its nodes, and then its JSON.
 */
import { isPlainObject } from '../plain.ts'
import type { AnySchema } from '../schema.ts'
import { type Part, partsOf, placeIn } from './elements.ts'
import type { FieldSet } from './field-set.ts'

/** The elements of a set in order, those below one between OPEN and CLOSE. No element looks like these. */
type Outline = readonly string[]
const OPEN = '('
const CLOSE = ')'

interface Known {
  readonly set: FieldSet
  readonly outline: Outline
}

/** Of each schema and of each writer so many are kept, mostly those that are asked for. */
const KEPT = 6
/** Larger sets are seldom the same. */
const MAXIMUM_LETTERS = 16_000
/** Of all that are kept, which is about their bytes; with more it begins anew. */
const ALL_LETTERS = 16_000_000
/** What an element takes beside its letters, and a writer beside its sets, counts as so many. */
const LETTERS_OF_ONE = 100
/** So many steps of walks may be in vain, and more only where as much was found, or made anew. */
const MOST_CREDIT = 100_000
/** To make an element costs at least as much as so many steps. */
const STEPS_OF_ONE = 20

let ofSchema = new WeakMap<AnySchema, Known[]>()
let ofWriter = new Map<string, FieldSet[]>()
let letters = 0
let credit = MOST_CREDIT
/** Of a walk in vain. */
let steps = 0

/** The set of all fields of a value and the nodes above them, where one like it was kept. */
export function knownSetOf(schema: AnySchema, value: unknown): FieldSet | undefined {
  const known = ofSchema.get(schema)
  if (!known) return undefined
  for (let at = 0; at < known.length && credit > 0; at++) {
    const each = known[at] as Known
    steps = 0
    const isLike = follow(each.outline, 0, schema, value) === each.outline.length
    give(isLike ? each.outline.length : -steps)
    if (!isLike) continue
    if (at > 0) moveUp(known, at)
    return each.set
  }
  return undefined
}

/** What is in something that is in something is walked over for each of them: without a limit, a client could have that done for seconds. */
function give(more: number): void {
  credit = Math.min(MOST_CREDIT, credit + more)
}

/** Keeps a set that was made of a value of this schema and does not change any more. */
export function keepSet(schema: AnySchema, set: FieldSet): void {
  give(set.children.size * STEPS_OF_ONE)
  const outline = outlineOf(set)
  if (!outline) return
  const known = ofSchema.get(schema) ?? []
  keep(known, { set, outline })
  ofSchema.set(schema, known)
}

/** A set that says the same and was met before with this writer, which has its JSON already; else the set itself. */
export function knownSet(writer: string, set: FieldSet): FieldSet {
  const known = ofWriter.get(writer) ?? []
  const at = known.findIndex(each => each.isSame(set))
  if (at > 0) moveUp(known, at)
  if (at >= 0) return known[Math.max(0, at - 1)] as FieldSet
  if (!outlineOf(set, writer.length)) return set
  keep(known, set)
  ofWriter.set(writer, known)
  return set
}

function keep<T>(known: T[], one: T): void {
  if (known.length >= KEPT) known.pop()
  known.unshift(one)
}

/** Those that are asked for come to stand before others. */
function moveUp<T>(known: T[], at: number): void {
  const before = known[at - 1] as T
  known[at - 1] = known[at] as T
  known[at] = before
}

/** Undefined where it is too large to be kept. */
function outlineOf(set: FieldSet, before = 0): Outline | undefined {
  const outline: string[] = []
  const length = write(set, outline, before)
  if (length > MAXIMUM_LETTERS) return undefined
  const taken = length + LETTERS_OF_ONE * (outline.length + 1)
  letters += taken
  if (letters > ALL_LETTERS) {
    ofSchema = new WeakMap()
    ofWriter = new Map()
    letters = taken
  }
  return outline
}

function write(set: FieldSet, outline: string[], before: number): number {
  if (set.children.size === 0) return before
  let length = before
  outline.push(OPEN)
  for (const [element, child] of set.children) {
    length += element.length
    if (length > MAXIMUM_LETTERS) return length
    outline.push(element)
    length = write(child, outline, length)
  }
  outline.push(CLOSE)
  return length
}

/** Where in the outline the fields of the value end that begin at `at`; -1 where it has others. */
function follow(outline: Outline, at: number, schema: AnySchema | undefined, value: unknown) {
  if (typeof value !== 'object' || value === null || !schema || schema.atomic)
    return outline[at] === OPEN ? parted(at) : at
  if (schema.type === 'struct' && isPlainObject(value)) {
    let next = -1
    for (const name of Object.keys(value)) {
      const part = value[name]
      if (part === undefined) continue
      const place = placeIn(schema.shape, name)
      next = followOne(outline, next < 0 ? opened(outline, at) : next, place.element)
      if (next >= 0) next = follow(outline, next, place.schema, part)
      if (next < 0) return -1
    }
    return closed(outline, at, next)
  }
  // To take a large list apart is work that a short outline need not do.
  if (
    schema.type === 'list' &&
    schema.listType !== undefined &&
    isLonger(value, outline.length - at)
  )
    return parted(at)
  const parts = partsOf(schema, value)
  steps += parts?.length ?? 0
  return followParts(outline, at, parts)
}

function followParts(outline: Outline, at: number, parts: readonly Part[] | undefined): number {
  let next = -1
  for (const { element, schema, value } of parts ?? []) {
    next = followOne(outline, next < 0 ? opened(outline, at) : next, element)
    if (next >= 0) next = follow(outline, next, schema, value)
    if (next < 0) return -1
  }
  return closed(outline, at, next)
}

const isLonger = (value: object, length: number) => Array.isArray(value) && value.length > length
const opened = (outline: Outline, at: number) => (outline[at] === OPEN ? at + 1 : parted(at))
const followOne = (outline: Outline, at: number, element: string) =>
  at >= 0 && outline[at] === element ? at + 1 : parted(at)

/** `next` is -1 where there was nothing between. */
function closed(outline: Outline, at: number, next: number): number {
  if (next < 0) return outline[at] === OPEN ? parted(at) : at
  return outline[next] === CLOSE ? next + 1 : parted(next)
}

/** Outline and value are different there. */
function parted(at: number): -1 {
  steps += Math.max(0, at)
  return -1
}
