/**
 * One kind, one value: all that the rest of Proa needs to know of a kind. REST, discovery, OpenAPI, defaults, pruning,
 * merge, apply, protobuf, tables and TypeScript types read it. CRDs become the same value at run time.
 */
import type { FieldError } from './field-error.ts'
import { type KubernetesObject, type ObjectMeta, objectMeta } from './metadata.ts'
import {
  type Fields,
  type ObjectShape,
  shape,
  string,
  struct,
  type ValueOfFields,
} from './schema.ts'

export type Verb =
  | 'create'
  | 'delete'
  | 'deletecollection'
  | 'get'
  | 'list'
  | 'patch'
  | 'update'
  | 'watch'

export const ALL_VERBS: readonly Verb[] = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
]

/** One column of `kubectl get`, as the Table representation carries it. */
export interface Column<T = never> {
  readonly name: string
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date'
  readonly format?: string
  readonly description: string
  /** 0 is shown always, 1 only with `-o wide`. */
  readonly priority?: number
  /** Rows have the cell, but no definition tells of it. */
  readonly isUndefined?: true
  /** The cell. `now` is for ages (milliseconds). */
  readonly cell: (object: T, now: number) => string | number | boolean | null
}

/** What a row of a table may be shown or hidden by. */
export interface RowCondition {
  readonly type: 'Completed'
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason?: string
  readonly message?: string
}

/** How the scale subresource reads and writes a kind. */
export interface ScaleMapping<T> {
  /** Where the wished size is; `.spec.replicas` unless it says another place. */
  readonly path?: string
  readonly specReplicas: (object: T) => number
  readonly statusReplicas: (object: T) => number
  readonly selector: (object: T) => string
  /** A copy of the object that wants `replicas`. */
  readonly withReplicas: (object: T, replicas: number) => T
  /** Why there is no wished size to read, where there may be none. */
  readonly missing?: (object: T) => string | undefined
}

type CustomDecode = (raw: Readonly<Record<string, unknown>>) => {
  readonly object: KubernetesObject
  readonly unknownFields: string[]
}

/** How custom resources differ: their schema is made at run time and speaks another language than ours. */
export interface CustomRules {
  /** From a body to a fresh draft: what the schema does not know is dropped and told, nothing else is changed. */
  readonly decode: CustomDecode
  /** The same of what an apply made: a null that may not be is kept, to be refused. */
  readonly decodeApplied: CustomDecode
  /** The definition is being deleted: nothing new is taken, and discovery does not offer it. */
  readonly isTerminating: boolean
  /** Differs wherever the definition does. */
  readonly revision: string
  /** The version, without the group, in which objects are stored. */
  readonly storageVersion: string
}

/** Of a name, or of the prefix of those to come; a kind may have a rule of its own, which may depend on the object. */
export type NameRule<T> =
  | 'dns1123Subdomain'
  | 'dns1123Label'
  | 'dns1035Label'
  | 'pathSegment'
  | ((name: string, object: T, isPrefix: boolean) => readonly string[])

