/** A pod that was to be disrupted and lives on is not to be disrupted any more: nobody should read that it is. */
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { rfc3339 } from '#base/clock.ts'
import { nothingToDo, type Outcome } from '../runner/controller.ts'
import { conditionOf, conditionPatch, isFinished } from '../runner/pods.ts'

const STALE_AFTER_MS = 2 * 60_000

/** How long until the condition is stale; undefined where it is none of this controller's concern. */
export function staleInMs(pod: Pod, nowMs: number): number | undefined {
  if (pod.metadata.deletionTimestamp || isFinished(pod)) return undefined
  const condition = conditionOf(pod.status.conditions, 'DisruptionTarget')
  // The kubelet's own may take any time until the pod ends.
  if (condition?.status !== 'True' || condition.reason === 'TerminationByKubelet') return undefined
  const since = Date.parse(condition.lastTransitionTime ?? '')
  return Math.max(0, (Number.isNaN(since) ? 0 : since) + STALE_AFTER_MS - nowMs)
}

export function reconcileStale(pod: Pod, nowMs: number): Outcome {
  const leftMs = staleInMs(pod, nowMs)
  if (leftMs === undefined) return nothingToDo
  if (leftMs > 0) return { writes: [], againAfterMs: leftMs }
  const condition = {
    type: 'DisruptionTarget',
    status: 'False',
    reason: null,
    message: null,
    lastTransitionTime: rfc3339(nowMs),
  }
  return { writes: [conditionPatch(pod, condition)] }
}
