/** The claims that pods use: by name, or made for an ephemeral volume of theirs. */
import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { controllerOf } from '#api/machinery/metadata.ts'
import type { Informer } from '#client/informer.ts'

export const BY_CLAIM = 'claim'

/** Files pods under `namespace/name` of each claim that they use. */
export function indexByClaim(pods: Informer<Pod>): void {
  pods.addIndex(BY_CLAIM, claimKeysOf)
}

export function claimKeysOf(pod: Pod): string[] {
  const { namespace } = pod.metadata
  return (pod.spec.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    if (persistentVolumeClaim) return `${namespace}/${persistentVolumeClaim.claimName}`
    return ephemeral ? `${namespace}/${ephemeralClaimName(pod, name)}` : []
  })
}

export const ephemeralClaimName = (pod: Pod, volume: string): string =>
  `${pod.metadata.name}-${volume}`

/** A claim with the name that an ephemeral volume needs may be somebody else's. */
export const isMadeFor = (claim: PersistentVolumeClaim, pod: Pod): boolean =>
  controllerOf(claim)?.uid === pod.metadata.uid
