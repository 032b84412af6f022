/** Which values are sealed in the store, and with which key: the first provider of a resource writes, all of them read. */
import { kinds } from '#api/kinds.ts'
import { messageOf } from '#base/errors.ts'
import type { Random } from '#base/random.ts'
import { CommitFailedError, UnreadableValueError } from '#store'
import { prefixOf, ROOT, resourcePrefixOf, SERVER_LEASES } from '../storage/keys.ts'
import type { EncryptionConfiguration } from './configuration.ts'
import { type GroupResource, parseGroupResource } from './resource-names.ts'
import { KeyAwayError, type PluginSealers, type Sealer, sealersOf, startsWith } from './sealers.ts'
import type { Transformation, TransformationFigures } from './transformation-figures.ts'

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
  readonly figures?: TransformationFigures
}

/** Whose values are sealed. */
interface Sealed {
  /** As metrics call it. */
  readonly resource: string
  readonly sealers: readonly Sealer[]
}

const IDENTITY = ['identity']
const UNKNOWN = ['unknown']
const NO_PREFIX = 'no matching prefix found'

/** Keys are the store's own. */
export class Encryption {
  #byResource: ReadonlyMap<string, readonly Sealer[]>
  /** By the part of the key that says which resource it is; none where its values are as they are. */
  readonly #byPrefix = new Map<string, Sealed | undefined>()
  /** Which sealer a value came from or went to. */
  readonly #sealedBy = new WeakMap<Uint8Array, string>()
  readonly #random: Random
  readonly #keyPrefix: string

  readonly #renewed: EncryptionOptions['renewed']
  readonly #figures: TransformationFigures | undefined

  constructor(rules: EncryptionRules, options: EncryptionOptions) {
    this.#random = options.random
    this.#keyPrefix = options.keyPrefix ?? ROOT
    this.#renewed = options.renewed
    this.#figures = options.figures
    this.#byResource = sealersByResource(rules, options.random)
  }

  concerns(key: string): boolean {
    return this.#sealedAt(key) !== undefined
  }

  seal(key: string, value: Uint8Array): Uint8Array {
    const { resource = '', sealers: [writer] = [] } = this.#sealedAt(key) ?? {}
    if (!writer) return value
    this.#sealedBy.set(value, writer.id)
    // Upstream counts what it does not seal, too: as it is written under no name, as it is read as `identity`.
    const marks = writer.marks.length > 0 ? writer.marks : ['']
    return this.#counted({ resource, direction: 'to_storage' }, marks, () =>
      writer.prefix.length === 0
        ? value
        : Buffer.concat([writer.prefix, writer.seal(value, this.#placeOf(key))]),
    )
  }

  /** Throws an UnreadableValueError. */
  open(key: string, stored: Uint8Array): Uint8Array {
    const sealed = this.#sealedAt(key)
    if (!sealed) return stored
    const { resource, sealers } = sealed
    const what: Transformation = { resource, direction: 'from_storage' }
    const errors: string[] = []
    let fetched: Promise<void> | undefined
    for (const sealer of sealers) {
      if (!startsWith(stored, sealer.prefix)) continue
      const isSealed = sealer.prefix.length > 0
      try {
        const opened = this.#counted(what, isSealed ? sealer.marks : IDENTITY, () =>
          sealer.open(stored.subarray(sealer.prefix.length), this.#placeOf(key)),
        )
        const value = ownedOf(opened.value)
        this.#sealedBy.set(value, opened.id)
        return value
      } catch (error) {
        // Another key may have the same name; what is not sealed at all says nothing about those behind it.
        if (isSealed) errors.push(messageOf(error))
        if (error instanceof KeyAwayError) fetched = error.fetched
      }
    }
    const why = errors.length > 0 ? errors.join(', ') : NO_PREFIX
    const error = new UnreadableValueError(`${key} cannot be decrypted: ${why}`, fetched)
    if (errors.length === 0) this.#figures?.ended(what, UNKNOWN, this.#figures.begin(), error)
    throw error
  }

  /** What failed because it is not here yet is done again, and is counted then. */
  #counted<T>(what: Transformation, marks: readonly string[], transform: () => T): T {
    const figures = this.#figures
    if (!figures) return transform()
    const startMs = figures.begin()
    try {
      const made = transform()
      figures.ended(what, marks, startMs)
      return made
    } catch (error) {
      const isYetToCome = error instanceof KeyAwayError && error.cause === undefined
      if (marks !== IDENTITY && !isYetToCome) figures.ended(what, marks, startMs, error)
      throw error
    }
  }

  /** Whether opening values of this key may need something to be fetched before. */
  needsPreparing(key: string): boolean {
    return this.#sealedAt(key)?.sealers.some(({ prepare }) => prepare !== undefined) ?? false
  }

  /** Fetches what is needed to open a value; undefined where that is here. Does not reject: opening tells. */
  prepare(key: string, stored: Uint8Array): Promise<void> | undefined {
    // Every value begins as one that is not sealed does, and there is nothing to fetch for those.
    const sealer = this.#sealedAt(key)?.sealers.find(
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
    const writer = this.#sealedAt(key)?.sealers[0]
    return id !== undefined && writer !== undefined && writer.id !== id
  }

  #placeOf(key: string): Uint8Array {
    return Buffer.from(this.#keyPrefix + key.slice(ROOT.length))
  }

  #sealedAt(key: string): Sealed | undefined {
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
      const sealers = found === undefined ? undefined : this.#byResource.get(found)
      const name = group === '' ? resource : `${resource}.${group}`
      this.#byPrefix.set(prefix, sealers && { resource: name, sealers })
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
