/**
 * Commits as etcd transactions: everything is compared and changed at one revision, by etcd. Commits of this process that touch
 * the same key go one after the other, in the order in which they came; all others go at the same time.
 */

import { checkChanges } from '../mvcc.ts'
import {
  type Change,
  CommitFailedError,
  type CommitResult,
  type Entry,
  type Revision,
  type StoreEvent,
} from '../store.ts'
import type { EtcdConnection } from './connection.ts'
import type { EntryReader } from './entry.ts'
import { commitError, isLeaseGone } from './errors.ts'
import { etcdKey } from './key-space.ts'
import type { Leases } from './leases.ts'
import { compareTarget, methods, type TxnRequest, type TxnResponse } from './messages.ts'
import type { Mirror } from './mirror.ts'

/** Commits under way and waiting; more means that etcd is far too slow, and waiting would only hide it. */
export const MAX_COMMITS = 10_000
export const MAX_COMMIT_BYTES = 64 * 1024 * 1024

/** A little longer than etcd itself gives a request (7 s), so that its own answer says more. */
const COMMIT_TIMEOUT_MS = 10_000
/** How long an acknowledged commit waits to be seen here. It is durable anyway, so it is then answered all the same. */
const VISIBLE_TIMEOUT_MS = 5_000

export interface CommitsOptions {
  readonly connection: EtcdConnection
  readonly reader: EntryReader
  readonly mirror: Mirror
  readonly leases: Leases
}

export class Commits {
  readonly #options: CommitsOptions
  /** The last commit under way of each key. */
  readonly #tails = new Map<string, Promise<unknown>>()
  readonly #all = new Set<Promise<unknown>>()
  #bytes = 0
  #isClosed = false

  constructor(options: CommitsOptions) {
    this.#options = options
  }

  /** Resolves when what this process has sent for the key is visible, or has failed. */
  async settled(key: string): Promise<void> {
    await this.#tails.get(key)
  }

  /** Takes no more, and waits for what is under way. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all(this.#all)
  }

  async add(changes: readonly Change[]): Promise<CommitResult> {
    if (this.#isClosed) throw new CommitFailedError('the store is closed')
    checkChanges(changes)
    if (changes.length === 0)
      return { ok: true, revision: this.#options.mirror.state.revision, entries: [] }
    const bytes = changes.reduce((sum, { value }) => sum + (value?.byteLength ?? 0), 0)
    if (this.#all.size >= MAX_COMMITS || this.#bytes + bytes > MAX_COMMIT_BYTES)
      throw new CommitFailedError('etcd is too slow: too many commits wait for it', 'Unavailable')
    const keys = changes.map(({ key }) => key)
    const before = keys.flatMap(key => this.#tails.get(key) ?? [])
    const result = Promise.all(before).then(() => this.#commit(changes))
    const tail: Promise<void> = result.then(
      () => this.#left(keys, tail, bytes),
      () => this.#left(keys, tail, bytes),
    )
    for (const key of keys) this.#tails.set(key, tail)
    this.#all.add(tail)
    this.#bytes += bytes
    return result
  }

  #left(keys: readonly string[], tail: Promise<void>, bytes: number): void {
    for (const key of keys) if (this.#tails.get(key) === tail) this.#tails.delete(key)
    this.#all.delete(tail)
    this.#bytes -= bytes
  }

  async #commit(changes: readonly Change[]): Promise<CommitResult> {
    const late = this.#lateConflict(changes)
    if (late) return late
    const { reader, mirror } = this.#options
    const sent = changes.map(({ key, value }) => value && reader.form.toEtcd(key, value))
    changes.forEach(({ key, value }, at) => {
      if (value) reader.own.set(key, { value, sent: sent[at] as Uint8Array })
    })
    try {
      const response = await this.#send(changes, sent)
      const revision = response.header?.revision ?? 0
      await mirror.waitFor(revision, VISIBLE_TIMEOUT_MS)
      return response.succeeded
        ? { ok: true, revision, entries: this.#entriesAt(revision, changes) }
        : this.#conflict(changes, response)
    } catch (error) {
      throw commitError(error)
    } finally {
      for (const { key } of changes) reader.own.delete(key)
    }
  }

  /** A key that has moved on from what is expected never comes back to it, so etcd need not be asked. */
  #lateConflict(changes: readonly Change[]): CommitResult | undefined {
    const { state } = this.#options.mirror
    for (const { key, expected } of changes) {
      if (!expected || expected > state.revision) continue
      const current = state.get(key)
      if (current?.modRevision !== expected) return { ok: false, key, current }
    }
    return undefined
  }

  async #send(
    changes: readonly Change[],
    sent: readonly (Uint8Array | null)[],
  ): Promise<TxnResponse> {
    const { connection, leases } = this.#options
    const ttlMs = changes.find(change => change.ttlMs !== undefined)?.ttlMs
    const options = { timeoutMs: COMMIT_TIMEOUT_MS, isRepeatable: false }
    for (let isAgain = false; ; isAgain = true) {
      const lease = ttlMs === undefined ? 0 : await leases.idFor(ttlMs)
      try {
        return await connection.call(methods.txn, this.#request(changes, sent, lease), options)
      } catch (error) {
        if (isAgain || !isLeaseGone(error)) throw error
        leases.forget()
      }
    }
  }

  #request(
    changes: readonly Change[],
    sent: readonly (Uint8Array | null)[],
    lease: number,
  ): Partial<TxnRequest> {
    const { space } = this.#options.reader
    const compared = changes.filter(({ expected }) => expected !== undefined)
    return {
      compare: compared.map(({ key, expected = 0 }) => ({
        target: compareTarget.modRevision,
        key: etcdKey(space, key),
        modRevision: expected,
      })),
      success: changes.map(({ key, ttlMs }, at) => {
        const value = sent[at]
        return value
          ? {
              put: { key: etcdKey(space, key), value, lease: ttlMs === undefined ? 0 : lease },
            }
          : { deleteRange: { key: etcdKey(space, key) } }
      }),
      failure: compared.map(({ key }) => ({ range: { key: etcdKey(space, key) } })),
    }
  }

  /** What the commit wrote, as it is remembered here; made up where this process could not see it in time. */
  #entriesAt(revision: Revision, changes: readonly Change[]): (Entry | null)[] {
    const { state } = this.#options.mirror
    const isSeen = state.revision >= revision && state.compactedRevision < revision
    const events: readonly StoreEvent[] = isSeen
      ? (state.eventsAfter('', revision - 1)[0] ?? [])
      : []
    return changes.map(({ key, value, expected }) => {
      if (!value) return null
      for (const event of events)
        if (event.type === 'put' && event.entry.key === key && event.revision === revision)
          return event.entry
      const createRevision = expected ? (state.get(key)?.createRevision ?? revision) : revision
      return Object.freeze({ key, value, createRevision, modRevision: revision })
    })
  }

  #conflict(changes: readonly Change[], response: TxnResponse): CommitResult {
    const { reader, mirror } = this.#options
    const compared = changes.filter(({ expected }) => expected !== undefined)
    for (const [at, { key, expected }] of compared.entries()) {
      const [kv] = response.responses[at]?.range?.kvs ?? []
      if ((kv?.modRevision ?? 0) === expected) continue
      const seen = mirror.state.get(key)
      const current = seen?.modRevision === kv?.modRevision ? seen : kv && reader.read(kv)
      return { ok: false, key, current }
    }
    throw new CommitFailedError('etcd refused a change, but all that it expects is so')
  }
}
