import type { DatabaseSync } from 'node:sqlite'
import type { Revision } from '../store.ts'
import { checksumOf, counterChecksum, headOf } from './checksum.ts'
import { Damage } from './damage.ts'
import { eachPack } from './file-packs.ts'
import { IDS_PER_REVISION } from './messages.ts'
import { type PackedHead, valueIn } from './pack.ts'

/** Which of the changes in which pack. */
export interface PackPlace {
  /** Of the pack. */
  readonly id: number
  readonly place: number
}

/** One change as it was found whole. */
export interface Row {
  readonly id: number
  readonly revision: Revision
  readonly key: string
  readonly createRevision: Revision
  readonly timeMs: number
  /** Shares its buffer with its neighbours; null for a delete. */
  readonly value: Uint8Array | null
  /** Undefined where it has a row of its own. */
  readonly packed?: PackPlace
}

/** Rows read by one call. Even the largest values together stay below SQLite's limit of 1 GB for one answer. */
export const ROWS_PER_CHUNK = 100

/**
 * Many rows as one, since each row and each value that crosses into JavaScript alone costs more than reading it: a million rows take a
 * third of the time. The casts keep bytes as they are.
 */
const chunkOfRows = `
  SELECT json_group_array(id), json_group_array(key), json_group_array(create_revision), json_group_array(time_ms),
    json_group_array(checksum), json_group_array(length(value)), CAST(group_concat(CAST(value AS TEXT), '') AS BLOB)
  FROM (SELECT * FROM kept WHERE id > ? ORDER BY id LIMIT ${ROWS_PER_CHUNK})`
const NOTHING = new Uint8Array()
/** Fewer columns, for whoever knows the rest: four numbers a row, -1 for the length of a delete. */
const CONTENT_NUMBERS = 4
const namedContents = `
  SELECT group_concat(json_each.key || ',' || time_ms || ',' || checksum || ',' || ifnull(length(kept.value), -1)),
    CAST(group_concat(CAST(kept.value AS TEXT), '') AS BLOB)
  FROM json_each(?) JOIN kept ON kept.id = json_each.value`

/** Visits all changes in the order of history. Throws Damage for one that is not as proa wrote it. */
export function eachRow(database: DatabaseSync, visit: (row: Row) => void): void {
  for (const row of inOrder(keptRows(database), packedRows(database))) visit(row)
}

/** Two sequences that are sorted by ids, as one. */
function* inOrder<Item extends { readonly id: number }>(
  first: Iterator<Item>,
  second: Iterator<Item>,
): Generator<Item> {
  let [a, b] = [first.next(), second.next()]
  while (!a.done || !b.done) {
    if (b.done || (!a.done && a.value.id < b.value.id)) {
      yield a.value
      a = first.next()
    } else {
      yield b.value
      b = second.next()
    }
  }
}

function* keptRows(database: DatabaseSync): Generator<Row> {
  const query = database.prepare(chunkOfRows)
  query.setReturnArrays(true)
  let last = 0
  for (let count = ROWS_PER_CHUNK; count === ROWS_PER_CHUNK; ) {
    const rows = rowsIn(query.get(last), last)
    count = rows.length
    last = rows.at(-1)?.id ?? last
    yield* rows
  }
}

function* packedRows(database: DatabaseSync): Generator<Row> {
  for (const { id: packId, heads, bytes } of eachPack(database, { withValues: true })) {
    for (let place = 0; place < heads.length; place++) {
      const head = heads[place] as PackedHead
      const [offset, key, createRevision, timeMs] = head
      const id = packId + offset
      const revision = Math.floor(id / IDS_PER_REVISION)
      const { value = null, isWhole = true } = valueIn(head, bytes) ?? {}
      if (!isWhole) throw new Damage(`the checksum of ${key} at revision ${revision} is wrong`)
      const packed = { id: packId, place }
      yield { id, revision, key, createRevision, timeMs, value, packed }
    }
  }
}

/** What a row holds beside what names it. */
export interface Content {
  readonly timeMs: number
  readonly checksum: number
  /** Null for a delete. */
  readonly value: Uint8Array | null
}

/** Where the value lies among those of its neighbours. */
export interface Place {
  readonly bytes: Uint8Array
  readonly at: number
}

/**
 * Hands over the rows with the given ids, as far as they are there: of each its index among the ids, and what it holds, which was not compared
 * with the checksum yet.
 */
export function contentReader(
  database: DatabaseSync,
): (
  ids: readonly number[],
  visit: (index: number, content: Content, place: Place) => void,
) => void {
  const query = database.prepare(namedContents)
  query.setReturnArrays(true)
  return (ids, visit) => {
    for (let first = 0; first < ids.length; first += ROWS_PER_CHUNK) {
      const answer = query.get(JSON.stringify(ids.slice(first, first + ROWS_PER_CHUNK)))
      const [text, bytes] = answer as unknown as [string | null, Uint8Array<ArrayBuffer> | null]
      const numbers: number[] = JSON.parse(`[${text ?? ''}]`)
      const all = bytes ?? NOTHING
      let at = 0
      for (let i = 0; i < numbers.length; i += CONTENT_NUMBERS) {
        const index = first + (numbers[i] as number)
        const timeMs = numbers[i + 1] as number
        const checksum = numbers[i + 2] as number
        const length = numbers[i + 3] as number
        const value = length < 0 ? null : all.subarray(at, at + length)
        visit(index, { timeMs, checksum, value }, { bytes: all, at })
        at += Math.max(length, 0)
      }
    }
  }
}

function rowsIn(chunk: unknown, previousId: number): Row[] {
  const answer = chunk as (string | Uint8Array | null)[]
  const [ids = [], keys = [], created = [], times = [], checksums = [], lengths = []] = answer
    .slice(0, 6)
    .map(column => JSON.parse(column as string)) as [
    number[],
    string[],
    number[],
    number[],
    number[],
    (number | null)[],
  ]
  const bytes = (answer[6] ?? new Uint8Array()) as Uint8Array<ArrayBuffer>
  let at = 0
  return ids.map((id, i) => {
    const length = lengths[i] ?? null
    const row = {
      id,
      revision: Math.floor(id / IDS_PER_REVISION),
      key: keys[i] as string,
      createRevision: created[i] as number,
      timeMs: times[i] as number,
      value: length === null ? null : new Uint8Array(bytes.buffer, bytes.byteOffset + at, length),
    }
    at += length ?? 0
    checkRow(row, checksums[i] as number, ids[i - 1] ?? previousId)
    return row
  })
}

function checkRow(row: Row, checksum: number, previousId: number): void {
  const { id, key, createRevision, timeMs, value } = row
  if (id <= previousId) throw new Damage(`row ${id} stands behind row ${previousId}`)
  if (checksumOf(headOf(id, key, createRevision, timeMs), value) !== checksum) {
    throw new Damage(`the checksum of ${key} at revision ${row.revision} is wrong`)
  }
}

/** The newest revision when rows were last removed, and the oldest that can be read. Throws Damage. */
export function readCounter(database: DatabaseSync): { revision: Revision; compacted: Revision } {
  const counter = database.prepare('SELECT revision, compacted, checksum FROM counter').get()
  if (!counter) throw new Damage('the revision counter is missing')
  const { revision, compacted, checksum } = counter as Record<string, number>
  if (checksum !== counterChecksum(revision as number, compacted as number)) {
    throw new Damage('the checksum of the revision counter is wrong')
  }
  return { revision: revision as number, compacted: compacted as number }
}
