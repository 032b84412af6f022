/** Values computed from the whole cluster, kept up to date by its changes: counts of pods by domain, and the like. */
import type { Change } from './change-log.ts'
import type { Snapshot } from './snapshot.ts'

export interface DerivedValue {
  /** Takes in that a pod came or went, or that a node changed in what is no label and no taint. */
  apply(change: Change): void
}

interface Entry<T> {
  readonly value: T
  readonly topology: number
  next: number
}

/** One value per key; the ones longest unused are forgotten. */
export class Derived<T extends DerivedValue> {
  readonly #entries = new Map<string, Entry<T>>()
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  /** The value of `key` as of now; `make` computes it from the snapshot where it is not known or nodes were relabelled. */
  get(key: string, snapshot: Snapshot, make: () => T): T {
    const { changes, topology } = snapshot
    const known = this.#entries.get(key)
    if (known) {
      this.#entries.delete(key)
      const current =
        known.topology === topology &&
        changes.replay(known.next, change => known.value.apply(change))
      if (current) {
        known.next = changes.next
        this.#entries.set(key, known)
        return known.value
      }
    }
    const value = make()
    this.#entries.set(key, { value, topology, next: changes.next })
    if (this.#entries.size > this.#limit)
      for (const [oldest] of this.#entries) {
        this.#entries.delete(oldest)
        break
      }
    return value
  }
}
