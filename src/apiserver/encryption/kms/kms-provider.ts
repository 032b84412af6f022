/**
 * One plugin: whether it is well, the data key that this server seals with, and those of others. The data key is made anew whenever the
 * plugin says that it has another key; while it cannot be asked, the last one goes on for some minutes, and then writes fail. Intervals,
 * limits and texts are upstream's (kubernetes/apiserver, pkg/server/options/encryptionconfig and pkg/storage/value/encrypt/envelope/kmsv2).
 */
import { type Clock, rfc3339 } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import type { Cipher } from '../ciphers.ts'
import { MARK, type Sealer } from '../sealers.ts'
import { dataKeyCipher, SEED_BYTES } from './data-key.ts'
import { DataKeys } from './data-keys.ts'
import {
  checkSealedKey,
  dekSourceId,
  dekSourceType,
  encryptedObject,
  hashOf,
  keyIdError,
  readEncryptedObject,
} from './encrypted-object.ts'
import type { KeyService, SealedKey } from './key-service.ts'
import type { KmsFigures } from './kms-figures.ts'

const WELL_INTERVAL_MS = 60_000
const ILL_INTERVAL_MS = 10_000
/** For how long an answer is given again to who asks about health. */
const WELL_ANSWER_MS = 20_000
const ILL_ANSWER_MS = 3_000
/** From the last time that the plugin was well. */
const WRITE_KEY_MS = 3 * 60_000
const TYPE = dekSourceType.hkdfSha256Seed
const VERSIONS = ['v2', 'v2beta1']

export interface KmsProviderOptions {
  readonly name: string
  readonly service: KeyService
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly figures: KmsFigures
}

/** What values are sealed with now. */
interface WriteKey {
  readonly cipher: Cipher
  readonly key: SealedKey
  readonly id: string
  readonly uid: string
  expires: Moment
}
/** `ms` never jumps; `at` is what a clock on the wall says. */
interface Moment {
  readonly ms: number
  readonly at: number
}

export class KmsProvider {
  readonly name: string
  readonly sealer: Sealer
  readonly #options: KmsProviderOptions
  readonly #keys: DataKeys
  readonly #prefix: string
  #writeKey: WriteKey | undefined
  #version = ''
  #checking: Promise<string | undefined> | undefined
  #answer: { readonly failure: string | undefined; readonly untilMs: number } | undefined
  #cancel = () => {}
  #isClosed = false

