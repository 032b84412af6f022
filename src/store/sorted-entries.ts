import { type ColdEntries, splitCold, warmed } from './cold-entries.ts'
import type { Entry } from './store.ts'

/**
 * Neighbours in the order of keys: sorted entries, or many that nobody asked for yet and that are in no order. Every key is at or
 * above `first` and below that of the next run.
 */
type Run =
  | { first: string; readonly entries: Entry[]; readonly cold?: never }
  | { first: string; readonly entries?: never; readonly cold: ColdEntries }

/**
 * Live entries in the order of their keys, cut into short sorted runs. Inserting moves at most one run,
 * and finding a prefix is two binary searches, however many keys lie outside it. What a large file holds begins cold, and is
 * sorted only where it is looked at.
 */
export class SortedEntries {
  #runs: Run[] = []

  /** The index of a whole map, much faster than putting one entry after the other. */
  static of(entries: ReadonlyMap<string, Entry>): SortedEntries {
    const index = new SortedEntries()
    const sorted = [...entries.keys()].sort().map(key => entries.get(key) as Entry)
    index.#runs = runsOf(sorted)
    return index
  }

  /** The index of keys that each occur once. Throws when it comes to a place where one does not. */
  static ofCold(cold: ColdEntries): SortedEntries {
    const index = new SortedEntries()
    if (cold.keys.length > 0) index.#runs = [{ first: '', cold }]
    for (let at = 0; at < index.#runs.length; ) {
      const run = index.#runs[at] as Run
      if (run.cold && run.cold.keys.length > MAX_COLD_LENGTH) index.#split(at, run.first, run.cold)
      else at++
    }
    return index
  }

  get(key: string): Entry | undefined {
    const run = this.#runs[this.#warm(key)]
    if (!run?.entries) return undefined
    const entry = run.entries[lowerBound(run.entries, key)]
    return entry?.key === key ? entry : undefined
  }

  /** Puts an entry at its place, over an older one of the same key. */
  put(entry: Entry): void {
    const runIndex = this.#warm(entry.key)
    const run = this.#runs[runIndex]
    if (!run?.entries) {
      this.#runs.push({ first: entry.key, entries: [entry] })
      return
    }
    const { entries } = run
    const index = lowerBound(entries, entry.key)
    if (entries[index]?.key === entry.key) {
      entries[index] = entry
      return
    }
    if (index === entries.length) entries.push(entry)
    else entries.splice(index, 0, entry)
    if (entry.key < run.first) run.first = entry.key
    if (entries.length > MAX_RUN_LENGTH) {
      const upper = entries.splice(entries.length >> 1)
      this.#runs.splice(runIndex + 1, 0, { first: (upper[0] as Entry).key, entries: upper })
    }
  }

  delete(key: string): void {
    const runIndex = this.#warm(key)
    const entries = this.#runs[runIndex]?.entries
    if (!entries) return
    const index = lowerBound(entries, key)
    if (entries[index]?.key !== key) return
    entries.splice(index, 1)
    if (entries.length === 0) this.#runs.splice(runIndex, 1)
  }

  /** How many keys lie in [start, end). */
  count(start: string, end: string | undefined): number {
    if (this.#runs.length === 0 || (end !== undefined && end <= start)) return 0
    // Only the two ends have to be looked into; warming the one may move the other.
    if (end !== undefined) this.#warm(end)
    const first = this.#warm(start)
    const last = end === undefined ? this.#runs.length - 1 : this.#warm(end)
    let total = 0
    for (let i = first; i <= last; i++) total += lengthOf(this.#runs[i] as Run)
    total -= boundIn(this.#runs[first] as Run, start)
    if (end !== undefined) {
      const run = this.#runs[last] as Run
      total -= lengthOf(run) - boundIn(run, end)
    }
    return total
  }

  /** The entries of [start, end) in order, at most `limit` of them where it is not 0. */
  slice(start: string, end: string | undefined, limit: number): Entry[] {
    const found: Entry[] = []
    if (end !== undefined && end <= start) return found
    let from = start
    for (let i = this.#warm(start); i < this.#runs.length; i++) {
      const { first } = this.#runs[i] as Run
      if (end !== undefined && first >= end) break
      if (first > from) from = first
      const { entries = [] } = this.#runs[this.#warm(from)] as Run
      for (let at = lowerBound(entries, from); at < entries.length; at++) {
        const entry = entries[at] as Entry
        if (end !== undefined && entry.key >= end) return found
        found.push(entry)
        if (found.length === limit) return found
      }
    }
    return found
  }

  /** Sees to it that the run which holds `key`, or would, is sorted; its place. */
  #warm(key: string): number {
    for (;;) {
      const at = this.#runOf(key)
      const run = this.#runs[at]
      if (!run?.cold) return at
      if (run.cold.keys.length <= MAX_RUN_LENGTH / 2) {
        this.#runs[at] = { first: run.first, entries: warmed(run.cold) }
        return at
      }
      this.#split(at, run.first, run.cold)
    }
  }

  #split(at: number, first: string, cold: ColdEntries): void {
    const parts = splitCold(cold)
    const runs = parts
      ? parts.map((part, i) => ({ first: i === 0 ? first : part.first, cold: part.cold }))
      : runsOf(warmed(cold), first)
    if (runs.length < 100) this.#runs.splice(at, 1, ...runs)
    else this.#runs = [...this.#runs.slice(0, at), ...runs, ...this.#runs.slice(at + 1)]
  }

  /** The last run whose first key is not above `key`; the first run if there is none. */
  #runOf(key: string): number {
    let low = 0
    let high = this.#runs.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#runs[middle] as Run).first <= key) low = middle + 1
      else high = middle
    }
    return Math.max(0, low - 1)
  }
}

/** The first key that is above every key with this prefix; undefined when there is none. */
export function endOfPrefix(prefix: string): string | undefined {
  for (let i = prefix.length - 1; i >= 0; i--) {
    const unit = prefix.charCodeAt(i)
    if (unit < 0xffff) return prefix.slice(0, i) + String.fromCharCode(unit + 1)
  }
  return undefined
}

/** Long enough that the list of runs stays short (some 300 for 100,000 keys), short enough that moving one is cheap. */
const MAX_RUN_LENGTH = 512

/** Warming a part of so many keys takes one or two milliseconds; smaller ones would take longer at the start. */
const MAX_COLD_LENGTH = 16_384

/** Half full, so that the puts to come do not split every run. */
function runsOf(sorted: readonly Entry[], first?: string): Run[] {
  const runs: Run[] = []
  for (let i = 0; i < sorted.length; i += MAX_RUN_LENGTH / 2) {
    const entries = sorted.slice(i, i + MAX_RUN_LENGTH / 2)
    runs.push({ first: (i === 0 ? first : undefined) ?? (entries[0] as Entry).key, entries })
  }
  return runs
}

function lengthOf(run: Run): number {
  return run.entries ? run.entries.length : run.cold.keys.length
}

function boundIn({ entries }: Run, key: string): number {
  return entries ? lowerBound(entries, key) : 0
}

function lowerBound(run: readonly Entry[], key: string): number {
  let low = 0
  let high = run.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((run[middle] as Entry).key < key) low = middle + 1
    else high = middle
  }
  return low
}
