/** The ResourceClaims behind what a pod asks for in `resourceClaims`. */
import type { Pod } from './pod.ts'

export type PodClaim = NonNullable<Pod['spec']['resourceClaims']>[number]

/**
 * Which claim stands behind an entry of a pod's resourceClaims: its name, `undefined` while it is not made yet, and
 * `null` where it was found that none is needed.
 */
export function nameOfPodClaim(pod: Pod, podClaim: PodClaim): string | null | undefined {
  if (podClaim.resourceClaimName !== undefined) return podClaim.resourceClaimName
  const told = pod.status.resourceClaimStatuses?.find(({ name }) => name === podClaim.name)
  return told ? (told.resourceClaimName ?? null) : undefined
}
