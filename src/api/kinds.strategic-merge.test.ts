/** Strategic merge patches of every kind, against the merge as one would explain it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { kinds } from './kinds.ts'
import { type AnyKind, apiVersionOf } from './machinery/kind.ts'
import { strategicMergePatch } from './machinery/patch/strategic-merge.ts'
import type { AnySchema, ScalarType } from './machinery/schema.ts'
import { type Choice, objectOf } from './machinery/testing.ts'

type Json = Record<string, unknown>
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const word = fc.constantFrom('a', 'b', 'c')
const scalars: Record<ScalarType, fc.Arbitrary<unknown>> = {
  string: word,
  boolean: fc.boolean(),
  int32: fc.constantFrom(1, 2),
  int64: fc.constantFrom(1, 2),
  double: fc.constantFrom(0.5, 1),
  bytes: fc.constant('eA=='),
  quantity: fc.constantFrom('1', '1Gi'),
  intOrString: fc.constantFrom(1, '25%'),
  time: fc.constant('2026-01-01T00:00:00Z'),
  microTime: fc.constant('2026-01-01T00:00:00.000001Z'),
  duration: fc.constant('1m'),
  any: fc.constantFrom({ a: 1 }, { b: { c: 2 } }),
}
const choice: Choice = { scalars, keys: word, deepest: 7, mostFields: 5 }

/** How a list merges: item by item, as a set, or not at all. */
function keyOf(schema: AnySchema | undefined): string | 'set' | undefined {
  if (schema?.type !== 'list' || !schema.patchStrategy?.includes('merge')) return undefined
  return schema.items.type === 'struct' ? schema.patchMergeKey : 'set'
}

function below(schema: AnySchema | undefined, name: string): AnySchema | undefined {
  if (schema?.type === 'struct') return schema.shape.fields[name]?.schema
  return schema?.type === 'map' ? schema.values : undefined
}

/** As one would explain it: what the patch names is merged, null takes away, everything else stays. */
function merged(schema: AnySchema | undefined, value: unknown, patch: unknown): unknown {
  if (Array.isArray(patch)) return mergedList(schema, Array.isArray(value) ? value : [], patch)
  if (!isObject(patch)) return patch
  // What is replaced is the patch itself, with its nulls.
  if (isObject(value) && schema?.patchStrategy?.includes('replace')) return patch
  const old = isObject(value) ? value : {}
  const names = new Set([...Object.keys(old), ...Object.keys(patch)])
  const fields = [...names].flatMap(name => {
    if (patch[name] === null) return []
    const next = Object.hasOwn(patch, name)
      ? merged(below(schema, name), old[name], patch[name])
      : old[name]
    return [[name, next] as const]
  })
  return Object.fromEntries(fields)
}

function mergedList(schema: AnySchema | undefined, old: unknown[], patch: unknown[]): unknown[] {
  const key = keyOf(schema)
  if (key === undefined) return patch
  if (key === 'set') return [...new Set([...old, ...patch])]
  const items = schema?.type === 'list' ? schema.items : undefined
  const byKey = new Map(old.map(item => [(item as Json)[key], item]))
  for (const item of patch as Json[]) {
    if (item.$patch === 'delete') byKey.delete(item[key])
    else byKey.set(item[key], merged(items, byKey.get(item[key]), item))
  }
  return [...byKey.values()]
}

/** Without what no list may hold: an item that lacks its key, or two of one key. */
function sound(schema: AnySchema | undefined, value: unknown): unknown {
  if (isObject(value))
    return Object.fromEntries(
      Object.entries(value).map(([name, part]) => [name, sound(below(schema, name), part)]),
    )
  if (!Array.isArray(value) || schema?.type !== 'list') return value
  const key = keyOf(schema)
  const seen = new Set<unknown>()
  return value.flatMap(item => {
    const id = key === undefined ? undefined : key === 'set' ? item : (item as Json)[key]
    if (key !== undefined && (id === undefined || seen.has(id))) return []
    seen.add(id)
    return [sound(schema.items, item)]
  })
}

/** Lists that merge come in an order of their own, which other tests look at. */
function unordered(schema: AnySchema | undefined, value: unknown): unknown {
  if (isObject(value))
    return Object.fromEntries(
      Object.entries(value).map(([name, part]) => [name, unordered(below(schema, name), part)]),
    )
  if (!Array.isArray(value) || schema?.type !== 'list') return value
  const items = value.map(item => unordered(schema.items, item))
  const text = (item: unknown) =>
    JSON.stringify(item, Object.keys(isObject(item) ? item : {}).sort())
  return keyOf(schema) === undefined
    ? items
    : items.toSorted((a, b) => text(a).localeCompare(text(b)))
}

/** Takes some of what the object has away: fields by null, items by the directive. */
function removing(schema: AnySchema | undefined, value: Json, choices: Iterator<boolean>): Json {
  const take = () => choices.next().value === true
  const parts = Object.entries(value).flatMap(([name, part]): [string, unknown][] => {
    if (take()) return [[name, null]]
    const inner = below(schema, name)
    const key = keyOf(inner)
    if (isObject(part) && inner?.type !== 'any') return [[name, removing(inner, part, choices)]]
    if (!Array.isArray(part) || key === undefined || key === 'set') return []
    const gone = part.filter(() => take())
    return gone.length === 0
      ? []
      : [[name, gone.map(item => ({ $patch: 'delete', [key]: (item as Json)[key] }))]]
  })
  return Object.fromEntries(parts)
}

const bare = (kind: AnyKind) => objectOf(kind.shape, choice)

for (const kind of kinds.filter(({ ephemeral }) => !ephemeral))
  test(`${apiVersionOf(kind)} ${kind.kind} is patched as the model says`, () => {
    const schema: AnySchema = { type: 'struct', presence: 'always', shape: kind.shape }
    const same = (document: unknown, patch: unknown) => {
      const result = strategicMergePatch(kind.shape, document, patch)
      assert.deepEqual(
        unordered(schema, result),
        unordered(schema, merged(schema, document, patch)),
      )
      return result
    }
    fc.assert(
      fc.property(
        bare(kind),
        bare(kind),
        fc.infiniteStream(fc.boolean()),
        (first, second, choices) => {
          const document = sound(schema, first) as Json
          const patch = sound(schema, second) as Json
          const result = same(document, patch) as Json
          // The same patch again changes nothing.
          assert.deepEqual(strategicMergePatch(kind.shape, result, patch), result)
          same(result, removing(schema, result, choices))
        },
      ),
      { numRuns: 20 },
    )
  })
