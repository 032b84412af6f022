/** Whether and when a pod has to leave its node. */
import type { Taint } from '#api/core/v1/node.ts'
import { tolerates } from '#api/core/v1/node-matching.ts'
import { type Pod, pod as podKind } from '#api/core/v1/pod/pod.ts'
import { rfc3339 } from '#base/clock.ts'
import { nothingToDo, type Outcome } from '../runner/controller.ts'
import { isFinished } from '../runner/pods.ts'

export interface EvictionWorld {
  readonly pod: Pod
  /** The taints of its node. */
  readonly taints: readonly Taint[]
  readonly nowMs: number
}

export interface EvictionOutcome extends Outcome {
  /** How long after its time the pod is deleted, where it is. */
  readonly lateMs?: number
}

export function reconcile({ pod, taints, nowMs }: EvictionWorld): EvictionOutcome {
  if (pod.metadata.deletionTimestamp || isFinished(pod)) return nothingToDo
  const leaveAtMs = leaveTimeOf(pod, taints, nowMs)
  if (leaveAtMs === undefined) return nothingToDo
  if (leaveAtMs > nowMs) return { writes: [], againAfterMs: leaveAtMs - nowMs }
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'DeletionByTaintManager',
    message: 'Taint manager: deleting due to NoExecute taint',
    lastTransitionTime: rfc3339(nowMs),
  }
  const { namespace, name, uid } = pod.metadata
  return {
    lateMs: nowMs - leaveAtMs,
    writes: [
      {
        verb: 'event',
        about: pod,
        type: 'Normal',
        reason: 'TaintManagerEviction',
        text: { message: `Marking for deletion Pod ${namespace}/${name}` },
      },
      {
        verb: 'patch',
        kind: podKind,
        object: pod,
        type: 'strategic',
        patch: { metadata: { uid }, status: { conditions: [condition] } },
        subresource: 'status',
      },
      { verb: 'delete', kind: podKind, object: pod },
    ],
  }
}

/** When the pod has to go, in milliseconds since the epoch; undefined when it may stay for good. */
function leaveTimeOf(pod: Pod, taints: readonly Taint[], nowMs: number): number | undefined {
  let leaveAtMs: number | undefined
  for (const taint of taints) {
    if (taint.effect !== 'NoExecute') continue
    const tolerations = (pod.spec.tolerations ?? []).filter(found => tolerates(found, taint))
    if (tolerations.length === 0) return nowMs
    const limits = tolerations.flatMap(({ tolerationSeconds }) =>
      tolerationSeconds === undefined ? [] : Number(tolerationSeconds),
    )
    if (limits.length === 0) continue
    // Counted from when the node was tainted, so that a restart of this process gives nobody more time.
    const since = taint.timeAdded ? Date.parse(taint.timeAdded) : nowMs
    const until = since + Math.max(0, Math.min(...limits)) * 1000
    leaveAtMs = Math.min(leaveAtMs ?? Number.POSITIVE_INFINITY, until)
  }
  return leaveAtMs
}
