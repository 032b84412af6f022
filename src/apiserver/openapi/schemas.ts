/** From the schemas of kinds to OpenAPI schema objects, for version 2 and version 3 of the format. */
import type { AnyKind } from '#api/machinery/kind.ts'
import { type MetaKind, shardInfo } from '#api/machinery/meta-kinds.ts'
import type { AnySchema, ObjectShape, ScalarType } from '#api/machinery/schema.ts'

export type Format = 'v2' | 'v3'
export type Json = Record<string, unknown>
export type GroupVersion = Pick<AnyKind, 'group' | 'version'>

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1'

/** Scalars that have a named type of their own, and those that are written in place. */
const NAMED: Partial<Record<ScalarType, string>> = {
  quantity: 'io.k8s.apimachinery.pkg.api.resource.Quantity',
  intOrString: 'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
  time: `${META}.Time`,
  microTime: `${META}.MicroTime`,
  duration: `${META}.Duration`,
}
const PLAIN: Partial<Record<ScalarType, Json>> = {
  string: { type: 'string' },
  boolean: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  double: { type: 'number', format: 'double' },
  bytes: { type: 'string', format: 'byte' },
  any: { type: 'object' },
}

function namedScalars(format: Format): Json {
  const either = (one: Json, other: Json, v2: Json) =>
    format === 'v3' ? { oneOf: [one, other] } : v2
  const text = { type: 'string' }
  return {
    [NAMED.quantity as string]: {
      description: 'An exact number with an optional suffix, such as 500m, 1.5Gi or 2e3.',
      ...either(text, { type: 'number' }, text),
    },
    [NAMED.intOrString as string]: {
      description: 'A number, or a text such as a percentage or the name of a port.',
      format: 'int-or-string',
      ...either({ type: 'integer' }, text, text),
    },
    [NAMED.time as string]: {
      description: 'A point in time in RFC 3339, to the second.',
      type: 'string',
      format: 'date-time',
    },
    [NAMED.microTime as string]: {
      description: 'A point in time in RFC 3339, to the microsecond.',
      type: 'string',
      format: 'date-time',
    },
    [NAMED.duration as string]: { description: 'A span of time such as 1m30s.', type: 'string' },
  }
}

/** Collects the named schemas that some kinds need. */
export class Schemas {
  readonly #format: Format
  readonly #versions: readonly GroupVersion[]
  readonly #kinds: ReadonlyMap<string, AnyKind>
  readonly #named: Json = {}

  /** `versions` are those to which the types of every version are said to belong, `kinds` what else may be met within others. */
  constructor(format: Format, versions: readonly GroupVersion[], kinds: readonly AnyKind[] = []) {
    this.#format = format
    this.#versions = versions
    const builtIn = kinds.filter(({ custom }) => !custom)
    this.#kinds = new Map(builtIn.map(kind => [kind.shape.name, kind]))
  }

