/** One pod on every node that is meant, none on the others; what has ended is replaced. */
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { isReady } from '../runner/pods.ts'
import { REVISION_HASH } from '../runner/revisions.ts'
import { allowsSurge, isAvailable, type Place, type Plan } from './daemonset.plan.ts'

export function manage(plan: Plan): void {
  for (const place of plan.places) {
    // The pod garbage collector takes what was bound to a node that is gone; what was only meant for it, nobody else does.
    if (!place.exists) plan.doomed.push(...place.pods.filter(({ spec }) => !spec.nodeName))
    else if (place.shouldRun && place.pods.length === 0) plan.wanted.push(place.name)
    else if (place.mayStay) tidy(plan, place)
    else plan.doomed.push(...place.pods.filter(({ metadata }) => !metadata.deletionTimestamp))
  }
}

function tidy(plan: Plan, place: Place): void {
  const staying = place.pods.filter(
    pod => !pod.metadata.deletionTimestamp && !replaceEnded(plan, place, pod),
  )
  if (!allowsSurge(plan.set)) {
    plan.doomed.push(...staying.slice(1))
    return
  }
  // While surging, a pod that is going already has to have its successor.
  if (staying.length === 0 && place.shouldRun) plan.wanted.push(place.name)
  if (staying.length > 1) tidySurge(plan, staying)
}

/** Deletes a pod that has ended. False for one that has not; one that must wait stays, but is not counted. */
function replaceEnded(plan: Plan, { name: node }: Place, pod: Pod): boolean {
  const { phase } = pod.status
  if (phase !== 'Failed' && phase !== 'Succeeded') return false
  const waitMs = phase === 'Failed' ? plan.backOffMs(node) : 0
  if (waitMs > 0) {
    plan.againAfterMs = Math.min(plan.againAfterMs ?? waitMs, waitMs)
    return true
  }
  const found = `Found ${phase.toLowerCase()} daemon pod ${pod.metadata.namespace}/${pod.metadata.name}`
  const failed = phase === 'Failed'
  if (failed) plan.failedOn.push(node)
  plan.events.push({
    verb: 'event',
    about: plan.set,
    type: failed ? 'Warning' : 'Normal',
    reason: failed ? 'FailedDaemonPod' : 'SucceededDaemonPod',
    text: { message: `${found} on node ${node}, will try to ${failed ? 'kill' : 'delete'} it` },
  })
  plan.doomed.push(pod)
  return true
}

/** Two may stay: an old one that is ready, and the new one that is to take its place. */
function tidySurge(plan: Plan, staying: readonly Pod[]): void {
  const isFresh = ({ metadata }: Pod) => metadata.labels?.[REVISION_HASH] === plan.hash
  const [fresh, ...moreFresh] = staying.filter(isFresh)
  const [old, ...moreOld] = staying.filter(pod => !isFresh(pod))
  plan.doomed.push(...moreFresh, ...moreOld)
  if (fresh && old && (!isReady(old) || isAvailable(plan, fresh))) plan.doomed.push(old)
}
