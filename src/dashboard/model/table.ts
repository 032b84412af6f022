/**
 * A list as the server draws it (a Table), kept up to date by the events of its watch. Rows are kept by uid and drawn in an order; nothing
 * here knows about any kind.
 */
import { stringifyJson } from '#api/machinery/exact-json.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { ageOf, secondsIn } from './age.ts'

export type Cell = string | number | boolean | null

export interface Column {
  readonly name: string
  readonly type: string
  readonly format?: string
  readonly description?: string
  /** Above 0 it is shown on wish only, as with `kubectl get -o wide`. */
  readonly priority?: number
}

export interface Row {
  readonly cells: readonly unknown[]
  /** Its metadata at least. */
  readonly object: Pick<KubernetesObject, 'metadata'>
}

export interface TableText {
  readonly kind?: string
  readonly metadata?: {
    readonly resourceVersion?: string
    readonly continue?: string
    readonly remainingItemCount?: number
  }
  readonly columnDefinitions?: readonly Column[] | null
  readonly rows?: readonly Row[] | null
}

export type TableEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'; readonly object: TableText }
  | {
      readonly type: 'ERROR'
      readonly object: { readonly code?: number; readonly message?: string }
    }

export class TableRows {
  #columns: readonly Column[] = []
  readonly #rows = new Map<string, Row>()
  resourceVersion = ''

  get columns(): readonly Column[] {
    return this.#columns
  }

  get size(): number {
    return this.#rows.size
  }

  values(): IterableIterator<Row> {
    return this.#rows.values()
  }

  clear(): void {
    this.#rows.clear()
    this.resourceVersion = ''
  }

  /** One page of a list. */
  addPage({ columnDefinitions, rows, metadata }: TableText): void {
    if (columnDefinitions) this.#columns = columnDefinitions
    for (const row of rows ?? []) this.#rows.set(keyOf(row), row)
    if (metadata?.resourceVersion) this.resourceVersion = metadata.resourceVersion
  }

  /** False where nothing that is shown changed. Errors are for whoever watches. */
  apply({ type, object }: Exclude<TableEvent, { type: 'ERROR' }>): boolean {
    if (object.columnDefinitions?.length) this.#columns = object.columnDefinitions
    const rows = object.rows ?? []
    for (const row of rows) {
      const version = row.object?.metadata?.resourceVersion
      if (version) this.resourceVersion = version
      // A bookmark's row has a version and is no object.
      if (type === 'BOOKMARK') continue
      if (type === 'DELETED') this.#rows.delete(keyOf(row))
      else this.#rows.set(keyOf(row), row)
    }
    if (type === 'BOOKMARK' && object.metadata?.resourceVersion)
      this.resourceVersion = object.metadata.resourceVersion
    return type !== 'BOOKMARK'
  }
}

function keyOf({ object }: Row): string {
  const { uid, namespace = '', name = '' } = object?.metadata ?? {}
  // Metrics and the like have no uid.
  return uid || `${namespace}/${name}`
}

export interface ShownTable {
  readonly columns: readonly Column[]
  /** For each shown column, its place among the cells of a row. */
  readonly places: readonly number[]
  readonly rows: readonly Row[]
}

export interface Wanted {
  readonly isWide: boolean
  readonly text: string
  /** As in `ListQuery`. */
  readonly sort: string
  readonly showsNamespace: boolean
}

/** By its place the namespace is told from the cells, which have none. */
export const NAMESPACE_PLACE = -1
const namespaceColumn: Column = { name: 'Namespace', type: 'string', priority: 0 }

