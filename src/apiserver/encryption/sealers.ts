/**
 * What one key of one provider does with values, so that either server reads what the other wrote: a sealed value begins with the
 * provider's mark and the name of the key.
 */
import { createHash } from 'node:crypto'
import type { Random } from '#base/random.ts'
import { CIPHERS, type Cipher } from './ciphers.ts'
import type { KmsConfiguration, ProviderConfiguration } from './configuration.ts'

export interface Sealer {
  /** What seals alike has the same; it may change with time. */
  readonly id: string
  /** What its values begin with; nothing where they are not sealed. */
  readonly prefix: Uint8Array
  /** The parts of the prefix that are counted: of the provider, and of its key where it has several. */
  readonly marks: readonly string[]
  /** Throws an Error that says why it cannot. */
  seal: Cipher['seal']
  /** Of what follows the prefix. Throws an Error that says why it cannot; a KeyAwayError where asking again may help. */
  open(sealed: Uint8Array, place: Uint8Array): Opened
  /** Fetches what is needed to open them; undefined where that is here. Does not reject: opening tells. */
  prepare?(sealed: Uint8Array): Promise<void> | undefined
}

export interface Opened {
  readonly value: Uint8Array
  /** Of the sealer as it was when the value was written. */
  readonly id: string
}

/** The key of a value is not here now; its cause is why it could not be had before, if it was asked for. */
export class KeyAwayError extends Error {
  override readonly name = 'KeyAwayError'
  /** Resolves when it has come, or could not be had. */
  readonly fetched: Promise<void>
  constructor(message: string, fetched: Promise<void>, options?: ErrorOptions) {
    super(message, options)
    this.fetched = fetched
  }
}

export const MARK = 'k8s:enc:'
const MARK_BYTES = Buffer.from(MARK)

/** Those of the plugins that a configuration names, by the names that it gives them. */
export type PluginSealers = ReadonlyMap<KmsConfiguration['name'], Sealer>

export function sealersOf(
  provider: ProviderConfiguration,
  random: Random,
  plugins: PluginSealers = new Map(),
): readonly Sealer[] {
  if (provider.kind === 'identity') return [unsealed]
  if (provider.kind === 'kms') {
    const sealer = plugins.get(provider.name)
    if (!sealer) throw new Error(`there is no plugin ${provider.name}`)
    return [sealer]
  }
  const { kind } = provider
  return provider.keys.map(key => {
    const marks = [`${MARK}${kind}:v1:`, `${key.name}:`]
    const prefix = marks.join('')
    const id = `${prefix}${createHash('sha256').update(key.secret).digest('hex')}`
    const cipher = CIPHERS[kind](key.secret, random)
    return {
      id,
      prefix: Buffer.from(prefix),
      marks,
      seal: cipher.seal,
      open: (sealed, place) => ({ value: cipher.open(sealed, place), id }),
    }
  })
}

const unsealed: Sealer = {
  id: '',
  prefix: new Uint8Array(),
  marks: [],
  seal: value => value,
  open(stored) {
    if (startsWith(stored, MARK_BYTES))
      throw new Error('identity transformer tried to read encrypted data')
    return { value: stored, id: '' }
  },
}

export function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return prefix.every((byte, at) => bytes[at] === byte)
}
