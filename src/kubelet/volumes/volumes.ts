/**
 * A pod's volumes on this node: set up before its containers start, refreshed while it runs, taken
 * down after they ended. Setting up is repeatable: a restarted kubelet goes over what it finds.
 * Paths are upstream's below the root directory.
 */
import { quantityToNumber } from '#api/machinery/quantity.ts'
import { rfc3339 } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import { podResources } from '../cgroups/pod-limits.ts'
import type { NameValue } from '../containers/environment.ts'
import { expand } from '../containers/expand.ts'
import type { FieldContext } from '../containers/fields.ts'
import { podDirectory } from '../containers/hosts-mount.ts'
import { allocatableOf } from '../node/node-object.ts'
import { objectsOf } from '../objects.ts'
import type { KubeletContext } from '../options.ts'
import { type AnyContainer, type Pod, uidOf, type Volume, type VolumeMount } from '../pod-types.ts'
import type { Mount } from '../runtime.ts'
import { isWritten, writeAtomically } from './atomic-writer.ts'
import { ClaimedVolumes } from './claimed-volumes.ts'
import { prepareHostPath } from './host-path.ts'
import { type Payload, payloadOf } from './payload.ts'
import { Tokens } from './tokens.ts'

/** emptyDir is open to every user in the pod. */
const EMPTY_DIR_MODE = 0o777
/** As the kernel makes it: all may write there, and remove only what is theirs. */
const TMPFS_MODE = 0o1777
const POD_DIRECTORY_MODE = 0o750

