/** Values as expressions see them: with the types that the schema gives them, and with names that the language can write. */
import { celDuration } from '../../cel/engine.ts'
import { parseTime } from '../../cel/values.ts'
import { bytesFromBase64 } from '../../machinery/base64.ts'
import { isPlainObject } from '../../machinery/plain.ts'
import type { JsonSchemaProps } from '../v1/json-schema-props.ts'
import { itemsOf, propertyOf, valuesOf } from './walk.ts'

export const RESERVED: ReadonlySet<string> = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
)

/** `a-b` is `a__dash__b`; undefined for names that no expression can write. */
export function celName(name: string): string | undefined {
  if (RESERVED.has(name)) return `__${name}__`
  const escaped = name
    .replaceAll('__', '__underscores__')
    .replaceAll('.', '__dot__')
    .replaceAll('-', '__dash__')
    .replaceAll('/', '__slash__')
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(escaped) ? escaped : undefined
}

type CelObject = Record<string, unknown>

/** A value of another type than its schema says: it was there before the schema, and no rule can look at it. */
export class InvalidData extends Error {
  override readonly name = 'InvalidData'
}

const WANTED: Readonly<Record<string, string>> = {
  string: 'string',
  integer: 'int',
  number: 'float',
  boolean: 'bool',
}

/** As upstream tells it; undefined where a rule can look. */
function wrongData(schema: JsonSchemaProps | undefined, value: unknown): string | undefined {
  const { type = '' } = schema ?? {}
  if (!schema || value === null || schema['x-kubernetes-int-or-string']) return undefined
  if (type === 'object' || type === 'array') {
    const fits = type === 'array' ? Array.isArray(value) : isPlainObject(value)
    const what = type === 'array' ? 'an array' : 'a map'
    return fits
      ? undefined
      : `invalid data, expected ${what} for the provided schema with type=${type}`
  }
  const [wanted, found] = [WANTED[type], goTypeOf(value)]
  const fits = FITTING[type]?.includes(found)
  return wanted === undefined || fits ? undefined : `invalid data, expected ${wanted}, got ${found}`
}

const FITTING: Readonly<Record<string, readonly string[]>> = {
  string: ['string'],
  integer: ['int64'],
  number: ['int64', 'float64'],
  boolean: ['bool'],
}

function goTypeOf(value: unknown): string {
  if (typeof value === 'bigint') return 'int64'
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'string') return 'string'
  return Array.isArray(value) ? '[]interface {}' : 'map[string]interface {}'
}

/** An object of whose fields some cannot be looked at, each for its reason. */
function withUnreadable(object: CelObject, reasons: ReadonlyMap<string, string>): CelObject {
  const check = (name: string | symbol) => {
    const reason = typeof name === 'string' && reasons.get(name)
    if (reason) throw new InvalidData(reason)
  }
  return new Proxy(object, {
    get(target, name) {
      check(name)
      return Reflect.get(target, name)
    },
    has(target, name) {
      check(name)
      return Reflect.has(target, name)
    },
    getOwnPropertyDescriptor(target, name) {
      check(name)
      return Reflect.getOwnPropertyDescriptor(target, name)
    },
  })
}

/** `isResource` lets the names of a whole object be seen, though no schema mentions them. Throws InvalidData. */
export function celValue(
  schema: JsonSchemaProps | undefined,
  value: unknown,
  isResource = false,
): unknown {
  const reason = wrongData(schema, value)
  if (reason !== undefined) throw new InvalidData(reason)
  if (Array.isArray(value)) return value.map(item => celValue(itemsOf(schema), item))
  if (isPlainObject(value)) return celObject(schema, value, isResource)
  if (typeof value === 'number') return celNumber(schema, value)
  if (typeof value === 'string' && schema?.type === 'string') return celString(schema, value)
  return value
}

function celNumber(schema: JsonSchemaProps | undefined, value: number): unknown {
  if (schema?.type === 'number') return value
  return Number.isInteger(value) ? BigInt(value) : value
}

function celString({ format }: JsonSchemaProps, text: string): unknown {
  if (format === 'duration') return durationIn(text)
  if (format === 'byte') return bytesIn(text)
  if (format !== 'date-time' && format !== 'datetime' && format !== 'date') return text
  const time = format === 'date' ? `${text}T00:00:00Z` : text
  return parseTime(time) ?? text
}

/** A text of another form, which the schema refuses, stays what it is. */
function durationIn(text: string): unknown {
  try {
    return celDuration(text)
  } catch {
    return text
  }
}

function bytesIn(text: string): unknown {
  try {
    return bytesFromBase64(text)
  } catch {
    return text
  }
}

function celObject(
  schema: JsonSchemaProps | undefined,
  value: Readonly<CelObject>,
  isResource: boolean,
): CelObject {
  const result: CelObject = Object.create(null)
  const unreadable = new Map<string, string>()
  const note = (name: string, inner: JsonSchemaProps | undefined, part: unknown, whole = false) => {
    try {
      result[name] = celValue(inner, part, whole)
    } catch (thrown) {
      if (!(thrown instanceof InvalidData)) throw thrown
      result[name] = null
      unreadable.set(name, thrown.message)
    }
  }
  const map = valuesOf(schema)
  const isMap = map !== undefined || schema?.properties === undefined
  if (isMap && !isResource) {
    for (const [name, part] of Object.entries(value)) note(name, map, part)
    return unreadable.size > 0 ? withUnreadable(result, unreadable) : result
  }
  for (const [name, part] of Object.entries(value)) {
    const property = propertyOf(schema, name)
    const celled = celName(name)
    // A field that is null is not there, also where it may be null; items and values of maps are.
    if (property && celled !== undefined && part !== null)
      note(celled, property, part, property['x-kubernetes-embedded-resource'])
    // Behind a dot, words of the language may be written as they are; then it is no other field.
    if (RESERVED.has(name) && celled !== undefined && celled in result)
      Object.defineProperty(result, name, { value: result[celled] })
  }
  if (isResource) addIdentity(result, value)
  return unreadable.size > 0 ? withUnreadable(result, unreadable) : result
}

/** Of metadata, rules see the names alone. */
function addIdentity(result: CelObject, { apiVersion, kind, metadata }: Readonly<CelObject>): void {
  result.apiVersion = apiVersion
  result.kind = kind
  const { name, generateName } = isPlainObject(metadata) ? metadata : {}
  result.metadata = Object.assign(Object.create(null), {
    ...(name === undefined ? {} : { name }),
    ...(generateName === undefined ? {} : { generateName }),
  })
}
