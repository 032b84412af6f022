/**
 * The Table representation, which `kubectl get` asks for: columns and cells are computed here, so clients can print
 * kinds that they have never heard of. Beside it the metadata-only representation.
 */
import { nameColumn } from './columns.ts'
import type { AnyKind, Column, RowCondition } from './kind.ts'
import type { KubernetesObject, ObjectMeta } from './metadata.ts'

/** Tables and bare metadata look the same in both versions. */
export type MetaVersion = 'v1' | 'v1beta1'

export const metaApiVersion = (version: MetaVersion = 'v1') => `meta.k8s.io/${version}` as const
type MetaApiVersion = ReturnType<typeof metaApiVersion>

export interface TableColumnDefinition {
  readonly name: string
  readonly type: string
  readonly format: string
  readonly description: string
  readonly priority: number
}

export interface PartialObjectMetadata {
  readonly kind: 'PartialObjectMetadata'
  readonly apiVersion: MetaApiVersion
  readonly metadata: ObjectMeta
}

export interface TableRow {
  readonly cells: readonly (string | number | boolean | null)[]
  /** What kubectl may show a row by, e.g. that a pod has completed. */
  readonly conditions?: readonly RowCondition[]
  /** The object as `includeObject` asks for it; null for None. */
  readonly object: KubernetesObject | PartialObjectMetadata | null
}

export interface Table {
  readonly kind: 'Table'
  readonly apiVersion: MetaApiVersion
  readonly metadata: ListMetadata
  /** Null where the client knows them from the first event of its watch, as upstream has it. */
  readonly columnDefinitions: readonly TableColumnDefinition[] | null
  /** Null where there are none and the kind says nothing about columns, as upstream's general table is. */
  readonly rows: readonly TableRow[] | null
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
  readonly version?: MetaVersion | undefined
  /** Later events of a watch leave the columns out, since the client has them from the first. */
  readonly withoutColumns?: boolean
  /** How many rows there will be, where they come later. */
  readonly rowCount?: number
  /** Of a bookmark, whose object has a revision and nothing that columns could tell. */
  readonly isBookmark?: boolean
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
  const { now, includeObject = 'Metadata', listMeta, version, withoutColumns = false } = options
  const isWithoutAll = kind.hasColumnsOfRows && (options.rowCount ?? objects.length) === 0
  const rows = objects.map(object => {
    if (options.isBookmark) return bookmarkRow(kind, columns, object, options)
    const conditions = kind.rowConditions(object)
    return {
      cells: columns.map(column => column.cell(object, now)),
      ...(conditions.length > 0 ? { conditions } : {}),
      object: shownObject(kind, object, includeObject, version),
    }
  })
  return {
    kind: 'Table',
    apiVersion: metaApiVersion(version),
    metadata: listMeta ?? listMetaOfOne(objects),
    columnDefinitions: withoutColumns || isWithoutAll ? null : definitionsOf(columns),
    rows: isWithoutAll || (rows.length === 0 && columns === DEFAULT_COLUMNS) ? null : rows,
  }
}

/** Columns read what every stored object has, a status say. */
function bookmarkRow(
  kind: AnyKind,
  columns: readonly Column<KubernetesObject>[],
  object: KubernetesObject,
  { now, includeObject = 'Metadata', version }: TableOptions,
): TableRow {
  const cellOf = (column: Column<KubernetesObject>) => {
    try {
      return column.cell(object, now)
    } catch {
      return ''
    }
  }
  return { cells: columns.map(cellOf), object: shownObject(kind, object, includeObject, version) }
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
  return columns
    .filter(({ isUndefined }) => !isUndefined)
    .map(({ name, type, format = '', description, priority = 0 }) => ({
      name,
      type,
      format,
      description,
      priority,
    }))
}

/** Marks the bookmark that ends the initial state; whoever waits for it must see it. */
const INITIAL_EVENTS_END = 'k8s.io/initial-events-end'

function shownObject(
  kind: AnyKind,
  object: KubernetesObject,
  includeObject: IncludeObject,
  version: MetaVersion | undefined,
): TableRow['object'] {
  switch (includeObject) {
    case 'None':
      return object.metadata.annotations?.[INITIAL_EVENTS_END] === 'true'
        ? partialMetadataOf(kind, object, version)
        : null
    case 'Metadata':
      return partialMetadataOf(kind, object, version)
    case 'Object':
      return object
  }
}

/** The object without all but its metadata, `as=PartialObjectMetadata`. */
export function partialMetadataOf(
  { metadataAlone }: Pick<AnyKind, 'metadataAlone'>,
  object: KubernetesObject,
  version?: MetaVersion,
): PartialObjectMetadata {
  return {
    kind: 'PartialObjectMetadata',
    apiVersion: metaApiVersion(version),
    metadata: metadataAlone(object.metadata),
  }
}
