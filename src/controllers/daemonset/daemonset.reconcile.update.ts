/** The rolling update: old pods go first, as many as may be missing; or new ones come first, as many as may be too many. */
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { isAvailable, limitsOf, type Plan, pairOn } from './daemonset.plan.ts'

export function rollingUpdate(plan: Plan): void {
  const { surge, unavailable } = limitsOf(plan)
  if (surge === 0) replace(plan, unavailable)
  else surgeOver(plan, surge)
}

function replace(plan: Plan, limit: number): void {
  let unavailable = 0
  const candidates: Pod[] = []
  for (const place of plan.places) {
    if (!place.shouldRun && place.pods.length === 0) continue
    const pair = pairOn(plan, place)
    // Two, or none: the next look makes it one, until then nothing is to be had here.
    if (!pair || Boolean(pair.old) === Boolean(pair.fresh)) unavailable++
    else if (pair.fresh) unavailable += isAvailable(plan, pair.fresh) ? 0 : 1
    else if (pair.old && isAvailable(plan, pair.old)) candidates.push(pair.old)
    // An old pod that does not work serves nobody.
    else if (pair.old) plan.doomed.push(pair.old)
  }
  plan.doomed.push(...candidates.slice(0, Math.max(0, limit - unavailable)))
}

function surgeOver(plan: Plan, limit: number): void {
  let surging = 0
  let available = 0
  const candidates: string[] = []
  const misplaced: Pod[] = []
  for (const place of plan.places) {
    const pair = pairOn(plan, place)
    if (!pair) {
      surging++
      continue
    }
    const { fresh, old } = pair
    const serving = old ?? fresh
    const works = serving !== undefined && isAvailable(plan, serving)
    if (works) available++
    if (!old) continue
    if (fresh) {
      if (isAvailable(plan, fresh)) plan.doomed.push(old)
      else surging++
    } else if (place.shouldRun) (works ? candidates : plan.wanted).push(place.name)
    else if (place.exists) (works ? misplaced : plan.doomed).push(old)
  }
  plan.wanted.push(...candidates.slice(0, Math.max(0, limit - surging)))
  // Whoever surges expects to lose nothing: what runs where it should not goes when there are enough elsewhere.
  const desired = plan.places.filter(({ shouldRun }) => shouldRun).length
  plan.doomed.push(...misplaced.slice(0, Math.max(0, available - desired)))
}