/** What is to be drawn of all rows, in order. */
export function shownTable(table: TableRows, wanted: Wanted): ShownTable {
  const places = table.columns.flatMap((column, place) =>
    wanted.isWide || !column.priority ? [place] : [],
  )
  const columns = places.flatMap(place => table.columns[place] ?? [])
  const text = wanted.text.trim().toLowerCase()
  let rows = [...table.values()]
  if (text) rows = rows.filter(row => contains(row, text))
  sortRows(rows, [namespaceColumn, ...table.columns], wanted.sort)
  if (!wanted.showsNamespace) return { columns, places, rows }
  return { columns: [namespaceColumn, ...columns], places: [NAMESPACE_PLACE, ...places], rows }
}

function contains(row: Row, text: string): boolean {
  const { namespace = '', name = '' } = row.object?.metadata ?? {}
  if (name.toLowerCase().includes(text) || namespace.toLowerCase().includes(text)) return true
  return row.cells.some(cell => cellText(cell).toLowerCase().includes(text))
}

function sortRows(rows: Row[], columns: readonly Column[], sort: string): void {
  const isDown = sort.startsWith('-')
  const name = isDown ? sort.slice(1) : sort
  const place = columns.findIndex(column => column.name === name) - 1
  if (name && place >= NAMESPACE_PLACE) {
    const keyed = rows.map(row => ({ row, key: sortKey(row, place, name) }))
    keyed.sort(
      (a, b) => (isDown ? -1 : 1) * compareKeys(a.key, b.key) || compareNames(a.row, b.row),
    )
    for (const [at, { row }] of keyed.entries()) rows[at] = row
  } else rows.sort(compareNames)
}

function sortKey(row: Row, place: number, name: string): string | number {
  if (place === NAMESPACE_PLACE) return row.object?.metadata?.namespace ?? ''
  const created = row.object?.metadata?.creationTimestamp
  // The youngest first when ages grow, as with any other number.
  if (name === 'Age' && created) return -Date.parse(created)
  const cell = row.cells[place]
  if (typeof cell === 'number') return cell
  const text = cellText(cell)
  return secondsIn(text) ?? numberIn(text) ?? text
}

/** `3`, `2/3`, `42%`, `1250m`, `12 (3m ago)`. */
function numberIn(text: string): number | undefined {
  const [, number] = /^(-?\d+(?:\.\d+)?)(?:$|[/%]|m$| \()/.exec(text) ?? []
  return number === undefined ? undefined : Number(number)
}

function compareKeys(a: string | number, b: string | number): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  if (typeof a === 'number') return -1
  if (typeof b === 'number') return 1
  return a < b ? -1 : a > b ? 1 : 0
}

function compareNames(a: Row, b: Row): number {
  const [one, other] = [a.object?.metadata, b.object?.metadata]
  return (
    compareKeys(one?.namespace ?? '', other?.namespace ?? '') ||
    compareKeys(one?.name ?? '', other?.name ?? '')
  )
}

/** Whatever a server puts there, as a text. */
export function cellText(cell: unknown): string {
  if (cell === null || cell === undefined) return ''
  return typeof cell === 'object' ? stringifyJson(cell) : String(cell)
}

/** A cell as it is drawn: ages grow while they are looked at. */
export function shownCell(row: Row, column: Column, place: number, nowMs: number): string {
  if (place === NAMESPACE_PLACE) return row.object?.metadata?.namespace ?? ''
  const created = row.object?.metadata?.creationTimestamp
  if (column.name === 'Age' && created) return ageOf(created, nowMs)
  return cellText(row.cells[place])
}

/** Of the longest texts in each column, in letters: what the widths of columns are made of. */
export function columnLengths({ columns, places, rows }: ShownTable, nowMs: number): number[] {
  const step = Math.max(1, Math.floor(rows.length / 500))
  return columns.map((column, at) => {
    // Ages and counts grow while they are looked at.
    let longest = Math.max(column.name.length + 2, 6)
    for (let i = 0; i < rows.length; i += step) {
      const row = rows[i]
      if (row) longest = Math.max(longest, shownCell(row, column, places[at] ?? 0, nowMs).length)
    }
    return Math.min(longest, 60)
  })
}
