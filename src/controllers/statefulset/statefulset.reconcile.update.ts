/** The rolling update: old pods are deleted from the highest ordinal down, and made anew by the next look. */
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { share } from '../runner/share.ts'
import {
  doom,
  isEnding,
  isParallel,
  isUnavailable,
  type Plan,
  revisionOf,
} from './statefulset.plan.ts'
import { sizeOf } from './statefulset.pods.ts'

export function rollingUpdate(plan: Plan): void {
  const { type, rollingUpdate: limits = {} } = plan.set.spec.updateStrategy
  if (type === 'OnDelete') return
  const candidates = plan.slots.slice(limits.partition ?? 0).reverse()
  const allowed = maximumUnavailable(plan, limits.maxUnavailable)
  if (allowed > 1) replaceSome(plan, candidates, allowed)
  else replaceOne(plan, candidates)
}

/** At least one, or nothing could move. */
function maximumUnavailable({ set }: Plan, value: number | string | undefined): number {
  return Math.max(1, share(value ?? 1, sizeOf(set), Math.floor))
}

type Candidates = readonly { readonly pod: Pod | undefined }[]

const isOld = ({ update }: Plan, pod: Pod): boolean => revisionOf(pod) !== update.metadata.name

/** The highest pod that is old goes, once all above it are available. */
function replaceOne(plan: Plan, candidates: Candidates): void {
  for (const { pod } of candidates) {
    if (pod && isOld(plan, pod) && !isEnding(plan, pod)) {
      plan.writes.push(...doom(plan, pod))
      return
    }
    if (isUnavailable(plan, pod)) return
  }
}

function replaceSome(plan: Plan, candidates: Candidates, allowed: number): void {
  // Under Parallel, old pods that never worked must not use up what the update may take, or it would never begin.
  const isBroken = (pod: Pod | undefined) =>
    isParallel(plan) && pod !== undefined && isOld(plan, pod) && !isEnding(plan, pod)
  const busy = plan.slots.filter(({ pod }) => isUnavailable(plan, pod) && !isBroken(pod)).length
  candidates
    .flatMap(({ pod }) => (pod && isOld(plan, pod) && !isEnding(plan, pod) ? [pod] : []))
    .slice(0, Math.max(0, allowed - busy))
    .forEach(pod => void plan.writes.push(...doom(plan, pod)))
}
