import type { ColdEntries, EntryAt } from './cold-entries.ts'
import type { Entry } from './store.ts'

/** So many pages of one run that somebody may still have are remembered; where there are more, its keys become entries that stay. */
const MOST_SHOWN = 8

/**
 * What became of the keys of a page. Entries of a page are made for it alone; when somebody writes to one of its keys, or asks for it by name, the
 * store makes one for good, which goes on where the other stops: its value is kept when its row leaves the file.
 */
export class Successors {
  /** In the order of their keys; undefined while the store has none itself. */
  entries: readonly Entry[] | undefined

  of(key: string): Entry | undefined {
    const { entries } = this
    if (!entries) return undefined
    const entry = entries[lowerBound(entries, key)]
    return entry?.key === key ? entry : undefined
  }
}

/**
 * Neighbours of a large file in the order of their keys, without entries for them: who reads page after page gets entries that nobody else has, and that are
 * gone when the page is. Kept, some thousands between two collections of the young generation, they were what made these long, and grew the old one.
 */
export class ShownEntries {
  readonly #cold: ColdEntries
  /** Of pages that somebody may still have. */
  #shown: WeakRef<Successors>[] = []

  /** Of what `inOrder` gives. */
  constructor(cold: ColdEntries) {
    this.#cold = cold
  }

  get length(): number {
    return this.#cold.keys.length
  }

  get firstKey(): string {
    return this.#cold.keys[0] as string
  }

  /** Where a key stands, or would. */
  indexOf(key: string): number {
    const { keys } = this.#cold
    let low = 0
    let high = keys.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((keys[middle] as string) < key) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Whether pages of it may be held in so many places that one more is too many. */
  get isCrowded(): boolean {
    if (this.#shown.length < MOST_SHOWN) return false
    this.#shown = this.#shown.filter(shown => shown.deref())
    return this.#shown.length >= MOST_SHOWN
  }

  /** Adds those from an index on to a page, as long as their keys are below the end, until it has as many as its limit. */
  addTo(page: Entry[], from: number, { end, limit }: { end: string | undefined; limit: number }) {
    const { keys, rows, shownAt } = this.#cold
    const successors = new Successors()
    this.#shown.push(new WeakRef(successors))
    const entryAt = shownAt(successors)
    for (let at = from; at < keys.length && page.length < limit; at++) {
      const key = keys[at] as string
      if (end !== undefined && key >= end) return
      page.push(entryOf(rows[at] as number | Entry, key, entryAt))
    }
  }

  /** All of them as entries that stay. */
  stay(): Entry[] {
    const { keys, rows, entryAt } = this.#cold
    const entries = rows.map((row, i) => entryOf(row, keys[i] as string, entryAt))
    const pages = this.#shown.flatMap(shown => shown.deref() ?? [])
    // Those of the run change.
    const successors = pages.length > 0 ? entries.slice() : undefined
    for (const page of pages) page.entries = successors
    return entries
  }
}

function entryOf(row: number | Entry, key: string, entryAt: EntryAt): Entry {
  return typeof row === 'number' ? entryAt(row, key) : row
}

/** The first index whose key is not below it. */
export function lowerBound(run: readonly Entry[], key: string): number {
  let low = 0
  let high = run.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((run[middle] as Entry).key < key) low = middle + 1
    else high = middle
  }
  return low
}
