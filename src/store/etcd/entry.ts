/** A live key as etcd tells it, in the form that the rest of Proa reads. */
import { owned } from '../mvcc.ts'
import type { Entry } from '../store.ts'
import { type KeySpace, storeKey } from './key-space.ts'
import type { KeyValue } from './messages.ts'

/**
 * What lies in etcd need not be what this process works with: other servers read it, too. Keys are the store's own. Neither
 * function may throw; a value that cannot be understood is handed on as it is.
 */
export interface StoredForm {
  toEtcd(key: string, value: Uint8Array): Uint8Array
  fromEtcd(key: string, stored: Uint8Array): Uint8Array
  /** Whether a value that came from or went to etcd would be written otherwise now. */
  isStale?(key: string, value: Uint8Array): boolean
}

export interface EtcdEntry extends Entry {
  /** How often the key was written since it was created: 1 for the first time. */
  readonly version: number
}

/** Values of this process, by key, that etcd has been sent and may tell back. */
export type OwnValues = Map<string, { readonly value: Uint8Array; readonly sent: Uint8Array }>

/** Makes entries; values that this process wrote come back as the very same arrays. */
export class EntryReader {
  readonly space: KeySpace
  readonly own: OwnValues = new Map()
  readonly form: StoredForm

  constructor(space: KeySpace, form: StoredForm) {
    this.space = space
    this.form = form
  }

  /** Undefined for a key outside the store. */
  read(kv: Partial<KeyValue>): EtcdEntry | undefined {
    const key = storeKey(this.space, kv.key ?? NO_BYTES)
    if (key === undefined) return undefined
    const { createRevision = 0, modRevision = 0, version = 0, value: stored = NO_BYTES } = kv
    const own = this.own.get(key)
    const value =
      own && Buffer.compare(own.sent, stored) === 0
        ? owned(own.value)
        : owned(this.form.fromEtcd(key, stored))
    return Object.freeze({ key, value, createRevision, modRevision, version })
  }
}

const NO_BYTES = new Uint8Array()
