/**
 * From a parsed body to an object of a kind: unknown fields are dropped and told, types are checked, values brought
 * into canonical form, presence made as clients observe it. Each shape is compiled once. Fields come out in the order
 * of the schema, so equal objects encode to equal bytes.
 */
import { type AnyKind, apiVersionOf } from './kind.ts'
import type { KubernetesObject } from './metadata.ts'
import { goName, goType } from './mistakes/go-types.ts'
import { mistakeInShape } from './mistakes/in-json.ts'
import {
  isPlainObject,
  keysInOrder,
  MAXIMUM_DEPTH,
  type PlainObject,
  setKey,
  tooDeep,
} from './plain.ts'
import { noteSaid } from './said-lists.ts'
import { jsonTypeOf, SCALARS, WrongType } from './scalars.ts'
import {
  type AlternativeSchema,
  type AnySchema,
  isNullableTime,
  type ObjectShape,
} from './schema.ts'
import { badRequest, StatusError } from './status.ts'

export interface Decoded<T = KubernetesObject> {
  /** Fresh and mutable; shares nothing with the input but frozen values of fields of type `any`. */
  readonly object: T
  /** Paths of fields that the schema does not know, such as `spec.containers[0].foo`. */
  readonly unknownFields: string[]
}

/** Unknown fields are told up to this number, as upstream does; more help nobody. */
const MAXIMUM_UNKNOWN_FIELDS = 100

/** Brings a value into the order in which upstream reads it. */
export type Reorder = (value: unknown) => unknown

/** Reads a whole object. Throws BadRequest when a value has the wrong type: the first one in the order that is asked for. */
export function decodeObject(kind: AnyKind, raw: unknown, reorder?: Reorder): Decoded {
  try {
    if (kind.custom && isPlainObject(raw)) return kind.custom.decode(raw)
    const { value, unknownFields } = decodeShape(kind.shape, raw, '', reorder)
    return { object: value as unknown as KubernetesObject, unknownFields }
  } catch (thrown) {
    if (!(thrown instanceof StatusError)) throw thrown
    // The metadata of custom resources is read by itself.
    const why = kind.custom
      ? thrown.message.replace('ObjectMeta.metadata.', 'ObjectMeta.')
      : thrown.message
    throw badRequest(
      `${kind.kind} in version ${JSON.stringify(kind.version)} cannot be handled as a ${kind.kind}: ${why}`,
    )
  }
}

/** Reads an object that has a shape but is no kind of its own, e.g. an options object or a part of a kind. */
export function decodeShape(
  shape: ObjectShape,
  raw: unknown,
  path = '',
  reorder: Reorder = asItIs,
): { value: PlainObject; unknownFields: string[] } {
  const state: State = { path: path === '' ? [] : [path], unknownFields: [] }
  if (!isPlainObject(raw))
    throw badRequest(
      `json: cannot unmarshal ${raw === null ? 'null' : jsonTypeOf(raw)} into Go value of type ${goName(shape)}`,
    )
  try {
    return { value: decoderOf(shape)(raw, state), unknownFields: state.unknownFields }
  } catch (thrown) {
    if (!(thrown instanceof WrongType || thrown instanceof StatusError)) throw thrown
    throw told(thrown, mistakeInShape(shape, reorder(raw), path === '' ? [] : [path]))
  }
}

const asItIs: Reorder = value => value

/** What was found is the first mistake in the order of the schema; what is told is the one that upstream tells. */
function told(found: WrongType | StatusError, mistake: string | undefined): StatusError {
  if (mistake !== undefined) return badRequest(mistake)
  if (!(found instanceof WrongType)) return found
  return badRequest(`json: cannot unmarshal ${found.found} into Go value of type ${found.wanted}`)
}

/** Where the decoder stands, for messages. It is left as it is when something is thrown. */
interface State {
  readonly path: (string | number)[]
  readonly unknownFields: string[]
}

type StructDecoder = (raw: PlainObject, state: State) => PlainObject
type Reader = (raw: unknown, state: State) => unknown

interface FieldPlan {
  readonly name: string
  /** The place among the fields of the shape. */
  readonly index: number
  readonly read: Reader
  /** Whether an empty result is left out. */
  readonly omitEmpty: boolean
  /** Makes what stands for an absent value; undefined when it stays absent. */
  readonly zero: ((state: State) => unknown) | undefined
  /** A list that is shown even when it is empty. */
  readonly isShownList: boolean
  /** Lists, maps and structs, whose names go on the path. */
  readonly nested: boolean
  /** Object.prototype has something of this name, e.g. `constructor`, which is no data. */
  readonly inherited: boolean
}

interface ShapePlan {
  readonly byName: ReadonlyMap<string, FieldPlan>
  /** The fields that are shown even when nobody set them. */
  readonly shownAlways: readonly FieldPlan[]
}

const decoders = new WeakMap<ObjectShape, StructDecoder>()

function decoderOf(shape: ObjectShape): StructDecoder {
  const known = decoders.get(shape)
  if (known) return known
  let plan: ShapePlan | undefined
  // Compiled at first use, so a shape may contain itself.
  const decoder: StructDecoder = (raw, state) => {
    plan ??= planOf(shape)
    return decodeStruct(plan, raw, state)
  }
  decoders.set(shape, decoder)
  return decoder
}

