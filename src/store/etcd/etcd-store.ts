/**
 * The engine for several API servers: etcd v3 decides and keeps, this process holds a mirror of all keys and answers from it.
 * Writes are etcd's transactions; reads ask etcd how far it is and then the mirror, which any server's commits reach by a watch.
 */
import { type Clock, sleep } from '#base/clock.ts'
import { messageOf, UserError } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import { defaultHistoryLimits, type HistoryLimits } from '../history.ts'
import {
  type Change,
  CompactedError,
  FutureRevisionError,
  type ListOptions,
  type ListResult,
  type Revision,
  type SharedStore,
  type Store,
  StoreClosedError,
  type WatchSink,
} from '../store.ts'
import { Commits } from './commits.ts'
import { Compactor } from './compactor.ts'
import { EtcdConnection, type EtcdTls } from './connection.ts'
import { CONSISTENCY_INTERVAL_MS, ConsistencyCheck } from './consistency.ts'
import { EntryReader, type StoredForm } from './entry.ts'
import { isCompacted, isFuture, readError } from './errors.ts'
import { etcdKey, type KeySpace } from './key-space.ts'
import { Leases } from './leases.ts'
import { readRange } from './load.ts'
import { Mirror } from './mirror.ts'
import { watchPast } from './past.ts'
import { ReadIndex } from './read-index.ts'

export interface EtcdStoreOptions extends KeySpace {
  /** Members of one cluster, as `--etcd-servers` has them. */
  readonly servers: readonly string[]
  readonly tls?: EtcdTls
  /** How values lie in etcd; as they are by default. */
  readonly form?: StoredForm
  /** How much history is held here; what is older is read from etcd. */
  readonly history?: Partial<HistoryLimits>
  /** Upstream's by default; 0 leaves compaction to others. */
  readonly compactionIntervalMs?: number
  /** How often all keys are compared with etcd's; 0 never. */
  readonly consistencyIntervalMs?: number
  /** How long to wait for an etcd that does not answer yet, 60 s by default as upstream. */
  readonly openTimeoutMs?: number
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

const COMPACTION_INTERVAL_MS = 5 * 60_000
const OPEN_TIMEOUT_MS = 60_000
const OPEN_RETRY_MS = 500
/** How often a mirror that hears of nothing is brought to where etcd is, so that history does not overtake it. */
const REFRESH_INTERVAL_MS = 60_000

const AS_IT_IS: StoredForm = { toEtcd: (_key, value) => value, fromEtcd: (_key, stored) => stored }

/** Resolves when everything is read. Throws a UserError when etcd cannot be reached in time. */
export async function openEtcdStore(options: EtcdStoreOptions): Promise<Store> {
  const { clock, servers, log, openTimeoutMs = OPEN_TIMEOUT_MS } = options
  const store = new EtcdStore(options)
  const deadlineMs = clock.monotonicMs() + openTimeoutMs
  for (let tries = 1; ; tries++) {
    try {
      await store.open()
      return store
    } catch (error) {
      if (clock.monotonicMs() >= deadlineMs) {
        await store.close()
        throw new UserError(`no etcd answers at ${servers.join(', ')}: ${messageOf(error)}`)
      }
      if (tries === 1) log.warn('waiting for etcd', { servers, error: messageOf(error) })
      await sleep(clock, OPEN_RETRY_MS)
    }
  }
}

class EtcdStore implements Store {
  readonly shared: SharedStore
  readonly isStale?: NonNullable<Store['isStale']>
  readonly #options: EtcdStoreOptions
  readonly #connection: EtcdConnection
  readonly #reader: EntryReader
  readonly #mirror: Mirror
  readonly #commits: Commits
  readonly #compactor: Compactor
  readonly #readIndex: ReadIndex
  readonly #consistency: ConsistencyCheck
  #cancelRefresh: () => void = () => {}
  #closing: Promise<void> | undefined

  constructor(options: EtcdStoreOptions) {
    const { servers, tls = {}, form = AS_IT_IS, root, prefix, clock, random, log } = options
    this.#options = options
    if (form.isStale) this.isStale = form.isStale
    const connection = connect(servers, tls, clock)
    const reader = new EntryReader({ root, prefix }, form)
    const limits = { ...defaultHistoryLimits, ...options.history }
    const mirror = new Mirror({ connection, reader, clock, log, limits })
    const leases = new Leases(connection, options)
    this.#connection = connection
    this.#reader = reader
    this.#mirror = mirror
    this.#commits = new Commits({ connection, reader, mirror, leases })
    this.#compactor = new Compactor(connection, options)
    const key = etcdKey(reader.space, `${root}health`)
    this.#readIndex = new ReadIndex({ connection, mirror, clock, key })
    this.#consistency = new ConsistencyCheck({ connection, reader, mirror, clock, random, log })
    this.shared = {
      readIndex: async () => {
        this.#assertOpen()
        return this.#readIndex.get()
      },
      check: async () => {
        this.#assertOpen()
        return this.#readIndex.check()
      },
      onCompared: listener => this.#consistency.onCompared(listener),
    }
  }

