/**
 * Pods with users of their own (`hostUsers: false`): each has a range of the node's ids that is nobody else's, from its first sandbox until nothing of
 * it runs any more. Ranges are written into the pods' directories, so that a restarted kubelet gives none of them away.
 */
import { messageOf } from '#base/errors.ts'
import { podDirectory } from '../containers/hosts-mount.ts'
import type { KubeletContext } from '../options.ts'
import { type Pod, uidOf } from '../pod-types.ts'
import type { IdRange, RuntimeStatus } from '../runtime.ts'
import { IdParts, type IdSpace, spaceOf, wholeSpace } from './id-space.ts'
import { decodeFile, encodeFile, FILE_LIMIT_BYTES, FILE_NAME } from './pod-file.ts'

/** Whose subordinate ids pods get, where the machine sets some aside. */
const KUBELET_USER = 'kubelet'

export interface UserNamespacesParts {
  readonly context: KubeletContext
  /** What the runtime last said that it can do; undefined while it has said nothing. */
  readonly handlers: () => RuntimeStatus['handlers']
}

export const hasOwnUsers = ({ spec }: Pod): boolean => spec?.hostUsers === false

export class UserNamespaces {
  readonly #parts: UserNamespacesParts
  #known: Promise<IdParts> | undefined

  constructor(parts: UserNamespacesParts) {
    this.#parts = parts
  }

  /** What a pod was given; undefined where it wants none. */
  async of(pod: Pod): Promise<IdRange | undefined> {
    if (!hasOwnUsers(pod)) return undefined
    return (await this.#load()).of(uidOf(pod))
  }

  /** What a pod was given or is given now, where it wants some. Rejects where the runtime can't do that, or no ids are left. */
  async give(pod: Pod, handler = ''): Promise<IdRange | undefined> {
    if (!hasOwnUsers(pod)) return undefined
    this.#refuseUnlessSupported(handler)
    const uid = uidOf(pod)
    const ids = await this.#load()
    const present = ids.of(uid)
    if (present) return present
    const range = ids.take(uid)
    try {
      await this.#write(uid, range)
    } catch (error) {
      ids.release(uid)
      throw error
    }
    return range
  }

  /** To be called when nothing of the pod runs any more and its volumes are gone; harmless for pods without. */
  async release(uid: string, pod?: Pod): Promise<void> {
    const known = await this.#known?.catch(() => undefined)
    if (!known?.of(uid) && !(pod && hasOwnUsers(pod))) return
    const { files } = this.#parts.context.options.hostAccess
    await files.removeTree(`${this.#directoryOf(uid)}/${FILE_NAME}`)
    known?.release(uid)
  }

  #refuseUnlessSupported(handler: string): void {
    const found = this.#parts.handlers()?.find(({ name }) => name === handler)
    if (found?.userNamespaces) return
    const who = handler ? `RuntimeClass handler "${handler}"` : 'runtime'
    const why = found ? '' : `: the handler "${handler}" is not known`
    throw new Error(
      `can't set \`spec.hostUsers: false\`, ${who} does not support user namespaces${why}`,
    )
  }

  #directoryOf(uid: string): string {
    return podDirectory(this.#parts.context.options.rootDirectory, uid)
  }

  /** With the first pod that wants some: most nodes have none. What failed is tried anew. */
  #load(): Promise<IdParts> {
    this.#known ??= this.#readAll().catch(error => {
      this.#known = undefined
      throw error
    })
    return this.#known
  }

  async #readAll(): Promise<IdParts> {
    const { options, log } = this.#parts.context
    const ids = new IdParts(await this.#space())
    const damaged: string[] = []
    for (const uid of await options.hostAccess.files.names(`${options.rootDirectory}/pods`)) {
      const path = `${this.#directoryOf(uid)}/${FILE_NAME}`
      const bytes = await options.hostAccess.files.read(path, FILE_LIMIT_BYTES)
      if (!bytes) continue
      try {
        ids.claim(uid, decodeFile(bytes))
      } catch (error) {
        log.error('a pod has lost its ids', { uid, path, error: messageOf(error) })
        damaged.push(uid)
      }
    }
    if (damaged.length > 0) await this.#recover(damaged, ids)
    return ids
  }

  /**
   * What runs has ids that nobody else may have meanwhile, and the runtime knows them. Of whom it knows nothing gets others when its sandbox is
   * made anew: on disk its files have the ids that it sees itself, so they stay its own.
   */
  async #recover(damaged: readonly string[], ids: IdParts): Promise<void> {
    const { runtime } = this.#parts.context.options
    for (const { id, uid } of await runtime.listPodSandboxes()) {
      if (!damaged.includes(uid) || ids.of(uid)) continue
      const range = (await runtime.podSandboxStatus(id))?.ids
      if (!range) continue
      ids.claim(uid, range)
      await this.#write(uid, range)
    }
  }

  async #write(uid: string, range: IdRange): Promise<void> {
    const directory = this.#directoryOf(uid)
    const { files } = this.#parts.context.options.hostAccess
    await files.makeDirectory(directory)
    // Whole or not at all, wherever a kubelet dies.
    await files.write(`${directory}/${FILE_NAME}.tmp`, encodeFile(range), { mode: 0o600 })
    await files.rename(`${directory}/${FILE_NAME}.tmp`, `${directory}/${FILE_NAME}`)
  }

  async #space(): Promise<IdSpace> {
    const { hostAccess, idsPerPod, maxPods } = this.#parts.context.options
    const said = await hostAccess.subordinateIds?.(KUBELET_USER)
    if (!said) return wholeSpace(idsPerPod)
    return spaceOf(said, { idsPerPod, maxPods, user: KUBELET_USER })
  }
}
