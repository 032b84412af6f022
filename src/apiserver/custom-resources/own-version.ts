/**
 * One version of a custom resource over objects that may be stored in another one. Without a webhook versions differ by their name
 * and their schema; with one, it is asked once for each revision and version, and whoever shows that revision shares the answer.
 */
import { reread } from '#api/apiextensions/custom/custom-kind.ts'
import { type AnyKind, apiVersionOf } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import type { PlainObject } from '#api/machinery/plain.ts'
import { internalError, PlainError } from '#api/machinery/status.ts'
import type { StoredObject } from '../storage/stored-object.ts'
import type { OwnVersion } from '../storage/view.ts'
import type { ConversionWebhook } from './conversion-webhook.ts'

/** What all versions of one definition share. */
export interface Versions {
  /** All that there are, also those that are not served, by their apiVersion. */
  readonly kinds: ReadonlyMap<string, AnyKind>
  /** Objects written since then were checked by these very kinds, and look as they are stored. */
  readonly since: number
  /** Absent where versions differ by their name alone. */
  readonly webhook: ConversionWebhook | undefined
}

export function ownVersion(kind: AnyKind, versions: Versions): OwnVersion {
  const { webhook } = versions
  return webhook ? new AskedVersion(kind, versions, webhook) : new RenamedVersion(kind, versions)
}

class RenamedVersion implements OwnVersion {
  readonly isConverted: boolean = false
  readonly kind: AnyKind
  readonly versions: Versions

  constructor(kind: AnyKind, versions: Versions) {
    this.kind = kind
    this.versions = versions
  }

  kindOf(apiVersion: string): AnyKind {
    const kind = this.versions.kinds.get(apiVersion)
    if (kind) return kind
    throw new PlainError(`request to convert CR to an invalid group/version: ${apiVersion}`)
  }

  prepare(_: Iterable<StoredObject>): Promise<void> | undefined {
    return undefined
  }

  /** Defaults are those of the version that is stored; this one only leaves out what it does not know. */
  shown({ object }: StoredObject): KubernetesObject {
    const { kinds, since } = this.versions
    const isFresh = Number(object.metadata.resourceVersion) > since
    const stored = isFresh ? object : reread(kinds.get(object.apiVersion) ?? this.kind, object)
    const apiVersion = apiVersionOf(this.kind)
    return stored.apiVersion === apiVersion
      ? stored
      : pruned(this.versions, { ...stored, apiVersion })
  }

  convert(
    object: KubernetesObject,
    apiVersion: string,
  ): KubernetesObject | Promise<KubernetesObject> {
    if (object.apiVersion === apiVersion) return object
    return pruned(this.versions, { ...object, apiVersion })
  }
}

class AskedVersion extends RenamedVersion {
  override readonly isConverted = true
  readonly #webhook: ConversionWebhook
  /** By what all copies of one revision share. */
  readonly #converted = new WeakMap<object, KubernetesObject>()
  readonly #asking = new WeakMap<object, Promise<void>>()

  constructor(kind: AnyKind, versions: Versions, webhook: ConversionWebhook) {
    super(kind, versions)
    this.#webhook = webhook
  }

  override prepare(stored: Iterable<StoredObject>): Promise<void> | undefined {
    const own = apiVersionOf(this.kind)
    const waits = new Set<Promise<void>>()
    const wanted = new Map<object, StoredObject>()
    for (const each of stored) {
      if (this.#converted.has(each.identity) || each.object.apiVersion === own) continue
      const asking = this.#asking.get(each.identity)
      if (asking) waits.add(asking)
      else wanted.set(each.identity, each)
    }
    if (wanted.size > 0) {
      const asking = this.#ask([...wanted.values()])
      for (const identity of wanted.keys()) this.#asking.set(identity, asking)
      waits.add(asking)
    }
    return waits.size === 0 ? undefined : Promise.all(waits).then(() => {})
  }

  async #ask(stored: readonly StoredObject[]): Promise<void> {
    try {
      const sized = stored.map(({ object, value }) => ({
        object: withoutRevision(reread(kindOf(this.versions, object), object)),
        size: value.length,
      }))
      const converted = await this.#webhook.convert(sized, apiVersionOf(this.kind))
      for (const [at, object] of converted.entries())
        this.#converted.set((stored[at] as StoredObject).identity, pruned(this.versions, object))
    } finally {
      for (const { identity } of stored) this.#asking.delete(identity)
    }
  }

  override shown(stored: StoredObject): KubernetesObject {
    if (stored.object.apiVersion === apiVersionOf(this.kind)) return super.shown(stored)
    const converted = this.#converted.get(stored.identity)
    if (!converted) throw internalError(`${stored.key} is shown before it was converted`)
    return withRevision(converted, stored.object)
  }

  override async convert(object: KubernetesObject, apiVersion: string) {
    if (object.apiVersion === apiVersion) return object
    const sized = { object: withoutRevision(object), size: 0 }
    const [converted] = await this.#webhook.convert([sized], apiVersion)
    return withRevision(pruned(this.versions, converted as KubernetesObject), object)
  }
}

/** Converters see objects as they lie in the store. */
function withoutRevision(object: KubernetesObject): KubernetesObject {
  const { resourceVersion: _, ...metadata } = object.metadata
  return { ...object, metadata }
}

function withRevision(object: KubernetesObject, { metadata }: KubernetesObject): KubernetesObject {
  const { resourceVersion } = metadata
  return resourceVersion === undefined
    ? object
    : { ...object, metadata: { ...object.metadata, resourceVersion } }
}

/** A fresh object that has what its version knows. */
function pruned(versions: Versions, object: KubernetesObject): KubernetesObject {
  const { custom } = kindOf(versions, object)
  return custom?.decode(object as unknown as PlainObject).object ?? object
}

function kindOf({ kinds }: Versions, { apiVersion }: KubernetesObject): AnyKind {
  const kind = kinds.get(apiVersion)
  if (!kind)
    throw new PlainError(`request to convert CR from an invalid group/version: ${apiVersion}`)
  return kind
}
