/**
 * What of a value its schema knows: everything else is dropped, and told for field validation. Nulls where none are
 * allowed count as absent. The result is a fresh copy.
 */
import {
  copyJson,
  isPlainObject,
  MAXIMUM_DEPTH,
  type PlainObject,
  setKey,
  tooDeep,
} from '../../machinery/plain.ts'
import type { JsonSchemaProps } from '../v1/json-schema-props.ts'
import { coerceMetadata } from './embedded.ts'
import { itemsOf, META_FIELDS, propertyOf, valuesOf } from './walk.ts'

export interface Pruned {
  readonly value: unknown
  readonly unknownFields: string[]
}

/** Unknown fields are told up to this number, as for built-in kinds. */
const MAXIMUM_UNKNOWN_FIELDS = 100

interface PruneOptions {
  /** Says that the value is a whole object, whose apiVersion, kind and metadata no schema has to describe. */
  readonly isResource: boolean
  /** Nulls stay, also where none are allowed. */
  readonly keepsNulls?: boolean
}

interface State {
  readonly keepsNulls: boolean
  readonly unknown: string[]
  /** Those of metadata are told last. */
  readonly ofMetadata: string[]
  depth: number
}

export function prune(schema: JsonSchemaProps, value: unknown, options: PruneOptions): Pruned {
  const { isResource, keepsNulls = false } = options
  const state: State = { keepsNulls, unknown: [], ofMetadata: [], depth: 0 }
  const root = isResource ? { ...schema, 'x-kubernetes-embedded-resource': true } : schema
  const pruned = pruneValue(root, value, '', state)
  return { value: pruned, unknownFields: [...state.unknown.sort(), ...state.ofMetadata] }
}

function pruneValue(
  schema: JsonSchemaProps | undefined,
  value: unknown,
  path: string,
  state: State,
): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (++state.depth > MAXIMUM_DEPTH) throw tooDeep()
  const result = Array.isArray(value)
    ? pruneList(schema, value, path, state)
    : pruneObject(schema, value as PlainObject, path, state)
  state.depth--
  return result
}

const isOpen = (schema: JsonSchemaProps | undefined) =>
  schema?.['x-kubernetes-preserve-unknown-fields'] === true

/** What a list keeps, its items keep. */
function pruneList(
  schema: JsonSchemaProps | undefined,
  list: readonly unknown[],
  path: string,
  state: State,
): unknown[] {
  const items = itemsOf(schema)
  if (!isOpen(schema))
    return list.map((item, at) => pruneValue(items, item, `${path}[${at}]`, state))
  if (!items) return copyJson(list as unknown[], true)
  const open = { ...items, 'x-kubernetes-preserve-unknown-fields': true }
  return list.map((item, at) => pruneValue(open, item, `${path}[${at}]`, state))
}

function pruneObject(
  schema: JsonSchemaProps | undefined,
  value: PlainObject,
  path: string,
  state: State,
): PlainObject {
  const result: PlainObject = {}
  const isResource = schema?.['x-kubernetes-embedded-resource'] === true
  const isMap = schema?.additionalProperties !== undefined
  for (const [name, part] of Object.entries(value)) {
    if (part === undefined) continue
    const place = path === '' ? name : `${path}.${name}`
    const inner = propertyOf(schema, name) ?? valuesOf(schema)
    if (isResource && META_FIELDS.includes(name))
      setKey(result, name, pruneMetaField(name, part, place, state))
    else if (inner || isMap) {
      if (part !== null || !inner || state.keepsNulls || isNullKept(inner))
        setKey(result, name, pruneValue(inner, part, place, state))
    } else if (isOpen(schema)) setKey(result, name, copyJson(part, true))
    else note(place, state.unknown)
  }
  return result
}

/** A null that has a default stands for its field until the default replaces it. */
const isNullKept = ({ nullable, default: preset }: JsonSchemaProps) =>
  nullable === true || (preset !== undefined && preset !== null)

function pruneMetaField(name: string, value: unknown, path: string, state: State): unknown {
  if (name !== 'metadata' || !isPlainObject(value)) return value
  const { metadata, unknownFields } = coerceMetadata(value, path)
  for (const field of unknownFields) note(field, state.ofMetadata)
  return metadata
}

function note(path: string, unknown: string[]): void {
  if (unknown.length < MAXIMUM_UNKNOWN_FIELDS) unknown.push(path)
}
