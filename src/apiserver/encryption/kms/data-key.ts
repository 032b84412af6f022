/** What a data key does with values, byte for byte as upstream has it. */
import { createHmac } from 'node:crypto'
import type { Random } from '#base/random.ts'
import { type Cipher, openGcm, sealGcm, TOO_SHORT } from '../ciphers.ts'
import { dekSourceType } from './encrypted-object.ts'

export const SEED_BYTES = 32
/** What a key is made of beside the seed; it goes before the value. */
const INFO_BYTES = 32

/** Throws an Error where the key cannot be one. */
export function dataKeyCipher(type: number, key: Uint8Array, random: Random): Cipher {
  if (type === dekSourceType.hkdfSha256Seed) return seedCipher(key, random)
  if (![16, 24, 32].includes(key.length))
    throw new Error(`crypto/aes: invalid key size ${key.length}`)
  return {
    seal: (value, place) => sealGcm(key, value, place, random),
    open: (sealed, place) => openGcm(key, sealed, place),
  }
}

/** A key for each value, so that no number of writes wears it out. */
function seedCipher(seed: Uint8Array, random: Random): Cipher {
  if (seed.length < SEED_BYTES)
    throw new Error(`invalid seed length ${seed.length} used for key generation`)
  return {
    seal(value, place) {
      const info = random.bytes(INFO_BYTES)
      return Buffer.concat([info, sealGcm(expand(seed, info), value, place, random)])
    },
    open(sealed, place) {
      if (sealed.length < INFO_BYTES) throw new Error(TOO_SHORT)
      const info = sealed.subarray(0, INFO_BYTES)
      return openGcm(expand(seed, info), sealed.subarray(INFO_BYTES), place)
    },
  }
}

/** The first block of HKDF-Expand (RFC 5869), which is as long as a key. */
function expand(seed: Uint8Array, info: Uint8Array): Uint8Array {
  return createHmac('sha256', seed).update(info).update(Uint8Array.of(1)).digest()
}
