/**
 * Volumes behind claims: a pod names a claim, and what is mounted is the volume that is bound to it. Found out once a pod: a claim
 * that is deleted meanwhile takes nothing away from a pod that has it.
 */
import { type PersistentVolume, persistentVolume } from '#api/core/v1/persistent-volume.ts'
import {
  type PersistentVolumeClaim,
  persistentVolumeClaim,
} from '#api/core/v1/persistent-volume-claim.ts'
import { controllerOf } from '#api/machinery/metadata.ts'
import { messageOf } from '#base/errors.ts'
import { SmallMap } from '#base/small-map.ts'
import type { Reader } from '#client/client.ts'
import { type Pod, uidOf, type Volume } from '../pod-types.ts'

export class ClaimedVolumes {
  readonly #client: Pick<Reader, 'get'>
  /** By the pod's UID, then by the name of its volume. */
  readonly #found = new Map<string, SmallMap<Volume>>()

  constructor(client: Pick<Reader, 'get'>) {
    this.#client = client
  }

  /** Finds what is behind all claims of the pod. Rejects where one cannot be mounted. */
  async find(pod: Pod): Promise<void> {
    for (const volume of pod.spec?.volumes ?? []) {
      const claimName = claimNameOf(pod, volume)
      if (claimName === undefined || this.#found.get(uidOf(pod))?.has(volume.name)) continue
      try {
        const claim = await this.#claimOf(pod, volume, claimName)
        const behind = asPodVolume(volume.name, await this.#volumeOf(claim))
        this.#ofPod(uidOf(pod)).set(volume.name, behind)
      } catch (error) {
        const { name } = volume
        throw new Error(
          `Unable to attach or mount volumes: unmounted volumes=[${name}], unattached volumes=[], failed to process volumes=[${name}]: error processing PVC ${pod.metadata.namespace}/${claimName}: ${messageOf(error)}`,
        )
      }
    }
  }

  /** Most pods have none. */
  #ofPod(uid: string): SmallMap<Volume> {
    const found = this.#found.get(uid) ?? new SmallMap<Volume>()
    this.#found.set(uid, found)
    return found
  }

  /** The volume itself, or what is behind its claim once that was found. */
  behind(pod: Pod, volume: Volume): Volume {
    return this.#found.get(uidOf(pod))?.get(volume.name) ?? volume
  }

  forget(uid: string): void {
    this.#found.delete(uid)
  }

  async #claimOf(pod: Pod, volume: Volume, name: string): Promise<PersistentVolumeClaim> {
    const { namespace } = pod.metadata
    const claim = await this.#client.get(persistentVolumeClaim, name, namespace)
    if (volume.ephemeral && controllerOf(claim)?.uid !== uidOf(pod))
      throw new Error(
        `PVC ${namespace}/${name} was not created for pod ${namespace}/${pod.metadata.name} (pod is not owner)`,
      )
    const isStarting = pod.status?.phase !== 'Running'
    if (claim.metadata.deletionTimestamp && isStarting) throw new Error('PVC is being deleted')
    if (claim.status.phase !== 'Bound') throw new Error('PVC is not bound')
    return claim
  }

  async #volumeOf({ metadata, spec }: PersistentVolumeClaim): Promise<PersistentVolume> {
    const name = spec.volumeName ?? ''
    const volume = await this.#client.get(persistentVolume, name)
    const { claimRef } = volume.spec
    if (claimRef?.uid !== metadata.uid)
      throw new Error(
        `found PV object ${JSON.stringify(name)} but its pv.Spec.ClaimRef.UID ${JSON.stringify(claimRef?.uid ?? '')} does not point to claim.UID ${JSON.stringify(metadata.uid)}`,
      )
    return volume
  }
}

function claimNameOf(pod: Pod, volume: Volume): string | undefined {
  if (volume.persistentVolumeClaim) return volume.persistentVolumeClaim.claimName
  return volume.ephemeral ? `${pod.metadata.name}-${volume.name}` : undefined
}

/** Directories of the node are mounted as a pod's own hostPath would be; a local volume has to be there already. */
function asPodVolume(name: string, { spec }: PersistentVolume): Volume {
  if (spec.volumeMode === 'Block')
    throw new Error("this node can't map volumes as block devices, only mount file systems")
  if (spec.hostPath) return { name, hostPath: spec.hostPath }
  if (spec.local) return { name, hostPath: { path: spec.local.path, type: 'Directory' } }
  const source = Object.keys(spec).find(key => SOURCES.has(key)) ?? 'unknown'
  throw new Error(`this node can't mount volumes of this type (${source})`)
}

/** The sources that are still served; for the message only. */
const SOURCES = new Set(['csi', 'nfs', 'iscsi', 'fc', 'flexVolume', 'rbd', 'cephfs', 'azureFile'])
