/** What lies in etcd, sealed. A value that cannot be opened is handed on as it is: whoever reads it fails. */
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { StoredForm } from '#store/etcd/entry.ts'
import type { Encryption } from './encryption.ts'

export function encryptedForm(form: StoredForm, encryption: Encryption, log: Log): StoredForm {
  return {
    toEtcd(key, value) {
      const plain = form.toEtcd(key, value)
      const sealed = encryption.seal(key, plain)
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
        return stored
      }
    },
    isStale: (key, value) => encryption.isStale(key, value),
  }
}
