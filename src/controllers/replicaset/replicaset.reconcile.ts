/** Decides which pods a ReplicaSet, or a ReplicationController, creates and deletes, and what its status says. */
import { type ReplicaSet, type ReplicaSetStatus, replicaSet } from '#api/apps/v1/replica-set.ts'
import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import { labelMatcherOf, labelMatcherOfSet } from '#api/machinery/label-selector.ts'
import { rfc3339 } from '#base/clock.ts'
import type { AnyObject, Batch, Outcome, Write, WriteFailure } from '../runner/controller.ts'
import { isNamespaceTerminating } from '../runner/errors.ts'
import { sameJson } from '../runner/json.ts'
import { claim } from '../runner/owners.ts'
import { podFromTemplate } from '../runner/pod-template.ts'
import {
  availableAtMs,
  conditionOf,
  isActive,
  isFinished,
  nextAvailableInMs,
} from '../runner/pods.ts'
import { inOrderOfDeletion } from './deletion-order.ts'

/** At most so many pods are created or deleted in one go, as upstream does; the rest follows when these have shown up. */
const BURST = 500

export interface ReplicaSetWorld {
  readonly set: ReplicaSet
  /** Pods that the set controls, and orphans in its namespace. */
  readonly candidates: readonly Pod[]
  /** Pods of all sets of the same owner, asked for only when scaling down. */
  readonly siblings: () => readonly Pod[]
  readonly nowMs: number
  readonly failure: WriteFailure | undefined
  /** What `set` stands for, where that is no ReplicaSet. */
  readonly owner?: SetOwner
}

export interface SetOwner {
  readonly kind: AnyKind
  /** The object with this status, as its kind has it. */
  readonly withStatus: (status: ReplicaSetStatus) => AnyObject
}

export function reconcile(world: ReplicaSetWorld): Outcome {
  const { set, failure, nowMs } = world
  const { kind, withStatus } = world.owner ?? {
    kind: replicaSet,
    withStatus: (status: ReplicaSetStatus): AnyObject => ({ ...set, status }),
  }
  const claimed = claim({
    ownerKind: kind,
    owner: set,
    kind: pod,
    selector: labelMatcherOf(set.spec.selector),
    candidates: world.candidates,
  })
  // The count is only right once adopted pods are in the view.
  if (claimed.writes.length > 0)
    return { writes: [{ verb: 'batch', writes: claimed.writes }], againAfterMs: 0 }
  const active = claimed.owned.filter(isActive)
  const manage = set.metadata.deletionTimestamp ? [] : scale(world, kind, active)
  const object = withStatus(statusOf(world, claimed.owned))
  const update: Write[] = sameJson(object.status, set.status)
    ? []
    : [{ verb: 'update', kind, object, subresource: 'status' }]
  const againAfterMs = nextAvailableInMs(active, set.spec.minReadySeconds ?? 0, nowMs)
  return {
    // After a failed write the status comes first, as it has to say so even if the write fails again.
    writes: failure ? [...update, ...manage] : [...manage, ...update],
    ...(againAfterMs === undefined ? {} : { againAfterMs }),
  }
}

function scale(world: ReplicaSetWorld, kind: AnyKind, active: readonly Pod[]): Batch[] {
  const { set, nowMs } = world
  const missing = (set.spec.replicas ?? 1) - active.length
  if (missing === 0) return []
  if (missing > 0) {
    const writes = Array.from({ length: Math.min(missing, BURST) }, () => creation(kind, set))
    return [{ verb: 'batch', writes, slowStart: true }]
  }
  const excess = Math.min(-missing, BURST)
  const victims =
    excess === active.length
      ? active
      : inOrderOfDeletion(active, world.siblings(), nowMs).slice(0, excess)
  return [{ verb: 'batch', writes: victims.map(victim => deletion(set, victim)) }]
}

function creation(kind: AnyKind, set: ReplicaSet): Write {
  return {
    verb: 'create',
    kind: pod,
    object: podFromTemplate(set.spec.template, { kind, object: set }),
    // A namespace that is being emptied refuses everything new; trying again would be noise.
    tolerate: isNamespaceTerminating,
    report: {
      about: set,
      success: { reason: 'SuccessfulCreate', message: name => `Created pod: ${name}` },
      failure: { reason: 'FailedCreate', message: error => `Error creating: ${error}` },
    },
  }
}

function deletion(set: ReplicaSet, victim: Pod): Write {
  return {
    verb: 'delete',
    kind: pod,
    object: victim,
    report: {
      about: set,
      success: { reason: 'SuccessfulDelete', message: name => `Deleted pod: ${name}` },
      failure: { reason: 'FailedDelete', message: error => `Error deleting: ${error}` },
    },
  }
}

function statusOf(world: ReplicaSetWorld, owned: readonly Pod[]) {
  const { set, nowMs, failure } = world
  const count = counted(world, owned)
  const conditions = conditionsOf(set, count.active, nowMs, failure)
  return {
    replicas: count.active,
    ...(count.fullyLabeled > 0 ? { fullyLabeledReplicas: count.fullyLabeled } : {}),
    ...(count.ready > 0 ? { readyReplicas: count.ready } : {}),
    ...(count.available > 0 ? { availableReplicas: count.available } : {}),
    terminatingReplicas: count.terminating,
    ...(set.metadata.generation ? { observedGeneration: set.metadata.generation } : {}),
    ...(conditions.length > 0 ? { conditions } : {}),
  }
}

/** In one pass, as a set may have thousands. */
function counted({ set, nowMs }: ReplicaSetWorld, owned: readonly Pod[]) {
  const count = { active: 0, fullyLabeled: 0, ready: 0, available: 0, terminating: 0 }
  const template = labelMatcherOfSet(set.spec.template.metadata?.labels)
  const minReadySeconds = set.spec.minReadySeconds ?? 0
  for (const found of owned) {
    if (isFinished(found)) continue
    if (found.metadata.deletionTimestamp) {
      count.terminating++
      continue
    }
    count.active++
    if (template.matches(found.metadata.labels)) count.fullyLabeled++
    const availableMs = availableAtMs(found, minReadySeconds)
    if (availableMs === undefined) continue
    count.ready++
    if (availableMs <= nowMs) count.available++
  }
  return count
}

function conditionsOf(
  set: ReplicaSet,
  active: number,
  nowMs: number,
  failure: WriteFailure | undefined,
) {
  const known = set.status.conditions ?? []
  const others = known.filter(condition => condition.type !== 'ReplicaFailure')
  if (failure?.kind !== 'Pod') return others
  const wanted = set.spec.replicas ?? 1
  const reason = active < wanted ? 'FailedCreate' : 'FailedDelete'
  const before = conditionOf(known, 'ReplicaFailure')
  // Each message names another pod: told anew, it would wake the set at once, to be refused again without end.
  if (before?.status === 'True' && before.reason === reason) return known
  const since = rfc3339(nowMs)
  return [
    ...others,
    {
      type: 'ReplicaFailure',
      status: 'True',
      lastTransitionTime: since,
      reason,
      message: failure.message,
    },
  ]
}
