import type { DatabaseSync } from 'node:sqlite'
import { checksumOf, headOf } from './checksum.ts'
import { isDamage } from './damage.ts'
import { type FilePack, packReader } from './file-packs.ts'
import {
  FORGOTTEN_NUMBERS,
  IDS_PER_REVISION,
  KEY_LENGTH,
  LEAVING_NUMBERS,
  ROW_NUMBERS,
  type WriteBatch,
} from './messages.ts'
import { type PackedHead, valueIn } from './pack.ts'

/** Fewer packs are gone as quickly one by one. */
const FEWEST_TOGETHER = 4

/** Of a row that was damaged in its pack: no value has it, so that whoever reads the row is told. */
const WRONG_CHECKSUM = -1

/**
 * Removes what batches name of history: rows of `kept`, and packs, of which what is still needed becomes rows of `kept`.
 *
 * Invariant: no change goes that was not named. A pack that the disk damaged stays, for the next start to find, and all that come after it: the first to leave is always the oldest.
 */
export function remover(database: DatabaseSync): (batch: WriteBatch) => void {
  const row = database.prepare('DELETE FROM kept WHERE id BETWEEN ? AND ? AND key = ?')
  const read = packReader(database)
  const keep = database.prepare('INSERT OR REPLACE INTO kept VALUES (?, ?, ?, ?, ?, ?)')
  const remove = database.prepare('DELETE FROM packs WHERE id = ?')
  const count = database.prepare('SELECT count(*) AS packs FROM packs WHERE id BETWEEN ? AND ?')
  const removeRange = database.prepare('DELETE FROM packs WHERE id BETWEEN ? AND ?')
  let isBlocked = false

  const keepSome = (id: number, needed: number) => {
    const pack = wholePack(() => read(id))
    if (!pack) {
      isBlocked = true
      return
    }
    pack.heads.forEach((head, place) => {
      if (((needed >>> place) & 1) === 1) keep.get(...keptRow(id, head, pack.bytes))
    })
    remove.get(id)
  }
  const removeDead = (ids: readonly number[]) => {
    const first = ids[0] as number
    const last = ids.at(-1) as number
    const isTogether = () => count.get(first, last)?.packs === ids.length
    if (ids.length >= FEWEST_TOGETHER && isTogether()) removeRange.get(first, last)
    else for (const id of ids) remove.get(id)
  }
  return ({ numbers, rows, forgotten, leaving, keys }) => {
    let at = rows * ROW_NUMBERS
    let keyAt = keysLength(numbers, rows)
    for (const end = at + forgotten * FORGOTTEN_NUMBERS; at < end; at += FORGOTTEN_NUMBERS) {
      const id = (numbers[at] as number) * IDS_PER_REVISION
      const keyEnd = keyAt + (numbers[at + 1] as number)
      row.get(id, id + IDS_PER_REVISION - 1, keys.slice(keyAt, keyEnd))
      keyAt = keyEnd
    }
    let dead: number[] = []
    for (
      const end = at + leaving * LEAVING_NUMBERS;
      at < end && !isBlocked;
      at += LEAVING_NUMBERS
    ) {
      const id = numbers[at] as number
      const needed = numbers[at + 1] as number
      if (needed === 0) {
        dead.push(id)
        continue
      }
      if (dead.length > 0) removeDead(dead)
      dead = []
      keepSome(id, needed)
    }
    if (dead.length > 0) removeDead(dead)
  }
}

/** Of the changes to add, behind which those of rows to remove begin. */
function keysLength(numbers: Float64Array, rows: number): number {
  let length = 0
  for (let i = 0; i < rows; i++) length += numbers[i * ROW_NUMBERS + KEY_LENGTH] as number
  return length
}

/** Undefined where it is damaged, or gone. */
function wholePack(read: () => FilePack | undefined): FilePack | undefined {
  try {
    return read()
  } catch (error) {
    if (isDamage(error)) return undefined
    throw error
  }
}

function keptRow(packId: number, head: PackedHead, bytes: Uint8Array<ArrayBuffer>) {
  const [offset, key, createRevision, timeMs] = head
  const id = packId + offset
  const { value = null, isWhole = true } = valueIn(head, bytes) ?? {}
  const checksum = isWhole
    ? checksumOf(headOf(id, key, createRevision, timeMs), value)
    : WRONG_CHECKSUM
  return [id, key, createRevision, timeMs, value, checksum] as const
}
