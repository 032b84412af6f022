/** Whether and when a pod has to leave its node. */
import type { Taint } from '#api/core/v1/node.ts'
import { tolerates } from '#api/core/v1/node-matching.ts'
import { type Pod, pod as podKind } from '#api/core/v1/pod/pod.ts'
import { rfc3339 } from '#base/clock.ts'
import { type EventWrite, nothingToDo, type Outcome } from '../runner/controller.ts'
import { conditionPatch } from '../runner/pods.ts'

export interface EvictionWorld {
  readonly pod: Pod
  /** The taints of its node. */
  readonly taints: readonly Taint[]
  readonly nowMs: number
  /** Since when it is known that the pod has to go after a while; now, where it is just found out. */
  readonly sinceMs: number
}

export interface EvictionOutcome extends Outcome {
  /** How long after its time the pod is deleted, where it is. */
  readonly lateMs?: number
  /** It would not have stayed at all: what was said of its time before no longer holds. */
  readonly isAtOnce?: boolean
}

export function reconcile({ pod, taints, nowMs, sinceMs }: EvictionWorld): EvictionOutcome {
  if (pod.metadata.deletionTimestamp) return nothingToDo
  const leaveAtMs = leaveTimeOf(pod, taints, { nowMs, sinceMs })
  if (leaveAtMs === undefined) return nothingToDo
  if (leaveAtMs > nowMs) return { writes: [], againAfterMs: leaveAtMs - nowMs }
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'DeletionByTaintManager',
    message: 'Taint manager: deleting due to NoExecute taint',
    lastTransitionTime: rfc3339(nowMs),
  }
  return {
    lateMs: nowMs - leaveAtMs,
    isAtOnce: taints.some(taint => taint.effect === 'NoExecute' && !tolerationOf(pod, taint)),
    writes: [
      eventAbout(pod, 'Marking for deletion'),
      conditionPatch(pod, condition),
      { verb: 'delete', kind: podKind, object: pod },
    ],
  }
}

/** Tells that a pod that had to go after a while stays, or went before. */
export const cancelled = (pod: Pod): EventWrite => eventAbout(pod, 'Cancelling deletion of')

function eventAbout(pod: Pod, what: string): EventWrite {
  const message = `${what} Pod ${pod.metadata.namespace}/${pod.metadata.name}`
  return {
    verb: 'event',
    about: pod,
    type: 'Normal',
    reason: 'TaintManagerEviction',
    text: { message },
  }
}

const tolerationOf = ({ spec }: Pod, taint: Taint) =>
  spec.tolerations?.find(found => tolerates(found, taint))

/** When the pod has to go, in milliseconds since the epoch; undefined when it may stay for good. Of tolerations of one taint the first counts. */
function leaveTimeOf(
  pod: Pod,
  taints: readonly Taint[],
  { nowMs, sinceMs }: { nowMs: number; sinceMs: number },
): number | undefined {
  let leaveAtMs: number | undefined
  for (const taint of taints) {
    if (taint.effect !== 'NoExecute') continue
    const toleration = tolerationOf(pod, taint)
    if (!toleration) return nowMs
    if (toleration.tolerationSeconds === undefined) continue
    // Counted from when the node was tainted, where somebody says when, so that a restart of this process gives nobody more time.
    const fromMs = taint.timeAdded ? Date.parse(taint.timeAdded) : sinceMs
    const until = fromMs + Math.max(0, Number(toleration.tolerationSeconds)) * 1000
    leaveAtMs = Math.min(leaveAtMs ?? Number.POSITIVE_INFINITY, until)
  }
  return leaveAtMs
}