  constructor(options: KmsProviderOptions) {
    const { name, figures } = options
    this.#options = options
    this.name = name
    this.#prefix = `${MARK}kms:v2:${name}:`
    this.#keys = new DataKeys({
      ...options,
      missed: () => figures.keyMissed(),
      counted: keys => figures.keysHeld(name, keys),
    })
    const keyId = () => this.#writeKey?.key.keyId ?? ''
    this.sealer = {
      get id() {
        return sealerId(name, TYPE, keyId())
      },
      prefix: Buffer.from(this.#prefix),
      marks: [this.#prefix],
      seal: (value, place) => this.#seal(value, place),
      open: (sealed, place) => this.#open(sealed, place),
      prepare: sealed => this.#prepare(sealed),
    }
  }

  /** Asks once, and from then on again and again until it is closed. A plugin that is not well may come to be. */
  async start(): Promise<void> {
    const failure = await this.failure()
    if (failure !== undefined)
      this.#options.log.warn('a key management plugin is not well', { name: this.name, failure })
    this.#poll(failure)
  }

  close(): void {
    this.#isClosed = true
    this.#cancel()
    this.#options.service.close()
  }

  /** Why it cannot be used now; undefined where it can. An answer holds for some seconds. */
  failure(): Promise<string | undefined> {
    const { clock } = this.#options
    if (this.#answer && clock.monotonicMs() < this.#answer.untilMs)
      return Promise.resolve(this.#answer.failure)
    this.#checking ??= this.#check()
      .then(
        () => undefined,
        (error: unknown) => messageOf(error),
      )
      .then(failure => {
        const forMs = failure === undefined ? WELL_ANSWER_MS : ILL_ANSWER_MS
        this.#answer = { failure, untilMs: clock.monotonicMs() + forMs }
        this.#checking = undefined
        return failure
      })
    return this.#checking
  }

  #poll(last: string | undefined): void {
    if (this.#isClosed) return
    const { clock, log } = this.#options
    this.#cancel = clock.after(last === undefined ? WELL_INTERVAL_MS : ILL_INTERVAL_MS, () => {
      void this.failure().then(failure => {
        if (!this.#isClosed && failure !== last)
          if (failure === undefined)
            log.info('a key management plugin is well again', { name: this.name })
          else log.warn('a key management plugin is not well', { name: this.name, failure })
        this.#poll(failure)
      })
    })
  }

  async #check(): Promise<void> {
    const { service, figures } = this.#options
    const status = await service.status().catch(error => {
      throw new Error(
        `failed to perform status section of the healthz check for KMS Provider ${this.name}, error: ${messageOf(error)}`,
      )
    })
    const { healthz, version, keyId } = status
    const errors: string[] = []
    if (healthz !== 'ok') errors.push(`got unexpected healthz status: ${healthz}`)
    errors.push(...this.#versionErrors(version))
    const wrong = keyIdError(keyId)
    if (wrong) {
      figures.invalidStatusKey(this.name, wrong.code)
      errors.push(`got invalid KMSv2 KeyID hash ${quoted(hashOf(keyId))}: ${wrong.message}`)
    } else {
      figures.statusKey(this.name, keyId)
      const failure = await this.#follow(keyId)
      if (failure !== undefined) errors.push(failure)
    }
    if (errors.length === 0) return
    const all = errors.length === 1 ? errors[0] : `[${errors.join(', ')}]`
    throw new Error(`kmsv2 Provider ${this.name} is not healthy, error: ${all}`)
  }

  #versionErrors(version: string): string[] {
    if (!VERSIONS.includes(version)) return [`expected KMSv2 API version v2, got ${version}`]
    if (this.#version === '') this.#version = version
    return this.#version === version
      ? []
      : [
          `KMSv2 API version should not change after the initial status response version ${this.#version}, got ${version}`,
        ]
  }

  /** Takes another data key where the plugin has another key. Resolves with why it could not. */
  async #follow(keyId: string): Promise<string | undefined> {
    const { clock, random } = this.#options
    // Before the call: the time is an upper bound.
    const expires = {
      ms: clock.monotonicMs() + WRITE_KEY_MS,
      at: clock.now() + WRITE_KEY_MS,
    }
    const before = this.#writeKey
    if (before?.key.keyId === keyId) {
      before.expires = expires
      return undefined
    }
    const uid = random.uuid()
    let made: Omit<WriteKey, 'expires'> | undefined
    let failure: string | undefined
    try {
      made = await this.#make(uid)
    } catch (error) {
      failure = messageOf(error)
    }
    if (made?.key.keyId === keyId) {
      this.#writeKey = { ...made, expires }
      this.#keys.add(made.id, made.cipher)
      return undefined
    }
    const state = before ? '<nil>' : 'got unexpected nil transformer'
    const hash = (id: string | undefined) => quoted(hashOf(id ?? ''))
    const until = before ? rfc3339(before.expires.at) : '0001-01-01T00:00:00Z'
    return `failed to rotate DEK uid=${quoted(uid)}, useSeed=true, errState=${state}, errGen=${failure ?? '<nil>'}, statusKeyIDHash=${hash(keyId)}, encryptKeyIDHash=${hash(made?.key.keyId)}, stateKeyIDHash=${hash(before?.key.keyId)}, expirationTimestamp=${until}`
  }

  async #make(uid: string): Promise<Omit<WriteKey, 'expires'>> {
    const { service, random } = this.#options
    const seed = this.#seed()
    const cipher = dataKeyCipher(TYPE, seed, random)
    const key = await service.encrypt(uid, seed).catch(error => {
      throw new Error(`failed to encrypt DEK, error: ${messageOf(error)}`)
    })
    checkSealedKey(key)
    return { cipher, key, uid, id: dekSourceId(TYPE, key) }
  }

  #seed(): Uint8Array {
    const { random, clock, figures } = this.#options
    const startMs = clock.monotonicMs()
    try {
      const seed = random.bytes(SEED_BYTES)
      figures.keyMade((clock.monotonicMs() - startMs) / 1000)
      return seed
    } catch (error) {
      figures.keyNotMade()
      throw error
    }
  }

  #seal(value: Uint8Array, place: Uint8Array): Uint8Array {
    const { clock, figures } = this.#options
    const { cipher, key, id, expires } = this.#usable()
    if (clock.monotonicMs() > expires.ms)
      throw new Error(
        `encryptedDEKSource with keyID hash ${quoted(hashOf(key.keyId))} expired at ${rfc3339(expires.at)} (current time is ${rfc3339(clock.now())})`,
      )
    this.#keys.add(id, cipher)
    figures.keyUsed('to_storage', this.name, key.keyId)
    return encryptedObject.encode({
      encryptedData: cipher.seal(value, place),
      keyId: key.keyId,
      encryptedDekSource: key.ciphertext,
      annotations: key.annotations,
      encryptedDekSourceType: TYPE,
    })
  }

  #open(sealed: Uint8Array, place: Uint8Array) {
    const object = readEncryptedObject(sealed)
    const { keyId, encryptedDekSourceType: type } = object
    this.#usable()
    const cipher = this.#keys.get(object)
    this.#options.figures.keyUsed('from_storage', this.name, keyId)
    return {
      value: cipher.open(object.encryptedData, place),
      id: sealerId(this.name, type, keyId),
    }
  }

  #prepare(sealed: Uint8Array): Promise<void> | undefined {
    if (!this.#writeKey) return undefined
    try {
      return this.#keys.prepare(readEncryptedObject(sealed))
    } catch {
      // Who opens it is told.
      return undefined
    }
  }

  #usable(): WriteKey {
    if (!this.#writeKey) throw new Error('got unexpected nil transformer')
    return this.#writeKey
  }
}

const quoted = (text: string) => JSON.stringify(text)

/** Values stay as they are while a server seals with the same key of the plugin, though with another data key. */
function sealerId(name: string, type: number, keyId: string): string {
  return `${MARK}kms:v2:${name}:${type}:${keyId}`
}
