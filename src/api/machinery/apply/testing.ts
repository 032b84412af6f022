/**
 * Server-side apply as one would explain it, slow and obvious, to hold the real one against. An object is a set of paths with values:
 * its leaves, and the items of its keyed lists and sets. An owner is a set of paths. Nothing here is shared with the real one.
 */
import type { AnySchema } from '../schema.ts'

/** A field or key of a map; the keys of a list item; a value of a set. */
type Step =
  | string
  | { readonly key: Readonly<Record<string, unknown>> }
  | { readonly value: unknown }
/** A path as text: the JSON of its steps. */
export type Path = string
/** By path. Items of lists have the value ITEM; what is in them has paths of its own. */
export type Leaves = ReadonlyMap<Path, unknown>

const ITEM = Symbol('item')

type Json = Record<string, unknown>
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Empty objects and lists say nothing. */
export function leavesOf(schema: AnySchema, value: unknown): Map<Path, unknown> {
  const leaves = new Map<Path, unknown>()
  collect(schema, value, [], leaves)
  return leaves
}

function collect(schema: AnySchema, value: unknown, at: Step[], into: Map<Path, unknown>): void {
  const put = (steps: Step[], leaf: unknown) => into.set(JSON.stringify(steps), leaf)
  if (!schema.atomic && schema.type === 'struct' && isObject(value)) {
    for (const [name, field] of Object.entries(schema.shape.fields))
      if (value[name] !== undefined) collect(field.schema, value[name], [...at, name], into)
  } else if (!schema.atomic && schema.type === 'map' && isObject(value)) {
    for (const [key, below] of Object.entries(value))
      collect(schema.values, below, [...at, key], into)
  } else if (schema.type === 'list' && schema.listType === 'map' && Array.isArray(value)) {
    for (const item of value) {
      const here = [...at, { key: keyOf(schema, item) }]
      put(here, ITEM)
      collect(schema.items, item, here, into)
    }
  } else if (schema.type === 'list' && schema.listType === 'set' && Array.isArray(value)) {
    for (const item of value) put([...at, { value: item }], ITEM)
  } else put(at, value)
}

function keyOf(schema: AnySchema & { type: 'list' }, item: Json): Record<string, unknown> {
  const fields = schema.items.type === 'struct' ? schema.items.shape.fields : {}
  const names = [...(schema.listKeys ?? [])].sort()
  const values = names.map(name => [name, item[name] ?? presetOf(fields[name]?.schema)])
  return Object.fromEntries(values.filter(([, value]) => value !== undefined))
}

/** What an absent key counts as: what Go shows where nothing is set. */
function presetOf(key: AnySchema | undefined): unknown {
  if (!key || 'default' in key) return key?.default
  if (!['always', 'required'].includes(key.presence) || key.mayBeAbsent) return undefined
  return key.type === 'string' ? '' : key.type.startsWith('int') ? 0 : undefined
}

/** The value that has these leaves; items stand in the order of the leaves. */
export function objectWith(leaves: Leaves): Json {
  const root: Json = {}
  for (const [path, leaf] of leaves) place(root, JSON.parse(path), leaf)
  return unpacked(root) as Json
}

const ITEMS = '$items'

/** Lists are objects by the text of their items until all is placed. */
function place(root: Json, steps: readonly Step[], leaf: unknown): void {
  let at = root
  for (const [index, step] of steps.entries()) {
    const isLast = index === steps.length - 1
    if (typeof step === 'string') {
      if (isLast) at[step] = leaf
      else at = below(at, step)
    } else if ('value' in step) below(at, ITEMS)[JSON.stringify(step)] = step.value
    // An item that is owned as a whole is a leaf itself.
    else if (isLast && leaf !== ITEM) below(at, ITEMS)[JSON.stringify(step)] = leaf
    else at = below(below(at, ITEMS), JSON.stringify(step))
  }
}

function below(object: Json, name: string): Json {
  object[name] ??= {}
  return object[name] as Json
}

function unpacked(value: unknown): unknown {
  if (!isObject(value)) return value
  if (isObject(value[ITEMS])) return Object.values(value[ITEMS]).map(unpacked)
  return Object.fromEntries(Object.entries(value).map(([key, below]) => [key, unpacked(below)]))
}

/** Paths by manager. */
export type Owners = ReadonlyMap<string, ReadonlySet<Path>>

export interface State {
  readonly leaves: Leaves
  readonly owners: Owners
}

/** Whether the path is that of a key of an item. */
function isKey(path: Path): boolean {
  const steps: Step[] = JSON.parse(path)
  const [item, name] = steps.slice(-2)
  return typeof item === 'object' && 'key' in item && Object.hasOwn(item.key, name as string)
}

const itemOf = (path: Path): Path => JSON.stringify(JSON.parse(path).slice(0, -1))

const isBelow = (path: Path, item: Path) => path.startsWith(`${item.slice(0, -1)},`)
const sameLeaf = (a: unknown, b: unknown) => a === b || JSON.stringify(a) === JSON.stringify(b)

function changes(from: Leaves, to: Leaves): { touched: Path[]; removed: Path[] } {
  const touched = [...to.keys()].filter(
    path => !from.has(path) || !sameLeaf(from.get(path), to.get(path)),
  )
  return { touched, removed: [...from.keys()].filter(path => !to.has(path)) }
}

function without(paths: ReadonlySet<Path>, ...gone: readonly Path[][]): Set<Path> {
  const all = new Set(gone.flat())
  return new Set([...paths].filter(path => !all.has(path)))
}

/** After a plain write the writer owns what it changed, and nobody owns what is gone. */
export function update({ leaves, owners }: State, manager: string, next: Leaves): State {
  const { touched, removed } = changes(leaves, next)
  const left = new Map([...owners].map(([name, paths]) => [name, without(paths, touched, removed)]))
  left.set(manager, new Set([...(left.get(manager) ?? []), ...touched]))
  return { leaves: next, owners: left }
}

/** Whose fields an apply would change, or the state after it. */
export function apply(
  { leaves, owners }: State,
  manager: string,
  { configuration, force }: { configuration: Leaves; force: boolean },
): State | { conflicts: ReadonlySet<Path> } {
  const others = [...owners].filter(([name]) => name !== manager)
  const wanted = new Set([...configuration.keys(), ...others.flatMap(([, paths]) => [...paths])])
  const next = new Map([...leaves, ...configuration])
  // An item goes with whatever others have in it, unless somebody has the item itself.
  for (const path of owners.get(manager) ?? [])
    if (!wanted.has(path))
      for (const leaf of [...next.keys()])
        if (leaf === path || (leaves.get(path) === ITEM && isBelow(leaf, path))) next.delete(leaf)
  // An item that stays keeps its keys.
  for (const [path, leaf] of leaves)
    if (!next.has(path) && isKey(path) && next.has(itemOf(path))) next.set(path, leaf)
  const { touched, removed } = changes(leaves, next)
  const conflicts = new Set(others.flatMap(([, paths]) => touched.filter(path => paths.has(path))))
  if (conflicts.size > 0 && !force) return { conflicts }
  const left = others.map(([name, paths]) => [name, without(paths, touched, removed)] as const)
  const mine = [manager, new Set(configuration.keys())] as const
  return { leaves: next, owners: new Map([...left, mine]) }
}
