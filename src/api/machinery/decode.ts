/**
 * From a parsed body to an object of a kind: unknown fields are dropped and told, types are checked, values brought
 * into canonical form, presence made as clients observe it. Each shape is compiled once. Fields come out in the order
 * of the schema, so equal objects encode to equal bytes.
 */
import { type AnyKind, apiVersionOf } from './kind.ts'
import type { KubernetesObject } from './metadata.ts'
import { isPlainObject, MAXIMUM_DEPTH, type PlainObject, setKey, tooDeep } from './plain.ts'
import { jsonTypeOf, SCALARS, WrongType } from './scalars.ts'
import type { AnySchema, ObjectShape } from './schema.ts'
import { badRequest, StatusError } from './status.ts'

export interface Decoded<T = KubernetesObject> {
  /** Fresh and mutable; shares nothing with the input but frozen values of fields of type `any`. */
  readonly object: T
  /** Paths of fields that the schema does not know, such as `spec.containers[0].foo`. */
  readonly unknownFields: string[]
}

/** Unknown fields are told up to this number, as upstream does; more help nobody. */
const MAXIMUM_UNKNOWN_FIELDS = 100

/** Reads a whole object. Throws BadRequest when a value has the wrong type. */
export function decodeObject(kind: AnyKind, raw: unknown): Decoded {
  try {
    const { value, unknownFields } = decodeShape(kind.shape, raw)
    return { object: value as unknown as KubernetesObject, unknownFields }
  } catch (thrown) {
    if (!(thrown instanceof StatusError)) throw thrown
    throw badRequest(
      `${kind.kind} in version ${JSON.stringify(kind.version)} cannot be handled as a ${kind.kind}: ${thrown.message}`,
    )
  }
}

/** Reads an object that has a shape but is no kind of its own, e.g. an options object or a part of a kind. */
export function decodeShape(
  shape: ObjectShape,
  raw: unknown,
  path = '',
): { value: PlainObject; unknownFields: string[] } {
  const state: State = { path: path === '' ? [] : [path], unknownFields: [], owner: shape }
  if (!isPlainObject(raw))
    throw badRequest(
      `json: cannot unmarshal ${raw === null ? 'null' : jsonTypeOf(raw)} into Go value of type ${goName(shape)}`,
    )
  return { value: decoderOf(shape)(raw, state), unknownFields: state.unknownFields }
}

/** Where the decoder stands, for messages. */
interface State {
  readonly path: (string | number)[]
  readonly unknownFields: string[]
  owner: ObjectShape
}

type StructDecoder = (raw: PlainObject, state: State) => PlainObject
type Reader = (raw: unknown, state: State) => unknown

interface FieldPlan {
  readonly name: string
  readonly read: Reader
  /** Whether an empty result is left out. */
  readonly omitEmpty: boolean
  /** Makes what stands for an absent value; undefined when it stays absent. */
  readonly zero: ((state: State) => unknown) | undefined
  /** Only own properties count where Object.prototype has one of this name. */
  readonly inherited: boolean
  readonly nested: boolean
}

const decoders = new WeakMap<ObjectShape, StructDecoder>()

function decoderOf(shape: ObjectShape): StructDecoder {
  const known = decoders.get(shape)
  if (known) return known
  let plans: readonly FieldPlan[] | undefined
  // Compiled at first use, so a shape may contain itself.
  const decoder: StructDecoder = (raw, state) => {
    plans ??= Object.entries(shape.fields).map(([name, field]) => planOf(name, field.schema))
    return decodeStruct(shape, plans, raw, state)
  }
  decoders.set(shape, decoder)
  return decoder
}

function decodeStruct(
  shape: ObjectShape,
  plans: readonly FieldPlan[],
  raw: PlainObject,
  state: State,
): PlainObject {
  const { owner } = state
  state.owner = shape
  const result: PlainObject = {}
  let seen = 0
  for (const plan of plans) {
    const given =
      plan.inherited && !Object.hasOwn(raw, plan.name) ? undefined : (raw[plan.name] as unknown)
    if (given === undefined || given === null) {
      if (given === null) seen++
      if (plan.zero) setKey(result, plan.name, plan.zero(state))
      continue
    }
    seen++
    const value = readField(plan, given, state)
    if (!plan.omitEmpty || !isEmpty(value)) setKey(result, plan.name, value)
  }
  const keys = Object.keys(raw)
  if (keys.length > seen) noteUnknown(shape, keys, raw, state)
  state.owner = owner
  return result
}

function readField(plan: FieldPlan, given: unknown, state: State): unknown {
  try {
    if (!plan.nested) return plan.read(given, state)
    state.path.push(plan.name)
    const value = plan.read(given, state)
    state.path.pop()
    return value
  } catch (thrown) {
    if (!(thrown instanceof WrongType)) throw thrown
    if (!plan.nested) state.path.push(plan.name)
    const path = state.path.filter(part => typeof part === 'string').join('.')
    throw badRequest(
      `json: cannot unmarshal ${thrown.found} into Go struct field ${lastPart(state.owner.name)}.${path} of type ${thrown.wanted}`,
    )
  }
}

