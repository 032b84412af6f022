/** Who an API server is among several: one name for all that run on a machine, and upstream's own name there. */
import { createHash } from 'node:crypto'

/** What upstream makes of its own name and of the host's, so that servers of other APIs on the same machine have other names. */
const OF_API = 'kube-apiserver'
const LETTERS = 'abcdefghijklmnopqrstuvwxyz234567'

/** `apiserver-` and 26 letters and digits. */
export function serverIdOf(hostname: string): string {
  const hash = createHash('sha256')
  for (const part of [hostname, OF_API]) {
    const length = Buffer.alloc(2)
    length.writeUInt16BE(Buffer.byteLength(part))
    hash.update(length).update(part)
  }
  const bytes = hash.digest().subarray(0, 16)
  let bits = ''
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0')
  const letters = bits
    .padEnd(130, '0')
    .replace(/.{5}/g, five => LETTERS[Number.parseInt(five, 2)] ?? '')
  return `apiserver-${letters}`
}
