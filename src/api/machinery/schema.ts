/**
 * The language in which kinds say what their objects look like. A schema is plain frozen data; compilers beside
 * this file turn it into decoding and pruning, defaults, OpenAPI, protobuf, strategic merge, apply and TypeScript types.
 *
 * Presence follows what clients observe of upstream's Go structs:
 *   (none)      omitted from JSON when empty ('', 0, false, [], {}); may be absent; times are null then, but for `.omitZero()`
 *   .optional() a Go pointer: omitted only when absent, an explicit 0 or false is kept
 *   .required() always present, its zero value if the client sent nothing; listed under OpenAPI `required`
 *   .always()   always present like `.required()`, but not listed as required (Go struct without omitempty)
 */
import type { AnyType } from './any-types.ts'

export type ScalarType =
  | 'string'
  | 'boolean'
  | 'int32'
  | 'int64'
  | 'double'
  | 'bytes' // base64 in JSON
  | 'quantity' // canonical string in JSON
  | 'intOrString'
  | 'time' // RFC 3339, seconds
  | 'microTime' // RFC 3339, microseconds
  | 'duration' // Go duration string, e.g. "1m30s"
  | 'any' // any JSON value, kept as it is (RawExtension, FieldsV1)

export type Presence = 'omitempty' | 'optional' | 'required' | 'always'

/** How server-side apply sees a list. `map` lists are keyed by `keys`. */
export type ListType = 'atomic' | 'set' | 'map'

/** What every schema can carry, whatever its type. */
export interface SchemaFacts {
  /** The protobuf field number; absent for list items and map values. */
  readonly number?: number
  readonly presence: Presence
  readonly doc?: string
  /** Static default, applied by the compiled defaulting step when the field is absent. */
  readonly default?: unknown
  /** OpenAPI does not tell the default: upstream fills it in by code, which its documents do not see. */
  readonly defaultIsUnpublished?: true
  readonly enum?: readonly string[]
  readonly minimum?: number
  readonly maximum?: number
  /** Required of clients, and yet absent in Go where nobody sets it: a pointer, or omitted when empty. */
  readonly mayBeAbsent?: true
  /** Where it is absent, an empty one does not take its place: whether it was set is judged. */
  readonly isPointer?: true
  /** A time that JSON leaves out where it is not set; all others that are no pointers are shown as null. */
  readonly omitZero?: true
  /** Null is a value of its own, which somebody may own. */
  readonly mayBeNull?: true
  /** Only of `any`: the name by which its type is published. */
  readonly anyType?: AnyType
  /** OpenAPI format, where it is not implied by the type. */
  readonly format?: string
  readonly deprecated?: boolean
  readonly listType?: ListType
  readonly listKeys?: readonly string[]
  /** `atomic` objects and maps are owned as a whole by server-side apply; false says that they are not, whatever the shape says. */
  readonly atomic?: boolean
  /** Strategic merge: `merge`, `replace`, `retainKeys` or both of the outer. */
  readonly patchStrategy?: readonly ('merge' | 'replace' | 'retainKeys')[]
  readonly patchMergeKey?: string
}

export interface ScalarSchema extends SchemaFacts {
  readonly type: ScalarType
}
export interface ListSchema extends SchemaFacts {
  readonly type: 'list'
  readonly items: AnySchema
}
export interface MapSchema extends SchemaFacts {
  readonly type: 'map'
  readonly values: AnySchema
  /** Upstream's ResourceList: amounts that are finer than thousandths are rounded up to those where an object is read. */
  readonly isResourceList?: true
}
export interface StructSchema extends SchemaFacts {
  readonly type: 'struct'
  readonly shape: ObjectShape
}
/**
 * An object or something simpler, such as a schema or a boolean. JSON shows the one that it is; protobuf has a
 * message with a field for each, and `shape` is that message.
 */
export interface AlternativeSchema extends SchemaFacts {
  readonly type: 'alternative'
  readonly shape: ObjectShape
  /** The names of its two fields. */
  readonly object: string
  readonly other: string
}
export type AnySchema = ScalarSchema | ListSchema | MapSchema | StructSchema | AlternativeSchema

/** A named bundle of fields, used by several kinds or at several places, e.g. PodSpec. */
export interface ObjectShape<F extends Fields = Fields> {
  /** The type's name as upstream publishes it, e.g. `io.k8s.api.core.v1.PodSpec`. */
  readonly name: string
  readonly doc: string
  readonly fields: F
  /** Go's embedded JSON inlining (e.g. VolumeSource in Volume) is flattened in `fields`; protobuf keeps it nested: */
  readonly inlined?: readonly InlinedFields[]
  /** Wherever it stands, server-side apply sees it as a whole, unless the field says otherwise. */
  readonly atomic?: true
  readonly union?: Union
  /** Of custom resources: what fields that the shape does not know are; without it there are none. */
  readonly unknown?: AnySchema
  /** Of custom resources: what OpenAPI shows instead of what follows from the fields. */
  readonly openApi?: OpenApiOf
}

