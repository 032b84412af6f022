import type { Revision, StoreEvent } from '../store.ts'

/**
 * Judges of the promises in store.ts. Each answers with one sentence per broken promise; `checkers.test.ts`
 * proves with planted bugs that they can fail.
 */

/** What really happened, by revision, in order. */
export type Truth = readonly { readonly revision: Revision; readonly changes: readonly Told[] }[]

/** A change as far as it can be compared: key and value (undefined for a delete), and the value before. */
export interface Told {
  readonly key: string
  readonly value: string | undefined
  readonly previous: string | undefined
}

export interface Watched {
  readonly prefix: string
  readonly after: Revision
  /** The calls of `events`, in order. */
  readonly groups: readonly (readonly StoreEvent[])[]
  /** Everything up to here must have been told. */
  readonly upTo: Revision
}

/** Ordered, unique, reliable, atomic; and each event as it happened. */
export function watchViolations(truth: Truth, watched: Watched): string[] {
  const violations: string[] = []
  const expected = new Map<Revision, readonly Told[]>()
  for (const { revision, changes } of truth) {
    const matching = changes.filter(({ key }) => key.startsWith(watched.prefix))
    if (revision > watched.after && matching.length > 0) expected.set(revision, matching)
  }
  let last = watched.after
  const seen = new Set<Revision>()
  for (const group of watched.groups) {
    const revision = group[0]?.revision
    if (revision === undefined || group.some(event => event.revision !== revision)) {
      violations.push(`a group does not hold exactly one revision: ${revisionsOf(group)}`)
      continue
    }
    if (seen.has(revision)) violations.push(`revision ${revision} was told twice`)
    else if (revision <= last) violations.push(`revision ${revision} was told after ${last}`)
    seen.add(revision)
    last = Math.max(last, revision)
    const told = JSON.stringify(group.map(toldOf))
    const wanted = JSON.stringify(expected.get(revision) ?? [])
    if (told !== wanted) violations.push(`revision ${revision} told ${told}, but it was ${wanted}`)
  }
  for (const revision of expected.keys()) {
    if (revision <= watched.upTo && !seen.has(revision)) {
      violations.push(`revision ${revision} was not told`)
    }
  }
  return violations
}

/** One acknowledged change of a key; `value` is undefined for a delete. */
export interface Acknowledged {
  readonly key: string
  readonly value: string | undefined
  readonly revision: Revision
}

/** What a store holds after a crash. */
export interface Survivors {
  /** Keys whose delete was sent and not answered, so they may be there or not. */
  readonly unsettledDeletes?: ReadonlySet<string>
  readonly revision: Revision
  readonly entries: ReadonlyMap<string, { readonly value: string; readonly modRevision: Revision }>
}

/**
 * Every acknowledged write is there or was overwritten later, deleted keys stay deleted, and the revision is
 * not behind. A write that was sent but not acknowledged may be there or not, so a newer modRevision excuses
 * another value.
 */
export function crashViolations(
  acknowledged: readonly Acknowledged[],
  survivors: Survivors,
): string[] {
  const violations: string[] = []
  const newest = new Map<string, Acknowledged>()
  const revisions = new Set<Revision>()
  for (const write of acknowledged) {
    if (revisions.has(write.revision)) violations.push(`revision ${write.revision} was used twice`)
    revisions.add(write.revision)
    if (write.revision > survivors.revision) {
      violations.push(`revision went back from ${write.revision} to ${survivors.revision}`)
    }
    const other = newest.get(write.key)
    if (!other || other.revision < write.revision) newest.set(write.key, write)
  }
  for (const { key, value, revision } of newest.values()) {
    const entry = survivors.entries.get(key)
    if (entry ? entry.modRevision > revision : survivors.unsettledDeletes?.has(key)) continue
    if (entry?.value !== value) {
      violations.push(`${key} was ${value} at ${revision}, but now is ${entry?.value}`)
    }
  }
  return violations
}

const text = new TextDecoder()

export function toldOf(event: StoreEvent): Told {
  const previous = event.previous && text.decode(event.previous.value)
  return event.type === 'put'
    ? { key: event.entry.key, value: text.decode(event.entry.value), previous }
    : { key: event.key, value: undefined, previous }
}

function revisionsOf(group: readonly StoreEvent[]): string {
  return group.map(event => event.revision).join(', ') || 'none'
}
