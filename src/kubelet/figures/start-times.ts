/** How long pods take to run: from when the kubelet first saw them and from their creation, with and without what nobody can hurry. */
import type { KubeletContext } from '../options.ts'
import type { Pod, PodStatus } from '../pod-types.ts'
import { uidOf } from '../pod-types.ts'
import { observe } from './count.ts'

interface Start {
  /** Of the kubelet's clock. */
  readonly seenMs: number
  /** Pods that were there before this kubelet tell nothing of it. */
  readonly counts: boolean
  pullMs: number
  pullsSinceMs: number
  pulls: number
  readonly containers: number
}

export class StartTimes {
  readonly #context: KubeletContext
  readonly #starts = new Map<string, Start>()
  #firstWithNetworkMs: number | undefined

  constructor(context: KubeletContext) {
    this.#context = context
  }

  get firstWithNetworkSeconds(): number {
    return (this.#firstWithNetworkMs ?? 0) / 1000
  }

  /** Once for each pod, when the kubelet hears of it. */
  seen(pod: Pod): void {
    const counts = pod.status?.phase === 'Pending' || pod.status?.phase === undefined
    const seenMs = this.#context.clock.monotonicMs()
    const containers = pod.spec?.containers?.length ?? 0
    const pulls = { pullMs: 0, pullsSinceMs: 0, pulls: 0 }
    this.#starts.set(uidOf(pod), { seenMs, counts, containers, ...pulls })
  }

  /** Its worker begins. */
  begun(uid: string): void {
    const start = this.#starts.get(uid)
    if (!start) return
    const seconds = (this.#context.clock.monotonicMs() - start.seenMs) / 1000
    observe(this.#context, 'kubelet_pod_worker_start_duration_seconds', seconds)
    observe(this.#context, 'kubelet_containers_per_pod_count', start.containers)
  }

  /** Resolves as `pull` does; pulls at the same time count once. */
  async pulling<T>(uid: string, pull: () => Promise<T>): Promise<T> {
    const start = this.#starts.get(uid)
    if (!start) return pull()
    const { clock } = this.#context
    if (start.pulls++ === 0) start.pullsSinceMs = clock.monotonicMs()
    try {
      return await pull()
    } finally {
      if (--start.pulls === 0) start.pullMs += clock.monotonicMs() - start.pullsSinceMs
    }
  }

  /** What is about to be told of a pod; the first time that all of it runs counts. */
  reported(pod: Pod, status: PodStatus): void {
    const uid = uidOf(pod)
    const start = this.#starts.get(uid)
    if (!start) return
    const { containerStatuses = [] } = status
    const runs =
      containerStatuses.length > 0 && containerStatuses.every(({ state }) => state.running)
    const isOver = status.phase === 'Succeeded' || status.phase === 'Failed'
    if (!runs && !isOver) return
    this.#starts.delete(uid)
    if (!runs || !start.counts) return
    const { clock } = this.#context
    const seenForMs = clock.monotonicMs() - start.seenMs
    observe(this.#context, 'kubelet_pod_start_duration_seconds', seenForMs / 1000)
    const created = Date.parse(pod.metadata.creationTimestamp ?? '')
    if (Number.isNaN(created)) return
    const totalMs = Math.max(0, clock.now() - created)
    observe(this.#context, 'kubelet_pod_start_total_duration_seconds', totalMs / 1000)
    const ownMs = Math.max(0, totalMs - start.pullMs - initMsOf(status))
    observe(this.#context, 'kubelet_pod_start_sli_duration_seconds', ownMs / 1000)
    if (!pod.spec?.hostNetwork) this.#firstWithNetworkMs ??= ownMs
  }

  forget(uid: string): void {
    this.#starts.delete(uid)
  }
}

/** For how long init containers ran, as far as it is told. */
function initMsOf({ initContainerStatuses = [] }: PodStatus): number {
  let sum = 0
  for (const { state } of initContainerStatuses) {
    const { startedAt, finishedAt } = state.terminated ?? {}
    if (startedAt && finishedAt) sum += Math.max(0, Date.parse(finishedAt) - Date.parse(startedAt))
  }
  return sum
}
