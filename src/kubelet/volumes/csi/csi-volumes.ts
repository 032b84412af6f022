/**
 * Volumes of CSI drivers on this node: staged once for the node, published for each pod, and undone in the opposite order.
 *
 * Invariants: of one volume one thing happens at a time; what a driver is asked for stands on disk before; a volume is unstaged
 * only when no pod has it, and stays in use for the control plane until then.
 */
import { messageOf } from '#base/errors.ts'
import { Locks } from '../../locks.ts'
import { uidOf } from '../../pod-types.ts'
import { GROWTH_LOOK_MS } from '../claimed-volumes.ts'
import { giveToGroup } from '../give-to-group.ts'
import { NotYet } from '../not-yet.ts'
import { csiPlugin } from '../storage-figures.ts'
import { VolumeError } from '../volume-error.ts'
import { attachedContext } from './attachment.ts'
import { isFinal } from './csi-error.ts'
import { type CsiMount, capabilityOf } from './csi-mount.ts'
import type { CsiVolumesParts } from './csi-parts.ts'
import { type DriverWishes, driverWishes } from './driver-wishes.ts'
import type { CsiDriver } from './drivers.ts'
import { grow } from './expand.ts'
import { groupFor } from './fs-group.ts'
import { nodeCapability } from './messages.ts'
import { type NodeVolume, type PodVolume, volumesOfPod, volumesOnDisk } from './node-volumes.ts'
import { driverTokens, podInfo, secretsOf } from './publish-context.ts'
import { Unstaging } from './unstaging.ts'
import { stagingData, targetData, writeVolumeData } from './volume-data.ts'
import { attachmentNameOf, uniqueNameOf } from './volume-paths.ts'

/** Upstream gives up a round of waiting after so long, tells the pod, and begins anew. */
const WAIT_LIMIT_MS = 123_000
/** How often a driver is called again that wants it. */
const REPUBLISH_MS = 60_000
const DIRECTORY_MODE = 0o750

interface Published {
  /** When the driver is to be called again; infinite where once is enough. */
  againMs: number
  readonly context: Readonly<Record<string, string>>
}

export class CsiVolumes {
  readonly #parts: CsiVolumesParts
  readonly #locks = new Locks()
  readonly #unstaging: Unstaging
  #volumes = new Map<string, NodeVolume>()
  /** By target path, what this kubelet has seen its driver publish. */
  readonly #published = new Map<string, Published>()
  /** By target path. */
  readonly #waitingSinceMs = new Map<string, number>()
  readonly #wakes = new Map<string, () => void>()
  #stopped = false

