import { crc32 } from 'node:zlib'

/**
 * CRC-32 of a row, which tells a value that the disk changed from one that proa wrote; SQLite itself checks only the shape of its pages.
 * `head` is everything but the value, see `headOf`.
 */
export function checksumOf(head: number, value: Uint8Array | null): number {
  return value === null ? ~head >>> 0 : crc32(value, head)
}

/** A change of any one of them changes the result. */
export function headOf(id: number, key: string, createRevision: number, timeMs: number): number {
  return crc32(key, mixed(mixed(mixed(0, id), createRevision), timeMs))
}

/** Of the one row of `counter`. */
export function counterChecksum(revision: number, compacted: number): number {
  return mixed(mixed(0, revision), compacted)
}

/** Takes a whole number of up to 53 bits into a hash; each step can be undone, so that nothing gets lost. */
function mixed(hash: number, whole: number): number {
  const low = Math.imul(hash ^ whole, 0x9e3779b1)
  return Math.imul(low ^ (low >>> 15) ^ Math.floor(whole / 2 ** 32), 0x85ebca6b) >>> 0
}
