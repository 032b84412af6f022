/** How many pods of a budget may be evicted just now. */
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { goTextOf } from '#api/machinery/label-selector.ts'
import { controllerOf, type OwnerReference } from '#api/machinery/metadata.ts'
import { disruptionAllowed } from '#api/policy/v1/disruption-allowed.ts'
import {
  type PodDisruptionBudget,
  type PodDisruptionBudgetStatus,
  podDisruptionBudget,
} from '#api/policy/v1/pod-disruption-budget.ts'
import { rfc3339 } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { EventType } from '#client/events.ts'
import type { EventWrite, Outcome, Write } from '../runner/controller.ts'
import { sameJson } from '../runner/json.ts'
import { conditionOf, isReady } from '../runner/pods.ts'
import { share } from '../runner/share.ts'

/** An eviction that was allowed, and whose pod is not deleted within this time, is taken back. */
const DELETION_TIMEOUT_MS = 2 * 60_000

/** A workload that controls pods, and how many it is to have. */
export interface Scale {
  readonly uid: string
  readonly replicas: number
}

export interface BudgetWorld {
  readonly budget: PodDisruptionBudget
  /** Those that the selector fits. */
  readonly pods: readonly Pod[]
  /** The workload behind a pod's controller; undefined where it is gone. Throws where it has no scale. */
  readonly scaleOf: (owner: OwnerReference) => Scale | undefined
  readonly nowMs: number
}

export function reconcile(world: BudgetWorld): Outcome {
  const { budget, pods } = world
  const events =
    pods.length > 0 ? [] : [eventOn(budget, 'Normal', 'NoPods', 'No matching pods found')]
  try {
    const expected = expectedOf(world)
    const { disruptedPods, overdue, againAfterMs } = disruptedOf(world)
    if (expected.unmanaged.length > 0)
      events.push(eventOn(budget, 'Warning', 'UnmanagedPods', unmanagedAdvice(budget)))
    for (const pod of overdue)
      events.push(
        eventOn(
          pod,
          'Warning',
          'NotDeleted',
          `Pod was expected by PDB ${budget.metadata.namespace}/${budget.metadata.name} to be deleted but it wasn't`,
        ),
      )
    const status = statusOf(world, expected, disruptedPods)
    return {
      writes: [...statusWrite(budget, status), ...events],
      ...(againAfterMs === undefined ? {} : { againAfterMs }),
    }
  } catch (error) {
    const message = messageOf(error)
    const text = `Failed to calculate the number of expected pods: ${message}`
    events.push(eventOn(budget, 'Warning', 'CalculateExpectedPodCountFailed', text))
    return { writes: [...statusWrite(budget, failedStatus(world, message)), ...events] }
  }
}

interface Expected {
  readonly expectedPods: number
  readonly desiredHealthy: number
  /** Names of pods that nobody controls. */
  readonly unmanaged: readonly string[]
}

function expectedOf(world: BudgetWorld): Expected {
  const { minAvailable, maxUnavailable } = world.budget.spec
  if (maxUnavailable !== undefined) {
    const { total, unmanaged } = totalScale(world)
    const desiredHealthy = Math.max(0, total - share(maxUnavailable, total, Math.ceil))
    return { expectedPods: total, desiredHealthy, unmanaged }
  }
  if (typeof minAvailable === 'string') {
    const { total, unmanaged } = totalScale(world)
    return { expectedPods: total, desiredHealthy: share(minAvailable, total, Math.ceil), unmanaged }
  }
  const expectedPods = minAvailable === undefined ? 0 : world.pods.length
  return { expectedPods, desiredHealthy: minAvailable ?? 0, unmanaged: [] }
}

