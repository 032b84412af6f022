/** What somebody may have meant. */

/** `; did you mean --secure-port?` for a near miss, else nothing. */
export function nearest(word: string, known: readonly string[], mark = ''): string {
  const best = known
    .map(name => ({ name, distance: editDistance(word, name) }))
    .sort((a, b) => a.distance - b.distance)[0]
  if (!best || best.distance > Math.max(2, word.length / 4)) return ''
  // Short words are all near one another: more than half of the letters have to be right.
  const isLikely = best.distance * 2 < Math.max(word.length, best.name.length)
  return isLikely ? `; did you mean ${mark}${best.name}?` : ''
}

function editDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, i) => i)
  for (let i = 1; i <= one.length; i++) {
    const next = [i]
    for (let j = 1; j <= other.length; j++)
      next[j] = Math.min(
        (next[j - 1] ?? 0) + 1,
        (row[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + (one[i - 1] === other[j - 1] ? 0 : 1),
      )
    row = next
  }
  return row[other.length] ?? 0
}
