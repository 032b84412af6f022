/**
 * The custom resources that are served now. A definition becomes kinds like the built-in ones, one for each served
 * version, over one storage; from then on nobody else knows the difference.
 */
import { customKind, loadFor, revisionOf } from '#api/apiextensions/custom/custom-kind.ts'
import { isConditionTrue } from '#api/apiextensions/v1/conditions.ts'
import type { CustomResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import { type AnyKind, apiVersionOf } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { equal } from '#api/machinery/patch/json-patch.ts'
import { internalError } from '#api/machinery/status.ts'
import type { ServedResource, StoredResource } from '../resources/registry.ts'
import type { ServerContext } from '../server-context.ts'
import { prefixOf } from '../storage/keys.ts'
import { ResourceStorage } from '../storage/resource-storage.ts'
import type { ResourceCache } from '../watch-cache/resource-cache.ts'
import { ConversionWebhook } from './conversion-webhook.ts'
import { ownVersion } from './own-version.ts'

type Getters = Record<string, (object: never) => string>

interface Serving {
  readonly definition: CustomResourceDefinition
  /** What the kinds were made of, to tell whether they must be made anew. */
  readonly stamp: string
  readonly uid: string | undefined
  readonly prefix: string
  readonly cache: ResourceCache
  readonly resources: readonly ServedResource[]
  /** The version in which objects are stored. */
  readonly stored: StoredResource
  /** By which watchers are filed; changed in place, because the cache keeps them. */
  readonly getters: Getters
}

export class CustomServing {
  readonly #server: ServerContext
  readonly #served = new Map<string, Serving>()

  constructor(server: ServerContext) {
    this.#server = server
  }

  /** Whether its objects would lie where those of a built-in resource do: then it serves none. */
  overlaps(definition: CustomResourceDefinition): boolean {
    const prefix = prefixOfDefinition(definition)
    for (const { resources } of this.#server.registry.versions())
      if (resources.some(({ kind, storage }) => !kind.custom && storage?.prefix === prefix))
        return true
    return false
  }

  /** The resource in its storage version, where it is served. */
  storedResource(name: string): StoredResource | undefined {
    return this.#served.get(name)?.stored
  }

  /** Makes room before the cache reads the store; `since` is the newest revision that may be there already. */
  async restore(definition: CustomResourceDefinition, since: number): Promise<void> {
    if (this.overlaps(definition)) return
    await loadFor(definition)
    const getters: Getters = {}
    const cache = this.#server.cache.add(prefixOfDefinition(definition), getters)
    this.#make(definition, { cache, getters, since })
  }

  /** Serves the definition as it is now; nothing happens where it is served so already. */
  async serve(definition: CustomResourceDefinition): Promise<void> {
    if (this.overlaps(definition)) return
    await loadFor(definition)
    if (this.refresh(definition)) return
    const getters: Getters = {}
    const cache = await this.#server.cache.load(prefixOfDefinition(definition), getters)
    this.#make(definition, { cache, getters, since: this.#server.cache.revision })
  }

  /** The same at once, where the resource is served already; false where it is not. */
  refresh(definition: CustomResourceDefinition): boolean {
    const { name = '', uid } = definition.metadata
    const known = this.#served.get(name)
    if (known && known.uid !== uid) this.drop(name)
    else if (known) {
      if (known.stamp === stampOf(definition)) return true
      const { cache, getters } = known
      this.#make(definition, { cache, getters, since: this.#server.cache.revision })
      // Whoever watches begins anew, and sees what objects look like from here on. Where only the end of all of them begins, it is to see that.
      if (!isSameForm(known.definition, definition))
        for (const watcher of [...cache.watchers]) watcher.end()
      return true
    }
    return false
  }

  /** Ends serving and forgets what the cache has of it. */
  drop(name: string): void {
    const serving = this.#served.get(name)
    if (!serving) return
    this.#served.delete(name)
    for (const resource of serving.resources) this.#server.registry.remove(resource)
    this.#server.cache.remove(serving.prefix)
  }

  #make(
    definition: CustomResourceDefinition,
    { cache, getters, since }: { cache: ResourceCache; getters: Getters; since: number },
  ): void {
    const { registry, store, cache: watchCache } = this.#server
    const { name = '', uid } = definition.metadata
    const kinds = definition.spec.versions.map(version => ({
      version,
      kind: customKind(definition, version),
    }))
    const storedKind = kinds.find(({ version }) => version.storage)?.kind
    if (!storedKind) throw internalError(`${name} has no storage version`)
    const storage = new ResourceStorage(storedKind, store, watchCache)
    const isConverted = definition.spec.conversion?.strategy === 'Webhook'
    const versions = {
      kinds: new Map(kinds.map(({ kind }) => [apiVersionOf(kind), kind])),
      since,
      webhook: isConverted ? new ConversionWebhook(definition, this.#server) : undefined,
    }
    const resourceOf = (kind: AnyKind): StoredResource => ({
      kind,
      view: { kind, own: ownVersion(kind, versions) },
      name: storage.resource,
      storage,
    })
    for (const field of Object.keys(getters)) delete getters[field]
    Object.assign(getters, storedKind.fieldSelectors)
    for (const resource of this.#served.get(name)?.resources ?? []) registry.remove(resource)
    const resources = kinds
      .filter(({ version }) => version.served)
      .map(({ kind }) => resourceOf(kind))
      // What the server itself serves under this name goes before.
      .filter(({ kind }) => !registry.find(kind.group, kind.version, kind.plural))
    for (const resource of resources) registry.add(resource)
    const stored = resourceOf(storedKind)
    const { prefix } = storage
    const stamp = stampOf(definition)
    this.#served.set(name, { definition, stamp, uid, prefix, cache, resources, stored, getters })
  }
}

function prefixOfDefinition({ spec }: CustomResourceDefinition): string {
  const { group, names } = spec
  const decode = () => ({ object: {} as KubernetesObject, unknownFields: [] })
  const rules = { isTerminating: false, revision: '', storageVersion: '' }
  return prefixOf({
    group,
    plural: names.plural,
    custom: { ...rules, decode, decodeApplied: decode },
  })
}

/** Whether objects look the same by both. */
const isSameForm = (one: CustomResourceDefinition, other: CustomResourceDefinition) =>
  equal(one.spec, other.spec) && equal(one.status.acceptedNames, other.status.acceptedNames)

/** All that kinds are made of. */
function stampOf(definition: CustomResourceDefinition): string {
  const { acceptedNames } = definition.status
  const isTerminating = isConditionTrue(definition, 'Terminating')
  return JSON.stringify([revisionOf(definition), acceptedNames, isTerminating])
}
