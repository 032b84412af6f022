import type { Entry } from './store.ts'

/** Entries of a large file that nobody asked for yet, in any order: a key each, and what makes the entry of it. */
export interface ColdEntries {
  readonly keys: readonly string[]
  /** Beside each key: the number of its row, or its entry where there is one already. */
  readonly rows: readonly (number | Entry)[]
  entryAt(row: number, key: string): Entry
  /** So many characters are known to be the same in all keys. */
  readonly shared?: number
}

interface Part {
  /** At or below all keys of the part, above all of those before it. */
  readonly first: string
  readonly cold: ColdEntries
}

/**
 * Cuts them into parts by the first character in which their keys differ, in the order of keys. Undefined where that does not help: then
 * sorting them all is quicker than many such steps.
 */
export function splitCold(cold: ColdEntries): readonly Part[] | undefined {
  const { keys, entryAt, shared = 0 } = cold
  // A look at all keys takes as long as the cut: each lies somewhere else in memory. Three mostly say the same.
  const some = [keys[0], keys[keys.length >> 1], keys.at(-1)] as string[]
  let at = commonLength(some, shared)
  let parts = partsAt(cold, at)
  if (!parts) {
    at = commonLength(keys, shared)
    parts = partsAt(cold, at)
  }
  if (!parts) throw new Error('keys differ before the place in which they first do')
  for (const part of parts.values()) {
    if (part.keys.length > MOST_IN_ONE_PART * keys.length) return undefined
  }
  return [...parts]
    .sort(([a], [b]) => a - b)
    .map(([, part]) => {
      const first = (part.keys[0] as string).slice(0, at + 1)
      return { first, cold: { ...part, entryAt, shared: first.length } }
    })
}

interface Keys {
  readonly keys: string[]
  readonly rows: (number | Entry)[]
}

/** By their character at that place; undefined where not all of them are the same before it. */
function partsAt(
  { keys, rows, shared = 0 }: ColdEntries,
  at: number,
): Map<number, Keys> | undefined {
  const parts = new Map<number, Keys>()
  const common = keys[0] as string
  let code = Number.NaN
  let part: Keys = { keys: [], rows: [] }
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string
    for (let before = shared; before < at; before++) {
      if (key.charCodeAt(before) !== common.charCodeAt(before)) return undefined
    }
    const next = at < key.length ? key.charCodeAt(at) : NONE
    // Neighbours mostly go together.
    if (next !== code) {
      code = next
      part = parts.get(code) ?? { keys: [], rows: [] }
      parts.set(code, part)
    }
    part.keys.push(key)
    part.rows.push(rows[i] as number | Entry)
  }
  return parts
}

/** All of them as entries, in the order of keys. Throws where a key occurs twice. */
export function warmed({ keys, rows, entryAt }: ColdEntries): Entry[] {
  const entries = rows.map((row, i) =>
    typeof row === 'number' ? entryAt(row, keys[i] as string) : row,
  )
  entries.sort((a, b) => {
    if (a.key === b.key) throw new Error(`${a.key} is there twice`)
    return a.key < b.key ? -1 : 1
  })
  return entries
}

const MOST_IN_ONE_PART = 0.9

/** Of a key that ends where the others go on; it comes before them. */
const NONE = -1

function commonLength(keys: readonly string[], shared: number): number {
  const common = keys[0] ?? ''
  let length = common.length
  for (const key of keys) {
    let at = shared
    while (at < length && key.charCodeAt(at) === common.charCodeAt(at)) at++
    length = at
  }
  return length
}
