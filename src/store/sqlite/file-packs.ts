import type { DatabaseSync } from 'node:sqlite'
import { Damage } from './damage.ts'
import { CRC_BYTES, headsOf, type PackedHead, type PackRow } from './pack.ts'

/** A pack as it was read. */
export interface FilePack {
  readonly id: number
  readonly heads: readonly PackedHead[]
  /** Of all values, which were not compared with their checksums yet; empty where they were not asked for. */
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** Even the largest values together stay below SQLite's limit of 1 GB for one answer. */
const PACKS_PER_CHUNK = 100
const NOTHING = new Uint8Array()

/** As in rows.ts, many are one. Heads hold no line ends. */
const chunkOfPacks = (bytes: string) => `
  SELECT json_group_array(id), json_group_array(last), json_group_array(checksum), json_group_array(length(bytes)),
    group_concat(heads, char(10)), ${bytes}
  FROM (SELECT * FROM packs WHERE id > ? ORDER BY id LIMIT ${PACKS_PER_CHUNK})`
const VALUES = "CAST(group_concat(CAST(bytes AS TEXT), '') AS BLOB)"

/** All packs in their order, with their values or without. Throws Damage. */
export function* eachPack(
  database: DatabaseSync,
  { withValues }: { withValues: boolean },
): Generator<FilePack> {
  const query = database.prepare(chunkOfPacks(withValues ? VALUES : 'NULL'))
  query.setReturnArrays(true)
  let last = 0
  for (let count = PACKS_PER_CHUNK; count === PACKS_PER_CHUNK; ) {
    const answer = query.get(last) as unknown as (string | Uint8Array<ArrayBuffer> | null)[]
    const [ids = [], lasts = [], checksums = [], lengths = []] = answer
      .slice(0, 4)
      .map(column => JSON.parse(column as string) as number[])
    const texts = ids.length > 0 ? String(answer[4]).split('\n') : []
    const packs = ids.map((id, i): PackRow => {
      const [lastId = 0, checksum = 0, heads = ''] = [lasts[i], checksums[i], texts[i]]
      return { id, last: lastId, checksum, heads }
    })
    const values = (answer[5] ?? NOTHING) as Uint8Array<ArrayBuffer>
    let at = 0
    for (const [i, heads] of headsOf(packs).entries()) {
      const { id, last: lastId } = packs[i] as PackRow
      if (id <= last) throw new Damage(`the pack ${id} stands behind change ${last}`)
      const end = at + (lengths[i] as number)
      yield { id, heads, bytes: values.subarray(at, end) }
      at = end
      last = lastId
    }
    count = ids.length
  }
}

/** Reads one pack; undefined where there is none with this id. Throws Damage. */
export function packReader(database: DatabaseSync): (id: number) => FilePack | undefined {
  const query = database.prepare('SELECT id, last, checksum, heads, bytes FROM packs WHERE id = ?')
  return id => {
    const pack = query.get(id) as (PackRow & { bytes: Uint8Array<ArrayBuffer> }) | undefined
    return pack && { id, heads: headsOf([pack])[0] ?? [], bytes: pack.bytes }
  }
}

/** In which pack it lies, where it begins there, and how long it is. */
export type PackedValue = readonly [id: number, at: number, size: number]

/** Reads values of packs with the checksums that stand before them. */
export interface PackedReader {
  /** Undefined where there is no such pack. */
  one(value: PackedValue): Uint8Array<ArrayBuffer> | undefined
  /** Hands over those of which there is the pack, each with its index: many by one statement. */
  some(
    values: readonly PackedValue[],
    visit: (index: number, found: Uint8Array<ArrayBuffer>) => void,
  ): void
  /** All bytes of a pack. */
  all(id: number): Uint8Array<ArrayBuffer> | undefined
}

const valuesOfPacks = `
  SELECT group_concat(json_each.key),
    CAST(group_concat(CAST(substr(packs.bytes, json_each.value->>1, json_each.value->>2) AS TEXT), '') AS BLOB)
  FROM json_each(?) JOIN packs ON packs.id = json_each.value->>0`

export function packedReader(database: DatabaseSync): PackedReader {
  const one = database.prepare('SELECT substr(bytes, ?, ?) AS bytes FROM packs WHERE id = ?')
  const many = database.prepare(valuesOfPacks)
  many.setReturnArrays(true)
  const all = database.prepare('SELECT bytes FROM packs WHERE id = ?')
  const bytesOf = (row: Record<string, unknown> | undefined) =>
    row && (row.bytes as Uint8Array<ArrayBuffer>)
  const reader: PackedReader = {
    one: ([id, at, size]) => bytesOf(one.get(at - CRC_BYTES + 1, size + CRC_BYTES, id)),
    some(values, visit) {
      if (values.length === 0) return
      const places = values.map(([id, at, size]) => [id, at - CRC_BYTES + 1, size + CRC_BYTES])
      const answer = many.get(JSON.stringify(places))
      const [text, bytes] = answer as unknown as [string | null, Uint8Array<ArrayBuffer> | null]
      const indexes: number[] = JSON.parse(`[${text ?? ''}]`)
      const lengthOf = (index: number) => (values[index] as PackedValue)[2] + CRC_BYTES
      const length = indexes.reduce((sum, index) => sum + lengthOf(index), 0)
      // One of them ends before it should: where the next begins is not known.
      const isWhole = (bytes?.length ?? 0) === length
      let at = 0
      for (const index of indexes) {
        const end = at + lengthOf(index)
        const found = isWhole ? bytes?.subarray(at, end) : reader.one(values[index] as PackedValue)
        if (found) visit(index, found)
        at = end
      }
    },
    all: id => bytesOf(all.get(id)),
  }
  return reader
}