const PLUGIN_DIRECTORIES = {
  emptyDir: 'kubernetes.io~empty-dir',
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

export interface VolumesParts {
  readonly context: KubeletContext
  readonly fields: (pod: Pod) => FieldContext
}

export class Volumes {
  readonly #parts: VolumesParts
  readonly #tokens: Tokens
  readonly #claims: ClaimedVolumes
  /** What was written last, by volume directory: a refresh that changes nothing touches no disk. */
  readonly #written = new Map<string, Payload>()
  /** Directories in memory that this kubelet knows to be there: the table of mounts is not read at every look. */
  readonly #inMemory = new Set<string>()
  /** By pod, audience and life: each token has its own time. */
  readonly #renewals = new Map<string, () => void>()
  #stopped = false
  /** The second in which a set was written last, and how versions of that second begin. */
  #second = ''
  #version = ''

  constructor(parts: VolumesParts) {
    this.#parts = parts
    this.#claims = new ClaimedVolumes(parts.context.client)
    this.#tokens = new Tokens(parts.context.client, parts.context.clock)
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
    await this.#claims.find(pod)
    for (const volume of pod.spec?.volumes ?? [])
      try {
        await this.#setUp(pod, this.#claims.behind(pod, volume), changed)
      } catch (error) {
        const message = `MountVolume.SetUp failed for volume "${volume.name}" : ${messageOf(error)}`
        if (!(await this.#isSetUp(pod, volume))) throw new Error(message)
        stale.push(message)
      }
    return stale
  }

  /** A set of files was written before, by this kubelet or the one before it. */
  async #isSetUp(pod: Pod, volume: Volume): Promise<boolean> {
    const plugin = pluginOf(volume)
    if (!plugin || !WRITTEN_BY_US.has(plugin)) return false
    const { files } = this.#parts.context.options.hostAccess
    return isWritten(files, this.pathOf(pod, volume))
  }

  async #setUp(pod: Pod, volume: Volume, changed: () => void): Promise<void> {
    const { hostAccess } = this.#parts.context.options
    const { files, mounts } = hostAccess
    if (volume.hostPath) return prepareHostPath(volume.hostPath, files)
    const plugin = pluginOf(volume)
    const path = this.pathOf(pod, volume)
    const fsGroup = pod.spec?.securityContext?.fsGroup
    if (volume.emptyDir) return this.#setUpEmptyDir(pod, volume)
    const payload = await payloadOf(volume, this.#sources(pod, changed))
    if (!payload || !plugin) return
    if (samePayload(this.#written.get(path), payload)) return
    if (!(await files.facts(path))) await files.makeDirectory(path)
    if (IN_MEMORY.has(plugin)) await mounts.mountTmpfs(path, undefined)
    await writeAtomically(
      {
        files,
        directory: path,
        version: this.#nextVersion(),
        prepare: async directory => {
          if (fsGroup !== undefined) await files.giveToGroup(directory, fsGroup, true)
        },
      },
      payload,
    )
    this.#written.set(path, payload)
  }

  /**
   * Once; from then on the directory is the containers'. The mark behind the last step tells so after a crash in between. What was in memory is
   * gone after a reboot and is set up again: the bare directory below it would keep on disk what was to stay in memory.
   */
  async #setUpEmptyDir(pod: Pod, volume: Volume): Promise<void> {
    const { hostAccess, rootDirectory } = this.#parts.context.options
    const { files, mounts } = hostAccess
    const path = this.pathOf(pod, volume)
    const marks = `${podDirectory(rootDirectory, uidOf(pod))}/plugins/${PLUGIN_DIRECTORIES.emptyDir}/${volume.name}`
    const isInMemory = volume.emptyDir?.medium === 'Memory'
    const isMounted = async () =>
      this.#inMemory.has(path) || (await mounts.mountedBelow(path)).includes(path)
    if ((await files.facts(`${marks}/ready`)) && (!isInMemory || (await isMounted()))) return
    await files.makeDirectory(path)
    if (isInMemory) await mounts.mountTmpfs(path, this.#memoryFor(pod, volume.emptyDir?.sizeLimit))
    await files.chmod(path, isInMemory ? TMPFS_MODE : EMPTY_DIR_MODE)
    const fsGroup = pod.spec?.securityContext?.fsGroup
    if (fsGroup !== undefined) await files.giveToGroup(path, fsGroup, false)
    await files.makeDirectory(marks)
    await files.write(`${marks}/ready`, new Uint8Array())
    if (isInMemory) this.#inMemory.add(path)
  }

  /** No more than the pod, and all pods of the node, may use. */
  #memoryFor(pod: Pod, sizeLimit: string | undefined): number | undefined {
    const bounds = [
      quantityToNumber(sizeLimit ?? '0'),
      podResources(pod).memoryLimitBytes ?? 0,
      quantityToNumber(allocatableOf(this.#parts.context).memory ?? '0'),
    ].filter(bytes => bytes > 0)
    return bounds.length > 0 ? Math.min(...bounds) : undefined
  }

  #nextVersion(): string {
    const { clock, random } = this.#parts.context
    const second = rfc3339(clock.now())
    if (second !== this.#second) {
      this.#second = second
      this.#version = second.slice(0, 19).replaceAll(/[-T:]/g, '_')
    }
    return `${this.#version}.${random.integer(2 ** 32)}`
  }

  #sources(pod: Pod, changed: () => void) {
    const { context, fields } = this.#parts
    const objects = objectsOf(context)
    const namespace = pod.metadata.namespace ?? ''
    return {
      fields: fields(pod),
      object: (kind: 'configmap' | 'secret', name: string) => {
        objects.use(this.#user(uidOf(pod)), kind, namespace, name, changed)
        return objects.get(kind, namespace, name)
      },
      token: async (audience: string, expirationSeconds: number) => {
        const { token, renewInMs } = await this.#tokens.get(pod, audience, expirationSeconds)
        const key = `${uidOf(pod)}/${audience}/${expirationSeconds}`
        this.#renewAfter(key, renewInMs, changed)
        return token
      },
    }
  }

  #user(uid: string): string {
    return `${this.#parts.context.options.nodeName}/${uid}/volumes`
  }

  #renewAfter(key: string, delayMs: number, changed: () => void): void {
    if (this.#stopped) return
    this.#renewals.get(key)?.()
    // In whole seconds, so that timers of many pods wait for the same time and share what such timers need.
    const wholeMs = Math.ceil(delayMs / 1000) * 1000
    this.#renewals.set(key, this.#parts.context.clock.after(wholeMs, changed))
  }

  pathOf(pod: Pod, named: Volume): string {
    const volume = this.#claims.behind(pod, named)
    if (volume.hostPath) return volume.hostPath.path
    const plugin = pluginOf(volume)
    if (!plugin) throw new Error(`this node can't mount volumes of this type (${kindOf(volume)})`)
    const { rootDirectory } = this.#parts.context.options
    return `${podDirectory(rootDirectory, uidOf(pod))}/volumes/${PLUGIN_DIRECTORIES[plugin]}/${volume.name}`
  }

  /** Shows an image where its volume is, unless it is shown there already, by this kubelet or the one before it. */
  async showImage(pod: Pod, volume: Volume, imageId: string): Promise<void> {
    const { hostAccess, runtime } = this.#parts.context.options
    const path = this.pathOf(pod, volume)
    if ((await hostAccess.mounts.mountedBelow(path)).length > 0) return
    await hostAccess.files.makeDirectory(path)
    await runtime.mountImage(imageId, path)
  }

  /** The mounts of one container, its subPaths resolved and pinned. */
  async mountsOf(
    pod: Pod,
    container: AnyContainer,
    environment: readonly NameValue[],
  ): Promise<readonly Mount[]> {
    const mounts: Mount[] = []
    for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
      const volume = pod.spec?.volumes?.find(({ name }) => name === mount.name)
      if (!volume) throw new Error(`volume "${mount.name}" of the container is not in the pod`)
      let hostPath = this.pathOf(pod, volume)
      const subPath = subPathOf(mount, environment)
      if (subPath)
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
    const { context } = this.#parts
    const { hostAccess, rootDirectory } = context.options
    for (const [key, cancel] of this.#renewals)
      if (key.startsWith(`${uid}/`)) {
        cancel()
        this.#renewals.delete(key)
      }
    this.#tokens.forget(uid)
    this.#claims.forget(uid)
    objectsOf(context).release(this.#user(uid))
    const directory = podDirectory(rootDirectory, uid)
    for (const known of [this.#written, this.#inMemory])
      for (const path of known.keys()) if (path.startsWith(`${directory}/`)) known.delete(path)
    for (const path of await hostAccess.mounts.mountedBelow(directory))
      await hostAccess.mounts.unmount(path)
    await hostAccess.files.removeTree(`${directory}/volume-subpaths`)
    await hostAccess.files.removeTree(`${directory}/volumes`)
  }

  stop(): void {
    this.#stopped = true
    for (const cancel of this.#renewals.values()) cancel()
    this.#renewals.clear()
  }
}

function pluginOf(volume: Volume): Plugin | undefined {
  return PLUGINS.find(plugin => volume[plugin] !== undefined)
}

const kindOf = (volume: Volume): string =>
  Object.keys(volume).find(key => key !== 'name') ?? 'unknown'

function subPathOf(mount: VolumeMount, environment: readonly NameValue[]): string {
  if (!mount.subPathExpr) return mount.subPath ?? ''
  const missing: string[] = []
  const path = expand(mount.subPathExpr, name => {
    const value = environment.find(variable => variable.name === name)?.value
    if (value === undefined) missing.push(name)
    return value
  })
  if (missing.length > 0)
    throw new Error(
      `missing value for "${missing[0]}" in subPathExpr of volume mount "${mount.name}"`,
    )
  return path
}

function propagationOf(mount: VolumeMount): Mount['propagation'] {
  if (mount.mountPropagation === 'HostToContainer') return 'hostToContainer'
  return mount.mountPropagation === 'Bidirectional' ? 'bidirectional' : 'private'
}

function samePayload(a: Payload | undefined, b: Payload): boolean {
  if (a?.size !== b.size) return false
  for (const [path, { bytes, mode, owner }] of b) {
    const other = a.get(path)
    if (other?.mode !== mode || other.owner !== owner) return false
    if (Buffer.compare(other.bytes, bytes) !== 0) return false
  }
  return true
}