  /** All that was collected, by name. */
  get named(): Json {
    return Object.fromEntries(Object.entries(this.#named).sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  reference(name: string): Json {
    return {
      $ref: this.#format === 'v3' ? `#/components/schemas/${name}` : `#/definitions/${name}`,
    }
  }

  /** Adds a kind and its list, marked with their group, version and kind. */
  addKind(kind: AnyKind): Json {
    const selectors = kind.custom ? Object.keys(kind.fieldSelectors) : []
    const marks = (name: string) => ({
      ...kindMark(kind, name),
      ...(selectors.length > 0
        ? { 'x-kubernetes-selectable-fields': selectors.map(fieldPath => ({ fieldPath })) }
        : {}),
    })
    const empty = kind.custom || this.#format === 'v2' ? {} : { default: {} }
    const reference = this.addShape(kind.shape)
    Object.assign(this.#named[kind.shape.name] as Json, marks(kind.kind))
    const listName = listNameOf(kind)
    if (!kind.verbs.includes('list') || Object.hasOwn(this.#named, listName)) return reference
    this.#named[listName] = {
      description: `A list of objects of the kind ${kind.kind}.`,
      type: 'object',
      required: ['items'],
      properties: {
        apiVersion: {
          description: 'Group and version in which the list is written.',
          type: 'string',
        },
        items: {
          description: 'The objects.',
          type: 'array',
          items: this.#inPlace(reference, empty),
        },
        kind: { description: 'Name of the list type.', type: 'string' },
        metadata: this.#inPlace(this.#listMeta(), {
          description: 'The revision of the list, and where the next page begins.',
          ...empty,
        }),
      },
      ...marks(kind.listKind),
    }
    return reference
  }

  /** A kind may also stand within another, as a claim does in a StatefulSet. */
  #kindMarks({ name }: ObjectShape): Json {
    const kind = this.#kinds.get(name)
    return kind ? kindMark(kind, kind.kind) : {}
  }

  /** The list of a kind that was added. */
  listOf(kind: AnyKind): Json {
    return this.reference(listNameOf(kind))
  }

  /** One of the API's own types, which may belong to every version. */
  meta(kind: MetaKind): Json {
    const reference = this.addShape(kind.shape)
    const schema = this.#named[kind.shape.name] as Json
    const versions = OF_EVERY_VERSION.has(kind.kind) ? this.#versions : [kind]
    if (!UNMARKED.has(kind.kind))
      schema['x-kubernetes-group-version-kind'] = versions.map(({ group, version }) => ({
        group,
        kind: kind.kind,
        version,
      }))
    return reference
  }

  addShape(shape: ObjectShape): Json {
    if (!Object.hasOwn(this.#named, shape.name)) {
      const schema: Json = shape.openApi
        ? {}
        : { description: shape.doc, type: 'object', ...marksOf(shape), ...this.#kindMarks(shape) }
      // Entered before its fields are looked at: shapes may contain themselves.
      this.#named[shape.name] = schema
      if (shape.openApi) {
        const refer = (part: ObjectShape, description: string) =>
          this.#inPlace(this.addShape(part), { description })
        Object.assign(schema, shape.openApi(this.#format, refer))
        return this.reference(shape.name)
      }
      const fields = Object.entries(shape.fields)
      const required = fields
        .filter(([, field]) => field.schema.presence === 'required')
        .map(([name]) => name)
      const isObject =
        Object.hasOwn(shape.fields, 'apiVersion') && Object.hasOwn(shape.fields, 'metadata')
      // What an object is goes without saying in its path.
      const isImplied = (name: string) => isObject && (name === 'apiVersion' || name === 'kind')
      const listed = required.filter(name => !isImplied(name))
      if (listed.length > 0) schema.required = listed
      if (fields.length > 0)
        schema.properties = Object.fromEntries(
          fields.map(([name, { schema: own }]) => [
            name,
            this.#field(isImplied(name) ? { ...own, presence: 'omitempty' } : own),
          ]),
        )
    }
    return this.reference(shape.name)
  }

  #listMeta(): Json {
    const name = `${META}.ListMeta`
    this.#named[name] ??= {
      description: 'What a list says about itself.',
      type: 'object',
      properties: {
        continue: {
          description: 'Pass it as the continue parameter to get the next page.',
          type: 'string',
        },
        remainingItemCount: {
          description: 'How many items follow this page, where known.',
          type: 'integer',
          format: 'int64',
        },
        resourceVersion: { description: 'The revision that the list shows.', type: 'string' },
        selfLink: { description: 'Not set any more.', type: 'string' },
        shardInfo: this.#inPlace(this.addShape(shardInfo), {
          description: 'Set where the list is only a share of the objects.',
        }),
      },
    }
    return this.reference(name)
  }

  #field(schema: AnySchema): Json {
    return this.#inPlace(this.#type(schema), {
      ...(schema.doc ? { description: schema.doc } : {}),
      ...extensionsOf(schema),
      ...this.#defaultOf(schema),
    })
  }

  #type(schema: AnySchema): Json {
    if (schema.type === 'struct') return this.addShape(schema.shape)
    if (schema.type === 'list') return { type: 'array', items: this.#item(schema.items) }
    if (schema.type === 'map')
      return { type: 'object', additionalProperties: this.#item(schema.values) }
    if (schema.type === 'alternative') {
      const { name, doc } = schema.shape
      this.#named[name] ??= { description: doc }
      return this.reference(name)
    }
    if (schema.anyType) {
      const { name, doc, ...rest } = schema.anyType
      this.#named[name] ??= { description: doc, ...rest }
      return this.reference(name)
    }
    const name = NAMED[schema.type]
    if (name !== undefined) {
      this.#named[name] ??= namedScalars(this.#format)[name]
      return this.reference(name)
    }
    return { ...PLAIN[schema.type], ...(schema.format ? { format: schema.format } : {}) }
  }

  #item(schema: AnySchema): Json {
    return this.#inPlace(this.#type(schema), {
      ...extensionsOf(schema),
      ...this.#defaultOf(schema, true),
    })
  }

  /** Version 2 has none: its readers would take them for values that the server sets. */
  #defaultOf(schema: AnySchema, isItem = false): Json {
    if (this.#format === 'v2') return {}
    const told = schema.defaultIsUnpublished ? undefined : schema.default
    const value = told ?? zeroOf(schema, isItem)
    return value === undefined ? {} : { default: value }
  }

  /** A reference may have no siblings in OpenAPI 3.0, so it is wrapped; version 2 tolerates a description beside it. */
  #inPlace(type: Json, more: Json): Json {
    if (!('$ref' in type) || Object.keys(more).length === 0) return { ...more, ...type }
    return this.#format === 'v3' ? { ...more, allOf: [type] } : { ...more, ...type }
  }
}

