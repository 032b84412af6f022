/** The data keys that values were sealed with, fetched from the plugin once. There are about as many as there were starts of servers. */
import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Random } from '#base/random.ts'
import type { Cipher } from '../ciphers.ts'
import { KeyAwayError } from '../sealers.ts'
import { dataKeyCipher } from './data-key.ts'
import { dekSourceId, type EncryptedObject, sealedKeyOf } from './encrypted-object.ts'
import { type KeyService, KeyServiceError, type SealedKey } from './key-service.ts'

/** Below a kilobyte each; whoever has more of them waits for the plugin more often. */
const MAXIMUM_KEYS = 10_000
/** What nobody asked for so long is given up, as upstream does. */
const KEEP_MS = 24 * 60 * 60_000
/** Calls at the same time; more would only wait for each other, and their time would be up. */
const MAXIMUM_CALLS = 32
/** Waiting keys; beyond it a value is refused at once. */
const MAXIMUM_WAITING = 10_000
/** A plugin that just failed is not waited for again by what comes from the store by itself; it would hold up all that follows. */
const PATIENCE_MS = 10_000

export interface DataKeysOptions {
  readonly service: Pick<KeyService, 'decrypt'>
  readonly clock: Clock
  readonly random: Random
  /** Told of each key that has to be fetched, and of how many there are. */
  readonly missed: () => void
  readonly counted: (keys: number) => void
}

interface Held {
  readonly cipher: Cipher
  usedMs: number
}

export class DataKeys {
  readonly #options: DataKeysOptions
  /** The one that was used last is the last. */
  readonly #held = new Map<string, Held>()
  readonly #fetching = new Map<string, Promise<void>>()
  readonly #failures = new Map<string, { readonly error: unknown; readonly atMs: number }>()
  readonly #waiting: (() => void)[] = []
  #calls = 0

  constructor(options: DataKeysOptions) {
    this.#options = options
  }

  /** Of a key that was made here. */
  add(id: string, cipher: Cipher): void {
    const nowMs = this.#options.clock.monotonicMs()
    this.#held.delete(id)
    this.#held.set(id, { cipher, usedMs: nowMs })
    for (const [oldest, { usedMs }] of this.#held) {
      if (this.#held.size <= MAXIMUM_KEYS && nowMs - usedMs < KEEP_MS) break
      this.#held.delete(oldest)
    }
    this.#options.counted(this.#held.size)
  }

  /** Throws a KeyAwayError while the key of the object is not here. */
  get(object: EncryptedObject): Cipher {
    const id = dekSourceId(object.encryptedDekSourceType, sealedKeyOf(object))
    const held = this.#held.get(id)
    if (held) {
      this.#use(id, held)
      return held.cipher
    }
    const failure = this.#failures.get(id)
    const last = failure ? messageOf(failure.error) : 'its key was not asked for yet'
    const cause = failure && { cause: failure.error }
    throw new KeyAwayError(`failed to decrypt DEK, error: ${last}`, this.#ask(id, object), cause)
  }

  /** Undefined where nothing is to be waited for. */
  prepare(object: EncryptedObject): Promise<void> | undefined {
    const id = dekSourceId(object.encryptedDekSourceType, sealedKeyOf(object))
    if (this.#held.has(id)) return undefined
    const { atMs } = this.#failures.get(id) ?? {}
    const isTired = atMs !== undefined && this.#options.clock.monotonicMs() - atMs < PATIENCE_MS
    return isTired ? undefined : this.#ask(id, object)
  }

  #use(id: string, held: Held): void {
    const nowMs = this.#options.clock.monotonicMs()
    // Once a minute is often enough for a day.
    if (nowMs - held.usedMs < 60_000) return
    held.usedMs = nowMs
    this.#held.delete(id)
    this.#held.set(id, held)
  }

  #ask(id: string, object: EncryptedObject): Promise<void> {
    const under = this.#fetching.get(id)
    if (under) return under
    const fetched = this.#fetched(id, object.encryptedDekSourceType, sealedKeyOf(object)).finally(
      () => this.#fetching.delete(id),
    )
    this.#fetching.set(id, fetched)
    return fetched
  }

  async #fetched(id: string, type: number, key: SealedKey): Promise<void> {
    const { service, random, clock, missed } = this.#options
    try {
      await this.#turn()
      try {
        missed()
        const plaintext = await service.decrypt(random.uuid(), key)
        this.add(id, dataKeyCipher(type, plaintext, random))
        this.#failures.delete(id)
      } finally {
        this.#calls--
        this.#waiting.shift()?.()
      }
    } catch (error) {
      this.#failures.delete(id)
      this.#failures.set(id, { error, atMs: clock.monotonicMs() })
      for (const [oldest] of this.#failures) {
        if (this.#failures.size <= MAXIMUM_KEYS) break
        this.#failures.delete(oldest)
      }
    }
  }

  async #turn(): Promise<void> {
    if (this.#waiting.length >= MAXIMUM_WAITING)
      throw new KeyServiceError('ResourceExhausted', 'too many keys wait for the plugin')
    if (this.#calls >= MAXIMUM_CALLS)
      await new Promise<void>(resolve => void this.#waiting.push(resolve))
    this.#calls++
  }
}