/** Of all workloads that pods of the budget belong to; each counts once. */
function totalScale({ pods, scaleOf }: BudgetWorld) {
  const unmanaged: string[] = []
  const replicas = new Map<string, number>()
  const seen = new Set<string>()
  for (const pod of pods) {
    const { name = '' } = pod.metadata
    const owner = controllerOf(pod)
    if (!owner) unmanaged.push(name)
    if (!owner || seen.has(owner.uid)) continue
    seen.add(owner.uid)
    const scale = scaleOf(owner)
    if (!scale) throw new Error(`found no controllers for pod ${JSON.stringify(name)}`)
    replicas.set(scale.uid, scale.replicas)
  }
  return { total: [...replicas.values()].reduce((sum, count) => sum + count, 0), unmanaged }
}

/** Pods that were allowed to go and are there still: some have time left, the others are not going to. */
function disruptedOf({ budget, pods, nowMs }: BudgetWorld) {
  const disruptedPods: Record<string, string> = {}
  const overdue: Pod[] = []
  const waits: number[] = []
  for (const pod of pods) {
    const { name = '', deletionTimestamp } = pod.metadata
    const since = budget.status.disruptedPods?.[name]
    if (since === undefined || deletionTimestamp) continue
    const leftMs = Date.parse(since) + DELETION_TIMEOUT_MS - nowMs
    if (leftMs < 0) {
      overdue.push(pod)
      continue
    }
    disruptedPods[name] = since
    waits.push(leftMs + 1)
  }
  return { disruptedPods, overdue, againAfterMs: waits.length > 0 ? Math.min(...waits) : undefined }
}

function statusOf(
  { budget, pods, nowMs }: BudgetWorld,
  { expectedPods, desiredHealthy }: Expected,
  disruptedPods: Readonly<Record<string, string>>,
): PodDisruptionBudgetStatus {
  const { generation } = budget.metadata
  const healthy = pods.filter(
    pod =>
      !pod.metadata.deletionTimestamp &&
      !((pod.metadata.name ?? '') in disruptedPods) &&
      isReady(pod),
  )
  // Without pods nothing may go: the first ones may be here before they are counted.
  const surplus = expectedPods > 0 ? Math.max(0, healthy.length - desiredHealthy) : 0
  return disruptionAllowed(
    {
      ...(generation === undefined ? {} : { observedGeneration: generation }),
      ...(Object.keys(disruptedPods).length > 0 ? { disruptedPods } : {}),
      disruptionsAllowed: surplus,
      currentHealthy: healthy.length,
      desiredHealthy,
      expectedPods,
      conditions: budget.status.conditions ?? [],
    },
    nowMs,
  )
}

/** Where nobody can tell, nothing may go. */
function failedStatus({ budget, nowMs }: BudgetWorld, message: string): PodDisruptionBudgetStatus {
  const { conditions = [], observedGeneration, ...rest } = budget.status
  const before = conditionOf(conditions, 'DisruptionAllowed')
  const isStill = before?.status === 'False' && before.lastTransitionTime
  const condition = {
    type: 'DisruptionAllowed',
    status: 'False',
    reason: 'SyncFailed',
    message,
    lastTransitionTime: isStill ? before.lastTransitionTime : rfc3339(nowMs),
    ...(observedGeneration === undefined ? {} : { observedGeneration }),
  }
  return {
    ...rest,
    ...(observedGeneration === undefined ? {} : { observedGeneration }),
    disruptionsAllowed: 0,
    conditions: [...conditions.filter(({ type }) => type !== condition.type), condition],
  }
}

function statusWrite(budget: PodDisruptionBudget, status: PodDisruptionBudgetStatus): Write[] {
  if (sameJson(status, budget.status)) return []
  return [
    {
      verb: 'update',
      kind: podDisruptionBudget,
      object: { ...budget, status },
      subresource: 'status',
    },
  ]
}

function unmanagedAdvice({ spec }: PodDisruptionBudget): string {
  return `Pods selected by this PodDisruptionBudget (selector: ${goTextOf(spec.selector)}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`
}

function eventOn(
  about: PodDisruptionBudget | Pod,
  type: EventType,
  reason: string,
  message: string,
): EventWrite {
  return { verb: 'event', about, type, reason, text: { message } }
}
