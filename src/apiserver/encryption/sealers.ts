/**
 * How one key of one provider turns a value into what lies in the store, and back; byte for byte as upstream does it, so that either
 * server reads what the other wrote. A sealed value begins with the provider's mark and the name of the key.
 */
import { createCipheriv, createDecipheriv, createHash } from 'node:crypto'
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js'
import type { Random } from '#base/random.ts'
import type { Key, KeyedProvider, ProviderConfiguration } from './configuration.ts'

export interface Sealer {
  /** Two with the same one seal alike. */
  readonly id: string
  /** What its values begin with; nothing where they are not sealed. */
  readonly prefix: Uint8Array
  /** `place` is where the value lies; some bind it, so that it cannot be moved elsewhere. */
  seal(value: Uint8Array, place: Uint8Array): Uint8Array
  /** Of what follows the prefix. Throws an Error that says why it cannot. */
  open(sealed: Uint8Array, place: Uint8Array): Uint8Array
}

type Cipher = Pick<Sealer, 'seal' | 'open'>

const MARK = 'k8s:enc:'
const MARK_BYTES = Buffer.from(MARK)
const TOO_SHORT = 'the stored data was shorter than the required size'

export function sealersOf(provider: ProviderConfiguration, random: Random): readonly Sealer[] {
  if (provider.kind === 'identity') return [unsealed]
  const { kind } = provider
  return provider.keys.map(key => {
    const prefix = `${MARK}${kind}:v1:${key.name}:`
    const fingerprint = createHash('sha256').update(key.secret).digest('hex')
    return {
      id: `${prefix}${fingerprint}`,
      prefix: Buffer.from(prefix),
      ...CIPHERS[kind](key, random),
    }
  })
}

const unsealed: Sealer = {
  id: '',
  prefix: new Uint8Array(),
  seal: value => value,
  open(stored) {
    if (startsWith(stored, MARK_BYTES))
      throw new Error('identity transformer tried to read encrypted data')
    return stored
  },
}

export function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return prefix.every((byte, at) => bytes[at] === byte)
}

const CIPHERS: Readonly<Record<KeyedProvider, (key: Key, random: Random) => Cipher>> = {
  aescbc({ secret }, random) {
    const name = `aes-${secret.length * 8}-cbc`
    const BLOCK_BYTES = 16
    return {
      seal(value) {
        const iv = random.bytes(BLOCK_BYTES)
        const cipher = createCipheriv(name, secret, iv)
        return Buffer.concat([iv, cipher.update(value), cipher.final()])
      },
      open(sealed) {
        if (sealed.length < BLOCK_BYTES) throw new Error(TOO_SHORT)
        if (sealed.length % BLOCK_BYTES !== 0)
          throw new Error('the stored data is not a multiple of the block size')
        const decipher = createDecipheriv(name, secret, sealed.subarray(0, BLOCK_BYTES))
        return Buffer.concat([decipher.update(sealed.subarray(BLOCK_BYTES)), decipher.final()])
      },
    }
  },
  aesgcm({ secret }, random) {
    const name = `aes-${secret.length * 8}-gcm` as 'aes-256-gcm'
    const NONCE_BYTES = 12
    const TAG_BYTES = 16
    const options = { authTagLength: TAG_BYTES }
    return {
      seal(value, place) {
        const nonce = random.bytes(NONCE_BYTES)
        const cipher = createCipheriv(name, secret, nonce, options).setAAD(place)
        return Buffer.concat([nonce, cipher.update(value), cipher.final(), cipher.getAuthTag()])
      },
      open(sealed, place) {
        if (sealed.length < NONCE_BYTES + TAG_BYTES) throw new Error(TOO_SHORT)
        const tag = sealed.subarray(sealed.length - TAG_BYTES)
        const text = sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES)
        const nonce = sealed.subarray(0, NONCE_BYTES)
        const decipher = createDecipheriv(name, secret, nonce, options)
        decipher.setAAD(place).setAuthTag(tag)
        return Buffer.concat([decipher.update(text), decipher.final()])
      },
    }
  },
  secretbox: ({ secret }, random) => {
    const { nonceLength, tagLength } = xsalsa20poly1305
    return {
      seal(value) {
        const nonce = random.bytes(nonceLength)
        return Buffer.concat([nonce, xsalsa20poly1305(secret, nonce).encrypt(value)])
      },
      open(sealed) {
        if (sealed.length < nonceLength + tagLength) throw new Error(TOO_SHORT)
        const nonce = sealed.subarray(0, nonceLength)
        return xsalsa20poly1305(secret, nonce).decrypt(sealed.subarray(nonceLength))
      },
    }
  },
}
