/** Who this API server is among several: the same for each that runs on this machine, and upstream's own name for it there. */
import { createHash } from 'node:crypto'
import { hostname } from 'node:os'

const LETTERS = 'abcdefghijklmnopqrstuvwxyz234567'

export function serverId(): string {
  const hash = createHash('sha256')
  // Servers of other APIs on the same machine have names of their own.
  for (const part of [hostname(), 'kube-apiserver']) {
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
