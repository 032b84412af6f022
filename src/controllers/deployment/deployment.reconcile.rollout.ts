/** The two strategies. */
import { isFinished } from '../runner/pods.ts'
import {
  allSets,
  limitsOf,
  type Plan,
  resize,
  type SetPlan,
  total,
  wantedReplicas,
} from './deployment.plan.ts'

/** Grows the new set as far as the surge allows, or else shrinks old ones as far as availability allows: one thing a look. */
export function rollingUpdate(plan: Plan): void {
  const { current } = plan
  // A set that is only being created is grown and made room for when it is there.
  if (!current) return
  if (resizeCurrent(plan, current)) return
  shrinkOld(plan, current)
}

function resizeCurrent(plan: Plan, current: SetPlan): boolean {
  const wanted = wantedReplicas(plan.deployment)
  if (current.replicas === wanted) return false
  if (current.replicas > wanted) return resize(plan, current, wanted)
  const room = wanted + limitsOf(plan.deployment).surge - total(allSets(plan))
  if (room <= 0) return false
  if (isShrinking(current)) return true
  return resize(plan, current, current.replicas + Math.min(room, wanted - current.replicas))
}

/**
 * Pods that are about to be deleted still count as available in the status of their set. Were it grown before it is told that they went,
 * as who goes back to an old template might have it, they would be taken for new ones, and too many of the others taken down.
 */
function isShrinking({ set: { status }, replicas }: SetPlan): boolean {
  const fails = status.conditions?.some(
    each => each.type === 'ReplicaFailure' && each.status === 'True',
  )
  return (status.replicas ?? 0) > replicas && !fails
}

function shrinkOld(plan: Plan, current: SetPlan): void {
  if (total(plan.old) === 0) return
  const minimum = wantedReplicas(plan.deployment) - limitsOf(plan.deployment).unavailable
  const unavailable = current.replicas - (current.set.status.availableReplicas ?? 0)
  // New pods that are not up yet count as if they never would be, or a bad image could take all old pods down.
  let room = total(allSets(plan)) - minimum - unavailable
  if (room <= 0) return
  // Old pods that do not work serve nobody: they go first.
  for (const old of plan.old) {
    const broken = Math.min(room, old.replicas - (old.set.status.availableReplicas ?? 0))
    if (broken <= 0) continue
    room -= broken
    resize(plan, old, old.replicas - broken)
  }
  // What a set has beyond its size is about to be deleted, and counts no more.
  const kept = ({ set, replicas }: SetPlan) => Math.min(replicas, set.status.availableReplicas ?? 0)
  let spare = allSets(plan).reduce((sum, each) => sum + kept(each), 0) - minimum
  for (const old of plan.old) {
    const step = Math.min(spare, old.replicas)
    if (step <= 0) continue
    spare -= step
    resize(plan, old, old.replicas - step)
  }
}

/** Takes everything old down, waits for the last old pod to end, and only then starts the new set. */
export function recreate(plan: Plan, adoptTemplate: () => void): void {
  let shrunk = false
  for (const old of plan.old) shrunk = resize(plan, old, 0) || shrunk
  const running = plan.old.some(({ set }) => plan.world.podsOf(set).some(pod => !isFinished(pod)))
  if (shrunk || running) return
  adoptTemplate()
  if (plan.current) resize(plan, plan.current, wantedReplicas(plan.deployment))
}
