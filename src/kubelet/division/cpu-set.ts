/** Sets of processors or memory nodes, as the kernel writes them: `0-3,8`. Ascending, nothing twice. Pure. */

export type CpuSet = readonly number[]

/** No machine that Linux runs on has more. */
const HIGHEST_ID = 8191

export const cpuSet = (ids: Iterable<number>): CpuSet => [...new Set(ids)].sort((a, b) => a - b)

/** Throws a sentence where the text is none. */
export function parseCpuSet(text: string): CpuSet {
  const ids: number[] = []
  for (const part of text.trim() === '' ? [] : text.trim().split(',')) {
    const [, first = '', last = first] = /^(\d+)(?:-(\d+))?$/.exec(part.trim()) ?? []
    if (first === '') throw new Error(`"${text}" is no list of processors such as 0-3,8`)
    const [from, to] = [Number(first), Number(last)]
    if (from > to || to > HIGHEST_ID) throw new Error(`"${part}" is no range of processors`)
    for (let id = from; id <= to; id++) ids.push(id)
  }
  return cpuSet(ids)
}

export function formatCpuSet(set: CpuSet): string {
  const ranges: string[] = []
  for (let at = 0; at < set.length; ) {
    let end = at
    while (set[end + 1] === (set[end] ?? 0) + 1) end++
    ranges.push(end === at ? `${set[at]}` : `${set[at]}-${set[end]}`)
    at = end + 1
  }
  return ranges.join(',')
}

export const union = (...sets: readonly CpuSet[]): CpuSet => cpuSet(sets.flat())

export function without(set: CpuSet, other: CpuSet): CpuSet {
  const gone = new Set(other)
  return set.filter(id => !gone.has(id))
}

export function common(set: CpuSet, other: CpuSet): CpuSet {
  const wanted = new Set(other)
  return set.filter(id => wanted.has(id))
}

export const holds = (set: CpuSet, part: CpuSet): boolean => without(part, set).length === 0

export const isEqual = (set: CpuSet, other: CpuSet): boolean =>
  set.length === other.length && set.every((id, at) => id === other[at])
