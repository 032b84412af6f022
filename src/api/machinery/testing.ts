/** A kind of a test's own; and objects of any shape, at random, smallest and fullest, for tests of what must hold of all kinds. */
import fc from 'fast-check'
import { defineKind, objectShape } from './kind.ts'
import type { AlternativeSchema, AnySchema, ObjectShape, ScalarType } from './schema.ts'

/** `Thing` of `test/v1`, with these fields beside its metadata. */
export const thingKind = (fields: Parameters<typeof objectShape>[2], subresources = {}) =>
  defineKind({
    group: 'test',
    version: 'v1',
    kind: 'Thing',
    plural: 'things',
    scope: 'Namespaced',
    subresources,
    shape: objectShape('test.Thing', '', fields),
  })

type Scalars = Readonly<Record<ScalarType, fc.Arbitrary<unknown>>>

export interface Choice {
  readonly scalars: Scalars
  /** Keys of maps. */
  readonly keys: fc.Arbitrary<string>
  /** Shapes nested deeper than this stay empty. */
  readonly deepest: number
  /** So many fields of a shape at most, beyond those that are always there. */
  readonly mostFields: number
}

/** An object of the shape. Enumerated texts are mostly from their list. */
export function objectOf(
  shape: ObjectShape,
  choice: Choice,
  depth = 0,
): fc.Arbitrary<Record<string, unknown>> {
  const names = Object.keys(shape.fields)
  if (depth >= choice.deepest || names.length === 0) return fc.constant({})
  const most = Math.min(choice.mostFields, names.length)
  return fc.subarray(names, { maxLength: most }).chain(chosen => {
    const fields = Object.entries(shape.fields)
      .filter(([, { schema }]) => depth === 0 || isCarried(schema))
      .filter(([name, { schema }]) => isAlwaysThere(schema) || chosen.includes(name))
      .map(([name, { schema }]) => [name, randomValue(schema, choice, depth + 1)] as const)
    return fc.record(Object.fromEntries(fields), { noNullPrototype: true })
  })
}

const isAlwaysThere = ({ presence }: AnySchema) => presence === 'required' || presence === 'always'

/** Protobuf does not carry what objects within objects say of their type. */
const isCarried = ({ number }: AnySchema) => number !== undefined

function randomValue(schema: AnySchema, choice: Choice, depth: number): fc.Arbitrary<unknown> {
  if (schema.type === 'struct') return objectOf(schema.shape, choice, depth)
  if (schema.type === 'list')
    return fc.array(randomValue(schema.items, choice, depth), { maxLength: 2 })
  if (schema.type === 'map')
    return fc.dictionary(choice.keys, randomValue(schema.values, choice, depth), {
      maxKeys: 2,
      noNullPrototype: true,
    })
  if (schema.type === 'alternative')
    return fc.oneof(
      ...[schema.object, schema.other].map(name =>
        randomValue(formOf(schema, name), choice, depth),
      ),
    )
  const any = choice.scalars[schema.type]
  return schema.enum
    ? fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...schema.enum) }, any)
    : any
}

/** One of the two forms of a value that may be either. */
function formOf({ shape }: AlternativeSchema, name: string): AnySchema {
  const field = shape.fields[name]
  if (!field) throw new Error(`${shape.name} has no ${name}`)
  return field.schema
}

/** One value of each scalar type that is not its zero value, in canonical form. */
const SAMPLES: Readonly<Record<ScalarType, unknown>> = {
  string: 'text',
  boolean: true,
  int32: 7,
  int64: 7_000_000_000,
  double: 0.5,
  bytes: 'eA==',
  quantity: '1500m',
  intOrString: '25%',
  time: '2026-01-02T03:04:05Z',
  microTime: '2026-01-02T03:04:05.000006Z',
  duration: '1m30s',
  any: { kept: [1, 'as', { it: 'is' }] },
}

/** Every field with a value, every list with an item; a shape within itself is left out. */
export function fullObject(
  shape: ObjectShape,
  outer: readonly ObjectShape[] = [],
): Record<string, unknown> {
  const path = [...outer, shape]
  const fields = Object.entries(shape.fields).flatMap(([name, { schema }]) => {
    if (outer.length > 0 && !isCarried(schema)) return []
    const value = fullValue(schema, path)
    return value === undefined ? [] : [[name, value]]
  })
  return Object.fromEntries(fields)
}

function fullValue(schema: AnySchema, path: readonly ObjectShape[]): unknown {
  if (schema.type === 'struct')
    return path.includes(schema.shape) ? undefined : fullObject(schema.shape, path)
  if (schema.type === 'alternative') return fullValue(formOf(schema, schema.object), path)
  if (schema.type !== 'list' && schema.type !== 'map')
    return schema.enum?.[0] ?? SAMPLES[schema.type]
  const inner = fullValue(schema.type === 'list' ? schema.items : schema.values, path)
  if (inner === undefined) return undefined
  return schema.type === 'list' ? [inner] : { key: inner }
}