/** Fields of which at most one is set: the one that `discriminator` names, where there is such a field. */
export interface Union {
  readonly discriminator?: string
  readonly members: readonly string[]
}

/** `refer` gives a reference to a shape with its own description. */
export type OpenApiOf = (
  format: 'v2' | 'v3',
  refer: (shape: ObjectShape, doc: string) => Record<string, unknown>,
) => Record<string, unknown>

/** The schema of a field by its name; undefined for what nobody describes. */
export const fieldSchemaOf = ({ fields, unknown }: ObjectShape, name: string) =>
  Object.hasOwn(fields, name) ? fields[name]?.schema : unknown

/** True for times that JSON shows as null where nobody set them: Go structs, which are never empty. */
export const isNullableTime = ({ type, presence, omitZero }: AnySchema): boolean =>
  (type === 'time' || type === 'microTime') && presence !== 'optional' && !omitZero

/** True for what nobody describes: a map of maps without end, where anything may stand. */
export const isUndescribed = ({ type, ...schema }: AnySchema): boolean => {
  const { values } = schema as { values?: AnySchema }
  return type === 'map' && values?.type === 'map' && values.values === values
}

/** Fields that JSON shows in the outer object but protobuf nests in a message of its own. */
export interface InlinedFields {
  readonly number: number
  readonly shapeName: string
  /** All of them, those of `inlined` too. */
  readonly fields: readonly string[]
  /** Fields of `fields` that the message nests once more. */
  readonly inlined?: readonly InlinedFields[]
}

export type Fields = Readonly<Record<string, Field<unknown, Presence>>>

/** A schema as it is being written down: immutable; each method returns a changed copy. */
export class Field<T, P extends Presence> {
  readonly schema: AnySchema
  declare readonly phantom: [T, P]

  constructor(schema: AnySchema) {
    this.schema = Object.freeze(schema)
  }

  doc(text: string): Field<T, P> {
    return this.#with({ doc: text })
  }
  optional(): Field<T, 'optional'> {
    return this.#with({ presence: 'optional' })
  }
  required(): Field<T, 'required'> {
    return this.#with({ presence: 'required' })
  }
  always(): Field<T, 'always'> {
    return this.#with({ presence: 'always' })
  }
  /** Only shown always by us, so that whoever sets it owns it as a whole. */
  mayBeAbsent(): Field<T, P> {
    return this.#with({ mayBeAbsent: true })
  }
  /** Required of clients, and told from an empty one until that is judged. */
  requiredPointer(): Field<T, 'optional'> {
    return this.#with({ presence: 'required', mayBeAbsent: true, isPointer: true })
  }
  omitZero(): Field<T, P> {
    return this.#with({ omitZero: true })
  }
  default(value: T): Field<T, P> {
    return this.#with({ default: value })
  }
  unpublishedDefault(value: T): Field<T, P> {
    return this.#with({ default: value, defaultIsUnpublished: true })
  }
  /** The values that upstream's OpenAPI lists. Listing does not validate; the kind's `validate` does. */
  enum<const V extends readonly string[]>(...values: V): Field<V[number], P> {
    return this.#with({ enum: values })
  }
  minimum(minimum: number): Field<T, P> {
    return this.#with({ minimum })
  }
  maximum(maximum: number): Field<T, P> {
    return this.#with({ maximum })
  }
  format(format: string): Field<T, P> {
    return this.#with({ format })
  }
  /** `any` by the name of its type. */
  of(anyType: AnyType): Field<T, P> {
    return this.#with({ anyType })
  }
  deprecated(): Field<T, P> {
    return this.#with({ deprecated: true })
  }
  /** A list that apply merges item by item, found by these keys. */
  listMap(...keys: string[]): Field<T, P> {
    return this.#with({ listType: 'map', listKeys: keys })
  }
  listSet(): Field<T, P> {
    return this.#with({ listType: 'set' })
  }
  atomic(): Field<T, P> {
    return this.#with(this.schema.type === 'list' ? { listType: 'atomic' } : { atomic: true })
  }
  /** The opposite of atomic, where somebody must say so. */
  granular(): Field<T, P> {
    return this.#with({ atomic: false })
  }
  /** Strategic merge patch: merge the items of this list (by `key` where they are objects). */
  mergeKey(key?: string): Field<T, P> {
    return this.#with({
      patchStrategy: ['merge'],
      ...(key === undefined ? {} : { patchMergeKey: key }),
    })
  }
  patchStrategy(...strategy: ('merge' | 'replace' | 'retainKeys')[]): Field<T, P> {
    return this.#with({ patchStrategy: strategy })
  }

  // biome-ignore lint/suspicious/noExplicitAny: the phantom types are decided by the caller's signature
  #with(facts: Partial<SchemaFacts>): Field<any, any> {
    return new Field({ ...this.schema, ...facts } as AnySchema)
  }
}