function planOf(shape: ObjectShape): ShapePlan {
  const plans = Object.entries(shape.fields).map(([name, { schema }], index): FieldPlan => {
    const { presence, type, isPointer } = schema
    const isShown = (presence === 'required' && !isPointer) || presence === 'always'
    return {
      name,
      index,
      read: readerOf(schema),
      // Of any value there is, none says less than another.
      omitEmpty: presence === 'omitempty' && type !== 'any',
      zero: isShown || isNullableTime(schema) ? zeroOf(schema) : undefined,
      isShownList: isShown && type === 'list',
      nested: !(type in SCALARS),
      inherited: name in Object.prototype,
    }
  })
  return {
    byName: new Map(plans.map(plan => [plan.name, plan])),
    shownAlways: plans.filter(plan => plan.zero !== undefined),
  }
}

function decodeStruct(plan: ShapePlan, raw: PlainObject, state: State): PlainObject {
  const result: PlainObject = {}
  for (const field of fieldsToRead(plan, raw, state)) {
    const { name } = field
    const given = valueIn(raw, field)
    if (given === undefined || given === null) {
      setKey(result, name, field.zero?.(state))
      continue
    }
    let value: unknown
    if (field.nested) {
      state.path.push(name)
      value = field.read(given, state)
      state.path.pop()
      // What is frozen is what was stored, which says nothing any more.
      if (field.isShownList && (value as unknown[]).length === 0 && !Object.isFrozen(given))
        noteSaid(value as unknown[], true)
    } else value = field.read(given, state)
    if (value !== null && (!field.omitEmpty || !isEmpty(value))) setKey(result, name, value)
  }
  return result
}

const valueIn = (raw: PlainObject, { name, inherited }: FieldPlan) =>
  inherited && !Object.hasOwn(raw, name) ? undefined : raw[name]

/**
 * The fields to put into the result, in the order of the schema. Only keys that are there are looked at, since most
 * fields of a large shape are absent; objects that were made here before come in the right order already.
 */
function fieldsToRead(plan: ShapePlan, raw: PlainObject, state: State): FieldPlan[] {
  const fields: FieldPlan[] = []
  let inOrder = true
  let last = -1
  for (const key in raw) {
    const field = plan.byName.get(key)
    if (field === undefined) {
      noteUnknown(key, raw, state)
      continue
    }
    // Not by `key`: the interpreter notes nothing of such reads in a for-in, so V8 compiles this and throws it away for ever.
    const given = raw[field.name]
    if (given === null || given === undefined) continue
    if (field.index < last) inOrder = false
    last = field.index
    fields.push(field)
  }
  for (const field of plan.shownAlways) {
    const given = valueIn(raw, field)
    if (given !== null && given !== undefined) continue
    fields.push(field)
    inOrder = false
  }
  if (!inOrder) putInOrder(fields)
  return fields
}

/** By insertion, since most are in order already: a sort of V8's copies them first, which was a thirtieth of all that a write of a pod left behind. */
function putInOrder(fields: FieldPlan[]): void {
  for (let end = 1; end < fields.length; end++) {
    const field = fields[end] as FieldPlan
    let at = end
    for (; at > 0; at--) {
      const before = fields[at - 1] as FieldPlan
      if (before.index <= field.index) break
      fields[at] = before
    }
    fields[at] = field
  }
}

function noteUnknown(key: string, raw: PlainObject, state: State): void {
  if (raw[key] === undefined || state.unknownFields.length >= MAXIMUM_UNKNOWN_FIELDS) return
  const prefix = pathText(state.path)
  state.unknownFields.push(prefix === '' ? key : `${prefix}.${key}`)
}

function pathText(path: readonly (string | number)[]): string {
  let text = ''
  for (const part of path)
    text += typeof part === 'number' ? `[${part}]` : text === '' ? part : `.${part}`
  return text
}

function zeroOf(schema: AnySchema): (state: State) => unknown {
  switch (schema.type) {
    case 'list':
      return () => noteSaid([], false)
    case 'map':
      return () => ({})
    case 'struct': {
      const decode = decoderOf(schema.shape)
      return state => decode({}, state)
    }
    case 'alternative':
      return () => null
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
    case 'alternative': {
      const object = readerOf(fieldOf(schema, schema.object))
      const otherSchema = fieldOf(schema, schema.other)
      const other = readerOf(otherSchema)
      const isList = otherSchema.type === 'list'
      return (raw, state) => {
        if (isPlainObject(raw)) {
          const told = state.unknownFields.length
          const value = object(raw, state)
          // Upstream reads these by themselves, and whoever does so tells of no unknown fields below.
          state.unknownFields.length = told
          return value
        }
        // Upstream takes what is no list for nothing.
        if (isList && !Array.isArray(raw)) return null
        const value = other(raw, state)
        // A message cannot tell an empty list from none.
        return Array.isArray(value) && value.length === 0 ? null : value
      }
    }
    default:
      return SCALARS[schema.type].read
  }
}

/** One of the two forms that the schema allows. */
function fieldOf({ shape }: AlternativeSchema, name: string): AnySchema {
  const field = shape.fields[name]
  if (!field) throw new Error(`${shape.name} has no ${name}`)
  return field.schema
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
    // The copy has room for no more than there is; one that was pushed to has room for seventeen.
    return result.slice()
  }
}

function mapReader(values: AnySchema): Reader {
  const read = readerOf(values)
  const zero = zeroOf(values)
  const goTypeOfMap = `map[string]${goType(values)}`
  return (raw, state) => {
    if (!isPlainObject(raw)) throw new WrongType(jsonTypeOf(raw), goTypeOfMap)
    const result: PlainObject = {}
    for (const key of keysInOrder(raw)) {
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
