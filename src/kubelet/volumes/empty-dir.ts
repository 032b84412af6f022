/** emptyDir volumes: a directory of the pod's own, on disk or in memory. */
import { quantityToNumber } from '#api/machinery/quantity.ts'
import { podResources } from '../cgroups/pod-limits.ts'
import { podDirectory } from '../containers/hosts-mount.ts'
import { allocatableOf } from '../node/node-object.ts'
import type { KubeletContext } from '../options.ts'
import { type Pod, uidOf, type Volume } from '../pod-types.ts'

/** emptyDir is open to every user in the pod. */
const EMPTY_DIR_MODE = 0o777
/** As the kernel makes it: all may write there, and remove only what is theirs. */
const TMPFS_MODE = 0o1777
export const EMPTY_DIR_DIRECTORY = 'kubernetes.io~empty-dir'

export class EmptyDirs {
  readonly #context: KubeletContext
  /** Directories in memory that this kubelet knows to be there: the table of mounts is not read at every look. */
  readonly #inMemory = new Set<string>()

  constructor(context: KubeletContext) {
    this.#context = context
  }

  /**
   * Once; from then on the directory is the containers'. The mark behind the last step tells so after a crash in between. What was in memory is
   * gone after a reboot and is set up again: the bare directory below it would keep on disk what was to stay in memory.
   */
  async setUp(pod: Pod, volume: Volume, path: string): Promise<void> {
    const { hostAccess, rootDirectory } = this.#context.options
    const { files, mounts } = hostAccess
    const marks = `${podDirectory(rootDirectory, uidOf(pod))}/plugins/${EMPTY_DIR_DIRECTORY}/${volume.name}`
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

  forget(directory: string): void {
    for (const path of this.#inMemory)
      if (path.startsWith(`${directory}/`)) this.#inMemory.delete(path)
  }

  /** No more than the pod, and all pods of the node, may use. */
  #memoryFor(pod: Pod, sizeLimit: string | undefined): number | undefined {
    const bounds = [
      quantityToNumber(sizeLimit ?? '0'),
      podResources(pod).memoryLimitBytes ?? 0,
      quantityToNumber(allocatableOf(this.#context).memory ?? '0'),
    ].filter(bytes => bytes > 0)
    return bounds.length > 0 ? Math.min(...bounds) : undefined
  }
}
