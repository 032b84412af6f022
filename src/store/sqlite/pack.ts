import { crc32 } from 'node:zlib'
import { counterChecksum } from './checksum.ts'
import { Damage } from './damage.ts'

/** The form of a row of `packs`. */

/** One change: id - the pack's, key, create revision, time in ms, where the value begins, its length (null for a delete), its CRC-32. */
export type PackedHead = readonly [
  offset: number,
  key: string,
  createRevision: number,
  timeMs: number,
  at: number,
  length: number | null,
  crc: number,
]

/** A row of `packs` as it stands in the file. */
export interface PackRow {
  readonly id: number
  readonly last: number
  readonly checksum: number
  readonly heads: string
}

export function packedHead(head: PackedHead): string {
  const [offset, key, created, timeMs, at, length, crc] = head
  return `[${offset},${JSON.stringify(key)},${created},${timeMs},${at},${length},${crc}]`
}

export function packChecksum(id: number, last: number, heads: string): number {
  return crc32(heads, counterChecksum(id, last))
}

/** Of many packs at once, which is quicker. Throws Damage for one that is not as proa wrote it. */
export function headsOf(packs: readonly PackRow[]): readonly (readonly PackedHead[])[] {
  for (const { id, last, checksum, heads } of packs) {
    if (packChecksum(id, last, heads) !== checksum) {
      throw new Damage(`the checksum of the changes from ${id} to ${last} is wrong`)
    }
  }
  return JSON.parse(`[${packs.map(({ heads }) => heads).join()}]`)
}

/** The value of a change, and whether it is as proa wrote it; null for a delete. */
export function valueIn(
  [, , , , at, length, crc]: PackedHead,
  bytes: Uint8Array,
): { value: Uint8Array; isWhole: boolean } | null {
  if (length === null) return null
  const value = bytes.subarray(at, at + length)
  return { value, isWhole: value.length === length && crc32(value) === crc }
}
