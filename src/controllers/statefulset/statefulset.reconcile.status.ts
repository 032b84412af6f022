import type { StatefulSetStatus } from '#api/apps/v1/stateful-set.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { isAvailable, isRunningAndReady, type Plan, revisionOf } from './statefulset.plan.ts'
import { sizeOf } from './statefulset.pods.ts'

export function statusOf(plan: Plan, collisionCount: number): StatefulSetStatus {
  const { set, slots, condemned } = plan
  const pods = [...slots, ...condemned].flatMap(({ pod }) => (pod ? [pod] : []))
  const count = (counts: (pod: Pod) => boolean) => pods.filter(counts).length
  const ofRevision = (name: string) =>
    count(pod => !pod.metadata.deletionTimestamp && revisionOf(pod) === name)
  const { name: current = '' } = plan.current.metadata
  const { name: update = '' } = plan.update.metadata
  const updatedReplicas = ofRevision(update)
  const counts = { replicas: pods.length, readyReplicas: count(isRunningAndReady) }
  // An update is complete when every pod that is wanted is new and ready; then the new revision is the current one.
  const isComplete =
    set.spec.updateStrategy.type === 'RollingUpdate' &&
    [updatedReplicas, counts.readyReplicas, counts.replicas].every(seen => seen === sizeOf(set))
  const doomedForUpdate = slots.filter(
    ({ pod }) => pod && plan.doomed.has(pod) && current !== update && revisionOf(pod) === current,
  ).length
  const currentReplicas = isComplete ? updatedReplicas : ofRevision(current) - doomedForUpdate
  const { generation } = set.metadata
  return {
    ...(generation ? { observedGeneration: generation } : {}),
    replicas: counts.replicas,
    ...(counts.readyReplicas > 0 ? { readyReplicas: counts.readyReplicas } : {}),
    ...(currentReplicas > 0 ? { currentReplicas } : {}),
    ...(updatedReplicas > 0 ? { updatedReplicas } : {}),
    currentRevision: isComplete ? update : current,
    updateRevision: update,
    collisionCount,
    availableReplicas: count(pod => isAvailable(plan, pod)),
    ...(set.status.conditions ? { conditions: set.status.conditions } : {}),
  }
}
