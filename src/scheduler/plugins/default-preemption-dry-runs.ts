/**
 * Dry runs of evictions, kept per node and per sort of pod: of thousands of pods alike that look for room, each asks only about
 * the nodes that changed since the one before it.
 */
import type { NodeVictims } from '../framework/extender.ts'
import type { Status } from '../framework/status.ts'
import type { NodeInfo } from '../state/node-info.ts'
import { isCountedByAny } from './default-preemption-budgets.ts'
import { type DryRun, victimsOn } from './default-preemption-victims.ts'

/** Sorts of pods whose dry runs are kept; each needs some 100 bytes a node, and its victims. */
const SORTS_LIMIT = 16

interface Kept {
  /** Of the node, when it was asked. */
  readonly revision: number
  readonly found: NodeVictims | Status
}

export class DryRuns {
  readonly #plugin: string
  /** By sort, then by the node's position; the sort longest unused comes first. */
  readonly #kept = new Map<string, (Kept | undefined)[]>()

  constructor(plugin: string) {
    this.#plugin = plugin
  }

  /** Budgets select other pods than before. */
  forget(): void {
    this.#kept.clear()
  }

  /** Answers for one pod; what they rest on must not change between two of them. */
  of(run: DryRun): (node: NodeInfo) => NodeVictims | Status {
    const { sort } = run.cycle
    if (sort === undefined) return node => victimsOn(run, node, this.#plugin)
    const kept = this.#answersOf(sort)
    const hoped = run.handle.nominator.nodeOf(run.pod.uid)
    return node => {
      const { position, revision, name } = node
      const before = kept[position]
      // Where the pod itself hopes to go, others must leave it the room, and it need not.
      if (before?.revision === revision && name !== hoped) return before.found
      const found = victimsOn(run, node, this.#plugin)
      const lasting = name !== hoped && !isCountedByAny(run.budgets, node.pods.values())
      kept[position] = lasting ? { revision, found } : undefined
      return found
    }
  }

  #answersOf(sort: string): (Kept | undefined)[] {
    const kept = this.#kept.get(sort) ?? []
    this.#kept.delete(sort)
    this.#kept.set(sort, kept)
    if (this.#kept.size > SORTS_LIMIT)
      for (const [oldest] of this.#kept) {
        this.#kept.delete(oldest)
        break
      }
    return kept
  }
}
