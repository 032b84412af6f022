/** Shares of NFS servers, and devices of the node: linked for containers that want the device, mounted for those that want files. */
import type { HostAccess } from '../host-access.ts'
import { Locks } from '../locks.ts'
import type { Pod } from '../pod-types.ts'
import { giveToGroup } from './give-to-group.ts'
import type { LocalSource, NfsSource } from './sources.ts'
import { unmountable } from './sources.ts'

const DIRECTORY_MODE = 0o750
/** Upstream's. */
const DEFAULT_TYPE = 'ext4'

export class NodeDisks {
  readonly #host: Pick<HostAccess, 'disks' | 'files' | 'mounts'>
  /** Targets at which a device's file system is mounted; other local volumes are directories, and used where they are. */
  readonly #disks = new Set<string>()

  /** By target, the local volumes that pods have whose files were given to their groups, or to that of another pod before. */
  readonly #given = new Map<string, string>()
  /** By device: two pods that come together must not format it twice. */
  readonly #locks = new Locks()

  constructor(host: Pick<HostAccess, 'disks' | 'files' | 'mounts'>) {
    this.#host = host
  }

  /** Where containers find a local volume that was set up. */
  pathOf({ kind, path, target }: LocalSource): string {
    return kind === 'localDevice' || this.#disks.has(target) ? target : path
  }

  async mountNfs({ server, path, options, target }: NfsSource): Promise<void> {
    const { disks, files, mounts } = this.#host
    if (!disks) throw new Error(unmountable('nfs'))
    if ((await mounts.mountedBelow(target)).includes(target)) return
    await files.makeDirectory(target, DIRECTORY_MODE)
    await disks.mountNfs({ server, path, options, target })
  }

  async linkDevice({ path, target }: LocalSource): Promise<void> {
    const { disks, files } = this.#host
    if (!disks) throw new Error(unmountable('local block device'))
    const device = await disks.realPath(path)
    const facts = device === undefined ? undefined : await files.facts(device)
    if (device === undefined || facts?.kind !== 'blockDevice')
      throw new Error(`path "${path}" is not a block device`)
    if ((await files.readLink(target)) === device) return
    await files.makeDirectory(target.slice(0, target.lastIndexOf('/')), DIRECTORY_MODE)
    await files.removeTree(target)
    await files.symlink(device, target)
  }

  /** A directory stays what it is; a device is given a file system where it has none, and that is mounted. */
  async mountLocal(source: LocalSource): Promise<void> {
    const { disks, files, mounts } = this.#host
    const { path, target, options } = source
    const facts = await files.factsOfTarget(path)
    if (facts?.kind === 'directory') return
    if (!disks || facts?.kind !== 'blockDevice')
      throw new Error(`path "${path}" is not a directory${disks ? ' or a block device' : ''}`)
    this.#disks.add(target)
    await this.#locks.run((await disks.realPath(path)) ?? path, async () => {
      if ((await mounts.mountedBelow(target)).includes(target)) return
      const type = await this.#formatted(source, options.includes('ro'))
      await files.makeDirectory(target, DIRECTORY_MODE)
      await disks.mount({ source: path, target, type, options: ['defaults', ...options] })
    })
  }

  /**
   * Gives the files of a local volume to the pod's group, once for each pod; a pod that has it already keeps its own group. Gives what the pod
   * should be told then.
   */
  async giveToGroup(source: LocalSource, pod: Pod): Promise<string | undefined> {
    const { files } = this.#host
    const { fsGroup, fsGroupChangePolicy: policy } = pod.spec?.securityContext ?? {}
    const { target, path, options, specName } = source
    if (fsGroup === undefined || this.#given.has(target) || options.includes('ro')) return undefined
    const group = Number(fsGroup)
    const isShared = [...this.#given.values()].includes(path)
    this.#given.set(target, path)
    const there = (await files.factsOfTarget(this.pathOf(source)))?.group
    if (isShared && there !== undefined && there !== group)
      return `The requested fsGroup is ${group}, but the volume ${specName} has GID ${there}. The volume may not be shareable.`
    // An administrator may have linked the directory; nothing below it is followed.
    const real = (await this.#host.disks?.realPath(this.pathOf(source))) ?? this.pathOf(source)
    await giveToGroup(files, real, { group, policy }).catch(error => {
      this.#given.delete(target)
      throw error
    })
    return undefined
  }

  forget(podDirectory: string): void {
    for (const target of this.#given.keys())
      if (target.startsWith(`${podDirectory}/`)) this.#given.delete(target)
    for (const target of this.#disks)
      if (target.startsWith(`${podDirectory}/`)) this.#disks.delete(target)
  }

  /** Never formats what has something on it. */
  async #formatted({ path, fsType }: LocalSource, isReadOnly: boolean): Promise<string> {
    const { disks } = this.#host
    const there = (await disks?.fileSystemOn(path)) ?? ''
    const wanted = fsType || DEFAULT_TYPE
    if (there === '' && isReadOnly)
      throw new Error(`cannot mount unformatted disk ${path} as it is in read-only mode`)
    if (there === '') await disks?.format(path, wanted)
    else if (fsType && there !== fsType)
      throw new Error(`failed to mount the volume as "${fsType}", it already contains ${there}`)
    return there || wanted
  }
}
