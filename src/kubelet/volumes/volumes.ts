/**
 * A pod's volumes on this node: set up before its containers start, refreshed while it runs, taken
 * down after they ended. Setting up is repeatable: a restarted kubelet goes over what it finds.
 * Paths are upstream's below the root directory.
 */
import type { Node } from '#api/core/v1/node.ts'
import { messageOf } from '#base/errors.ts'
import type { NameValue } from '../containers/environment.ts'
import type { FieldContext } from '../containers/fields.ts'
import { podDirectory } from '../containers/hosts-mount.ts'
import type { KubeletContext } from '../options.ts'
import { type AnyContainer, type Pod, uidOf, type Volume } from '../pod-types.ts'
import type { ContainerConfig, Mount } from '../runtime.ts'
import { ClaimStatsBook } from './claim-stats.ts'
import { ClaimedVolumes, GROWTH_LOOK_MS } from './claimed-volumes.ts'
import type { Claimed, CsiMount } from './csi/csi-mount.ts'
import type { Tell } from './csi/csi-parts.ts'
import type { CsiStorage } from './csi/csi-storage.ts'
import { EMPTY_DIR_DIRECTORY, EmptyDirs } from './empty-dir.ts'
import { prepareHostPath } from './host-path.ts'
import { ImageVolumes } from './image-volumes.ts'
import { MeasuredVolumes } from './measured-volumes.ts'
import { isRecursivelyReadOnly, propagationOf, subPathOf, usedVolumes } from './mount-details.ts'
import { NodeDisks } from './node-disks.ts'
import { NotYet } from './not-yet.ts'
import {
  type CsiSource,
  pluginNameOf,
  type Source,
  sourceOf,
  UNMAPPABLE,
  unmountable,
} from './sources.ts'
import { type StorageOperations, storageOperations, type VolumeCounts } from './storage-figures.ts'
import { Tokens } from './tokens.ts'
import { VolumeError } from './volume-error.ts'
import { WrittenVolumes } from './written-volumes.ts'

const POD_DIRECTORY_MODE = 0o750

const PLUGIN_DIRECTORIES = {
  emptyDir: EMPTY_DIR_DIRECTORY,
  configMap: 'kubernetes.io~configmap',
  secret: 'kubernetes.io~secret',
  downwardAPI: 'kubernetes.io~downward-api',
  projected: 'kubernetes.io~projected',
  image: 'kubernetes.io~image',
} as const
type Plugin = keyof typeof PLUGIN_DIRECTORIES
const PLUGINS = Object.keys(PLUGIN_DIRECTORIES) as readonly Plugin[]
/** What may hold secrets lives in memory only. */
const IN_MEMORY: ReadonlySet<Plugin> = new Set(['secret', 'projected', 'downwardAPI'])
const WRITTEN_BY_US: ReadonlySet<Plugin> = new Set([...IN_MEMORY, 'configMap'])

/** What else says how a container's volumes are mounted. */
export interface MountsWanted {
  readonly environment: readonly NameValue[]
  /** Whether what is mounted below a mount can be read-only, too. */
  readonly mountsRecursively: boolean
}

export interface VolumesParts {
  readonly context: KubeletContext
  readonly fields: (pod: Pod) => FieldContext
  /** The Node as the API last told it. */
  readonly node: () => Node | undefined
  /** The node's status should be written soon. */
  readonly hurry: () => void
  readonly tell: Tell
}

export class Volumes {
  readonly #parts: VolumesParts
  readonly #tokens: Tokens
  readonly #claims: ClaimedVolumes
  readonly #emptyDirs: EmptyDirs
  readonly #images: ImageVolumes
  readonly #disks: NodeDisks
  readonly #operations: StorageOperations
  readonly #measured: MeasuredVolumes
  readonly #written: WrittenVolumes
  readonly claimStats: ClaimStatsBook
  #csi: CsiStorage | undefined
  /** Pods that have all their volumes, by UID. */
  readonly #mounted = new Set<string>()
  #stopped = false

