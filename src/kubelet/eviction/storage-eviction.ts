/** Looks every few seconds whether pods with limits of local storage keep to them, and evicts those that do not. */
import { Pauses } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import { count } from '../figures/count.ts'
import type { KubeletContext } from '../options.ts'
import type { PodEvents } from '../pod-events.ts'
import type { PodWorker } from '../pods/pod-worker.ts'
import { untilTick } from '../ticks.ts'
import type { LocalUsage } from './local-usage.ts'
import { excessOf, limitsStorage } from './storage-limits.ts'

/** As often as upstream's kubelet. */
const CHECK_MS = 10_000
/** Who takes too much is not given time to take more. */
const GRACE_SECONDS = 1

export const EVICTED = 'Evicted'

export interface StorageEvictionParts {
  readonly context: KubeletContext
  readonly events: PodEvents
  readonly usage: LocalUsage
}

export class StorageEviction {
  readonly #parts: StorageEvictionParts
  readonly #pauses: Pauses
  /** Pods that have limits; on a node without any nothing is looked at. */
  readonly #watched = new Set<PodWorker>()
  #isRunning = false

  constructor(parts: StorageEvictionParts) {
    this.#parts = parts
    this.#pauses = new Pauses(parts.context.clock)
  }

  /** From now on, for as long as the pod runs. */
  watch(worker: PodWorker): void {
    if (!limitsStorage(worker.pod)) return
    this.#watched.add(worker)
    if (this.#isRunning || this.#pauses.isOver) return
    this.#isRunning = true
    void this.#run()
  }

  stop(): void {
    this.#pauses.end()
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#parts.context
    for (;;) {
      await this.#pauses.take(untilTick(clock.monotonicMs(), CHECK_MS))
      for (const worker of this.#watched)
        if (worker.mode !== 'running') this.#watched.delete(worker)
      if (this.#pauses.isOver || this.#watched.size === 0) break
      await this.#check().catch(error =>
        log.warn('what pods take of the disk could not be measured', { error: messageOf(error) }),
      )
    }
    this.#isRunning = false
  }

  async #check(): Promise<void> {
    const { context, events, usage } = this.#parts
    const stats = await context.options.runtime.containerStats()
    for (const worker of this.#watched) {
      // One that can't be measured must not keep the others from it.
      const used = await usage.of(worker, stats, CHECK_MS / 2).catch(error => {
        const pod = worker.pod.metadata.name
        const what = { pod, error: messageOf(error) }
        context.log.warn('what a pod takes of the disk could not be measured', what)
      })
      if (this.#pauses.isOver) return
      if (worker.mode !== 'running' || !used) continue
      const exceeded = excessOf(worker.pod, used)
      if (exceeded === undefined) continue
      const { message, signal } = exceeded
      count(context, 'kubelet_evictions', signal)
      events.warning(worker.pod, EVICTED, message)
      worker.fail({ reason: EVICTED, message }, GRACE_SECONDS)
      worker.wake()
    }
  }
}
