/** What lies in etcd, sealed. A value that cannot be opened stays sealed until somebody asks for it. */
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { StoredForm } from '#store/etcd/entry.ts'
import { type Encryption, sealedOrFailed } from './encryption.ts'

/** `closed` is called when the store is closed. */
export function encryptedForm(
  form: StoredForm,
  encryption: Encryption,
  log: Log,
  closed: () => void = () => {},
): StoredForm {
  return {
    toEtcd(key, value) {
      const plain = form.toEtcd(key, value)
      const sealed = sealedOrFailed(() => encryption.seal(key, plain))
      encryption.carryOver(plain, value)
      return sealed
    },
    fromEtcd(key, stored) {
      try {
        const plain = encryption.open(key, stored)
        const value = form.fromEtcd(key, plain)
        encryption.carryOver(plain, value)
        return value
      } catch (error) {
        log.error('a value in etcd cannot be decrypted', { key, error: messageOf(error) })
        throw error
      }
    },
    prepare: (key, stored) =>
      encryption.needsPreparing(key) ? encryption.prepare(key, stored) : undefined,
    isStale: (key, value) => encryption.isStale(key, value),
    close: closed,
  }
}
