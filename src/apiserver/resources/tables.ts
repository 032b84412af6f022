/** Tables as the query wants them: `includeObject` says how much of each object goes with its row. */
import type { AnyKind } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { badRequest } from '#api/machinery/status.ts'
import {
  INCLUDE_OBJECT,
  type IncludeObject,
  type ListMetadata,
  type MetaVersion,
  type Table,
  type TableRow,
  tableOf,
} from '#api/machinery/table.ts'
import type { Exchange } from '../exchange.ts'
import { wantedBy } from '../respond.ts'
import { emptyAsNull } from '../storage/empty-lists.ts'

export function tableFor(
  exchange: Exchange,
  kind: AnyKind,
  objects: readonly KubernetesObject[],
  list?: { readonly metadata: ListMetadata; readonly rowCount: number },
): Table {
  const table = tableOf(kind, objects, {
    now: exchange.server.clock.now(),
    includeObject: includeObjectOf(exchange),
    version: wantedBy(exchange).version,
    ...(list ? { listMeta: list.metadata, rowCount: list.rowCount } : {}),
  })
  return shownIn(exchange, table)
}

/** Whole objects go out as they would alone. */
function shownIn(exchange: Exchange, table: Table): Table {
  if (includeObjectOf(exchange) !== 'Object') return table
  const shown = (row: TableRow) =>
    row.object ? { ...row, object: emptyAsNull(row.object as KubernetesObject) } : row
  return { ...table, rows: table.rows?.map(shown) ?? null }
}

/** Makes a table of each event's object; only the first carries the columns. */
export function tableOfEvents(
  exchange: Exchange,
  kind: AnyKind,
  version: MetaVersion | undefined,
): (object: KubernetesObject, isBookmark: boolean) => Table {
  const includeObject = includeObjectOf(exchange)
  let withoutColumns = false
  return (object, isBookmark) => {
    const now = exchange.server.clock.now()
    const table = tableOf(kind, [object], {
      now,
      includeObject,
      version,
      withoutColumns,
      isBookmark,
    })
    withoutColumns = true
    return shownIn(exchange, table)
  }
}

function includeObjectOf(exchange: Exchange): IncludeObject {
  const asked = exchange.info.query.get('includeObject')
  if (!asked) return 'Metadata'
  const known = INCLUDE_OBJECT.find(each => each === asked)
  if (!known)
    throw badRequest(
      `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(asked)}: must be 'Metadata', 'Object', 'None', or empty`,
    )
  return known
}
