/** Sets of completion indexes as rising intervals: a job of a hundred thousand indexes has a status of a few words. */
import type { Interval } from '#api/batch/v1/job.indexes.ts'

/** Rising, without overlap, and no two of them adjacent. */
export type IndexSet = readonly Interval[]

/** Reads `1,3-5,7`. What is beyond `completions` is cut off, what cannot be read is passed over. */
export function parseIndexSet(text: string, completions: number): IndexSet {
  const intervals: Interval[] = []
  for (const part of text.split(',')) {
    const match = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(part)
    if (!match) continue
    const first = Number(match[1])
    const last = Math.min(Number(match[2] ?? first), completions - 1)
    if (first <= last) intervals.push({ first, last })
  }
  return joined(intervals)
}

export function indexSetOf(indexes: Iterable<number>): IndexSet {
  return joined([...indexes].map(index => ({ first: index, last: index })))
}

export function union(...sets: readonly IndexSet[]): IndexSet {
  return joined(sets.flat())
}

function joined(intervals: readonly Interval[]): IndexSet {
  const result: Interval[] = []
  for (const { first, last } of intervals.toSorted((a, b) => a.first - b.first)) {
    const previous = result.at(-1)
    if (!previous || first > previous.last + 1) result.push({ first, last })
    else if (last > previous.last) result[result.length - 1] = { first: previous.first, last }
  }
  return result
}

/** How many indexes there are. */
export function sizeOf(set: IndexSet): number {
  return set.reduce((sum, { first, last }) => sum + last - first + 1, 0)
}

export function hasIndex(set: IndexSet, index: number): boolean {
  return set.some(({ first, last }) => first <= index && index <= last)
}

/** How many indexes are in both. */
export function sizeOfOverlap(one: IndexSet, other: IndexSet): number {
  let size = 0
  for (let [i, j] = [0, 0]; i < one.length && j < other.length; ) {
    const [a, b] = [one[i] as Interval, other[j] as Interval]
    size += Math.max(0, Math.min(a.last, b.last) - Math.max(a.first, b.first) + 1)
    if (a.last < b.last) i++
    else j++
  }
  return size
}

/** At most `count` indexes below `completions` that are not in the set, from the lowest. */
export function firstMissing(set: IndexSet, count: number, completions: number): number[] {
  const missing: number[] = []
  let candidate = 0
  for (const { first, last } of [...set, { first: completions, last: completions }]) {
    while (candidate < Math.min(first, completions) && missing.length < count)
      missing.push(candidate++)
    candidate = Math.max(candidate, last + 1)
  }
  return missing
}

/** Two neighbours are `3,4`, three are `3-5`, as upstream writes them. */
export function showIndexSet(set: IndexSet): string {
  return set
    .map(({ first, last }) => {
      if (first === last) return `${first}`
      return last === first + 1 ? `${first},${last}` : `${first}-${last}`
    })
    .join(',')
}