export interface KindDefinition<T extends KubernetesObject = KubernetesObject> {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly listKind: string
  readonly plural: string
  readonly singular: string
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly scope: 'Namespaced' | 'Cluster'
  readonly verbs: readonly Verb[]
  /** Fields of the whole object: apiVersion, kind, metadata and the kind's own. */
  readonly shape: ObjectShape
  readonly subresources: Subresources<T>
  /** metadata.generation counts changes of everything but metadata and status. */
  readonly hasGeneration: boolean | 'fromFirstChange'
  /** Computed defaults, after the schema's static ones. Changes the fresh draft in place. */
  readonly defaults: (draft: T) => void
  /** What its status defaults to depends on its spec, so that neither is decoded without the other. */
  readonly statusDefaultsNeedSpec: boolean
  /** What the server sets or clears on create, e.g. an initial phase. Changes the fresh draft in place. */
  readonly prepareForCreate: (draft: T) => void
  /** What a client may not change on an ordinary update is taken over from `previous`; changes the fresh draft in place. */
  readonly prepareForUpdate: (draft: T, previous: T) => void
  /** The same for a write of the status; all but the status is that of `previous` already. */
  readonly prepareForStatusUpdate: (draft: T, previous: T) => void
  /** What must always hold, on create and on update. Of what was there before, an update may keep what a create may not bring. */
  readonly validate: (object: T, previous?: T) => readonly FieldError[]
  /** What must hold on create besides. */
  readonly validateCreate: (object: T) => readonly FieldError[]
  /** What must hold on an ordinary update besides. */
  readonly validateUpdate: (next: T, previous: T) => readonly FieldError[]
  /** What an update may not change is told before what must always hold; or only what of metadata it may not bring. */
  readonly judgesChangesFirst: boolean | 'ofMetadata'
  /** An update may say any prefix of names, which nothing is made of any more. */
  readonly takesAnyPrefix: boolean
  readonly validateStatusUpdate: (next: T, previous: T) => readonly FieldError[]
  /** How names are checked: DNS-1123 subdomain unless the kind says otherwise. */
  readonly nameRule: NameRule<T>
  readonly columns: readonly Column<T>[]
  /** Which columns there are depends on what is in the rows, so that a table without any has none. */
  readonly hasColumnsOfRows: boolean
  /** What is shown of an object's metadata alone; all of it but for what was only put there for one version of the kind. */
  readonly metadataAlone: (metadata: ObjectMeta) => ObjectMeta
  readonly rowConditions: (object: T) => readonly RowCondition[]
  /** The order of the rows of a table, where it is not that of the list. */
  readonly compareRows?: (one: T, other: T) => number
  /** Field selectors beyond metadata.name and metadata.namespace. */
  readonly fieldSelectors: Readonly<Record<string, (object: T) => string>>
  /** Deletes that wait: seconds of grace for this delete, 0 for at once. Absent means never any grace. */
  readonly gracePeriodSeconds?: (object: T, asked: number | undefined) => number
  /** Texts for the Warning header on create and update. */
  readonly warnings: (object: T, previous: T | undefined) => readonly string[]
  /** The same for a write of the status. */
  readonly statusWarnings: (object: T) => readonly string[]
  /** A delete answers with the last state of the object instead of a Status, as some kinds do for history's sake. */
  readonly returnsDeleted: boolean
  /** Told in the Warning header of every answer about a kind that is on its way out. */
  readonly deprecation?: string
  /** Objects that are answered but never stored, such as SubjectAccessReview. */
  readonly ephemeral: boolean
  /** The kind shows objects that are stored as another kind, as events.k8s.io does those of the core group. */
  readonly storedAs?: StoredAs<T>
  /** Only of custom resources: no protobuf, no strategic merge, and rules of their own for reading. */
  readonly custom?: CustomRules
  /** Loads what writes of this kind need and a start does not; awaited before each of them. */
  readonly prepareWrites?: () => Promise<void>
}

/**
 * One stored object, two kinds. Keys, storage and watches are those of `kind`; requests for the kind that
 * carries this convert what comes in with `toStored` and what goes out with `fromStored`. Neither loses anything.
 */
export interface StoredAs<T> {
  readonly kind: AnyKind
  // biome-ignore lint/suspicious/noExplicitAny: the stored kind's objects are known to the conversion alone
  readonly toStored: (object: T) => any
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly fromStored: (stored: any) => T
}

export interface Subresources<T> {
  readonly status?: boolean
  readonly scale?: ScaleMapping<T>
  /** Special ones (pods/log, pods/binding, serviceaccounts/token …), served by files of their own in apiserver. */
  readonly special?: readonly SpecialSubresource[]
}

export interface SpecialSubresource {
  readonly name: string
  /** Kind that the subresource speaks, for discovery. */
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly verbs: readonly Verb[]
}

