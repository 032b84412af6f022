import { crc32 } from 'node:zlib'

/**
 * Tells a row that the disk changed from one that proa wrote; SQLite itself checks only the shape of its pages. `head` is everything but the
 * value, see `headOf`. The lower 32 bits are a CRC-32 of all of the row, the 21 bits above them are of its head alone, so that a start can
 * look at keys without reading values.
 */
export function checksumOf(head: number, value: Uint8Array | null): number {
  const whole = value === null ? ~head >>> 0 : crc32(value, head)
  return (head >>> UNUSED_HEAD_BITS) * 2 ** 32 + whole
}

/** The part of a row's checksum that is of all of the row. */
export function wholeOf(checksum: number): number {
  return checksum % 2 ** 32
}

/** Whether a row's head is as it was written, whatever became of the value. */
export function isHeadOf(checksum: number, head: number): boolean {
  return Math.floor(checksum / 2 ** 32) === head >>> UNUSED_HEAD_BITS
}

/** Whole numbers are exact up to 53 bits in JavaScript, and 32 are taken. */
const UNUSED_HEAD_BITS = 11

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