  constructor(parts: VolumesParts) {
    this.#parts = parts
    const { client, clock, options } = parts.context
    this.#claims = new ClaimedVolumes(client, clock)
    this.#tokens = new Tokens(client, clock)
    this.#emptyDirs = new EmptyDirs(parts.context)
    this.#images = new ImageVolumes(parts.context)
    this.#disks = new NodeDisks(options.hostAccess)
    this.#operations = storageOperations(options.figures, clock)
    this.#measured = new MeasuredVolumes(this.#operations)
    this.#written = new WrittenVolumes({ ...parts, tokens: this.#tokens })
    this.claimStats = new ClaimStatsBook({
      context: parts.context,
      csi: () => this.#csi,
      behind: (pod, volume) => {
        const claim = this.#claims.behind(pod, volume)?.claim.metadata.name
        return claim === undefined ? undefined : { claim, source: this.#sourceOf(pod, volume) }
      },
      pathOf: (pod, volume) => this.pathOf(pod, volume),
    })
  }

  /** Absent where no drivers can run. */
  get csi(): CsiStorage | undefined {
    return this.#csi
  }

  /** To be called before any pod is looked at; `changed` hears of drivers that came. Where none can run, nothing is loaded. */
  async startDrivers(changed: () => void): Promise<void> {
    if (!this.#parts.context.options.hostAccess.pluginSockets) return
    const { CsiStorage } = await import('./csi/csi-storage.ts')
    if (this.#stopped) return
    this.#csi = new CsiStorage({
      ...this.#parts,
      tokens: this.#tokens,
      operations: this.#operations,
    })
    await this.#csi.start(changed)
  }

  /**
   * Sets up what is missing and refreshes what changed; `changed` is called when it should be
   * called again. Rejects where a volume can't be set up; gives what kept volumes that are set up
   * from being refreshed, which is no reason to hold back containers.
   */
  async mount(pod: Pod, changed: () => void): Promise<readonly string[]> {
    const stale: string[] = []
    const { hostAccess, rootDirectory } = this.#parts.context.options
    await hostAccess.files.makeDirectory(
      podDirectory(rootDirectory, uidOf(pod)),
      POD_DIRECTORY_MODE,
    )
    await this.#claims.find(pod, (volume, claimed) => this.#check(pod, volume, claimed))
    let notYet: NotYet | undefined
    for (const volume of usedVolumes(pod))
      try {
        await this.#setUp(pod, volume, changed)
      } catch (error) {
        // The others need not wait for what this one waits for.
        if (error instanceof NotYet) {
          notYet ??= error
          continue
        }
        if (error instanceof VolumeError) {
          if (!error.isMounted) throw error
          stale.push(error.message)
          continue
        }
        const name = this.#claims.behind(pod, volume)?.volume.metadata.name ?? volume.name
        const message = `MountVolume.SetUp failed for volume "${name}" : ${messageOf(error)}`
        if (!(await this.#isSetUp(pod, volume))) throw new Error(message)
        stale.push(message)
      }
    if (notYet) throw notYet
    this.#mounted.add(uidOf(pod))
    return stale
  }

  async #isSetUp(pod: Pod, volume: Volume): Promise<boolean> {
    const plugin = pluginOf(volume)
    return plugin && WRITTEN_BY_US.has(plugin)
      ? this.#written.isSetUp(this.pathOf(pod, volume))
      : false
  }

  async #setUp(pod: Pod, named: Volume, changed: () => void): Promise<void> {
    const source = this.#sourceOf(pod, named)
    if (source.kind === 'csi') return this.#mountByDriver(pod, named, changed)
    const plugin = source.kind === 'own' ? pluginOf(source.volume) : undefined
    await this.#measured.setUp(
      uidOf(pod),
      {
        name: named.name,
        plugin: pluginNameOf(source),
        isBlock: source.kind === 'localDevice',
        isRefreshed: plugin !== undefined && WRITTEN_BY_US.has(plugin),
        place: this.#placeOf(pod, source),
        shared: 'specName' in source && source.kind !== 'nfs' ? source.specName : undefined,
      },
      () => this.#setUpHere(pod, source, changed),
    )
  }

