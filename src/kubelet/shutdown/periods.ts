/** How long pods of which priority may take to end when their node shuts down, and who ends when. Pure. */
import type { Pod } from '../pod-types.ts'

export interface ShutdownPeriod {
  /** Of the least important pods that it is for. */
  readonly priority: number
  readonly seconds: number
}

/** From this on a pod is critical. */
const SYSTEM_CRITICAL = 2_000_000_000

/** Of which the last seconds are for critical pods. */
export const periodsOf = (totalSeconds: number, criticalSeconds: number): ShutdownPeriod[] =>
  totalSeconds > 0
    ? [
        { priority: 0, seconds: totalSeconds - criticalSeconds },
        { priority: SYSTEM_CRITICAL, seconds: criticalSeconds },
      ]
    : []

/** All of them one after the other. */
export const wholeSeconds = (periods: readonly ShutdownPeriod[]): number =>
  periods.reduce((sum, { seconds }) => sum + seconds, 0)

export interface Group<T> {
  readonly period: ShutdownPeriod
  readonly members: readonly T[]
}

/** The least important first, and only those that have somebody. Who is less important than any of them ends with the first. */
export function groupsOf<T extends { readonly pod: Pod }>(
  periods: readonly ShutdownPeriod[],
  all: readonly T[],
): readonly Group<T>[] {
  const sorted = periods.toSorted((a, b) => a.priority - b.priority)
  const members = Map.groupBy(all, ({ pod }) => {
    const priority = pod.spec?.priority ?? 0
    return sorted.findLast(period => period.priority <= priority) ?? sorted[0]
  })
  return sorted.flatMap(period => {
    const own = members.get(period)
    return own ? [{ period, members: own }] : []
  })
}

/** What its pod asks for, but no more than there is. */
export function graceOf({ spec }: Pod, { seconds }: ShutdownPeriod): number {
  const own = spec?.terminationGracePeriodSeconds
  return own === undefined ? seconds : Math.min(Number(own), seconds)
}
