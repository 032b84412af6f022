/**
 * What setting up and taking down volumes took, counted as upstream's kubelet counts it; drivers of CSI have their own (`csi/`).
 *
 * Each volume of a pod is looked at once, set up until that succeeds, and taken down in the end; one whose files the kubelet writes is
 * set up anew with each look at its pod. What a kubelet before this one has set up counts when it is found again.
 */
import type { StorageOperation, StorageOperations } from './storage-figures.ts'

export interface MeasuredVolume {
  /** The pod's word for it. */
  readonly name: string
  /** As figures name it: `kubernetes.io/empty-dir`. */
  readonly plugin: string
  /** A device that is not mounted. */
  readonly isBlock: boolean
  /** Its files are looked at again and again. */
  readonly isRefreshed: boolean
  /** Where it is in the pod's directory; undefined where nothing is. */
  readonly place: string | undefined
  /** Of a volume that the node has and its pods share: by what it is known. */
  readonly shared: string | undefined
}

interface Has extends MeasuredVolume {
  isSetUp: boolean
}

export class MeasuredVolumes {
  readonly #operations: StorageOperations
  /** By the pod's UID, then by name. */
  readonly #pods = new Map<string, Map<string, Has>>()

  constructor(operations: StorageOperations) {
    this.#operations = operations
  }

  async setUp(uid: string, volume: MeasuredVolume, work: () => Promise<void>): Promise<void> {
    const volumes = this.#pods.get(uid) ?? new Map<string, Has>()
    this.#pods.set(uid, volumes)
    const known = volumes.get(volume.name)
    const { plugin, isBlock } = volume
    if (!known) await this.#operations.measure('verify_controller_attached_volume', plugin, NOTHING)
    const has = known ?? { ...volume, isSetUp: false }
    volumes.set(volume.name, has)
    if (has.isSetUp && !volume.isRefreshed) return work()
    await this.#operations.measure(isBlock ? 'map_volume' : 'volume_mount', plugin, work)
    has.isSetUp = true
  }

  /** `work` is called with each place of the pod's; one for which it rejects is kept for another try. */
  async takeDown(uid: string, work: (place: string) => Promise<void>): Promise<void> {
    for (const [name, { plugin, isBlock, isSetUp, place, shared }] of this.#pods.get(uid) ?? []) {
      const takeDown = async () => {
        if (place !== undefined) await work(place)
      }
      const operation: StorageOperation = isBlock ? 'unmap_volume' : 'volume_unmount'
      if (isSetUp) await this.#operations.measure(operation, plugin, takeDown)
      else await takeDown()
      this.#pods.get(uid)?.delete(name)
      if (!isSetUp || shared === undefined || this.#isUsed(shared)) continue
      await this.#operations.measure(isBlock ? 'unmap_device' : 'unmount_device', plugin, NOTHING)
    }
    this.#pods.delete(uid)
  }

  #isUsed(shared: string): boolean {
    for (const volumes of this.#pods.values())
      for (const each of volumes.values()) if (each.shared === shared) return true
    return false
  }
}

/** There is nothing to do in this step, which is told all the same. */
const NOTHING = async () => {}
