/** The order of keys in upstream's YAML: numbers within them by their value, letters behind all else. */

const isDigit = (code: number) => code >= 0x30 && code <= 0x39
const isLetter = (character: string | undefined) => /^\p{L}/u.test(character ?? '')

/** Negative where `one` comes first. */
export function compareKeys(one: string, other: string): number {
  const shorter = Math.min(one.length, other.length)
  let at = 0
  while (at < shorter && one.charCodeAt(at) === other.charCodeAt(at)) at++
  if (at === shorter) return one.length - other.length
  const letters = [isLetter(one[at]), isLetter(other[at])]
  const byCode = one.charCodeAt(at) - other.charCodeAt(at)
  if (letters[0] && letters[1]) return byCode
  if (letters[0] || letters[1]) return letters[0] ? 1 : -1
  // After other digits, a zero counts as one of theirs.
  const lead = (one[at] === '0' || other[at] === '0') && followsDigits(one, at) ? '1' : ''
  const [left, right] = [digitsAt(one, at), digitsAt(other, at)]
  const byValue = BigInt(`${lead}${left}` || 0) - BigInt(`${lead}${right}` || 0)
  if (byValue !== 0n) return byValue < 0n ? -1 : 1
  return left.length - right.length || byCode
}

function followsDigits(key: string, at: number): boolean {
  for (let before = at - 1; before >= 0 && isDigit(key.charCodeAt(before)); before--)
    if (key[before] !== '0') return true
  return false
}

function digitsAt(key: string, at: number): string {
  let end = at
  while (end < key.length && isDigit(key.charCodeAt(end))) end++
  return key.slice(at, end)
}
