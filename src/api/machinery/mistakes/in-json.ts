/**
 * What upstream tells of JSON that does not fit its types, for messages: who decodes has found a mistake, in the order of the schema, and asks here for the
 * one that Go tells. Go reads on after a value of a wrong type and tells the first in the order of the text; but what reads itself, such as a time, ends it.
 */
import { isPlainObject, MAXIMUM_DEPTH, type PlainObject, tooDeep } from '../plain.ts'
import { jsonTypeOf, SCALARS, WrongType } from '../scalars.ts'
import type { AlternativeSchema, AnySchema, ObjectShape, ScalarSchema } from '../schema.ts'
import { isWritten } from '../written-numbers.ts'
import { embeddedIn, goName, goType, goTypeOfField, goTypeOfParts, lastPart } from './go-types.ts'

/** Scalars that Go does not read itself. The first mistake in one of the others is told, whatever was found before. */
const READ_BY_GO = new Set(['string', 'boolean', 'int32', 'int64', 'double', 'bytes'])

class Ended extends Error {}

/** Where the reader stands. It is left as it is when something ends the reading. */
interface Place {
  /** The innermost struct, which messages name; none where a part is read by itself. */
  owner: ObjectShape | undefined
  /** Names of fields and of what they are embedded in; messages tell neither places in lists nor keys of maps. */
  readonly path: string[]
  depth: number
  /** The first value of a wrong type. */
  found: string | undefined
}

/** `path` is where the value stands. Undefined where Go finds nothing wrong. */
export function mistakeInJson(
  schema: AnySchema,
  value: unknown,
  path: readonly string[] = [],
): string | undefined {
  const place: Place = { owner: undefined, path: [...path], depth: 0, found: undefined }
  try {
    visit(schema, goType(schema), value, place)
  } catch (thrown) {
    if (thrown instanceof Ended) return thrown.message
    throw thrown
  }
  return place.found
}

export const mistakeInShape = (shape: ObjectShape, value: unknown, path?: readonly string[]) =>
  mistakeInJson({ type: 'struct', presence: 'always', shape }, value, path)

function visit(schema: AnySchema, type: string, value: unknown, place: Place): void {
  if (value === null || value === undefined) return
  if (++place.depth > MAXIMUM_DEPTH) throw tooDeep()
  switch (schema.type) {
    case 'struct':
      if (isPlainObject(value)) visitFields(schema.shape, value, place)
      else note(place, jsonTypeOf(value), goName(schema.shape))
      break
    case 'list':
      if (Array.isArray(value)) visitAll(schema.items, type, value, place)
      else note(place, jsonTypeOf(value), type)
      break
    case 'map':
      if (isPlainObject(value)) visitAll(schema.values, type, Object.values(value), place)
      else note(place, jsonTypeOf(value), type)
      break
    case 'alternative':
      visitAlternative(schema, value, place)
      break
    default:
      visitScalar(schema, type, value, place)
  }
  place.depth--
}

function visitFields(shape: ObjectShape, value: PlainObject, place: Place): void {
  const outer = place.owner
  const { length } = place.path
  for (const [name, part] of Object.entries(value)) {
    const schema = Object.hasOwn(shape.fields, name) ? shape.fields[name]?.schema : undefined
    if (!schema || part === null) continue
    place.owner = shape
    place.path.push(...embeddedIn(shape.inlined, name), name)
    visit(schema, goTypeOfField(shape, name, schema), part, place)
    place.path.length = length
  }
  place.owner = outer
}

function visitAll(schema: AnySchema, type: string, values: readonly unknown[], place: Place): void {
  const typeOfPart = goTypeOfParts(type, schema)
  for (const value of values) visit(schema, typeOfPart, value, place)
}

/** These read themselves, so that a mistake below ends the reading. */
function visitAlternative(
  { shape, object, other }: AlternativeSchema,
  value: unknown,
  place: Place,
): void {
  const before = place.found
  place.found = undefined
  const schema = shape.fields[isPlainObject(value) ? object : other]?.schema
  if (schema?.type === 'boolean' && typeof value !== 'boolean')
    throw new Ended('boolean or JSON schema expected')
  if (schema && (schema.type !== 'list' || Array.isArray(value)))
    visit(schema, goType(schema), value, place)
  if (place.found !== undefined) throw new Ended(place.found)
  place.found = before
}

function visitScalar({ type }: ScalarSchema, goTypeName: string, value: unknown, place: Place) {
  if (type === 'bytes' && Array.isArray(value)) {
    for (const byte of value) visitByte(byte, place)
    return
  }
  try {
    SCALARS[type].read(value)
  } catch (thrown) {
    const isWrongType = thrown instanceof WrongType
    const text = isWrongType
      ? cannot(place, thrown.found, type === 'string' ? goTypeName : thrown.wanted)
      : (thrown as Error).message
    if (!READ_BY_GO.has(type)) throw new Ended(text)
    place.found ??= text
  }
}

function visitByte(value: unknown, place: Place): void {
  if (isWritten(value)) note(place, `number ${value.source}`, 'uint8')
  else if (typeof value !== 'number') note(place, jsonTypeOf(value), 'uint8')
  else if (!(Number.isInteger(value) && value >= 0 && value < 256))
    note(place, `number ${value}`, 'uint8')
}

function note(place: Place, found: string, wanted: string): void {
  place.found ??= cannot(place, found, wanted)
}

function cannot({ owner, path }: Place, found: string, wanted: string): string {
  const target = owner ? `struct field ${lastPart(owner.name)}.${path.join('.')}` : 'value'
  return `json: cannot unmarshal ${found} into Go ${target} of type ${wanted}`
}