  constructor(parts: CsiVolumesParts) {
    this.#parts = parts
    this.#unstaging = new Unstaging({
      ...parts,
      locks: this.#locks,
      gone: volume => {
        this.#volumes.delete(volume.uniqueName)
        parts.hurry()
      },
    })
  }

  /** What the node must not lose, by unique name. */
  get inUse(): readonly string[] {
    return [...this.#volumes.values()]
      .filter(({ isAttachable }) => isAttachable)
      .map(({ uniqueName }) => uniqueName)
  }

  /** Takes over what a kubelet before left; to be called before anything else. */
  async recover(): Promise<void> {
    this.#volumes = await volumesOnDisk(this.#parts.files, this.#parts.rootDirectory)
  }

  /** Unstages what no pod uses; to be called when it is known which pods there are. */
  settle(): void {
    for (const volume of this.#volumes.values()) this.#leave(volume)
  }

  stop(): void {
    this.#stopped = true
    this.#unstaging.stop()
    for (const cancel of this.#wakes.values()) cancel()
    this.#wakes.clear()
  }

  /**
   * Sets up what is missing; `changed` is called when it should be called again. Throws NotYet while others have to do something
   * first, and VolumeError. Gives whether the volume has grown.
   */
  async mount(mount: CsiMount, changed: () => void): Promise<boolean> {
    const { target } = mount.paths
    const { clock } = this.#parts
    try {
      const done = await this.#locks.run(mount.uniqueName, () => this.#mount(mount, changed))
      this.#waitingSinceMs.delete(target)
      return done
    } catch (error) {
      if (!(error instanceof NotYet)) throw error
      const sinceMs = this.#waitingSinceMs.get(target) ?? clock.monotonicMs()
      this.#waitingSinceMs.set(target, sinceMs)
      if (clock.monotonicMs() - sinceMs < WAIT_LIMIT_MS) throw error
      this.#waitingSinceMs.delete(target)
      const name = mount.volumeName
      throw new VolumeError(
        'FailedMount',
        `Unable to attach or mount volumes: unmounted volumes=[${name}], unattached volumes=[${name}], failed to process volumes=[]: timed out waiting for the condition`,
      )
    }
  }

  async #mount(mount: CsiMount, changed: () => void): Promise<boolean> {
    const { informers, clock, drivers, operations } = this.#parts
    const wishes = await driverWishes(informers, mount.driver)
    this.#refuseSecondPod(mount)
    const volume = this.#volumeOf(mount, wishes)
    const driver = () =>
      doing(mount, mount.claimed ? 'device' : 'pod', async () => drivers.get(mount.driver))
    const before = this.#published.get(mount.paths.target)
    const publish = async () => {
      if (!mount.claimed && !wishes.lifecycleModes.includes('Ephemeral'))
        throw failure(mount, 'pod', ephemeralRefusal(mount, wishes))
      const context =
        before?.context ?? (volume.isAttachable ? await attachedContext(this.#parts, mount) : {})
      const served = await driver()
      await doing(mount, 'device', () => this.#stage(mount, volume, { driver: served, context }))
      const operation = mount.isBlock ? 'map_volume' : 'volume_mount'
      return operations.measure(operation, csiPlugin(mount.driver), () =>
        doing(mount, 'pod', () => this.#publish(mount, { driver: served, wishes, context })),
      )
    }
    const isGood = before && before.againMs > clock.monotonicMs()
    const published = isGood
      ? before
      : await publish().catch(error => {
          if (!before || !(error instanceof VolumeError)) throw error
          throw new VolumeError(error.reason, error.message, true)
        })
    const grown = await grow(this.#parts, mount, driver)
    this.#wakeLater(mount, published, changed)
    return grown
  }

  /** The scheduler sees to it, too, but not all pods come to a node by it. */
  #refuseSecondPod(mount: CsiMount): void {
    if (!mount.accessModes.includes('ReadWriteOncePod')) return
    const { users } = this.#volumes.get(mount.uniqueName) ?? {}
    const isTaken = users && [...users].some(uid => uid !== uidOf(mount.pod))
    if (isTaken)
      throw failure(
        mount,
        'pod',
        'volume uses the ReadWriteOncePod access mode and is already in use by another pod',
      )
  }

  #volumeOf(mount: CsiMount, { attachRequired }: DriverWishes): NodeVolume {
    const { uniqueName, driver, handle, specName, isBlock, claimed } = mount
    const volume = this.#volumes.get(uniqueName) ?? {
      ...{ uniqueName, driver, handle, specName, isBlock, isAttachable: false },
      ...{ users: new Set<string>(), staged: undefined, isStagedForSure: false, isGone: false },
    }
    volume.isAttachable = claimed !== undefined && attachRequired
    volume.users.add(uidOf(mount.pod))
    this.#volumes.set(uniqueName, volume)
    return volume
  }

  async #stage(
    mount: CsiMount,
    volume: NodeVolume,
    { driver, context }: { driver: CsiDriver; context: Published['context'] },
  ): Promise<void> {
    const { files, client, toDriver } = this.#parts
    const { staging, stagingData: dataPath } = mount.paths
    const isStaged = driver.capabilities.has(nodeCapability.stageUnstageVolume)
    if (!mount.claimed || !isStaged || volume.isStagedForSure) return
    const secrets = await secretsOf(client, mount.stageSecret)
    const wasStaged = volume.staged !== undefined
    await writeVolumeData(files, dataPath, stagingData(mount))
    await files.makeDirectory(staging, DIRECTORY_MODE)
    volume.staged = { staging, stagingData: dataPath }
    try {
      await driver.service.stage({
        volumeId: mount.handle,
        publishContext: context,
        stagingTargetPath: toDriver(staging),
        volumeCapability: this.#capability(mount, driver),
        secrets,
        volumeContext: mount.attributes,
      })
      volume.isStagedForSure = true
    } catch (error) {
      if (isFinal(error) && !wasStaged) {
        await this.#unstaging.clear(volume)
        volume.staged = undefined
      }
      throw error
    }
  }

  #capability(mount: CsiMount, driver: CsiDriver, group?: number) {
    const wanted = group ?? mount.pod.spec?.securityContext?.fsGroup
    const number = wanted === undefined ? undefined : Number(wanted)
    return capabilityOf(mount, driver.capabilities, number)
  }

  async #publish(
    mount: CsiMount,
    asked: { driver: CsiDriver; wishes: DriverWishes; context: Published['context'] },
  ): Promise<Published> {
    const { driver, wishes, context } = asked
    const { files, client, clock, nodeName, tokens, toDriver } = this.#parts
    const { target, targetData: dataPath, deviceLink, staging } = mount.paths
    const wasPublished = this.#published.has(target)
    const granted = await driverTokens(mount.pod, wishes, tokens)
    const secrets = await secretsOf(client, mount.publishSecret)
    const attachment = mount.claimed ? attachmentNameOf(mount.driver, mount.handle, nodeName) : ''
    const isNew = !wasPublished && !(await files.facts(dataPath))
    await writeVolumeData(files, dataPath, targetData(mount, nodeName, attachment))
    if (deviceLink) await this.#linkDevice(target, deviceLink)
    const volume = this.#volumes.get(mount.uniqueName)
    // Of a device the data lie in the node's part, which has to go in the end even if nothing is staged.
    if (volume && mount.isBlock) volume.staged = { staging, stagingData: dataPath }
    const isStaged =
      mount.claimed !== undefined && driver.capabilities.has(nodeCapability.stageUnstageVolume)
    try {
      await driver.service.publish({
        volumeId: mount.handle,
        publishContext: context,
        stagingTargetPath: isStaged ? toDriver(staging) : '',
        targetPath: toDriver(target),
        volumeCapability: this.#capability(mount, driver),
        readonly: mount.readOnly,
        secrets: wishes.tokensAsSecrets ? { ...secrets, ...granted.values } : secrets,
        volumeContext: {
          ...mount.attributes,
          ...(wishes.podInfoOnMount ? podInfo(mount) : {}),
          ...(wishes.tokensAsSecrets ? {} : granted.values),
        },
      })
    } catch (error) {
      if (isFinal(error) && isNew) await this.#removeTarget(mount.paths)
      throw error
    }
    const group = groupFor(mount, wishes)
    const policy = mount.pod.spec?.securityContext?.fsGroupChangePolicy
    const isGivenByDriver = driver.capabilities.has(nodeCapability.volumeMountGroup)
    if (group !== undefined && !isGivenByDriver && !wasPublished)
      await giveToGroup(files, target, { group, policy })
    const againInMs = wishes.requiresRepublish
      ? Math.min(REPUBLISH_MS, granted.renewInMs ?? REPUBLISH_MS)
      : Number.POSITIVE_INFINITY
    const published = { context, againMs: clock.monotonicMs() + againInMs }
    this.#published.set(target, published)
    return published
  }

  async #linkDevice(target: string, link: string): Promise<void> {
    const { files } = this.#parts
    for (const path of [target, link])
      await files.makeDirectory(path.slice(0, path.lastIndexOf('/')), DIRECTORY_MODE)
    if ((await files.readLink(link)) === target) return
    await files.removeTree(link)
    await files.symlink(target, link)
  }

  #wakeLater(mount: CsiMount, { againMs }: Published, changed: () => void): void {
    const { clock } = this.#parts
    const { target } = mount.paths
    this.#wakes.get(target)?.()
    this.#wakes.delete(target)
    const inMs = Math.min(
      againMs - clock.monotonicMs(),
      mount.claimed ? GROWTH_LOOK_MS : Number.POSITIVE_INFINITY,
    )
    if (!this.#stopped && Number.isFinite(inMs))
      this.#wakes.set(target, clock.after(Math.max(0, inMs), changed))
  }

  /**
   * Takes everything of a pod back; rejects where a driver does not do it, which holds up no other volume. Nothing of the pod may run
   * any more.
   */
  async unmountPod(uid: string): Promise<void> {
    const { files, rootDirectory } = this.#parts
    const kept = new Map<string, unknown>()
    const found = await volumesOfPod(files, rootDirectory, uid)
    await Promise.all(
      found.map(volume => {
        const uniqueName = uniqueNameOf(volume.driver, volume.handle)
        const unpublished = this.#locks.run(uniqueName, () => this.#unpublish(volume))
        return unpublished.catch(error => kept.set(uniqueName, error))
      }),
    )
    for (const volume of this.#volumes.values())
      if (!kept.has(volume.uniqueName) && volume.users.delete(uid)) this.#leave(volume)
    for (const error of kept.values()) throw error
  }

  async #unpublish({ uid, specName, driver, handle, isBlock, paths }: PodVolume): Promise<void> {
    const { drivers, operations, toDriver } = this.#parts
    const { target } = paths
    this.#wakes.get(target)?.()
    this.#wakes.delete(target)
    this.#waitingSinceMs.delete(target)
    const operation = isBlock ? 'unmap_volume' : 'volume_unmount'
    await operations.measure(operation, csiPlugin(driver), async () => {
      try {
        const { service } = drivers.get(driver)
        await service.unpublish({ volumeId: handle, targetPath: toDriver(target) })
        this.#published.delete(target)
        await this.#removeTarget(paths)
      } catch (error) {
        throw new Error(
          `UnmountVolume.TearDown failed for volume "${specName}" of pod ${uid}: ${messageOf(error)}`,
        )
      }
    })
    const volume = this.#volumes.get(uniqueNameOf(driver, handle))
    volume?.users.delete(uid)
    if (volume) this.#leave(volume)
  }

  async #removeTarget({ target, targetData: data, deviceLink }: PodVolume['paths']): Promise<void> {
    const { files } = this.#parts
    await files.removeTree(target)
    if (deviceLink) await files.removeTree(deviceLink)
    else await files.removeTree(data.slice(0, data.lastIndexOf('/')))
  }

  #leave(volume: NodeVolume): void {
    if (volume.users.size === 0) this.#unstaging.begin(volume)
  }
}

/** The step of a volume's way to a pod that failed, as upstream calls it. */
type Step = 'device' | 'pod'

async function doing<T>(mount: CsiMount, step: Step, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof NotYet ? error : failure(mount, step, messageOf(error))
  }
}

function failure({ isBlock, specName }: CsiMount, step: Step, why: string): VolumeError {
  const word = isBlock
    ? { device: 'MapVolume.SetUpDevice', pod: 'MapVolume.MapPodDevice' }[step]
    : { device: 'MountVolume.MountDevice', pod: 'MountVolume.SetUp' }[step]
  const reason = isBlock ? 'FailedMapVolume' : 'FailedMount'
  return new VolumeError(reason, `${word} failed for volume "${specName}" : ${why}`)
}

const ephemeralRefusal = ({ driver }: CsiMount, { lifecycleModes }: DriverWishes): string =>
  `kubernetes.io/csi: mounter.SetUpAt failed to check volume lifecycle mode: volume mode "Ephemeral" not supported by driver ${driver} (only supports [${lifecycleModes.map(mode => JSON.stringify(mode)).join(' ')}])`
