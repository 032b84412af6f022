/**
 * Whether the mirror holds what etcd holds: now and then all keys are read from etcd, as of a revision that the mirror shows, and compared by
 * key, revision and number of writes. Finds what no event ever tells, such as a member that lost a key or was given another's files. As
 * upstream's check of its cache (kubernetes/apiserver, pkg/storage/cacher/delegator.go), which reads values, too; here names are enough, for
 * etcd gives each write of a key another revision.
 */
import { type Clock, sleep } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import type { Comparison, Entry } from '../store.ts'
import type { EtcdConnection } from './connection.ts'
import type { EntryReader, EtcdEntry } from './entry.ts'
import { readKeys } from './load.ts'
import type { Mirror } from './mirror.ts'

/** As upstream: five minutes, and up to half as long again, so that servers do not ask in step. */
export const CONSISTENCY_INTERVAL_MS = 5 * 60_000
/** What differs is named up to so many keys; more is no news. */
const MOST_KEYS = 1_000
const KEYS_IN_LOG = 5

export interface ConsistencyOptions {
  readonly connection: EtcdConnection
  readonly reader: EntryReader
  readonly mirror: Mirror
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

export class ConsistencyCheck {
  readonly #options: ConsistencyOptions
  readonly #listeners = new Set<(comparison: Comparison) => void>()
  readonly #stopping = new AbortController()

  constructor(options: ConsistencyOptions) {
    this.#options = options
  }

  onCompared(listener: (comparison: Comparison) => void): void {
    this.#listeners.add(listener)
  }

  /** Goes on until `stop`; 0 never compares. */
  async start(intervalMs: number): Promise<void> {
    const { clock, random } = this.#options
    const { signal } = this.#stopping
    while (intervalMs > 0 && !signal.aborted) {
      await sleep(clock, intervalMs + random.integer(intervalMs / 2), signal).catch(() => {})
      if (!signal.aborted) await this.check()
    }
  }

  stop(): void {
    this.#stopping.abort()
  }

  /** Where something differs, everything is read anew: etcd decides. Never rejects. */
  async check(): Promise<Comparison> {
    const { log, mirror } = this.#options
    const comparison = await this.#compare().catch((error: unknown): Comparison => {
      log.warn('the keys of etcd could not be compared', { error: messageOf(error) })
      return { status: 'error', differing: [] }
    })
    const { status, differing } = comparison
    if (status === 'failure') {
      const keys = differing.slice(0, KEYS_IN_LOG)
      log.error('etcd holds other keys than it told of', { count: differing.length, keys })
      mirror.distrust(`${differing.length} keys differ from etcd's, such as ${keys[0]}`)
    }
    for (const listener of this.#listeners) listener(comparison)
    return comparison
  }

  async #compare(): Promise<Comparison> {
    const { connection, reader, mirror } = this.#options
    if (!mirror.isFollowing) throw new Error('the watch of etcd is broken')
    const { state } = mirror
    const { revision, entries } = state.list(reader.space.root)
    const differences = new Differences(entries)
    for await (const page of readKeys(connection, reader, revision)) differences.take(page)
    // What was read anew meanwhile has nothing to do with what was compared.
    if (mirror.state !== state) throw new Error('everything was read anew meanwhile')
    const differing = differences.finish()
    return { status: differing.length > 0 ? 'failure' : 'success', revision, differing }
  }
}

/** Two rows of keys in the same order, of which one comes in pages. */
class Differences {
  readonly #known: readonly Entry[]
  readonly #differing: string[] = []
  #at = 0

  constructor(known: readonly Entry[]) {
    this.#known = known
  }

  take(page: readonly EtcdEntry[]): void {
    for (const entry of page) {
      this.#missing(entry.key)
      const known = this.#known[this.#at]
      if (known?.key !== entry.key) this.#differ(entry.key)
      else {
        this.#at++
        if (!isSame(known as EtcdEntry, entry)) this.#differ(entry.key)
      }
    }
  }

  finish(): readonly string[] {
    this.#missing(undefined)
    return this.#differing
  }

  /** Known keys below this one, or all that are left, are not in etcd. */
  #missing(key: string | undefined): void {
    for (; this.#at < this.#known.length; this.#at++) {
      const known = this.#known[this.#at] as Entry
      if (key !== undefined && known.key >= key) return
      this.#differ(known.key)
    }
  }

  #differ(key: string): void {
    if (this.#differing.length < MOST_KEYS) this.#differing.push(key)
  }
}

const isSame = (one: EtcdEntry, other: EtcdEntry): boolean =>
  one.modRevision === other.modRevision &&
  one.createRevision === other.createRevision &&
  one.version === other.version
