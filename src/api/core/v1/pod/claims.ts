/** The claims that pods use: by name, or made for an ephemeral volume of theirs. */
import { controllerOf, type KubernetesObject } from '../../../machinery/metadata.ts'
import type { Pod } from './pod.ts'

export interface UsedClaim {
  readonly name: string
  readonly isEphemeral: boolean
}

/** In the order of the pod's volumes. */
export function claimsUsedBy(pod: Pod): UsedClaim[] {
  return (pod.spec.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    if (persistentVolumeClaim) return { name: persistentVolumeClaim.claimName, isEphemeral: false }
    return ephemeral ? { name: ephemeralClaimName(pod, name), isEphemeral: true } : []
  })
}

/** `namespace/name` of each. */
export function claimKeysOf(pod: Pod): string[] {
  return claimsUsedBy(pod).map(({ name }) => `${pod.metadata.namespace}/${name}`)
}

export const ephemeralClaimName = (pod: Pod, volume: string): string =>
  `${pod.metadata.name}-${volume}`

/** A claim with the name that an ephemeral volume needs may be somebody else's. */
export const isMadeFor = (claim: KubernetesObject, pod: Pod): boolean =>
  controllerOf(claim)?.uid === pod.metadata.uid
