/** What plugins note during one attempt to place one pod, for their own later steps. Values are typed by their key. */
import type { Watch } from './durations.ts'

export interface CycleKey<T> {
  readonly name: string
  /** Needed where AddPod or RemovePod change the value: preemption tries changes on a copy. */
  readonly copy: ((value: T) => T) | undefined
}

export function cycleKey<T>(name: string, copy?: (value: T) => T): CycleKey<T> {
  return { name, copy }
}

export class CycleState {
  readonly #values = new Map<unknown, unknown>()
  /** Plugins whose PreFilter had nothing to say about this pod; their Filter is not asked. */
  readonly skippedFilters: Set<string> = new Set()
  /** The same for PreScore and Score. */
  readonly skippedScores: Set<string> = new Set()
  /**
   * The same for pods that get the same answers from all filters on a node that does not change; undefined where some filter
   * looks at more than pod and node.
   */
  sort: string | undefined
  /** Set where the attempt is one of those that are measured. */
  watch: Watch | undefined

  get<T>(key: CycleKey<T>): T | undefined {
    return this.#values.get(key) as T | undefined
  }

  set<T>(key: CycleKey<T>, value: T): void {
    this.#values.set(key, value)
  }

  delete<T>(key: CycleKey<T>): void {
    this.#values.delete(key)
  }

  /** A state that can be changed without this one noticing. */
  clone(): CycleState {
    const clone = new CycleState()
    for (const [key, value] of this.#values) {
      const copy = (key as CycleKey<unknown>).copy
      clone.#values.set(key, copy ? copy(value) : value)
    }
    for (const name of this.skippedFilters) clone.skippedFilters.add(name)
    for (const name of this.skippedScores) clone.skippedScores.add(name)
    return clone
  }
}
