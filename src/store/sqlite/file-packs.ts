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

/** Reads one value of a pack, that begins there and is so long, or all of them; undefined where there is no such pack. */
export function packedValueReader(database: DatabaseSync) {
  const one = database.prepare('SELECT substr(bytes, ?, ?) AS bytes FROM packs WHERE id = ?')
  const all = database.prepare('SELECT bytes FROM packs WHERE id = ?')
  const bytesOf = (row: Record<string, unknown> | undefined) =>
    row && (row.bytes as Uint8Array<ArrayBuffer>)
  return {
    one: (id: number, at: number, size: number) =>
      bytesOf(one.get(at - CRC_BYTES + 1, size + CRC_BYTES, id)),
    all: (id: number) => bytesOf(all.get(id)),
  }
}
