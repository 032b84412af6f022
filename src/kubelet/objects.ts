/**
 * ConfigMaps and Secrets that pods on this node use, one small watch each for as long as somebody
 * uses them. Kubelets in one process do not share them: each node may only read what its own pods
 * use.
 */
import { type ConfigMap, configMap } from '#api/core/v1/config-map.ts'
import { type Secret, secret } from '#api/core/v1/secret.ts'
import { sleep } from '#base/clock.ts'
import type { Informer, Informers } from '#client/informer.ts'
import { createInformers } from '#client/informers.ts'
import type { RoleContext } from '#client/role.ts'

export type SourceKind = 'configmap' | 'secret'
type SourceOf<K extends SourceKind> = K extends 'configmap' ? ConfigMap : Secret

/**
 * How long a pod waits for the first answer about one object; upstream's sync also gives up and
 * tries again.
 */
const FIRST_ANSWER_MS = 30_000

interface Source {
  readonly informers: Informers
  ready: boolean
  readonly informer: Informer<ConfigMap | Secret>
  readonly users: Map<string, () => void>
}

export class Objects {
  readonly #context: RoleContext
  readonly #sources = new Map<string, Source>()

  constructor(context: RoleContext) {
    this.#context = context
  }

  /**
   * `user` wants this object from now on and is told of changes; asking again under the same name
   * replaces `changed`.
   */
  use(user: string, kind: SourceKind, namespace: string, name: string, changed: () => void): void {
    const key = `${kind}/${namespace}/${name}`
    const source = this.#sources.get(key)
    if (source) {
      source.users.set(user, changed)
      return
    }
    const informers = createInformers(this.#context.client, this.#context)
    const informer = informers.for<typeof configMap | typeof secret>(
      kind === 'configmap' ? configMap : secret,
      { namespace, fieldSelector: `metadata.name=${name}` },
    ) as Informer<ConfigMap | Secret>
    const users = new Map([[user, changed]])
    const made: Source = { informers, informer, users, ready: false }
    this.#sources.set(key, made)
    const tell = () => {
      if (made.ready) for (const told of users.values()) told()
    }
    informer.synced.then(() => {
      made.ready = true
    })
    informer.subscribe({ changed: tell, deleted: tell })
  }

  /** Ends all that `user` asked for. */
  release(user: string): void {
    for (const [key, source] of this.#sources) {
      if (!source.users.delete(user) || source.users.size > 0) continue
      source.informers.stop()
      this.#sources.delete(key)
    }
  }

  /**
   * The object that `user` uses, undefined where it does not exist; rejects when the API can't say
   * in time.
   */
  async get<K extends SourceKind>(
    kind: K,
    namespace: string,
    name: string,
  ): Promise<SourceOf<K> | undefined> {
    const source = this.#sources.get(`${kind}/${namespace}/${name}`)
    if (!source) throw new Error(`${kind} ${namespace}/${name} is read before it is used`)
    if (!source.ready) await this.#firstAnswer(kind, source)
    return source.informer.get(`${namespace}/${name}`) as SourceOf<K> | undefined
  }

  async #firstAnswer(kind: SourceKind, { informer }: Source): Promise<void> {
    const waiting = new AbortController()
    const late = sleep(this.#context.clock, FIRST_ANSWER_MS, waiting.signal).then(
      () => {
        throw new Error(`failed to sync ${kind} cache: timed out waiting for the condition`)
      },
      () => {},
    )
    await Promise.race([informer.synced, late]).finally(() => waiting.abort())
  }
}

const objectsByClient = new WeakMap<RoleContext['client'], Objects>()

/** The one of this node's connection to the API. */
export function objectsOf(context: RoleContext): Objects {
  let objects = objectsByClient.get(context.client)
  if (!objects) {
    objects = new Objects(context)
    objectsByClient.set(context.client, objects)
  }
  return objects
}

export type Contents = ReadonlyMap<string, Uint8Array>

/** All pods that use an object have its bytes in common: each has the certificates of the API server in a volume. */
const contentsByObject = new WeakMap<ConfigMap | Secret, Contents>()

/** Both of a ConfigMap's maps, or a Secret's, as bytes by key, which nobody may change. */
export function contentsOf(object: ConfigMap | Secret): Contents {
  let contents = contentsByObject.get(object)
  if (!contents) {
    contents = decodedContents(object)
    contentsByObject.set(object, contents)
  }
  return contents
}

function decodedContents(object: ConfigMap | Secret): Contents {
  const contents = new Map<string, Uint8Array>()
  if (object.kind === 'Secret') {
    for (const [key, value] of Object.entries((object as Secret).data ?? {}))
      contents.set(key, Buffer.from(value, 'base64'))
    return contents
  }
  const { data, binaryData } = object as ConfigMap
  for (const [key, value] of Object.entries(data ?? {}))
    contents.set(key, new TextEncoder().encode(value))
  for (const [key, value] of Object.entries(binaryData ?? {}))
    contents.set(key, Buffer.from(value, 'base64'))
  return contents
}
