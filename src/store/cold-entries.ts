import type { Entry } from './store.ts'

/** Entries of a large file that nobody asked for yet, in any order: a key each, and what makes the entry of it. */
export interface ColdEntries {
  readonly keys: readonly string[]
  /** Beside each key: the number of its row, or its entry where there is one already. */
  readonly rows: readonly (number | Entry)[]
  entryAt(row: number, key: string): Entry
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
export function splitCold({ keys, rows, entryAt }: ColdEntries): readonly Part[] | undefined {
  const length = commonLength(keys) + 1
  const parts = new Map<string, { keys: string[]; rows: (number | Entry)[] }>()
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string
    const first = key.slice(0, length)
    let part = parts.get(first)
    if (!part) {
      part = { keys: [], rows: [] }
      parts.set(first, part)
    }
    part.keys.push(key)
    part.rows.push(rows[i] as number | Entry)
  }
  for (const part of parts.values()) {
    if (part.keys.length > MOST_IN_ONE_PART * keys.length) return undefined
  }
  return [...parts.keys()].sort().map(first => {
    const part = parts.get(first) as { keys: string[]; rows: (number | Entry)[] }
    return { first, cold: { ...part, entryAt } }
  })
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

function commonLength(keys: readonly string[]): number {
  let common = keys[0] ?? ''
  for (const key of keys) {
    if (key.startsWith(common)) continue
    let length = 0
    while (length < common.length && key[length] === common[length]) length++
    common = common.slice(0, length)
  }
  return common.length
}
