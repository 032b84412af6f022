/** Making the pods that are missing and deleting those that are one too many: in order, or all at once. */
import { pod as podKind } from '#api/core/v1/pod/pod.ts'
import { batchOf, type Write } from '../runner/controller.ts'
import { isNamespaceTerminating } from '../runner/errors.ts'
import { isFinished } from '../runner/pods.ts'
import { templateOf } from '../runner/revisions.ts'
import {
  doom,
  isAvailable,
  isEnding,
  isParallel,
  isUnavailable,
  type Plan,
  podReport,
  type Slot,
} from './statefulset.plan.ts'
import { newPod, podName, repaired, startOf } from './statefulset.pods.ts'
import { hasStaleClaim, missingClaims, retentionWrites } from './statefulset.reconcile.claims.ts'

/** At most so many pods are made or deleted in one look, as upstream does. */
const BURST = 500

/** What is to be done about one slot. */
interface Step {
  /** Performed before any pod is made. */
  readonly claims?: readonly Write[]
  readonly pods?: readonly Write[]
  /** The next slot has to wait for this one. */
  readonly waits?: boolean
}

/** Brings the slots to life and removes what is condemned. False when that has to go on before anything is updated. */
export function scale(plan: Plan): boolean {
  if (!isParallel(plan)) return scaleInOrder(plan)
  perform(
    plan,
    plan.slots.map(slot => fill(plan, slot)),
  )
  const retained = plan.condemned.flatMap(slot => retentionWrites(plan, slot))
  const deleted = plan.condemned.slice(0, BURST).flatMap(({ pod }) => doom(plan, pod))
  plan.writes.push(...batchOf(retained), ...batchOf(deleted))
  return true
}

function scaleInOrder(plan: Plan): boolean {
  for (const slot of plan.slots) {
    const step = fill(plan, slot)
    perform(plan, [step])
    if (step.waits) return false
  }
  for (const slot of plan.condemned) plan.writes.push(...retentionWrites(plan, slot))
  const [highest] = plan.condemned
  if (!highest) return true
  // The lowest that does not work is the only one that may go without working: it may be what keeps the others from it.
  const lowestBroken = plan.condemned.findLast(({ pod }) => isUnavailable(plan, pod))
  if (isAvailable(plan, highest.pod) || highest === lowestBroken)
    plan.writes.push(...doom(plan, highest.pod))
  return false
}

function perform(plan: Plan, steps: readonly Step[]): void {
  plan.writes.push(
    ...batchOf(
      steps.flatMap(({ claims = [] }) => claims),
      true,
    ),
  )
  plan.writes.push(...batchOf(steps.flatMap(({ pods = [] }) => pods).slice(0, BURST), true))
}

function fill(plan: Plan, slot: Slot): Step {
  const { set } = plan
  const { ordinal, pod } = slot
  if (!pod) return hasStaleClaim(plan, slot) ? { waits: true } : creation(plan, slot)
  // Whatever ended it: its node may have said that it succeeded when it only went down.
  if (isFinished(pod)) return { pods: doom(plan, pod), waits: true }
  const claims = pod.status.phase === 'Pending' ? missingClaims(plan, ordinal).writes : []
  if (isEnding(plan, pod) || (!isParallel(plan) && !isAvailable(plan, pod)))
    return { claims, waits: true }
  const object = repaired(set, ordinal, pod)
  const retention = retentionWrites(plan, slot)
  if (!object) return { claims: [...claims, ...retention] }
  const report = podReport(set, 'update', podName(set, ordinal))
  return {
    claims: [...claims, ...missingClaims(plan, ordinal).writes, ...retention],
    pods: [{ verb: 'update', kind: podKind, object, report }],
  }
}

function creation(plan: Plan, slot: Slot): Step {
  const { set } = plan
  const report = podReport(set, 'create', podName(set, slot.ordinal))
  const { writes, leaving } = missingClaims(plan, slot.ordinal)
  if (leaving) {
    const { reason } = report.failure
    const message = report.failure.message(`pvc ${leaving.metadata.name} is being deleted`)
    const event = { verb: 'event', about: set, type: 'Warning', reason, text: { message } } as const
    return { pods: [event], waits: true }
  }
  const object = newPod(set, slot.ordinal, sourceOf(plan, slot))
  return {
    claims: [...writes, ...retentionWrites(plan, slot)],
    pods: [{ verb: 'create', kind: podKind, object, tolerate: isNamespaceTerminating, report }],
    waits: true,
  }
}

/** The revision that a new pod is made from: below the partition the old one, elsewhere the new. */
function sourceOf({ set, current, update }: Plan, { ordinal }: Slot) {
  const { type, rollingUpdate } = set.spec.updateStrategy
  const index = ordinal - startOf(set)
  const untouched = rollingUpdate
    ? (rollingUpdate.partition ?? 0)
    : (set.status.currentReplicas ?? 0)
  const isOld = type === 'RollingUpdate' && index < untouched
  const { name = '' } = (isOld ? current : update).metadata
  return { template: isOld ? templateOf(current) : set.spec.template, revision: name }
}
