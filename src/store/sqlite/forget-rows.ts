import type { DatabaseSync } from 'node:sqlite'
import type { WriteBatch } from './messages.ts'

/** As in messages.ts, which the writer does not load. */
const IDS_PER_REVISION = 1024
const ROW_NUMBERS = 5
const FORGOTTEN_NUMBERS = 2

/** Fewer neighbours are gone as quickly one by one. */
const FEWEST_NEIGHBOURS = 4

/** Rows to forget, in the order of revisions. */
interface Named {
  readonly revisions: readonly number[]
  /** Of their keys, which follow one another in `keys`. */
  readonly lengths: readonly number[]
  readonly keys: string
}

/**
 * Removes the rows of history that batches name, by revision and key. Whatever is written again and again, such as leases, leaves rows behind that lie
 * side by side; to remove those with one statement takes a third of the time that it takes one by one.
 *
 * Invariant: no row goes that was not named. A range of revisions may hold other rows, too, since a commit may have changed several keys, and of
 * those that were named some may be gone since a failure. As many rows as revisions, all of them the first of their commits, are one
 * of each revision; only then the keys in the range, and where each ends, are compared with those that were named.
 */
export function rowForgetter(
  database: DatabaseSync,
): (batch: WriteBatch, keysStart: number) => void {
  const one = database.prepare('DELETE FROM log WHERE id BETWEEN ? AND ? AND key = ?')
  const rowsOf = database.prepare(
    `SELECT count(*), max(id % ${IDS_PER_REVISION}), group_concat(key, ''), group_concat(length(key)) FROM log WHERE id BETWEEN ? AND ?`,
  )
  rowsOf.setReturnArrays(true)
  const range = database.prepare('DELETE FROM log WHERE id BETWEEN ? AND ?')
  const holdsOnly = (first: number, last: number, lengths: readonly number[], keys: string) => {
    const [rows, lastPlace, foundKeys, foundLengths] = rowsOf.get(first, last) as unknown as
      | [number, number, string, string]
      | [number, null, null, null]
    if (rows !== lengths.length || lastPlace !== 0) return false
    return foundKeys === keys && foundLengths === lengths.join()
  }
  const oneByOne = (revisions: readonly number[], lengths: readonly number[], keys: string) => {
    let keyAt = 0
    for (let i = 0; i < revisions.length; i++) {
      const id = (revisions[i] as number) * IDS_PER_REVISION
      const keyEnd = keyAt + (lengths[i] as number)
      one.get(id, id + IDS_PER_REVISION - 1, keys.slice(keyAt, keyEnd))
      keyAt = keyEnd
    }
  }
  return (batch, keysStart) => {
    const named = namedIn(batch, keysStart)
    let keysAt = 0
    for (let at = 0, end = 0; at < named.revisions.length; at = end) {
      end = neighboursEnd(named.revisions, at)
      const lengths = named.lengths.slice(at, end)
      const keysEnd = lengths.reduce((sum, length) => sum + length, keysAt)
      const keys = named.keys.slice(keysAt, keysEnd)
      keysAt = keysEnd
      const first = (named.revisions[at] as number) * IDS_PER_REVISION
      const last = first + lengths.length * IDS_PER_REVISION - 1
      if (lengths.length >= FEWEST_NEIGHBOURS && holdsOnly(first, last, lengths, keys)) {
        range.get(first, last)
      } else oneByOne(named.revisions.slice(at, end), lengths, keys)
    }
  }
}

function namedIn({ numbers, rows, forgotten, keys }: WriteBatch, keysStart: number): Named {
  const revisions: number[] = []
  const lengths: number[] = []
  let isSorted = true
  const start = rows * ROW_NUMBERS
  for (let at = start; at < start + forgotten * FORGOTTEN_NUMBERS; at += FORGOTTEN_NUMBERS) {
    const revision = numbers[at] as number
    if (revision < (revisions.at(-1) ?? 0)) isSorted = false
    revisions.push(revision)
    lengths.push(numbers[at + 1] as number)
  }
  const named = { revisions, lengths, keys: keys.slice(keysStart) }
  return isSorted ? named : sorted(named)
}

function sorted({ revisions, lengths, keys }: Named): Named {
  let keyAt = 0
  const rows = revisions.map((revision, i) => {
    const keyEnd = keyAt + (lengths[i] as number)
    const key = keys.slice(keyAt, keyEnd)
    keyAt = keyEnd
    return { revision, key }
  })
  rows.sort((a, b) => a.revision - b.revision)
  return {
    revisions: rows.map(({ revision }) => revision),
    lengths: rows.map(({ key }) => key.length),
    keys: rows.map(({ key }) => key).join(''),
  }
}

/** Where the next is not of the next revision. */
function neighboursEnd(revisions: readonly number[], start: number): number {
  let end = start + 1
  while (revisions[end] === (revisions[end - 1] as number) + 1) end++
  return end
}
