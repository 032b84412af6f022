import { crc32 } from 'node:zlib'
import { counterChecksum } from './checksum.ts'
import { Damage } from './damage.ts'

/** The form of a row of `packs`. Of values each has its CRC-32 before it, so that one can be read without the others and without the heads. */

export const CRC_BYTES = 4

/** One change: id - the pack's, key, create revision, time in ms, where the value begins, its length (null for a delete). */
export type PackedHead = readonly [
  offset: number,
  key: string,
  createRevision: number,
  timeMs: number,
  at: number,
  length: number | null,
]

/** A row of `packs` as it stands in the file. */
export interface PackRow {
  readonly id: number
  readonly last: number
  readonly checksum: number
  readonly heads: string
}

export function packedHead(head: PackedHead): string {
  const [offset, key, created, timeMs, at, length] = head
  return `[${offset},${JSON.stringify(key)},${created},${timeMs},${at},${length}]`
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
  [, , , , at, length]: PackedHead,
  bytes: Uint8Array<ArrayBuffer>,
): { value: Uint8Array<ArrayBuffer>; isWhole: boolean } | null {
  if (length === null) return null
  const value = checkedValue(bytes.subarray(at - CRC_BYTES, at + length))
  return { value: bytes.subarray(at, at + length), isWhole: value?.length === length }
}

/** What follows its own CRC-32; undefined where it is not as proa wrote it. */
export function checkedValue(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | undefined {
  if (bytes.length < CRC_BYTES) return undefined
  const value = bytes.subarray(CRC_BYTES)
  return crc32(value) === new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
    ? value
    : undefined
}
