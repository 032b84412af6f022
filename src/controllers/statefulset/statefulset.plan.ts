/** The state that one look at a StatefulSet works on: a slot for each ordinal, and the pods that are one too many. */
import type { ControllerRevision } from '#api/apps/v1/controller-revision.ts'
import type { StatefulSet } from '#api/apps/v1/stateful-set.ts'
import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { type Pod, pod as podKind } from '#api/core/v1/pod/pod.ts'
import type { Batch, Write, WriteFailure } from '../runner/controller.ts'
import { availableAtMs, isReady } from '../runner/pods.ts'
import { REVISION_HASH } from '../runner/revisions.ts'
import { ordinalOf, sizeOf, startOf } from './statefulset.pods.ts'

export interface StatefulSetWorld {
  readonly set: StatefulSet
  /** Pods that the set controls, and orphans in its namespace. */
  readonly pods: readonly Pod[]
  /** Revisions that the set controls, and orphans in its namespace. */
  readonly revisions: readonly ControllerRevision[]
  readonly revisionNamed: (name: string) => ControllerRevision | undefined
  readonly claimNamed: (name: string) => PersistentVolumeClaim | undefined
  readonly nowMs: number
  readonly failure: WriteFailure | undefined
}

/** A place in the set, with its pod if that is there. */
export interface Slot {
  readonly ordinal: number
  readonly pod: Pod | undefined
}

export interface Plan {
  readonly world: StatefulSetWorld
  readonly set: StatefulSet
  readonly current: ControllerRevision
  readonly update: ControllerRevision
  /** One for each wanted ordinal, ascending. */
  readonly slots: readonly Slot[]
  /** Pods outside the wanted ordinals, the highest first. */
  readonly condemned: readonly (Slot & { readonly pod: Pod })[]
  /** Pods that this look deletes. */
  readonly doomed: Set<Pod>
  readonly writes: (Write | Batch)[]
}

export function planOf(
  world: StatefulSetWorld,
  owned: readonly Pod[],
  revisions: { current: ControllerRevision; update: ControllerRevision },
): Plan {
  const { set } = world
  const byOrdinal = new Map<number, Pod>()
  for (const pod of owned) {
    const ordinal = ordinalOf(set, pod)
    if (ordinal !== undefined) byOrdinal.set(ordinal, pod)
  }
  const slots = Array.from({ length: sizeOf(set) }, (_, index): Slot => {
    const ordinal = startOf(set) + index
    const pod = byOrdinal.get(ordinal)
    byOrdinal.delete(ordinal)
    return { ordinal, pod }
  })
  const condemned = [...byOrdinal]
    .map(([ordinal, pod]) => ({ ordinal, pod }))
    .sort((a, b) => b.ordinal - a.ordinal)
  return { world, set, ...revisions, slots, condemned, doomed: new Set(), writes: [] }
}

export const isParallel = ({ set }: Plan): boolean => set.spec.podManagementPolicy === 'Parallel'

export const revisionOf = (pod: Pod): string => pod.metadata.labels?.[REVISION_HASH] ?? ''

export const isEnding = (plan: Plan, pod: Pod): boolean =>
  Boolean(pod.metadata.deletionTimestamp) || plan.doomed.has(pod)

export const isRunningAndReady = (pod: Pod): boolean =>
  pod.status.phase === 'Running' && isReady(pod)

export function isAvailable({ set, world }: Plan, pod: Pod): boolean {
  if (!isRunningAndReady(pod)) return false
  const sinceMs = availableAtMs(pod, set.spec.minReadySeconds ?? 0)
  return sinceMs !== undefined && sinceMs <= world.nowMs
}

export const isUnavailable = (plan: Plan, pod: Pod | undefined): boolean =>
  !pod || !isAvailable(plan, pod) || isEnding(plan, pod)

/** Deletes a pod, unless it is being deleted already. */
export function doom(plan: Plan, pod: Pod): Write[] {
  if (isEnding(plan, pod)) return []
  plan.doomed.add(pod)
  const report = podReport(plan.set, 'delete', pod.metadata.name ?? '')
  return [{ verb: 'delete', kind: podKind, object: pod, report }]
}

/** Upstream's words for what is done to a pod. */
export function podReport(set: StatefulSet, verb: 'create' | 'update' | 'delete', name: string) {
  const word = verb[0]?.toUpperCase() + verb.slice(1)
  const what = `${word} Pod ${name} in StatefulSet ${set.metadata.name}`
  return {
    about: set,
    success: { reason: `Successful${word}`, message: () => `${what} successful` },
    failure: {
      reason: `Failed${word}`,
      message: (error: string) => `${what} failed error: ${error}`,
    },
  }
}
