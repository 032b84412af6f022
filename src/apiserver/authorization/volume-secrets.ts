/** Secrets that a node needs for volumes behind its pods' claims: those that the volume names for nodes, and no others. */
import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { referencesOf } from '#api/core/v1/pod/references.ts'

/** The volume that is bound to a claim. */
export type VolumeBehind = (namespace: string, claim: string) => PersistentVolume | undefined

export function volumeNamesSecret(
  pods: readonly Pod[],
  volumeBehind: VolumeBehind,
  secret: { readonly namespace: string; readonly name: string },
): boolean {
  return pods.some(pod => {
    const { namespace = '' } = pod.metadata
    for (const claim of referencesOf(pod).claims) {
      const volume = volumeBehind(namespace, claim)
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