type Plain<T> = Field<T, 'omitempty'>
const scalar =
  <T>(type: ScalarType) =>
  (number?: number): Plain<T> =>
    new Field({ type, presence: 'omitempty', ...(number === undefined ? {} : { number }) })

export const string = scalar<string>('string')
export const boolean = scalar<boolean>('boolean')
export const int32 = scalar<number>('int32')
/**
 * A JavaScript number up to 2^53; beyond it, which no honest client sends, a bigint stands in its place (ADR 0006). It compares like a
 * number, so rules need not care; whoever calculates with a client's number takes `Number(value)`.
 */
export const int64 = scalar<number>('int64')
export const double = scalar<number>('double')
export const bytes = scalar<string>('bytes')
export const quantity = scalar<string>('quantity')
export const intOrString = scalar<number | string>('intOrString')
export const time = scalar<string>('time')
export const microTime = scalar<string>('microTime')
export const duration = scalar<string>('duration')
export const any = scalar<unknown>('any')

type Item<T> = Field<T, Presence> | ObjectShape

/** `list(3, string())` or `list(3, containerShape)`. */
export function list<const I extends Item<unknown>>(
  number: number | undefined,
  items: I,
): Plain<ItemValue<I>[]> {
  return new Field({
    type: 'list',
    presence: 'omitempty',
    items: schemaOf(items),
    ...(number === undefined ? {} : { number }),
  })
}

/** A map from strings, `map(2, string())`. */
export function map<const I extends Item<unknown>>(
  number: number | undefined,
  values: I,
): Plain<Record<string, ItemValue<I>>> {
  return new Field({
    type: 'map',
    presence: 'omitempty',
    values: schemaOf(values),
    ...(number === undefined ? {} : { number }),
  })
}

/** Amounts by resource, of which none is finer than a thousandth. */
export function resourceList(number: number): Plain<Record<string, string>> {
  const { schema } = map(number, quantity())
  return new Field({ ...(schema as MapSchema), isResourceList: true })
}

/** One object with named fields: `struct(2, podSpec)`. Mark it `.optional()` where Go has a pointer, else `.always()`. */
export function struct<S extends ObjectShape>(
  number: number | undefined,
  shape: S,
): Plain<ValueOfShape<S>> {
  return new Field({ ...schemaOf(shape), ...(number === undefined ? {} : { number }) })
}

/** `alternative(24, schemaOrList, 'schema', 'list')`: the value is what one of the two fields holds. */
export function alternative<T>(
  number: number,
  shape: ObjectShape,
  object: string,
  other: string,
): Plain<T> {
  return new Field({ type: 'alternative', presence: 'omitempty', number, shape, object, other })
}

/** Names a bundle of fields. `name` is upstream's published type name. */
export function shape<F extends Fields>(
  name: string,
  doc: string,
  fields: F,
  facts: Pick<ObjectShape, 'inlined' | 'atomic' | 'union'> = {},
): ObjectShape<F> {
  return Object.freeze({ name, doc, fields, ...facts })
}

function schemaOf(item: Item<unknown>): AnySchema {
  return item instanceof Field
    ? item.schema
    : {
        type: 'struct',
        presence: 'omitempty',
        shape: item,
        ...(item.atomic ? { atomic: true } : {}),
      }
}

/** The TypeScript type of a field's value. */
export type ValueOf<F> = F extends Field<infer T, Presence> ? T : never
type ItemValue<I> =
  I extends Field<infer T, Presence> ? T : I extends ObjectShape ? ValueOfShape<I> : never

/** The TypeScript type of an object with these fields. */
export type ValueOfShape<S> = S extends ObjectShape<infer F> ? ValueOfFields<F> : never
export type ValueOfFields<F extends Fields> = Simplify<
  {
    [K in keyof F as F[K] extends Field<unknown, 'required' | 'always'> ? K : never]: ValueOf<F[K]>
  } & {
    [K in keyof F as F[K] extends Field<unknown, 'required' | 'always'> ? never : K]?: ValueOf<F[K]>
  }
>
type Simplify<T> = { [K in keyof T]: T[K] }
