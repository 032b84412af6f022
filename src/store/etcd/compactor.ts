/**
 * Forgets history in etcd, by upstream's protocol, so that any number of servers of either kind do it once in an interval: who
 * raises the version of one key from the value that it knows does the compaction, up to the revision that it saw an interval ago
 * (kubernetes/apiserver, pkg/storage/etcd3/compact.go).
 */
import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { Revision } from '../store.ts'
import type { CallOptions, EtcdConnection } from './connection.ts'
import { isCompacted } from './errors.ts'
import { compareTarget, methods } from './messages.ts'

const KEY = new TextEncoder().encode('compact_rev_key')
const CALL: CallOptions = { timeoutMs: 10_000, isRepeatable: false }

export class Compactor {
  readonly #connection: EtcdConnection
  readonly #clock: Clock
  readonly #log: Log
  /** The version of the key and the revision of the store, as they were at the last turn. */
  #knownVersion = 0
  #knownRevision: Revision = 0
  #cancel: () => void = () => {}
  /** Up to here history is known to be gone. */
  compacted: Revision = 0

  constructor(connection: EtcdConnection, { clock, log }: { clock: Clock; log: Log }) {
    this.#connection = connection
    this.#clock = clock
    this.#log = log
  }

  /** 0 never compacts. */
  start(intervalMs: number): void {
    if (intervalMs <= 0) return
    this.#cancel = this.#clock.after(intervalMs, () => {
      this.turn()
        .catch(error => this.#log.warn('etcd could not be compacted', { error: messageOf(error) }))
        .finally(() => this.start(intervalMs))
    })
  }

  stop(): void {
    this.#cancel()
    this.start = () => {}
  }

  /** One turn of the protocol. Rejects with an EtcdError. */
  async turn(): Promise<void> {
    const compare = [{ target: compareTarget.version, key: KEY, version: this.#knownVersion }]
    const value = new TextEncoder().encode(String(this.#knownRevision))
    const response = await this.#connection.call(
      methods.txn,
      {
        compare,
        success: [{ put: { key: KEY, value } }],
        failure: [{ range: { key: KEY } }],
      },
      CALL,
    )
    const until = this.#knownRevision
    this.#knownRevision = response.header?.revision ?? 0
    if (response.succeeded) {
      this.#knownVersion++
      if (until > 0) await this.compact(until)
      return
    }
    const [kv] = response.responses[0]?.range?.kvs ?? []
    this.#knownVersion = kv?.version ?? 0
    this.#forgotten(Number(new TextDecoder().decode(kv?.value)) || 0)
  }

  /** Forgets up to `revision`, for all servers. Rejects with an EtcdError. */
  async compact(revision: Revision): Promise<void> {
    try {
      await this.#connection.call(methods.compact, { revision }, CALL)
    } catch (error) {
      if (!isCompacted(error)) throw error
    }
    this.#forgotten(revision)
  }

  #forgotten(revision: Revision): void {
    this.compacted = Math.max(this.compacted, revision)
  }
}
