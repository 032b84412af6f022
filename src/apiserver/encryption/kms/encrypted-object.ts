/**
 * What lies in the store behind the prefix of a plugin: the sealed value beside the key that sealed it, which only the plugin can read.
 * Fields and limits are upstream's (kubernetes/apiserver, pkg/storage/value/encrypt/envelope/kmsv2).
 */
import { createHash } from 'node:crypto'
import { type FieldError, invalid, required } from '#api/machinery/field-error.ts'
import { isDns1123Subdomain } from '#api/machinery/names.ts'
import { bytes, bytesMap, integer, message, string, type TypeOf } from '#base/protobuf.ts'
import type { SealedKey } from './key-service.ts'

export const encryptedObject = message({
  encryptedData: bytes(1),
  keyId: string(2),
  encryptedDekSource: bytes(3),
  annotations: bytesMap(4),
  encryptedDekSourceType: integer(5),
})
export type EncryptedObject = TypeOf<typeof encryptedObject>

/** What the data key is: the key of AES-GCM itself, or a seed of which a key is made for each value. */
export const dekSourceType = { aesGcmKey: 0, hkdfSha256Seed: 1 } as const

const MAXIMUM_ANNOTATIONS_BYTES = 32 * 1024
const MAXIMUM_KEY_ID_BYTES = 1024
const MAXIMUM_DEK_SOURCE_BYTES = 1024

/** Throws an Error that says what is wrong. */
export function readEncryptedObject(stored: Uint8Array): EncryptedObject {
  const object = encryptedObject.decode(stored)
  if (object.encryptedDekSourceType < 0 || object.encryptedDekSourceType > 1)
    throw new Error(`unknown encryptedDEKSourceType: ${object.encryptedDekSourceType}`)
  if (object.encryptedData.length === 0) throw new Error('encrypted data is empty')
  checkSealedKey(sealedKeyOf(object))
  return object
}

export function sealedKeyOf(object: EncryptedObject): SealedKey {
  const { encryptedDekSource: ciphertext, keyId, annotations } = object
  return { ciphertext, keyId, annotations }
}

/** Throws an Error that says what is wrong. */
export function checkSealedKey({ ciphertext, keyId, annotations }: SealedKey): void {
  const size = ciphertext.length
  if (size === 0)
    throw new Error('failed to validate encrypted DEK source: encrypted DEK source is empty')
  if (size > MAXIMUM_DEK_SOURCE_BYTES)
    throw new Error(
      `failed to validate encrypted DEK source: encrypted DEK source is ${size} bytes, which exceeds the max size of ${MAXIMUM_DEK_SOURCE_BYTES}`,
    )
  const wrong = keyIdError(keyId)
  if (wrong) throw new Error(`failed to validate key id: ${wrong.message}`)
  const errors = annotationErrors(annotations)
  if (errors.length > 0)
    throw new Error(
      `failed to validate annotations: ${errors.length === 1 ? errors[0] : `[${errors.join(', ')}]`}`,
    )
}

/** `code` is for metrics. */
export function keyIdError(keyId: string): { code: string; message: string } | undefined {
  const size = Buffer.byteLength(keyId)
  if (size === 0) return { code: 'empty', message: 'keyID is empty' }
  if (size > MAXIMUM_KEY_ID_BYTES)
    return {
      code: 'too_long',
      message: `keyID is ${size} bytes, which exceeds the max size of ${MAXIMUM_KEY_ID_BYTES}`,
    }
  return undefined
}

function annotationErrors(annotations: SealedKey['annotations']): string[] {
  const errors: string[] = []
  let size = 0
  for (const [name, value] of Object.entries(annotations)) {
    const error = domainError(name)
    if (error) errors.push(`${error.field}: ${error.message}`)
    size += Buffer.byteLength(name) + value.length
  }
  if (size > MAXIMUM_ANNOTATIONS_BYTES)
    errors.push(
      `total size of annotations is ${size}, which exceeds the max size of ${MAXIMUM_ANNOTATIONS_BYTES}`,
    )
  return errors
}

function domainError(name: string): FieldError | undefined {
  const field = 'annotations'
  if (name === '') return required(field)
  const wrong = isDns1123Subdomain(name)
  if (wrong.length > 0) return invalid(field, name, wrong.join(','))
  if (name.split('.').length < 3)
    return invalid(field, name, 'should be a domain with at least two dots')
  return undefined
}

/** The same for the same data key, another one for each other; no larger than a hash. */
export function dekSourceId(type: number, { ciphertext, keyId, annotations }: SealedKey): string {
  const hash = createHash('sha256')
  const add = (part: Uint8Array | string) => {
    hash.update(`${typeof part === 'string' ? Buffer.byteLength(part) : part.length}:`)
    hash.update(part)
  }
  hash.update(`${type}:`)
  add(ciphertext)
  add(keyId)
  for (const name of Object.keys(annotations).sort()) {
    add(name)
    add(annotations[name] ?? new Uint8Array())
  }
  return hash.digest('base64')
}

/** As keys are called in logs, errors and metrics, where their names may not stand. */
export function hashOf(text: string): string {
  return text === '' ? '' : `sha256:${createHash('sha256').update(text).digest('hex')}`
}
