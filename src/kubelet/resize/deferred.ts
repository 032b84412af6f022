/** Pods whose resize waits until others leave. Woken in the order in which they are to be served. */
import type { Pod } from '../pod-types.ts'
import type { PodWorker } from '../pods/pod-worker.ts'
import { qosClassOf } from '../status/qos.ts'

export class Deferred {
  readonly #workers = new Set<PodWorker>()

  add(worker: PodWorker): void {
    this.#workers.add(worker)
  }

  delete(worker: PodWorker): void {
    this.#workers.delete(worker)
  }

  /** Somebody takes less of the node than before. */
  retry(): void {
    if (this.#workers.size === 0) return
    for (const worker of [...this.#workers].toSorted(byTurn)) worker.wake()
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
