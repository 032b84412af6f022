import { crc32 } from 'node:zlib'

/**
 * CRC-32 of a row, which tells a value that the disk changed from one that proa wrote; SQLite itself checks only the shape of its pages.
 * `head` is everything but the value, see `headOf`.
 */
export function checksumOf(head: string, value: Uint8Array | null): number {
  return value === null ? crc32(`${head} deleted`) : crc32(value, crc32(head))
}

export function headOf(id: number, key: string, createRevision: number, timeMs: number): string {
  return `${id} ${createRevision} ${timeMs} ${key}`
}

/** Of the one row of `counter`. */
export function counterChecksum(revision: number, compacted: number): number {
  return crc32(`${revision} ${compacted}`)
}
