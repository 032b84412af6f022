/** Who this API server is among several: the same for each that runs on this machine, as upstream names it. */
import { createHash } from 'node:crypto'
import { hostname } from 'node:os'

const LETTERS = 'abcdefghijklmnopqrstuvwxyz234567'

export function serverId(): string {
  const bytes = createHash('sha256').update(hostname()).digest().subarray(0, 16)
  let bits = ''
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0')
  const letters = bits
    .padEnd(130, '0')
    .replace(/.{5}/g, five => LETTERS[Number.parseInt(five, 2)] ?? '')
  return `apiserver-${letters}`
}