  /** The volume's own place in the pod's directory, whatever is there. */
  #placeOf(pod: Pod, source: Exclude<Source, CsiSource>): string | undefined {
    if (source.kind !== 'own') return source.target
    const plugin = pluginOf(source.volume)
    return plugin && this.#directoryOf(pod, plugin, source.volume)
  }

  async #setUpHere(
    pod: Pod,
    source: Exclude<Source, CsiSource>,
    changed: () => void,
  ): Promise<void> {
    if (source.kind === 'own') return this.#setUpOwn(pod, source.volume, changed)
    if (source.kind === 'nfs') return this.#disks.mountNfs(source)
    if (source.kind === 'localFiles') {
      await this.#disks.mountLocal(source)
      const warning = await this.#disks.giveToGroup(source, pod)
      if (warning) this.#parts.tell(pod, 'Warning', 'AlreadyMountedVolume', warning)
      return
    }
    await this.#disks.linkDevice(source).catch(error => {
      const message = `MapVolume.SetUpDevice failed for volume "${source.specName}" : ${messageOf(error)}`
      throw new VolumeError('FailedMapVolume', message)
    })
  }

  async #mountByDriver(pod: Pod, named: Volume, changed: () => void): Promise<void> {
    if (!this.#csi) throw new Error(unmountable('csi'))
    await this.#claims.refresh(pod, named, GROWTH_LOOK_MS)
    const fresh = this.#sourceOf(pod, named)
    if (fresh.kind !== 'csi') return
    if (await this.#csi.volumes.mount(this.#csi.mountOf(pod, fresh), changed))
      await this.#claims.refresh(pod, named, 0)
  }

  /** Throws where volumes of this sort can't be mounted here, which waiting does not change. */
  #check(pod: Pod, volume: Volume, claimed: Claimed): void {
    const { rootDirectory, hostAccess } = this.#parts.context.options
    const { kind } = sourceOf(pod, volume, claimed, rootDirectory)
    if (kind === 'csi' && !this.#csi) throw new Error(unmountable(kind))
    if (kind === 'nfs' && !hostAccess.disks) throw new Error(unmountable(kind))
    if (kind === 'localDevice' && !hostAccess.disks) throw new Error(UNMAPPABLE)
  }

  #sourceOf(pod: Pod, volume: Volume): Source {
    const { rootDirectory } = this.#parts.context.options
    return sourceOf(pod, volume, this.#claims.behind(pod, volume), rootDirectory)
  }

  async #setUpOwn(pod: Pod, volume: Volume, changed: () => void): Promise<void> {
    const { files } = this.#parts.context.options.hostAccess
    if (volume.hostPath) return prepareHostPath(volume.hostPath, files)
    const plugin = pluginOf(volume)
    const path = this.pathOf(pod, volume)
    if (volume.emptyDir) return this.#emptyDirs.setUp(pod, volume, path)
    if (!plugin) return
    const isInMemory = IN_MEMORY.has(plugin)
    await this.#written.setUp({ pod, volume, path, isInMemory }, changed)
  }

  /** By plugin, how many volumes these pods want, and how many they have. */
  counts(pods: readonly Pod[]): VolumeCounts {
    const counts = new Map<string, { wanted: number; actual: number }>()
    for (const pod of pods)
      for (const volume of usedVolumes(pod)) {
        const plugin = pluginNameOf(this.#sourceOf(pod, volume))
        const count = counts.get(plugin) ?? { wanted: 0, actual: 0 }
        counts.set(plugin, count)
        count.wanted++
        if (this.#mounted.has(uidOf(pod))) count.actual++
      }
    return counts
  }

  pathOf(pod: Pod, named: Volume): string {
    const source = this.#sourceOf(pod, named)
    if (source.kind === 'csi') return this.#mountOf(pod, source).paths.target
    if (source.kind === 'nfs') return source.target
    if (source.kind !== 'own') return this.#disks.pathOf(source)
    const { volume } = source
    if (volume.hostPath) return volume.hostPath.path
    const plugin = pluginOf(volume)
    if (!plugin) throw new Error(unmountable(kindOf(volume)))
    return this.#directoryOf(pod, plugin, volume)
  }

  #directoryOf(pod: Pod, plugin: Plugin, { name }: Volume): string {
    const { rootDirectory } = this.#parts.context.options
    return `${podDirectory(rootDirectory, uidOf(pod))}/volumes/${PLUGIN_DIRECTORIES[plugin]}/${name}`
  }

  #mountOf(pod: Pod, source: CsiSource): CsiMount {
    if (!this.#csi) throw new Error(unmountable(source.kind))
    return this.#csi.mountOf(pod, source)
  }

  /** The devices that a container has of its pod's volumes. */
  devicesOf(pod: Pod, container: AnyContainer): ContainerConfig['devices'] {
    return (container.volumeDevices ?? []).map(({ name, devicePath }) => {
      const volume = pod.spec?.volumes?.find(each => each.name === name)
      if (!volume) throw new Error(`volume "${name}" of the container is not in the pod`)
      const source = this.#sourceOf(pod, volume)
      const link = source.kind === 'csi' ? this.#mountOf(pod, source).paths.deviceLink : undefined
      const hostPath = link ?? this.pathOf(pod, volume)
      const permissions = volume.persistentVolumeClaim?.readOnly ? 'r' : 'mrw'
      return { hostPath, containerPath: devicePath, permissions }
    })
  }

  showImage(pod: Pod, volume: Volume, imageId: string): Promise<void> {
    return this.#images.show(this.pathOf(pod, volume), imageId)
  }

  /** The mounts of one container, its subPaths resolved and pinned. */
  async mountsOf(
    pod: Pod,
    container: AnyContainer,
    { environment, mountsRecursively }: MountsWanted,
  ): Promise<readonly Mount[]> {
    const mounts: Mount[] = []
    for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
      const volume = pod.spec?.volumes?.find(({ name }) => name === mount.name)
      if (!volume) throw new Error(`volume "${mount.name}" of the container is not in the pod`)
      let hostPath = this.pathOf(pod, volume)
      const subPath = subPathOf(mount, environment)
      const imageId = this.#images.ofRuntime(hostPath)
      if (subPath && imageId === undefined)
        hostPath = await this.#bindSubPath(pod, container, { volume, index, subPath, hostPath })
      mounts.push({
        hostPath,
        containerPath: mount.mountPath,
        // What the kubelet writes, containers can't: it is replaced as a whole at the next change.
        readOnly:
          mount.readOnly ||
          volume.image !== undefined ||
          volume.persistentVolumeClaim?.readOnly ||
          WRITTEN_BY_US.has(pluginOf(volume) ?? 'emptyDir'),
        propagation: propagationOf(mount),
        ...(isRecursivelyReadOnly(mount, mountsRecursively) ? { recursiveReadOnly: true } : {}),
        ...(imageId === undefined ? {} : { image: { id: imageId, subPath } }),
      })
    }
    return mounts
  }

  async #bindSubPath(
    pod: Pod,
    container: AnyContainer,
    {
      volume,
      index,
      subPath,
      hostPath,
    }: { volume: Volume; index: number; subPath: string; hostPath: string },
  ): Promise<string> {
    if (subPath.startsWith('/') || subPath.split('/').includes('..'))
      throw new Error(`subPath "${subPath}" must stay inside the volume`)
    const { hostAccess, rootDirectory } = this.#parts.context.options
    const directory = `${podDirectory(rootDirectory, uidOf(pod))}/volume-subpaths/${volume.name}/${container.name}`
    const target = `${directory}/${index}`
    await hostAccess.files.makeDirectory(directory, 0o750)
    await hostAccess.mounts.bindInside(hostPath, subPath, target)
    return target
  }

  /** Takes everything down; nothing is followed, nothing outside the pod's directory is touched. */
  async unmount(uid: string): Promise<void> {
    const { hostAccess, rootDirectory } = this.#parts.context.options
    const directory = podDirectory(rootDirectory, uid)
    this.#written.forget(uid, directory)
    this.#tokens.forget(uid)
    this.#claims.forget(uid)
    this.#mounted.delete(uid)
    this.claimStats.forget(uid)
    this.#images.forget(directory)
    this.#emptyDirs.forget(directory)
    this.#disks.forget(directory)
    // What stands on a volume goes before the volume.
    await this.#unmountBelow(`${directory}/volume-subpaths`)
    await this.#csi?.volumes.unmountPod(uid)
    await this.#measured.takeDown(uid, async place => {
      await this.#unmountBelow(place)
      await hostAccess.files.removeTree(place)
    })
    await this.#unmountBelow(directory)
    for (const name of ['volume-subpaths', 'volumeDevices', 'volumes'])
      await hostAccess.files.removeTree(`${directory}/${name}`)
  }

  async #unmountBelow(directory: string): Promise<void> {
    const { mounts } = this.#parts.context.options.hostAccess
    for (const path of await mounts.mountedBelow(directory)) await mounts.unmount(path)
  }

  stop(): void {
    this.#stopped = true
    this.#csi?.stop()
    this.#written.stop()
  }
}

function pluginOf(volume: Volume): Plugin | undefined {
  return PLUGINS.find(plugin => volume[plugin] !== undefined)
}

const kindOf = (volume: Volume): string =>
  Object.keys(volume).find(key => key !== 'name') ?? 'unknown'
