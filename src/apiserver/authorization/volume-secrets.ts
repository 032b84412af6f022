/** Secrets that a node needs for volumes behind its pods' claims: those that the volume names for nodes, and no others. */
import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { referencesOf } from '#api/core/v1/pod/references.ts'

export interface VolumesBehindClaims {
  /** The volume that a claim names. */
  volumeBehind(namespace: string, claim: string): PersistentVolume | undefined
}

export function volumeNamesSecret(
  pods: readonly Pod[],
  view: VolumesBehindClaims,
  secret: { readonly namespace: string; readonly name: string },
): boolean {
  return pods.some(pod => {
    const { namespace = '' } = pod.metadata
    for (const claim of referencesOf(pod).claims) {
      const volume = view.volumeBehind(namespace, claim)
      const { claimRef, csi } = volume?.spec ?? {}
      if (!csi || claimRef?.name !== claim || claimRef.namespace !== namespace) continue
      for (const reference of [
        csi.nodeStageSecretRef,
        csi.nodePublishSecretRef,
        csi.nodeExpandSecretRef,
      ])
        if (reference?.name === secret.name && reference.namespace === secret.namespace) return true
    }
    return false
  })
}
