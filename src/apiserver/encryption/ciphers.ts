/** How one key turns a value into what lies in the store, and back; byte for byte as upstream does it. */
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js'
import type { Random } from '#base/random.ts'
import type { KeyedProvider } from './configuration.ts'

/** `place` is where the value lies; some bind it, so that it cannot be moved elsewhere. `open` throws an Error that says why it cannot. */
export interface Cipher {
  seal(value: Uint8Array, place: Uint8Array): Uint8Array
  open(sealed: Uint8Array, place: Uint8Array): Uint8Array
}

export const TOO_SHORT = 'the stored data was shorter than the required size'

export const CIPHERS: Readonly<Record<KeyedProvider, (key: Uint8Array, random: Random) => Cipher>> =
  {
    aescbc(key, random) {
      const name = `aes-${key.length * 8}-cbc`
      const BLOCK_BYTES = 16
      return {
        seal(value) {
          const iv = random.bytes(BLOCK_BYTES)
          const cipher = createCipheriv(name, key, iv)
          return Buffer.concat([iv, cipher.update(value), cipher.final()])
        },
        open(sealed) {
          if (sealed.length < BLOCK_BYTES) throw new Error(TOO_SHORT)
          if (sealed.length % BLOCK_BYTES !== 0)
            throw new Error('the stored data is not a multiple of the block size')
          const decipher = createDecipheriv(name, key, sealed.subarray(0, BLOCK_BYTES))
          return Buffer.concat([decipher.update(sealed.subarray(BLOCK_BYTES)), decipher.final()])
        },
      }
    },
    aesgcm: (key, random) => ({
      seal: (value, place) => sealGcm(key, value, place, random),
      open: (sealed, place) => openGcm(key, sealed, place),
    }),
    secretbox: (key, random) => {
      const { nonceLength, tagLength } = xsalsa20poly1305
      return {
        seal(value) {
          const nonce = random.bytes(nonceLength)
          return Buffer.concat([nonce, xsalsa20poly1305(key, nonce).encrypt(value)])
        },
        open(sealed) {
          if (sealed.length < nonceLength + tagLength) throw new Error(TOO_SHORT)
          const nonce = sealed.subarray(0, nonceLength)
          return xsalsa20poly1305(key, nonce).decrypt(sealed.subarray(nonceLength))
        },
      }
    },
  }

const NONCE_BYTES = 12
const TAG_BYTES = 16
const GCM_OPTIONS = { authTagLength: TAG_BYTES }
const gcmOf = (key: Uint8Array) => `aes-${key.length * 8}-gcm` as 'aes-256-gcm'

export function sealGcm(
  key: Uint8Array,
  value: Uint8Array,
  place: Uint8Array,
  random: Random,
): Uint8Array {
  const nonce = random.bytes(NONCE_BYTES)
  const cipher = createCipheriv(gcmOf(key), key, nonce, GCM_OPTIONS).setAAD(place)
  return Buffer.concat([nonce, cipher.update(value), cipher.final(), cipher.getAuthTag()])
}

export function openGcm(key: Uint8Array, sealed: Uint8Array, place: Uint8Array): Uint8Array {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) throw new Error(TOO_SHORT)
  const tag = sealed.subarray(sealed.length - TAG_BYTES)
  const text = sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES)
  const nonce = sealed.subarray(0, NONCE_BYTES)
  const decipher = createDecipheriv(gcmOf(key), key, nonce, GCM_OPTIONS)
  decipher.setAAD(place).setAuthTag(tag)
  return Buffer.concat([decipher.update(text), decipher.final()])
}