/** What a kind's file writes; everything that has a usual value may be left out. */
export interface KindSource<T extends KubernetesObject> {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly plural: string
  readonly listKind?: string
  readonly singular?: string
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
  readonly scope: 'Namespaced' | 'Cluster'
  readonly verbs?: readonly Verb[]
  /** The whole object, made with `objectShape`. */
  readonly shape: ObjectShape
  readonly subresources?: Subresources<T>
  readonly hasGeneration?: KindDefinition['hasGeneration']
  readonly defaults?: (draft: T) => void
  readonly statusDefaultsNeedSpec?: boolean
  readonly prepareForCreate?: (draft: T) => void
  readonly prepareForUpdate?: (draft: T, previous: T) => void
  readonly prepareForStatusUpdate?: (draft: T, previous: T) => void
  readonly validate?: (object: T, previous?: T) => readonly FieldError[]
  readonly validateCreate?: (object: T) => readonly FieldError[]
  readonly validateUpdate?: (next: T, previous: T) => readonly FieldError[]
  readonly judgesChangesFirst?: KindDefinition['judgesChangesFirst']
  readonly takesAnyPrefix?: boolean
  readonly validateStatusUpdate?: (next: T, previous: T) => readonly FieldError[]
  readonly nameRule?: NameRule<T>
  readonly columns?: readonly Column<T>[]
  readonly hasColumnsOfRows?: boolean
  readonly metadataAlone?: KindDefinition['metadataAlone']
  readonly rowConditions?: (object: T) => readonly RowCondition[]
  readonly compareRows?: (one: T, other: T) => number
  readonly fieldSelectors?: Readonly<Record<string, (object: T) => string>>
  readonly gracePeriodSeconds?: (object: T, asked: number | undefined) => number
  readonly warnings?: (object: T, previous: T | undefined) => readonly string[]
  readonly statusWarnings?: (object: T) => readonly string[]
  readonly returnsDeleted?: boolean
  readonly deprecation?: string
  readonly ephemeral?: boolean
  readonly storedAs?: StoredAs<T>
  readonly custom?: CustomRules
  readonly prepareWrites?: () => Promise<void>
}

type TypedObject<F extends Fields> = Omit<ValueOfFields<F>, 'apiVersion' | 'kind' | 'metadata'> & {
  apiVersion: string
  kind: string
  metadata: ObjectMeta
}

/** The TypeScript type of a whole object from its shape: `type Pod = ObjectOfShape<typeof podShape>`. */
export type ObjectOfShape<S> = S extends ObjectShape<infer F> ? TypedObject<F> : never

/** The TypeScript type of a kind's objects, for generic code. */
export type ObjectOf<K> = K extends KindDefinition<infer T> ? T : never

/** The shape of a whole object: what all objects have, then the kind's own fields. */
export function objectShape<F extends Fields>(name: string, doc: string, fields: F) {
  return shape(name, doc, {
    apiVersion: string()
      .required()
      .doc('Group and version in which the object is written, such as apps/v1.'),
    kind: string().required().doc('Name of the type in CamelCase.'),
    metadata: struct(1, objectMeta).always().doc('Name, labels and what else every object has.'),
    ...fields,
  })
}

/** What can be done with objects that are answered but never stored, unless they say otherwise. */
const CREATE_ALONE: readonly Verb[] = ['create']
const nothing = () => {}
const noErrors = () => []

/** Completes a kind with the usual values and freezes it: `defineKind<Pod>({ … })`. */
export function defineKind<T extends KubernetesObject>(source: KindSource<T>): KindDefinition<T> {
  return Object.freeze({
    listKind: `${source.kind}List`,
    singular: source.kind.toLowerCase(),
    shortNames: [],
    categories: [],
    verbs: source.ephemeral ? CREATE_ALONE : ALL_VERBS,
    subresources: {},
    hasGeneration: false,
    defaults: nothing,
    statusDefaultsNeedSpec: false,
    prepareForCreate: nothing,
    prepareForUpdate: nothing,
    prepareForStatusUpdate: nothing,
    validate: noErrors,
    validateCreate: noErrors,
    validateUpdate: noErrors,
    judgesChangesFirst: false,
    takesAnyPrefix: false,
    validateStatusUpdate: noErrors,
    nameRule: 'dns1123Subdomain' as const,
    columns: [],
    hasColumnsOfRows: false,
    metadataAlone: (metadata: ObjectMeta) => metadata,
    rowConditions: noErrors,
    fieldSelectors: {},
    warnings: noErrors,
    statusWarnings: noErrors,
    returnsDeleted: false,
    ephemeral: false,
    ...source,
  })
}

/** A kind of which only the common parts matter; what lists of kinds hold. */
// biome-ignore lint/suspicious/noExplicitAny: a kind's functions take its own objects, so no common type but any fits all of them
export type AnyKind = KindDefinition<any>

/** Without the kinds that only show the objects of another one of these under other names. */
export function storedOnce(kinds: readonly AnyKind[]): AnyKind[] {
  const all = new Set(kinds)
  return kinds.filter(({ storedAs }) => !storedAs || !all.has(storedAs.kind))
}

/** `apps/v1`, or `v1` for the core group. */
export function apiVersionOf(kind: { readonly group: string; readonly version: string }): string {
  return kind.group === '' ? kind.version : `${kind.group}/${kind.version}`
}
