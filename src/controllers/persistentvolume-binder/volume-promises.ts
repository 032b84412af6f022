/**
 * Volumes that were given to a claim while the view does not show it yet: without that, the next claims would all ask for the same one
 * and get conflicts. A promise is over with the next revision of the volume, whatever that says, or with the claim.
 */
import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'

interface Promised {
  readonly claim: string
  readonly revision: string | undefined
}

export class VolumePromises {
  /** By the volume's name; bounded by the number of volumes, as promises end with the next revision. */
  readonly #promised = new Map<string, Promised>()
  /** The volume's name by the claim's UID. */
  readonly #volumes = new Map<string, string>()

  give({ metadata }: PersistentVolume, claim: PersistentVolumeClaim): void {
    const { name = '', resourceVersion } = metadata
    const { uid = '' } = claim.metadata
    this.endOf(uid)
    this.#promised.set(name, { claim: uid, revision: resourceVersion })
    this.#volumes.set(uid, name)
  }

  /** True where another claim has the volume. */
  isGiven({ metadata }: PersistentVolume, to?: PersistentVolumeClaim): boolean {
    const { name = '', resourceVersion } = metadata
    const promised = this.#promised.get(name)
    if (!promised) return false
    if (promised.revision !== resourceVersion) {
      this.endOf(promised.claim)
      return false
    }
    return promised.claim !== to?.metadata.uid
  }

  has({ metadata }: PersistentVolumeClaim): boolean {
    return this.#volumes.has(metadata.uid ?? '')
  }

  /** The claim is gone, or gets another volume. */
  endOf(claim: string): void {
    const volume = this.#volumes.get(claim)
    if (volume === undefined) return
    this.#volumes.delete(claim)
    this.#promised.delete(volume)
  }
}
