import { type ColdEntries, inOrder, splitCold } from './cold-entries.ts'
import { lowerBound, ShownEntries } from './shown-entries.ts'
import type { Entry } from './store.ts'

/** Neighbours in the order of keys. Every key is at or above `first` and below that of the next run. */
interface Run {
  first: string
  /** Has one of these three. Sorted entries, */
  readonly entries?: Entry[]
  /** or keys that only pages were made of so far, */
  readonly shown?: ShownEntries
  /** or many that nobody asked for yet, in no order. */
  readonly cold?: ColdEntries
}

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
    // Only the two ends have to be looked into; sorting the one may move the other.
    if (end !== undefined) this.#sort(end)
    const first = this.#sort(start)
    const last = end === undefined ? this.#runs.length - 1 : this.#sort(end)
    let total = 0
    for (let i = first; i <= last; i++) total += lengthOf(this.#runs[i] as Run)
    total -= boundIn(this.#runs[first] as Run, start)
    if (end !== undefined) {
      const run = this.#runs[last] as Run
      total -= lengthOf(run) - boundIn(run, end)
    }
    return total
  }

  /** The entries of [start, end) in order, at most `limit` of them where it is not 0: then some may be made for this page alone. */
  slice(start: string, end: string | undefined, limit: number): Entry[] {
    const found: Entry[] = []
    if (end !== undefined && end <= start) return found
    let from = start
    for (let i = this.#sort(start); i < this.#runs.length; i++) {
      const { first } = this.#runs[i] as Run
      if (end !== undefined && first >= end) break
      if (first > from) from = first
      const { entries = [], shown } = this.#runs[this.#looked(from, limit > 0)] as Run
      shown?.addTo(found, shown.indexOf(from), { end, limit })
      for (let at = lowerBound(entries, from); at < entries.length; at++) {
        const entry = entries[at] as Entry
        if (end !== undefined && entry.key >= end) return found
        found.push(entry)
        if (found.length === limit) return found
      }
      if (limit > 0 && found.length === limit) return found
    }
    return found
  }

  /** Sees to it that the run which holds `key`, or would, can be read: by one page, or by whoever keeps what he is told. Its place. */
  #looked(key: string, byPage: boolean): number {
    const at = this.#sort(key)
    const isForPage = byPage && !this.#runs[at]?.shown?.isCrowded
    return isForPage ? at : this.#warm(key)
  }

  /** Sees to it that the run which holds `key`, or would, is one of entries; its place. */
  #warm(key: string): number {
    const at = this.#sort(key)
    const { first, shown } = this.#runs[at] ?? {}
    if (first !== undefined && shown) this.#runs[at] = { first, entries: shown.stay() }
    return at
  }

  /** Sees to it that it is sorted. */
  #sort(key: string): number {
    for (;;) {
      const at = this.#runOf(key)
      const run = this.#runs[at]
      if (!run?.cold) return at
      if (run.cold.keys.length <= MAX_RUN_LENGTH / 2) {
        this.#runs[at] = { first: run.first, shown: new ShownEntries(inOrder(run.cold)) }
        return at
      }
      this.#split(at, run.first, run.cold)
    }
  }

  #split(at: number, first: string, cold: ColdEntries): void {
    const parts = splitCold(cold)
    const runs = parts
      ? parts.map((part, i) => ({ first: i === 0 ? first : part.first, cold: part.cold }))
      : shownRunsOf(inOrder(cold), first)
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
function runsOf(sorted: readonly Entry[]): Run[] {
  const runs: Run[] = []
  for (let i = 0; i < sorted.length; i += MAX_RUN_LENGTH / 2) {
    const entries = sorted.slice(i, i + MAX_RUN_LENGTH / 2)
    runs.push({ first: (entries[0] as Entry).key, entries })
  }
  return runs
}

/** The same of keys without entries. */
function shownRunsOf(cold: ColdEntries, first: string): Run[] {
  const runs: Run[] = []
  for (let from = 0; from < cold.keys.length; from += MAX_RUN_LENGTH / 2) {
    const to = from + MAX_RUN_LENGTH / 2
    const keys = cold.keys.slice(from, to)
    const shown = new ShownEntries({ ...cold, keys, rows: cold.rows.slice(from, to) })
    runs.push({ first: from === 0 ? first : shown.firstKey, shown })
  }
  return runs
}

function lengthOf({ entries, shown, cold }: Run): number {
  return entries?.length ?? shown?.length ?? cold?.keys.length ?? 0
}

function boundIn({ entries, shown }: Run, key: string): number {
  return entries ? lowerBound(entries, key) : (shown?.indexOf(key) ?? 0)
}
