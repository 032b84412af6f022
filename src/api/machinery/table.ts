/**
 * The Table representation, which `kubectl get` asks for: columns and cells are computed here, so clients can print
 * kinds that they have never heard of. Beside it the metadata-only representation.
 */
import { nameColumn } from './columns.ts'
import type { AnyKind, Column } from './kind.ts'
import type { KubernetesObject, ObjectMeta } from './metadata.ts'

export const TABLE_API_VERSION = 'meta.k8s.io/v1'

export interface TableColumnDefinition {
  readonly name: string
  readonly type: string
  readonly format: string
  readonly description: string
  readonly priority: number
}

export interface PartialObjectMetadata {
  readonly kind: 'PartialObjectMetadata'
  readonly apiVersion: typeof TABLE_API_VERSION
  readonly metadata: ObjectMeta
}

export interface TableRow {
  readonly cells: readonly (string | number | boolean | null)[]
  /** The object as `includeObject` asks for it; null for None. */
  readonly object: KubernetesObject | PartialObjectMetadata | null
}

export interface Table {
  readonly kind: 'Table'
  readonly apiVersion: typeof TABLE_API_VERSION
  readonly metadata: ListMetadata
  readonly columnDefinitions: readonly TableColumnDefinition[]
  readonly rows: readonly TableRow[]
}

export interface ListMetadata {
  readonly resourceVersion?: string
  readonly continue?: string
  readonly remainingItemCount?: number
}

export const INCLUDE_OBJECT = ['None', 'Metadata', 'Object'] as const
export type IncludeObject = (typeof INCLUDE_OBJECT)[number]

export interface TableOptions {
  /** For ages, in milliseconds since the epoch. */
  readonly now: number
  /** `Metadata` unless the client asks otherwise. */
  readonly includeObject?: IncludeObject
  readonly listMeta?: ListMetadata
  /** Later events of a watch leave the columns out, since the client has them from the first. */
  readonly withoutColumns?: boolean
}

/** What upstream shows of kinds that say nothing about columns. */
const DEFAULT_COLUMNS: readonly Column<KubernetesObject>[] = [
  nameColumn,
  {
    name: 'Created At',
    type: 'date',
    description: 'When the server stored the object first.',
    cell: object => object.metadata.creationTimestamp ?? null,
  },
]

export function tableOf(
  kind: AnyKind,
  objects: readonly KubernetesObject[],
  options: TableOptions,
): Table {
  const columns = columnsOf(kind)
  const { now, includeObject = 'Metadata', listMeta, withoutColumns = false } = options
  return {
    kind: 'Table',
    apiVersion: TABLE_API_VERSION,
    metadata: listMeta ?? listMetaOfOne(objects),
    columnDefinitions: withoutColumns ? [] : definitionsOf(columns),
    rows: objects.map(object => ({
      cells: columns.map(column => column.cell(object, now)),
      object: shownObject(object, includeObject),
    })),
  }
}

function columnsOf(kind: AnyKind): readonly Column<KubernetesObject>[] {
  return kind.columns.length > 0 ? kind.columns : DEFAULT_COLUMNS
}

/** The table of a single object tells that object's revision. */
function listMetaOfOne(objects: readonly KubernetesObject[]): ListMetadata {
  const [only] = objects
  const resourceVersion = objects.length === 1 ? only?.metadata.resourceVersion : undefined
  return resourceVersion === undefined ? {} : { resourceVersion }
}

function definitionsOf(columns: readonly Column<KubernetesObject>[]): TableColumnDefinition[] {
  return columns.map(({ name, type, format = '', description, priority = 0 }) => ({
    name,
    type,
    format,
    description,
    priority,
  }))
}

function shownObject(object: KubernetesObject, includeObject: IncludeObject): TableRow['object'] {
  switch (includeObject) {
    case 'None':
      return null
    case 'Metadata':
      return partialMetadataOf(object)
    case 'Object':
      return object
  }
}

/** The object without all but its metadata, `as=PartialObjectMetadata`. */
export function partialMetadataOf(object: KubernetesObject): PartialObjectMetadata {
  return {
    kind: 'PartialObjectMetadata',
    apiVersion: TABLE_API_VERSION,
    metadata: object.metadata,
  }
}