function noteUnknown(
  shape: ObjectShape,
  keys: readonly string[],
  raw: PlainObject,
  state: State,
): void {
  const prefix = pathText(state.path)
  for (const key of keys) {
    if (Object.hasOwn(shape.fields, key) || raw[key] === undefined) continue
    if (state.unknownFields.length >= MAXIMUM_UNKNOWN_FIELDS) return
    state.unknownFields.push(prefix === '' ? key : `${prefix}.${key}`)
  }
}

function pathText(path: readonly (string | number)[]): string {
  let text = ''
  for (const part of path)
    text += typeof part === 'number' ? `[${part}]` : text === '' ? part : `.${part}`
  return text
}

function planOf(name: string, schema: AnySchema): FieldPlan {
  const shownAlways = schema.presence === 'required' || schema.presence === 'always'
  return {
    name,
    read: readerOf(schema),
    omitEmpty: schema.presence === 'omitempty',
    zero: shownAlways ? zeroOf(schema) : undefined,
    inherited: name in Object.prototype,
    nested: schema.type === 'list' || schema.type === 'map' || schema.type === 'struct',
  }
}

function zeroOf(schema: AnySchema): (state: State) => unknown {
  switch (schema.type) {
    case 'list':
      return () => []
    case 'map':
      return () => ({})
    case 'struct': {
      const decode = decoderOf(schema.shape)
      return state => decode({}, state)
    }
    default: {
      const { zero } = SCALARS[schema.type]
      return () => zero
    }
  }
}

function readerOf(schema: AnySchema): Reader {
  switch (schema.type) {
    case 'list':
      return listReader(schema.items)
    case 'map':
      return mapReader(schema.values)
    case 'struct':
      return structReader(schema.shape)
    default:
      return SCALARS[schema.type].read
  }
}

function structReader(shape: ObjectShape): Reader {
  const decode = decoderOf(shape)
  return (raw, state) => {
    if (!isPlainObject(raw)) throw new WrongType(jsonTypeOf(raw), goName(shape))
    if (state.path.length > MAXIMUM_DEPTH) throw tooDeep()
    return decode(raw, state)
  }
}

function listReader(items: AnySchema): Reader {
  const read = readerOf(items)
  const zero = zeroOf(items)
  return (raw, state) => {
    if (!Array.isArray(raw)) throw new WrongType(jsonTypeOf(raw), `[]${goType(items)}`)
    const result: unknown[] = []
    for (let i = 0; i < raw.length; i++) {
      const item: unknown = raw[i]
      state.path.push(i)
      result.push(item === null || item === undefined ? zero(state) : read(item, state))
      state.path.pop()
    }
    return result
  }
}

function mapReader(values: AnySchema): Reader {
  const read = readerOf(values)
  const zero = zeroOf(values)
  const goTypeOfMap = `map[string]${goType(values)}`
  return (raw, state) => {
    if (!isPlainObject(raw)) throw new WrongType(jsonTypeOf(raw), goTypeOfMap)
    const result: PlainObject = {}
    for (const key of Object.keys(raw)) {
      const value = raw[key]
      if (value === undefined) continue
      state.path.push(key)
      setKey(result, key, value === null ? zero(state) : read(value, state))
      state.path.pop()
    }
    return result
  }
}

function isEmpty(value: unknown): boolean {
  if (typeof value !== 'object') return value === '' || value === 0 || value === false
  if (value === null) return true
  if (Array.isArray(value)) return value.length === 0
  for (const _ in value) return false
  return true
}

const lastPart = (name: string) => name.slice(name.lastIndexOf('.') + 1)
/** `io.k8s.api.core.v1.PodSpec` → `v1.PodSpec`. */
const goName = (shape: ObjectShape) => shape.name.split('.').slice(-2).join('.')

function goType(schema: AnySchema): string {
  switch (schema.type) {
    case 'list':
      return `[]${goType(schema.items)}`
    case 'map':
      return `map[string]${goType(schema.values)}`
    case 'struct':
      return goName(schema.shape)
    default:
      return SCALARS[schema.type].goType
  }
}

/** The object's own apiVersion and kind, checked against what the request is for. Throws BadRequest. */
export function checkTypeMeta(kind: AnyKind, object: { apiVersion?: string; kind?: string }): void {
  const wanted = apiVersionOf(kind)
  if (object.apiVersion && object.apiVersion !== wanted)
    throw badRequest(
      `the API version in the data (${object.apiVersion}) does not match the expected API version (${wanted})`,
    )
  if (object.kind && object.kind !== kind.kind)
    throw badRequest(
      `the kind in the data (${object.kind}) does not match the expected kind (${kind.kind})`,
    )
}
