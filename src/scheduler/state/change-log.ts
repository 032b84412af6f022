/**
 * The last changes of nodes and pods in order, so that whatever was computed from the whole cluster can be brought up to date by
 * what changed since, instead of being computed again.
 */
import type { NodeInfo } from './node-info.ts'
import type { PodInfo } from './pod-info.ts'

export interface Change {
  readonly node: NodeInfo
  /** Undefined where the node itself changed, or who hopes for it. */
  readonly pod: PodInfo | undefined
  /** 1: the pod came; -1: it went; 0: no pod came or went. */
  readonly by: 1 | -1 | 0
}

/** Whoever is further behind computes anew. Each change holds a pod as it was then, of some kilobytes; twice as many are kept at most. */
const LIMIT = 2_048

export class ChangeLog {
  #entries: Change[] = []
  #first = 0

  /** The number of the next change. */
  get next(): number {
    return this.#first + this.#entries.length
  }

  push(change: Change): void {
    this.#entries.push(change)
    if (this.#entries.length < 2 * LIMIT) return
    this.#entries = this.#entries.slice(LIMIT)
    this.#first += LIMIT
  }

  /** Calls `apply` for every change from number `from` on; false where some of them are forgotten. */
  replay(from: number, apply: (change: Change) => void): boolean {
    if (from < this.#first) return false
    for (let i = from - this.#first; i < this.#entries.length; i++) {
      const change = this.#entries[i]
      if (change) apply(change)
    }
    return true
  }
}
