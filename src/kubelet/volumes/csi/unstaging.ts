/** Takes volumes from the node that no pod uses any more; tried until it is done, since a driver may be away for a while. */
import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { Files } from '../../host-access.ts'
import type { Locks } from '../../locks.ts'
import { csiPlugin, type StorageOperations } from '../storage-figures.ts'
import type { CsiDrivers } from './drivers.ts'
import { nodeCapability } from './messages.ts'
import type { NodeVolume } from './node-volumes.ts'

const RETRY_MS = 500
/** Upstream's. */
const RETRY_LIMIT_MS = 122_000

export interface UnstagingParts {
  readonly clock: Clock
  readonly log: Log
  readonly files: Files
  readonly locks: Locks
  readonly drivers: Pick<CsiDrivers, 'get'>
  readonly operations: StorageOperations
  readonly toDriver: (path: string) => string
  /** Nothing of the volume is left here. */
  readonly gone: (volume: NodeVolume) => void
}

export class Unstaging {
  readonly #parts: UnstagingParts
  readonly #retries = new Map<string, () => void>()
  #stopped = false

  constructor(parts: UnstagingParts) {
    this.#parts = parts
  }

  stop(): void {
    this.#stopped = true
    for (const cancel of this.#retries.values()) cancel()
    this.#retries.clear()
  }

  begin(volume: NodeVolume, retryMs = RETRY_MS): void {
    const { clock, locks, log } = this.#parts
    const { uniqueName, driver } = volume
    this.#retries.get(uniqueName)?.()
    this.#retries.delete(uniqueName)
    locks
      .run(uniqueName, () => this.#unstage(volume))
      .catch(error => {
        log.warn('a volume could not be unstaged yet', { driver, error: messageOf(error) })
        if (this.#stopped) return
        const again = () => this.begin(volume, Math.min(retryMs * 2, RETRY_LIMIT_MS))
        this.#retries.set(uniqueName, clock.after(retryMs, again))
      })
  }

  async #unstage(volume: NodeVolume): Promise<void> {
    // A pod may have come for it while this waited for its turn, or it went already.
    if (volume.users.size > 0 || this.#stopped || volume.isGone) return
    // Whatever the driver says: it may have done it, and whoever comes next has to ask for it anew.
    volume.isStagedForSure = false
    if (volume.staged) await this.#askDriver(volume, volume.staged)
    await this.clear(volume)
    volume.staged = undefined
    volume.isGone = true
    this.#parts.gone(volume)
  }

  async #askDriver(
    { driver, handle, isBlock, specName }: NodeVolume,
    { staging }: NonNullable<NodeVolume['staged']>,
  ): Promise<void> {
    const { drivers, files, operations, toDriver } = this.#parts
    const operation = isBlock ? 'unmap_device' : 'unmount_device'
    await operations.measure(operation, csiPlugin(driver), async () => {
      const { service, capabilities } = drivers.get(driver)
      // A device that was published for a pod whose directory is gone already.
      const published = isBlock ? publishDirectory(staging, specName) : ''
      for (const uid of published ? await files.names(published) : [])
        await service.unpublish({ volumeId: handle, targetPath: toDriver(`${published}/${uid}`) })
      if (capabilities.has(nodeCapability.stageUnstageVolume))
        await service.unstage({ volumeId: handle, stagingTargetPath: toDriver(staging) })
    })
  }

  /** Removes what the volume has on disk; rejects while something is mounted there. */
  async clear({ staged, isBlock, specName }: NodeVolume): Promise<void> {
    const { files } = this.#parts
    if (!staged) return
    const { staging, stagingData } = staged
    await files.removeTree(staging)
    const directory = stagingData.slice(0, stagingData.lastIndexOf('/'))
    // Of a device, the data lie in a directory of their own beside what pods had of it.
    if (!isBlock) return files.removeTree(directory)
    await files.removeTree(publishDirectory(staging, specName))
    await files.removeTree(directory.slice(0, directory.lastIndexOf('/')))
  }
}

/** Beside the staging directory of a device. */
const publishDirectory = (staging: string, specName: string): string =>
  `${staging.slice(0, staging.lastIndexOf('/staging/'))}/publish/${specName}`
