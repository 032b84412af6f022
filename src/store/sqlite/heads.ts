import type { DatabaseSync } from 'node:sqlite'
import { lookAtHeap } from '#host/heap-bounds.ts'
import type { Revision } from '../store.ts'
import { headOf, isHeadOf } from './checksum.ts'
import { Damage } from './damage.ts'
import { eachPack } from './file-packs.ts'
import { IDS_PER_REVISION } from './messages.ts'
import type { PackedHead } from './pack.ts'
import type { PackPlace } from './rows.ts'

/** A change without its value. */
export interface Head {
  readonly id: number
  readonly key: string
  readonly revision: Revision
  readonly createRevision: Revision
  readonly timeMs: number
  /** Length of the value in bytes; null for a delete. */
  readonly size: number | null
  /** Undefined where it has a row of its own. */
  readonly packed?: PackPlace
}

const HEADS_PER_CHUNK = 500

/** As in rows.ts, many rows are one. SQLite knows the length of a value without reading it all. */
const chunkQuery = `
  SELECT json_group_array(id), json_group_array(key), json_group_array(create_revision), json_group_array(time_ms),
    json_group_array(checksum), json_group_array(length(value))
  FROM (SELECT * FROM kept WHERE id > ? AND id < ? ORDER BY id LIMIT ${HEADS_PER_CHUNK})`

/** Visits the heads of all changes in packs, in the order of history. Throws Damage as below. */
export function eachPackedHead(database: DatabaseSync, visit: (head: Head) => void): void {
  for (const { id: packId, heads } of eachPack(database, { withValues: false })) {
    for (let place = 0; place < heads.length; place++) {
      const [offset, key, createRevision, timeMs, , size] = heads[place] as PackedHead
      const id = packId + offset
      const revision = Math.floor(id / IDS_PER_REVISION)
      visit({ id, key, revision, createRevision, timeMs, size, packed: { id: packId, place } })
    }
  }
}

/**
 * Visits the heads of all rows of `kept` with revisions in (after, through], in the order of history. Throws Damage for one that is not as proa wrote
 * it; its value is looked at when it is read.
 */
export function eachKeptHead(
  database: DatabaseSync,
  { after, through }: { after: Revision; through: Revision },
  visit: (head: Head) => void,
): void {
  const query = database.prepare(chunkQuery)
  query.setReturnArrays(true)
  const end = (through + 1) * IDS_PER_REVISION
  for (let last = (after + 1) * IDS_PER_REVISION - 1; ; ) {
    const answer = query.get(last, end) as unknown as string[]
    const [ids = [], keys = [], created = [], times = [], checksums = [], sizes = []] = answer.map(
      column => JSON.parse(column),
    ) as [number[], string[], number[], number[], number[], (number | null)[]]
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i] as number
      const key = keys[i] as string
      const createRevision = created[i] as number
      const timeMs = times[i] as number
      if (!isHeadOf(checksums[i] as number, headOf(id, key, createRevision, timeMs))) {
        throw new Damage(`the checksum of ${key} in row ${id} is wrong`)
      }
      const revision = Math.floor(id / IDS_PER_REVISION)
      visit({ id, key, revision, createRevision, timeMs, size: sizes[i] ?? null })
    }
    // Read in one go, a million keys would let the young generation grow to several times its bound, where it stays.
    lookAtHeap()
    if (ids.length < HEADS_PER_CHUNK) return
    last = ids.at(-1) as number
  }
}
