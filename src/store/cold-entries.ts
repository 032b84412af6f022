import type { Successors } from './shown-entries.ts'
import type { Entry } from './store.ts'

/** Makes the entry of a row. */
export type EntryAt = (row: number, key: string) => Entry

/** Entries of a large file that nobody asked for yet, in any order: a key each, and what makes the entry of it. */
export interface ColdEntries {
  readonly keys: readonly string[]
  /** Beside each key: the number of its row, or its entry where there is one already. */
  readonly rows: readonly (number | Entry)[]
  /** For good: made once, and told from then on whenever somebody asks for the key. */
  readonly entryAt: EntryAt
  /** For one page, whose entries ask the successors for their values where there are some. */
  shownAt(successors: Successors): EntryAt
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
  const { keys, shared = 0 } = cold
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
      return { first, cold: { ...cold, ...part, shared: first.length } }
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

/** The same in the order of keys. Throws where a key occurs twice. */
export function inOrder(cold: ColdEntries): ColdEntries {
  const { keys, rows } = cold
  const order = keys.map((_, i) => i)
  order.sort((a, b) => {
    const [one, other] = [keys[a] as string, keys[b] as string]
    if (one === other) throw new Error(`${one} is there twice`)
    return one < other ? -1 : 1
  })
  return {
    ...cold,
    keys: order.map(i => keys[i] as string),
    rows: order.map(i => rows[i] as number | Entry),
  }
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
