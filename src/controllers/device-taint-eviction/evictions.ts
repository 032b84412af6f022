/** What the controller remembers of the evictions that it plans: whom it would have to tell of a change of mind, and how many went. */
import type { Eviction } from './device-taints.ts'

export interface Evictions {
  /** Notes what is planned for a pod now; gives whether it was to go before, and still stays. */
  note(pod: string, isThere: boolean, eviction: Eviction | undefined, nowMs: number): boolean
  /** How many pods went because of the rule. */
  countOf(rule: string): number
  forget(rule: string): void
  /** Called with the name of a rule that has more or fewer pods to tell of. */
  onChange(listener: (rule: string) => void): void
}

export function createEvictions(): Evictions {
  const planned = new Map<string, Eviction>()
  const counts = new Map<string, number>()
  let changed: (rule: string) => void = () => {}
  return {
    note(pod, isThere, eviction, nowMs) {
      const before = planned.get(pod)
      if (eviction) planned.set(pod, eviction)
      else planned.delete(pod)
      const hasGone = before !== undefined && !isThere && before.atMs <= nowMs
      if (hasGone) for (const rule of before.rules) counts.set(rule, (counts.get(rule) ?? 0) + 1)
      const rules = new Set([...(before?.rules ?? []), ...(eviction?.rules ?? [])])
      if (before?.atMs !== eviction?.atMs) for (const rule of rules) changed(rule)
      return before !== undefined && isThere
    },
    countOf: rule => counts.get(rule) ?? 0,
    forget: rule => void counts.delete(rule),
    onChange(listener) {
      changed = listener
    },
  }
}
