/** Which values are sealed in the store, and with which key: the first provider of a resource writes, all of them read. */
import { kinds } from '#api/kinds.ts'
import { messageOf } from '#base/errors.ts'
import type { Random } from '#base/random.ts'
import { CommitFailedError, UnreadableValueError } from '#store'
import { prefixOf, ROOT, resourcePrefixOf, SERVER_LEASES } from '../storage/keys.ts'
import type { EncryptionConfiguration } from './configuration.ts'
import { type GroupResource, parseGroupResource } from './resource-names.ts'
import { KeyAwayError, type PluginSealers, type Sealer, sealersOf, startsWith } from './sealers.ts'

export interface EncryptionRules {
  readonly configuration: EncryptionConfiguration
  /** Of all plugins that it names. */
  readonly plugins?: PluginSealers
}

export interface EncryptionOptions {
  readonly random: Random
  /** What keys begin with where they are stored, `/registry/` by default; some ciphers bind the whole key. */
  readonly keyPrefix?: string
  /** Asked before each use: other rules that count from now on, mostly undefined. */
  readonly renewed?: () => EncryptionRules | undefined
}

/** Keys are the store's own. */
export class Encryption {
  #byResource: ReadonlyMap<string, readonly Sealer[]>
  /** By the part of the key that says which resource it is; none where its values are as they are. */
  readonly #byPrefix = new Map<string, readonly Sealer[] | undefined>()
  /** Which sealer a value came from or went to. */
  readonly #sealedBy = new WeakMap<Uint8Array, string>()
  readonly #random: Random
  readonly #keyPrefix: string

  readonly #renewed: EncryptionOptions['renewed']

  constructor(rules: EncryptionRules, options: EncryptionOptions) {
    this.#random = options.random
    this.#keyPrefix = options.keyPrefix ?? ROOT
    this.#renewed = options.renewed
    this.#byResource = sealersByResource(rules, options.random)
  }

  concerns(key: string): boolean {
    return this.#sealersOf(key) !== undefined
  }

  seal(key: string, value: Uint8Array): Uint8Array {
    const writer = this.#sealersOf(key)?.[0]
    if (!writer) return value
    this.#sealedBy.set(value, writer.id)
    if (writer.prefix.length === 0) return value
    return Buffer.concat([writer.prefix, writer.seal(value, this.#placeOf(key))])
  }

  /** Throws an UnreadableValueError. */
  open(key: string, stored: Uint8Array): Uint8Array {
    const sealers = this.#sealersOf(key)
    if (!sealers) return stored
    const errors: string[] = []
    let fetched: Promise<void> | undefined
    for (const sealer of sealers) {
      if (!startsWith(stored, sealer.prefix)) continue
      try {
        const opened = sealer.open(stored.subarray(sealer.prefix.length), this.#placeOf(key))
        const value = ownedOf(opened.value)
        this.#sealedBy.set(value, opened.id)
        return value
      } catch (error) {
        // Another key may have the same name; what is not sealed at all says nothing about those behind it.
        if (sealer.prefix.length > 0) errors.push(messageOf(error))
        if (error instanceof KeyAwayError) fetched = error.fetched
      }
    }
    const why = errors.length > 0 ? errors.join(', ') : 'no matching prefix found'
    throw new UnreadableValueError(`${key} cannot be decrypted: ${why}`, fetched)
  }

  /** Whether opening values of this key may need something to be fetched before. */
  needsPreparing(key: string): boolean {
    return this.#sealersOf(key)?.some(({ prepare }) => prepare !== undefined) ?? false
  }

  /** Fetches what is needed to open a value; undefined where that is here. Does not reject: opening tells. */
  prepare(key: string, stored: Uint8Array): Promise<void> | undefined {
    // Every value begins as one that is not sealed does, and there is nothing to fetch for those.
    const sealer = this.#sealersOf(key)?.find(
      ({ prefix }) => prefix.length > 0 && startsWith(stored, prefix),
    )
    return sealer?.prepare?.(stored.subarray(sealer.prefix.length))
  }

  /** `made` was made of `value`, and stands for it from now on. */
  carryOver(value: Uint8Array, made: Uint8Array): void {
    const id = this.#sealedBy.get(value)
    if (id !== undefined) this.#sealedBy.set(made, id)
  }

  /** Whether a write would seal the value otherwise than it was. */
  isStale(key: string, value: Uint8Array): boolean {
    const id = this.#sealedBy.get(value)
    const writer = this.#sealersOf(key)?.[0]
    return id !== undefined && writer !== undefined && writer.id !== id
  }

  #placeOf(key: string): Uint8Array {
    return Buffer.from(this.#keyPrefix + key.slice(ROOT.length))
  }

  #sealersOf(key: string): readonly Sealer[] | undefined {
    const renewed = this.#renewed?.()
    if (renewed) {
      this.#byResource = sealersByResource(renewed, this.#random)
      this.#byPrefix.clear()
    }
    const prefix = resourcePrefixOf(key, builtIn) ?? customPrefixOf(key)
    if (prefix === undefined) return undefined
    if (!this.#byPrefix.has(prefix)) {
      const { group, resource } = builtIn.get(prefix) ?? customResourceOf(prefix)
      const names = [`${resource}.${group}`, `*.${group}`, '*.*']
      const found = names.find(name => this.#byResource.has(name))
      this.#byPrefix.set(prefix, found === undefined ? undefined : this.#byResource.get(found))
    }
    return this.#byPrefix.get(prefix)
  }
}

/** What cannot be sealed is not written. Throws a CommitFailedError. */
export function sealedOrFailed(seal: () => Uint8Array): Uint8Array {
  try {
    return seal()
  } catch (error) {
    throw new CommitFailedError(messageOf(error), 'Unsealed')
  }
}

const builtIn: ReadonlyMap<string, GroupResource> = new Map(
  kinds
    .filter(({ ephemeral, storedAs }) => !ephemeral && !storedAs)
    .map(kind => [prefixOf(kind), { group: kind.group, resource: kind.plural }]),
)

/** What the API does not serve under a group is nobody's resource, and is never sealed. */
function customPrefixOf(key: string): string | undefined {
  if (key.startsWith(SERVER_LEASES)) return undefined
  const [, prefix, group = ''] = /^(\/registry\/([^/]+)\/[^/]+\/)/.exec(key) ?? []
  return group.includes('.') ? prefix : undefined
}

function customResourceOf(prefix: string): GroupResource {
  const [group = '', resource = ''] = prefix.slice(ROOT.length).split('/')
  return { group, resource }
}

function sealersByResource(
  { configuration: { resources }, plugins }: EncryptionRules,
  random: Random,
): ReadonlyMap<string, readonly Sealer[]> {
  const found = new Map<string, readonly Sealer[]>()
  for (const { resources: names, providers } of resources) {
    const sealers = providers.flatMap(provider => sealersOf(provider, random, plugins))
    for (const name of names) {
      const { group, resource } = parseGroupResource(name)
      const key = `${resource}.${group}`
      found.set(key, [...(found.get(key) ?? []), ...sealers])
    }
  }
  return found
}

/** Pins no larger buffer, and is therefore handed on as it is. */
function ownedOf(value: Uint8Array): Uint8Array {
  return value.byteLength === value.buffer.byteLength ? value : new Uint8Array(value)
}
