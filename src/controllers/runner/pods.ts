/** What several controllers ask about pods. */
import { type Pod, pod as podKind } from '#api/core/v1/pod/pod.ts'
import { saidCondition } from '#api/core/v1/pod/said-condition.ts'
import { equal } from '#api/machinery/patch/json-patch.ts'
import type { Write } from './controller.ts'

export function conditionOf<C extends { type?: string }>(
  conditions: readonly C[] | undefined,
  type: string,
): C | undefined {
  return conditions?.find(condition => condition.type === type)
}

export function isFinished(pod: Pod): boolean {
  return pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed'
}

/** Neither finished nor on its way out. */
export function isActive(pod: Pod): boolean {
  return !isFinished(pod) && !pod.metadata.deletionTimestamp
}

export function isReady(pod: Pod): boolean {
  return conditionOf(pod.status.conditions, 'Ready')?.status === 'True'
}

/** Since when the pod is ready, in milliseconds since the epoch. */
export function readySinceMs(pod: Pod): number | undefined {
  const ready = conditionOf(pod.status.conditions, 'Ready')
  if (ready?.status !== 'True') return undefined
  return ready.lastTransitionTime ? Date.parse(ready.lastTransitionTime) : 0
}

/** When a ready pod has been so for long enough; undefined while it is not ready. */
export function availableAtMs(pod: Pod, minReadySeconds: number): number | undefined {
  // Reading times is most of what counting thousands of pods costs.
  if (minReadySeconds === 0) return isReady(pod) ? 0 : undefined
  const since = readySinceMs(pod)
  return since === undefined ? undefined : since + minReadySeconds * 1000
}

/** How long until the next ready pod has been so for minReadySeconds. */
export function nextAvailableInMs(
  pods: readonly Pod[],
  minReadySeconds: number,
  nowMs: number,
): number | undefined {
  if (minReadySeconds === 0) return undefined
  const waits = pods
    .map(found => (availableAtMs(found, minReadySeconds) ?? 0) - nowMs)
    .filter(waitMs => waitMs > 0)
  return waits.length > 0 ? Math.min(...waits) : undefined
}

/** True for a change by which an owner counts. Being bound, for one, changes nothing for it, and happens to every pod. */
export function concernsCount(next: Pod, previous: Pod): boolean {
  const [now, before] = [next.metadata, previous.metadata]
  return (
    next.status.phase !== previous.status.phase ||
    readinessOf(next) !== readinessOf(previous) ||
    now.deletionTimestamp !== before.deletionTimestamp ||
    !equal(now.labels, before.labels) ||
    !equal(now.ownerReferences, before.ownerReferences)
  )
}

const readinessOf = ({ status }: Pod) => conditionOf(status.conditions, 'Ready')?.status

/** Says a condition of a pod, and what else of its status goes with it. */
export function conditionPatch(
  pod: Pod,
  condition: Parameters<typeof saidCondition>[1],
  status: object = {},
): Write {
  const { uid } = pod.metadata
  const patch = { metadata: { uid }, status: { ...status, ...saidCondition(pod, condition) } }
  return {
    verb: 'patch',
    kind: podKind,
    object: pod,
    type: 'strategic',
    patch,
    subresource: 'status',
  }
}
