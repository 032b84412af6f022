/** Pods whose resize waits until others leave. Woken in the order in which they are to be served. */
import type { Pod } from '../pod-types.ts'
import type { PodWorker } from '../pods/pod-worker.ts'
import { qosClassOf } from '../status/qos.ts'
import type { RetryTrigger } from './figures.ts'

export class Deferred {
  /** With what made them look last. */
  readonly #workers = new Map<PodWorker, RetryTrigger>()

  add(worker: PodWorker): void {
    this.#workers.set(worker, 'periodic_retry')
  }

  /** Gives what made it look, where it waited. */
  delete(worker: PodWorker): RetryTrigger | undefined {
    const trigger = this.#workers.get(worker)
    this.#workers.delete(worker)
    return trigger
  }

  /** The pod asks for something else than before. */
  updated(worker: PodWorker): void {
    if (this.#workers.has(worker)) this.#workers.set(worker, 'pod_updated')
  }

  /** Somebody takes less of the node than before. */
  retry(trigger: RetryTrigger): void {
    if (this.#workers.size === 0) return
    for (const worker of [...this.#workers.keys()].toSorted(byTurn)) {
      this.#workers.set(worker, trigger)
      worker.wake()
    }
  }
}

/** Priority first, then Guaranteed pods, then who has waited longest. */
function byTurn(a: PodWorker, b: PodWorker): number {
  return (
    priorityOf(b.asked) - priorityOf(a.asked) ||
    qosRank(a.asked) - qosRank(b.asked) ||
    since(a).localeCompare(since(b))
  )
}

const priorityOf = ({ spec }: Pod): number => Number(spec?.priority ?? 0)
const qosRank = (pod: Pod): number => (qosClassOf(pod) === 'Guaranteed' ? 0 : 1)
const since = ({ resize }: PodWorker): string => resize?.pendingSince ?? ''
