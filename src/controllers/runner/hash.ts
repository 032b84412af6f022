import { createHash } from 'node:crypto'

/** Letters that form no words, as in all generated names. */
const SAFE_LETTERS = 'bcdfghjklmnpqrstvwxz2456789'

/** A short hash of a text that may stand in names and labels. */
export function safeHash(text: string): string {
  const number = createHash('sha256').update(text).digest().readUInt32LE(0)
  return [...String(number)].map(digit => SAFE_LETTERS[digit.charCodeAt(0) % 27]).join('')
}
