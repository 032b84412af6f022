/**
 * Volumes behind claims: a pod names a claim, and what is mounted is the volume that is bound to it. Found out once a pod: a claim
 * that is deleted meanwhile takes nothing away from a pod that has it. Whether volumes of drivers have grown is looked at now and then.
 */
import { type PersistentVolume, persistentVolume } from '#api/core/v1/persistent-volume.ts'
import {
  type PersistentVolumeClaim,
  persistentVolumeClaim,
} from '#api/core/v1/persistent-volume-claim.ts'
import { controllerOf } from '#api/machinery/metadata.ts'
import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import { SmallMap } from '#base/small-map.ts'
import type { Reader } from '#client/client.ts'
import { containersOf, type Pod, uidOf, type Volume } from '../pod-types.ts'
import type { Claimed } from './csi/csi-mount.ts'
import { usedVolumes } from './mount-details.ts'

/** How often one is looked at that may have grown. */
export const GROWTH_LOOK_MS = 30_000

interface Found extends Claimed {
  readonly atMs: number
}

export class ClaimedVolumes {
  readonly #client: Pick<Reader, 'get'>
  readonly #clock: Pick<Clock, 'monotonicMs'>
  /** By the pod's UID, then by the name of its volume. */
  readonly #found = new Map<string, SmallMap<Found>>()

  constructor(client: Pick<Reader, 'get'>, clock: Pick<Clock, 'monotonicMs'>) {
    this.#client = client
    this.#clock = clock
  }

  /** Finds what is behind all claims of the pod. Rejects where one cannot be mounted; `check` throws where no node of this sort can. */
  async find(pod: Pod, check: (volume: Volume, claimed: Claimed) => void): Promise<void> {
    for (const volume of usedVolumes(pod)) {
      const claimName = claimNameOf(pod, volume)
      if (claimName === undefined || this.#found.get(uidOf(pod))?.has(volume.name)) continue
      try {
        const claim = await this.#claimOf(pod, volume, claimName)
        const behind = await this.#volumeOf(claim)
        checkMode(pod, volume, behind)
        check(volume, { claim, volume: behind })
        this.#note(pod, volume, { claim, volume: behind })
      } catch (error) {
        const { name } = volume
        throw new Error(
          `Unable to attach or mount volumes: unmounted volumes=[${name}], unattached volumes=[], failed to process volumes=[${name}]: error processing PVC ${pod.metadata.namespace}/${claimName}: ${messageOf(error)}`,
        )
      }
    }
  }

  /** What is behind a claim, once that was found. */
  behind(pod: Pod, volume: Volume): Claimed | undefined {
    return this.#found.get(uidOf(pod))?.get(volume.name)
  }

  /** Reads claim and volume anew where they are older than that; they stay as they were where they can't be read. */
  async refresh(pod: Pod, volume: Volume, maximumAgeMs: number): Promise<void> {
    const known = this.#found.get(uidOf(pod))?.get(volume.name)
    if (!known || this.#clock.monotonicMs() - known.atMs < maximumAgeMs) return
    const { name = '', namespace } = known.claim.metadata
    try {
      const claim = await this.#client.get(persistentVolumeClaim, name, namespace)
      if (claim.metadata.uid !== known.claim.metadata.uid) return
      this.#note(pod, volume, { claim, volume: await this.#volumeOf(claim) })
    } catch {
      // It may be gone, or the API is away: the pod has what it has.
    }
  }

  forget(uid: string): void {
    this.#found.delete(uid)
  }

  /** Most pods have none. */
  #note(pod: Pod, volume: Volume, claimed: Claimed): void {
    const found = this.#found.get(uidOf(pod)) ?? new SmallMap<Found>()
    this.#found.set(uidOf(pod), found)
    found.set(volume.name, { ...claimed, atMs: this.#clock.monotonicMs() })
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

/** A volume is used as what it is: files at `volumeMounts`, a device at `volumeDevices`. */
function checkMode(pod: Pod, { name }: Volume, { spec }: PersistentVolume): void {
  const containers = containersOf(pod).map(({ container }) => container)
  const isMounted = containers.some(({ volumeMounts }) => volumeMounts?.some(m => m.name === name))
  const isDevice = containers.some(({ volumeDevices }) => volumeDevices?.some(d => d.name === name))
  if (spec.volumeMode === 'Block' && isMounted)
    throw new Error(`volume ${name} has volumeMode Block, but is specified in volumeMounts`)
  if (spec.volumeMode !== 'Block' && isDevice)
    throw new Error(`volume ${name} has volumeMode Filesystem, but is specified in volumeDevices`)
}
