/** A live key as etcd tells it, in the form that the rest of Proa reads. */
import { owned } from '../mvcc.ts'
import { type Entry, UnreadableValueError } from '../store.ts'
import { type KeySpace, storeKey } from './key-space.ts'
import type { KeyValue } from './messages.ts'

/**
 * What lies in etcd need not be what this process works with: other servers read it, too. Keys are the store's own. A value that
 * cannot be understood is handed on as it is.
 */
export interface StoredForm {
  /** Throws a CommitFailedError where it cannot be brought into this form now. */
  toEtcd(key: string, value: Uint8Array): Uint8Array
  /** Throws an UnreadableValueError where it cannot be read now; it is tried again whenever somebody asks for the value. */
  fromEtcd(key: string, stored: Uint8Array): Uint8Array
  /** Fetches what is needed to read a value; undefined where that is here. Does not reject: reading tells. */
  prepare?(key: string, stored: Uint8Array): Promise<void> | undefined
  /** Whether a value that came from or went to etcd would be written otherwise now. */
  isStale?(key: string, value: Uint8Array): boolean
  /** Called once, when the store is closed. */
  close?(): void
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
    const facts = { key, createRevision, modRevision, version }
    if (own && Buffer.compare(own.sent, stored) === 0)
      return Object.freeze({ ...facts, value: owned(own.value) })
    try {
      return Object.freeze({ ...facts, value: owned(this.form.fromEtcd(key, stored)) })
    } catch (error) {
      if (!(error instanceof UnreadableValueError)) throw error
      return this.#unread(facts, owned(stored))
    }
  }

  /** Fetches what is needed to read these; undefined where that is here. Does not reject. */
  prepare(kvs: readonly Partial<KeyValue>[]): Promise<unknown> | undefined {
    const { form, space } = this
    if (!form.prepare) return undefined
    const waiting = new Set<Promise<void>>()
    for (const { key: encoded = NO_BYTES, value = NO_BYTES } of kvs) {
      const key = storeKey(space, encoded)
      const wait = key === undefined ? undefined : form.prepare(key, value)
      if (wait) waiting.add(wait)
    }
    return waiting.size > 0 ? Promise.all(waiting) : undefined
  }

  /** One whose value is read when somebody asks for it. */
  #unread(facts: Omit<EtcdEntry, 'value'>, stored: Uint8Array): EtcdEntry {
    const { form } = this
    let value: Uint8Array | undefined
    return Object.freeze({
      ...facts,
      size: stored.length,
      get value() {
        value ??= owned(form.fromEtcd(facts.key, stored))
        return value
      },
    })
  }
}

const NO_BYTES = new Uint8Array()
