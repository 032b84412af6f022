import type { Entry } from './store.ts'

/**
 * Live entries in the order of their keys, cut into short sorted runs. Inserting moves at most one run,
 * and finding a prefix is two binary searches, however many keys lie outside it.
 *
 * Invariants: no run is empty; keys grow strictly within a run and from run to run.
 */
export class SortedEntries {
  readonly #runs: Entry[][] = []

  /** The index of a whole map, much faster than putting one entry after the other. */
  static of(entries: ReadonlyMap<string, Entry>): SortedEntries {
    const index = new SortedEntries()
    const keys = [...entries.keys()].sort()
    // Half full, so that the puts to come do not split every run.
    const length = MAX_RUN_LENGTH / 2
    for (let i = 0; i < keys.length; i += length) {
      index.#runs.push(keys.slice(i, i + length).map(key => entries.get(key) as Entry))
    }
    return index
  }

  /** Puts an entry at its place, over an older one of the same key. */
  put(entry: Entry): void {
    const runIndex = this.#runOf(entry.key)
    const run = this.#runs[runIndex]
    if (run === undefined) {
      this.#runs.push([entry])
      return
    }
    const index = lowerBound(run, entry.key)
    if (run[index]?.key === entry.key) {
      run[index] = entry
      return
    }
    if (index === run.length) run.push(entry)
    else run.splice(index, 0, entry)
    if (run.length > MAX_RUN_LENGTH) {
      this.#runs.splice(runIndex + 1, 0, run.splice(run.length >> 1))
    }
  }

  delete(key: string): void {
    const runIndex = this.#runOf(key)
    const run = this.#runs[runIndex]
    if (run === undefined) return
    const index = lowerBound(run, key)
    if (run[index]?.key !== key) return
    run.splice(index, 1)
    if (run.length === 0) this.#runs.splice(runIndex, 1)
  }

  /** How many keys lie in [start, end). */
  count(start: string, end: string | undefined): number {
    let total = 0
    this.#eachSlice(start, end, (_run, from, to) => {
      total += to - from
      return true
    })
    return total
  }

  /** The entries of [start, end) in order, at most `limit` of them where it is not 0. */
  slice(start: string, end: string | undefined, limit: number): Entry[] {
    const found: Entry[] = []
    this.#eachSlice(start, end, (run, from, to) => {
      const stop = limit === 0 ? to : Math.min(to, from + limit - found.length)
      for (let i = from; i < stop; i++) found.push(run[i] as Entry)
      return limit === 0 || found.length < limit
    })
    return found
  }

  /** Visits the runs that hold keys of [start, end), until `visit` answers false. */
  #eachSlice(
    start: string,
    end: string | undefined,
    visit: (run: Entry[], from: number, to: number) => boolean,
  ): void {
    if (end !== undefined && end <= start) return
    const first = this.#runOf(start)
    for (let i = first; i < this.#runs.length; i++) {
      const run = this.#runs[i] as Entry[]
      if (end !== undefined && (run[0] as Entry).key >= end) return
      const from = i === first ? lowerBound(run, start) : 0
      const isLast = end !== undefined && (run.at(-1) as Entry).key >= end
      const to = isLast ? lowerBound(run, end) : run.length
      if (from < to && !visit(run, from, to)) return
      if (isLast) return
    }
  }

  /** The last run whose first key is not above `key`; the first run if there is none. */
  #runOf(key: string): number {
    let low = 0
    let high = this.#runs.length
    while (low < high) {
      const middle = (low + high) >> 1
      const run = this.#runs[middle] as Entry[]
      if ((run[0] as Entry).key <= key) low = middle + 1
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