  async open(): Promise<void> {
    await this.#mirror.open()
    this.#compactor.start(this.#options.compactionIntervalMs ?? COMPACTION_INTERVAL_MS)
    this.#scheduleRefresh()
    void this.#consistency.start(this.#options.consistencyIntervalMs ?? CONSISTENCY_INTERVAL_MS)
  }

  get revision() {
    return this.#mirror.state.revision
  }

  get compactedRevision() {
    return Math.min(this.#mirror.state.compactedRevision, this.#compactor.compacted)
  }

  async get(key: string) {
    await this.shared.readIndex()
    return this.#mirror.state.get(key)
  }

  async latest(key: string) {
    this.#assertOpen()
    await this.#commits.settled(key)
    return this.get(key)
  }

  async list(prefix: string, options: ListOptions = {}): Promise<ListResult> {
    this.#assertOpen()
    const { revision } = options
    const isKnown =
      revision !== undefined &&
      (revision <= this.revision || revision <= (await this.shared.readIndex()))
    if (revision === undefined) await this.shared.readIndex()
    else if (!isKnown) throw new FutureRevisionError(revision, this.revision)
    const { state } = this.#mirror
    if (revision === undefined || revision >= state.compactedRevision)
      return state.list(prefix, options)
    return this.#listPast(prefix, { ...options, revision })
  }

  async commit(changes: readonly Change[]) {
    return this.#commits.add(changes)
  }

  watch(prefix: string, after: Revision, sink: WatchSink): () => void {
    this.#assertOpen()
    const { hub, state } = this.#mirror
    if (after >= state.compactedRevision) return hub.add(state, { prefix, after }, sink)
    if (after < this.compactedRevision) throw new CompactedError(this.compactedRevision)
    const until = state.revision
    let cancel = watchPast(
      { connection: this.#connection, reader: this.#reader, clock: this.#options.clock },
      { prefix, after, until },
      {
        sink,
        done: () => {
          try {
            cancel = this.watch(prefix, until, sink)
          } catch (error) {
            sink.end(error instanceof StoreClosedError ? undefined : (error as Error))
          }
        },
      },
    )
    return () => cancel()
  }

  async compact(revision: Revision) {
    this.#assertOpen()
    const newest = await this.shared.readIndex()
    if (revision > newest) throw new FutureRevisionError(revision, newest)
    if (revision > 0) {
      await this.#compactor.compact(revision).catch(error => {
        throw readError(error)
      })
      this.#mirror.state.compact(revision)
    }
  }

  close() {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close() {
    this.#cancelRefresh()
    this.#compactor.stop()
    this.#consistency.stop()
    await this.#commits.close()
    await this.#mirror.close()
    this.#connection.close()
    this.#options.form?.close?.()
  }

  /** History that only etcd has. */
  async #listPast(
    prefix: string,
    { start, limit = 0, revision }: ListOptions & { revision: Revision },
  ): Promise<ListResult> {
    if (revision < this.compactedRevision) throw new CompactedError(this.compactedRevision)
    try {
      const wanted = { prefix, limit, revision, ...(start !== undefined && { start }) }
      const { entries, remaining } = await readRange(this.#connection, this.#reader, wanted)
      return { revision, entries, remaining }
    } catch (error) {
      if (isCompacted(error)) throw new CompactedError(this.#mirror.state.compactedRevision)
      if (isFuture(error)) throw new FutureRevisionError(revision, this.revision)
      throw readError(error)
    }
  }

  #scheduleRefresh() {
    this.#cancelRefresh = this.#options.clock.after(REFRESH_INTERVAL_MS, () => {
      // An etcd that is away is noticed by whoever asks for something.
      this.#readIndex
        .get()
        .catch(() => {})
        .finally(() => {
          if (!this.#closing) this.#scheduleRefresh()
        })
    })
  }

  #assertOpen() {
    if (this.#closing) throw new StoreClosedError()
  }
}

function connect(servers: readonly string[], tls: EtcdTls, clock: Clock): EtcdConnection {
  try {
    return new EtcdConnection(servers, tls, clock)
  } catch (error) {
    throw new UserError(`--etcd-servers ${servers.join(',')}: ${messageOf(error)}`)
  }
}
