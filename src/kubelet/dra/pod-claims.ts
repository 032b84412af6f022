/** Which claims a pod uses, and which of them a container. Pure. */
import type { AnyContainer, Pod } from '../pod-types.ts'

export interface PodClaim {
  /** The claim's own name. */
  readonly claimName: string
  /** It was made for this pod, and belongs to it. */
  readonly isOwned: boolean
}

/** Throws where a claim that the pod waits for is not made yet. */
export function claimsOf(pod: Pod): readonly PodClaim[] {
  const claims: PodClaim[] = []
  for (const { name, resourceClaimName } of pod.spec?.resourceClaims ?? []) {
    const claimName = resourceClaimName ?? madeFor(pod, name)
    // A claim of a template may turn out not to be needed.
    if (claimName) claims.push({ claimName, isOwned: resourceClaimName === undefined })
  }
  const extended = pod.status?.extendedResourceClaimStatus?.resourceClaimName
  if (extended) claims.push({ claimName: extended, isOwned: true })
  return claims
}

function madeFor(pod: Pod, name: string): string | undefined {
  const made = pod.status?.resourceClaimStatuses?.find(status => status.name === name)
  if (!made)
    throw new Error(`the ResourceClaim for the claim "${name}" of the pod has not been made yet`)
  return made.resourceClaimName
}

export interface ContainerClaim {
  readonly claimName: string
  /** One request of the claim; all of it without. */
  readonly request: string | undefined
  /** How the container's status calls it; undefined where it does not, as for extended resources. */
  readonly shownAs: string | undefined
}

export function claimsOfContainer(pod: Pod, container: AnyContainer): readonly ContainerClaim[] {
  const used = container.resources?.claims ?? []
  const named = used.flatMap(({ name, request }) => {
    const wanted = pod.spec?.resourceClaims?.find(claim => claim.name === name)
    const claimName = wanted && (wanted.resourceClaimName ?? madeFor(pod, name))
    if (!claimName) return []
    const shownAs = request ? `claim:${name}/${request}` : `claim:${name}`
    return [{ claimName, request, shownAs }]
  })
  const extended = pod.status?.extendedResourceClaimStatus
  const mapped = (extended?.requestMappings ?? [])
    .filter(({ containerName }) => containerName === container.name)
    .map(({ requestName }) => ({
      claimName: extended?.resourceClaimName ?? '',
      request: requestName,
      shownAs: undefined,
    }))
  return [...named, ...mapped]
}