/** No objects of these are sent by themselves. */
const UNMARKED = new Set(['Patch', 'Info'])
const OF_EVERY_VERSION = new Set(['DeleteOptions', 'WatchEvent'])

const kindMark = ({ group, version }: GroupVersion, kind: string) => ({
  'x-kubernetes-group-version-kind': [{ group, kind, version }],
})

const listNameOf = ({ shape, listKind }: AnyKind) => shape.name.replace(/[^.]+$/, listKind)

/** What is said of a type rather than of the fields that have it: beside a reference nobody looks for it. */
function marksOf({ atomic, union }: ObjectShape): Json {
  const { discriminator, members = [] } = union ?? {}
  const fields = members.map(name => [name, `${name[0]?.toUpperCase()}${name.slice(1)}`])
  return {
    ...(atomic ? { 'x-kubernetes-map-type': 'atomic' } : {}),
    ...(union
      ? {
          'x-kubernetes-unions': [
            {
              ...(discriminator ? { discriminator } : {}),
              'fields-to-discriminateBy': Object.fromEntries(fields),
            },
          ],
        }
      : {}),
  }
}

function extensionsOf(schema: AnySchema): Json {
  // Bytes are a list, in Go.
  const listType = schema.type === 'bytes' && schema.atomic ? 'atomic' : schema.listType
  const mapType =
    schema.atomic === false
      ? 'granular'
      : schema.atomic && schema.type === 'map'
        ? 'atomic'
        : undefined
  return {
    ...(listType ? { 'x-kubernetes-list-type': listType } : {}),
    ...(schema.listKeys ? { 'x-kubernetes-list-map-keys': schema.listKeys } : {}),
    ...(mapType ? { 'x-kubernetes-map-type': mapType } : {}),
    ...(schema.patchMergeKey ? { 'x-kubernetes-patch-merge-key': schema.patchMergeKey } : {}),
    ...(schema.patchStrategy
      ? { 'x-kubernetes-patch-strategy': schema.patchStrategy.join(',') }
      : {}),
    ...(schema.enum ? { enum: schema.enum.toSorted() } : {}),
  }
}

/** What stands where nobody said anything and Go has no way to leave it out. */
function zeroOf(schema: AnySchema, isItem: boolean): unknown {
  if (schema.presence === 'optional' || schema.mayBeAbsent) return undefined
  if (schema.type === 'struct') return {}
  return isItem || schema.presence !== 'omitempty' ? ZEROS[schema.type] : undefined
}
const ZEROS: Partial<Record<AnySchema['type'], unknown>> = {
  string: '',
  boolean: false,
  int32: 0,
  int64: 0,
  double: 0,
}
