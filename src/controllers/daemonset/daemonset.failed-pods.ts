/**
 * How long failed pods stay before they are replaced. A kubelet that refuses a pod fails it at once, so without a growing
 * wait controller and kubelet would go round as fast as they can.
 */
import type { DaemonSet } from '#api/apps/v1/daemon-set.ts'
import { keyOf } from '#api/machinery/metadata.ts'
import type { Clock } from '#base/clock.ts'

const FIRST_WAIT_MS = 1_000
const LONGEST_WAIT_MS = 15 * 60_000

interface Wait {
  /** A new template is a new chance. */
  readonly generation: number | undefined
  readonly waitMs: number
  readonly sinceMs: number
}

export class FailedPods {
  readonly #clock: Clock
  /** By the key of the set, then by node: bounded by what is there, as both are forgotten with the set. */
  readonly #waits = new Map<string, Map<string, Wait>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** How long the next failed pod of this node still has to stay. */
  waitMs(set: DaemonSet, node: string): number {
    const wait = this.#waitOn(set, node)
    return wait ? Math.max(0, wait.sinceMs + wait.waitMs - this.#clock.monotonicMs()) : 0
  }

  note(set: DaemonSet, node: string): void {
    const before = this.#waitOn(set, node)
    const waitMs = before ? Math.min(before.waitMs * 2, LONGEST_WAIT_MS) : FIRST_WAIT_MS
    const key = keyOf(set)
    const waits = this.#waits.get(key) ?? new Map()
    this.#waits.set(key, waits)
    const generation = set.status.observedGeneration
    waits.set(node, { generation, waitMs, sinceMs: this.#clock.monotonicMs() })
  }

  forget(key: string): void {
    this.#waits.delete(key)
  }

  #waitOn(set: DaemonSet, node: string): Wait | undefined {
    const wait = this.#waits.get(keyOf(set))?.get(node)
    if (!wait || wait.generation !== set.status.observedGeneration) return undefined
    // Whoever has done well for so long begins anew.
    if (this.#clock.monotonicMs() - wait.sinceMs > 2 * LONGEST_WAIT_MS) return undefined
    return wait
  }
}
