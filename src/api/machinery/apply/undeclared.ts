/**
 * What of an applied configuration its schema has no place for. An ordinary write drops such fields; an apply owns what it says, so
 * it may say nothing that cannot be owned. The words are those of upstream's library for merging.
 */
import { stringifyJson } from '../exact-json.ts'
import { inOrderOfNames } from '../mistakes/order.ts'
import { goText } from '../patch/go-text.ts'
import { isPlainObject, type PlainObject } from '../plain.ts'
import { type AnySchema, fieldSchemaOf, isUndescribed, type ScalarType } from '../schema.ts'
import { keyPreset } from './elements.ts'
import { pathText, valueText } from './field-set.ts'

type ListSchema = AnySchema & { readonly type: 'list' }

/** More mistakes help nobody. */
const MAXIMUM_FAULTS = 100

/** Undefined where everything has its place. `mayRepeat` lets items of sets and keyed lists stand twice, as they may in what is there. */
export function faultsIn(schema: AnySchema, value: unknown, mayRepeat = false): string | undefined {
  if (told(schema, value, mayRepeat).length === 0) return
  // Upstream has read the names in their order, and tells of some faults instead of others.
  const faults = told(schema, inOrderOfNames(value), mayRepeat)
  if (faults.length < 2) return faults[0]
  return ['errors:', ...faults.slice(0, MAXIMUM_FAULTS).map(fault => `  ${fault}`)].join('\n')
}

/** Whether all of it is of the types that the schema has; items of sets and keyed lists may stand twice. */
export function isTyped(schema: AnySchema, value: unknown): boolean {
  return told(schema, value, true).length === 0
}

function told(schema: AnySchema, value: unknown, mayRepeat = false): string[] {
  const found: Found = { faults: [], mayRepeat }
  visit(schema, value, '', found)
  return found.faults
}

interface Found {
  readonly faults: string[]
  readonly mayRepeat: boolean
}

function visit(schema: AnySchema | undefined, value: unknown, path: string, found: Found): void {
  if (schema === undefined || value === undefined || value === null) return
  if (schema.type === 'struct') visitFields(schema, value, path, found)
  else if (schema.type === 'map') visitValues(schema, value, path, found)
  else if (schema.type === 'list') visitItems(schema, value, path, found)
  else if (schema.type !== 'alternative') {
    const fault = wrongScalar(schema.type, value)
    if (fault) found.faults.push(`${path}: ${fault}`)
  }
}

function visitFields(
  schema: AnySchema & { readonly type: 'struct' },
  value: unknown,
  path: string,
  found: Found,
): void {
  if (!isPlainObject(value)) {
    found.faults.push(`${path}: expected map, got ${goPlain(value)}`)
    return
  }
  for (const [name, part] of Object.entries(value)) {
    const inner = fieldSchemaOf(schema.shape, name)
    if (inner === undefined) {
      found.faults.push(`${path}.${name}: field not declared in schema`)
      return // As upstream, which looks no further in this object.
    }
    visit(inner, part, `${path}.${name}`, found)
  }
}

function visitValues(
  schema: AnySchema & { readonly type: 'map' },
  value: unknown,
  path: string,
  found: Found,
): void {
  if (isUndescribed(schema)) return
  if (!isPlainObject(value)) found.faults.push(`${path}: expected map, got ${goPlain(value)}`)
  else
    for (const [name, part] of Object.entries(value))
      visit(schema.values, part, `${path}.${name}`, found)
}

function visitItems(schema: ListSchema, value: unknown, path: string, found: Found): void {
  if (!Array.isArray(value)) {
    found.faults.push(`${path}: expected list, got ${goPlain(value)}`)
    return
  }
  const seen = new Set<string>()
  for (const [at, item] of value.entries()) {
    const element = elementOf(schema, item, at)
    if (element instanceof Error) {
      found.faults.push(`${path}: element ${at}: ${element.message}`)
      return
    }
    if (seen.has(element) && !found.mayRepeat)
      found.faults.push(`${path}: duplicate entries for key ${element}`)
    seen.add(element)
    visit(schema.items, item, path + element, found)
  }
}

/** How a path goes on to this item; an Error where nothing tells it from others. */
function elementOf(schema: ListSchema, item: unknown, at: number): string | Error {
  if (schema.listType === 'set') return inSet(item)
  if (schema.listType !== 'map') return `[${at}]`
  if (item === null) return new Error('associative list with keys may not have a null element')
  if (!isPlainObject(item))
    return new Error('associative list with keys may not have non-map elements')
  const keys: PlainObject = {}
  for (const name of schema.listKeys ?? []) {
    const key = item[name] === undefined ? keyPreset(schema, name) : item[name]
    if (key !== undefined) keys[name] = key
  }
  if (Object.keys(keys).length === 0) {
    const names = (schema.listKeys ?? []).map(name => JSON.stringify(name)).join(' ')
    return new Error(
      `associative list with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`,
    )
  }
  return pathText([`k:${stringifyJson(keys)}`])
}

function inSet(item: unknown): string | Error {
  const why = 'associative list without keys has an element that'
  if (item === null) return new Error(`${why}'s an explicit null`)
  if (isPlainObject(item)) return new Error(`${why}'s a map type`)
  if (Array.isArray(item))
    return new Error('not supported: associative list with lists as elements')
  return `[=${valueText(item)}]`
}

type Judge = (value: unknown) => string | undefined

const numeric: Judge = value =>
  typeof value === 'number' || typeof value === 'bigint'
    ? undefined
    : `expected numeric (int or float), got ${goType(value)}`
const text: Judge = value =>
  typeof value === 'string' ? undefined : `expected string, got ${goValue(value)}`
const boolean: Judge = value =>
  typeof value === 'boolean' ? undefined : `expected boolean, got ${goPlain(value)}`
const scalar: Judge = value =>
  typeof value === 'object' ? `expected any scalar, got ${goPlain(value)}` : undefined
/** Read by their own rules, which say more. */
const anything: Judge = () => undefined

const JUDGES: Readonly<Record<ScalarType, Judge>> = {
  string: text,
  boolean,
  int32: numeric,
  int64: numeric,
  double: numeric,
  bytes: text,
  time: scalar,
  microTime: scalar,
  duration: anything,
  quantity: scalar,
  intOrString: anything,
  any: anything,
}

const wrongScalar = (type: ScalarType, value: unknown) => JUDGES[type](value)

function goType(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}'
  if (isPlainObject(value)) return 'map[string]interface {}'
  return typeof value === 'boolean' ? 'bool' : typeof value
}

/** A value as Go shows what its library for merging wraps. */
const goValue = (value: unknown) => `&value.valueUnstructured{Value:${goLiteral(value)}}`

/** The same where Go is asked for no more than the value. */
const goPlain = (value: unknown) => `&{${goText(value)}}`

function goLiteral(value: unknown): string {
  if (value === null) return 'interface {}(nil)'
  if (Array.isArray(value)) return `[]interface {}{${value.map(goLiteral).join(', ')}}`
  if (!isPlainObject(value)) return stringifyJson(value)
  const pairs = Object.entries(value).map(
    ([name, part]) => `${JSON.stringify(name)}:${goLiteral(part)}`,
  )
  return `map[string]interface {}{${pairs.join(', ')}}`
}
