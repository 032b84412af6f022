/**
 * All keys of the store in this process's memory, with the history since it began to look: read once, then fed by one watch
 * of etcd. What it shows is a state that etcd really had, at a revision that it knows; it never runs ahead and leaves nothing out.
 *
 * Invariants: every revision is taken in whole and in order. Each event has to fit what is there (etcd counts the writes of a
 * key); where one does not, or history is gone, everything is read anew and all who follow begin anew, too.
 */
import type { Clock } from '#base/clock.ts'
import { sleep } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { Commit, HistoryLimits } from '../history.ts'
import { Mvcc } from '../mvcc.ts'
import { CompactedError, type Revision, type StoreEvent } from '../store.ts'
import { WatchHub } from '../watch-hub.ts'
import type { EtcdConnection } from './connection.ts'
import type { EntryReader, EtcdEntry } from './entry.ts'
import { EtcdError, grpcCode } from './errors.ts'
import { type Feed, openFeed } from './feed.ts'
import { rangeOf, storeKey } from './key-space.ts'
import { readRange } from './load.ts'
import { DELETED, type WatchEvent } from './messages.ts'

/** Events that do not continue what is known: etcd left something out. */
class GapError extends Error {
  override readonly name = 'GapError'
}

/** A watch that broke is begun anew after the first time, then twice as long each time up to the second. */
const FIRST_RETRY_MS = 50
const LAST_RETRY_MS = 2_000
/** How often etcd is asked how far its watch is, while somebody waits for it. */
export const PROGRESS_INTERVAL_MS = 100
/** Changes between two looks at the size of history. */
const TRIM_EVERY_EVENTS = 500
const TRIM_STEP_EVENTS = 4000

interface Waiter {
  readonly revision: Revision
  done(reached: boolean): void
}

export interface MirrorOptions {
  readonly connection: EtcdConnection
  readonly reader: EntryReader
  readonly clock: Clock
  readonly log: Log
  readonly limits: HistoryLimits
}

export class Mirror {
  readonly hub: WatchHub
  readonly #options: MirrorOptions
  readonly #waiters = new Set<Waiter>()
  readonly #closing = new AbortController()
  #state: Mvcc | undefined
  #feed: Feed | undefined
  #following: Promise<void> = Promise.resolve()
  #eventsSinceTrim = 0
  /** When the watch was opened, or last brought something. */
  #heardMs = 0
  #isAskingForProgress = false
  #cancelAsking = () => {}

  constructor(options: MirrorOptions) {
    this.#options = options
    this.hub = new WatchHub(options.log)
  }

  /** Only after `open`. */
  get state(): Mvcc {
    if (!this.#state) throw new Error('nothing was read from etcd yet')
    return this.#state
  }

  /** Whether changes are being followed now. */
  get isFollowing(): boolean {
    return this.#feed !== undefined
  }

  /** Reads everything, and follows from there until `close`. Rejects with an EtcdError. */
  async open(): Promise<void> {
    await this.#load()
    this.#following = this.#follow()
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the store is closed'))
    this.#feed?.cancel()
    this.#endFeed?.()
    await this.#following
    for (const waiter of [...this.#waiters]) waiter.done(false)
    this.#cancelAsking()
    this.hub.close()
  }

  /** Resolves once everything up to `revision` is here; false when that took too long. */
  waitFor(revision: Revision, timeoutMs: number): Promise<boolean> {
    if (this.state.revision >= revision) return Promise.resolve(true)
    if (this.#closing.signal.aborted) return Promise.resolve(false)
    return new Promise(resolve => {
      const cancel = this.#options.clock.after(timeoutMs, () => waiter.done(false))
      const waiter: Waiter = {
        revision,
        done: reached => {
          cancel()
          this.#waiters.delete(waiter)
          resolve(reached)
        },
      }
      this.#waiters.add(waiter)
      this.#askForProgress()
    })
  }

  /**
   * Begins the watch anew where it stands, if it was silent for so long; for those who waited in vain. A stream may be silent while its
   * connection is well, but one that was only just opened, or brings much in pieces, is not.
   */
  followAnew(reason: string, silentMs: number): void {
    if (this.#options.clock.monotonicMs() - this.#heardMs < silentMs) return
    this.#endFeed?.(new EtcdError(grpcCode.unavailable, reason))
  }

  /** Reads everything anew at once; for those who found out that something is missing. */
  distrust(reason: string): void {
    this.#endFeed?.(new GapError(reason))
  }

  async #load(): Promise<void> {
    const { connection, reader } = this.#options
    const { revision, entries } = await readRange(connection, reader, { prefix: reader.space.root })
    const state = new Mvcc(revision)
    for (const entry of entries) state.restore(entry)
    this.#state = state
    this.#wake()
  }

  async #follow(): Promise<void> {
    const { clock, log } = this.#options
    const { signal } = this.#closing
    let retryMs = FIRST_RETRY_MS
    let isAway = false
    while (!signal.aborted) {
      const before = this.state.revision
      try {
        await this.#followOnce(() => {
          if (isAway) log.info('etcd is back, its changes are followed again')
          isAway = false
        })
      } catch (error) {
        if (signal.aborted) return
        const isLost = error instanceof GapError || error instanceof CompactedError
        if (!isAway)
          log.warn('the watch of etcd broke', {
            error: messageOf(error),
            after: this.state.revision,
          })
        isAway = true
        if (isLost && (await this.#begun(error))) isAway = false
      }
      retryMs = this.state.revision > before ? FIRST_RETRY_MS : Math.min(2 * retryMs, LAST_RETRY_MS)
      await sleep(clock, retryMs, signal).catch(() => {})
    }
  }

  /** Begins anew with what etcd has now; all who follow have missed something. */
  async #begun(reason: Error): Promise<boolean> {
    const { log } = this.#options
    try {
      await this.#load()
    } catch (error) {
      log.warn('etcd could not be read anew', { error: messageOf(error) })
      return false
    }
    log.warn('everything was read from etcd anew', { reason: messageOf(reason) })
    this.hub.close(new Error(`changes were missed: ${messageOf(reason)}`))
    return true
  }

  #endFeed: ((error?: Error) => void) | undefined

  /** Resolves never but by `close`; rejects when the feed ends. */
  async #followOnce(begun: () => void): Promise<void> {
    const { connection, reader } = this.#options
    let feed: Feed | undefined
    let isOver = false
    try {
      await new Promise<void>((resolve, reject) => {
        this.#endFeed = error => (error ? reject(error) : resolve())
        const request = {
          range: rangeOf(reader.space, reader.space.root),
          after: this.state.revision,
          previousKv: false,
          prepare: (events: readonly Partial<WatchEvent>[]) =>
            reader.prepare(events.map(({ kv = {} }) => kv)),
        }
        const guarded = (take: () => void) => {
          try {
            take()
          } catch (error) {
            reject(error)
          }
        }
        openFeed(connection, request, {
          heard: () => this.#heard(),
          events: events => guarded(() => this.#take(events)),
          progress: revision => guarded(() => this.#advance(revision)),
          end: reject,
        }).then(opened => {
          // It may have been given up while it was being opened.
          if (isOver || this.#closing.signal.aborted) {
            opened.cancel()
            return resolve()
          }
          feed = opened
          this.#feed = opened
          this.#heard()
          begun()
          this.#askForProgress()
        }, reject)
      })
    } finally {
      isOver = true
      this.#feed = undefined
      this.#endFeed = undefined
      feed?.cancel()
    }
  }

  #heard(): void {
    this.#heardMs = this.#options.clock.monotonicMs()
  }

  #take(events: readonly Partial<WatchEvent>[]): void {
    const commits: Commit[] = []
    for (let at = 0; at < events.length; ) {
      const revision = revisionOf(events[at])
      let end = at + 1
      while (end < events.length && revisionOf(events[end]) === revision) end++
      // Some members tell old changes to a watch from the future (etcd#20221).
      if (revision > this.state.revision)
        commits.push(this.#takeRevision(revision, events.slice(at, end)))
      at = end
    }
    if (commits.length === 0) return
    this.#trim(commits)
    this.hub.publish(commits)
    this.#wake()
  }

  /** `events` are all of one revision; those of keys outside the store only say that it passed. */
  #takeRevision(revision: Revision, events: readonly Partial<WatchEvent>[]): Commit {
    const taken: StoreEvent[] = []
    for (const event of events) {
      const told = this.#told(revision, event)
      if (told) taken.push(told)
    }
    const commit = {
      revision,
      timeMs: this.#options.clock.monotonicMs(),
      events: Object.freeze(taken),
    }
    if (taken.length > 0) this.state.apply(commit)
    else this.state.advance(revision)
    return commit
  }

  #told(revision: Revision, { type, kv = {} }: Partial<WatchEvent>): StoreEvent | undefined {
    const { reader } = this.#options
    const key = storeKey(reader.space, kv.key ?? new Uint8Array())
    if (key === undefined) return undefined
    const previous = this.state.get(key) as EtcdEntry | undefined
    if (type === DELETED) {
      if (!previous) throw new GapError(`${key} was deleted at ${revision}, but was not known`)
      return Object.freeze({ type: 'delete', revision, key, previous })
    }
    const entry = reader.read(kv) as EtcdEntry
    const isNext =
      entry.version === 1
        ? previous === undefined
        : previous?.version === entry.version - 1 &&
          previous.createRevision === entry.createRevision
    if (!isNext)
      throw new GapError(
        `${key} was written at ${revision} for time ${entry.version}, but known is ${previous?.version ?? 0}`,
      )
    return Object.freeze({ type: 'put', revision, entry, previous })
  }

  #advance(revision: Revision): void {
    if (revision <= this.state.revision) return
    this.state.advance(revision)
    this.hub.publish([{ revision, timeMs: this.#options.clock.monotonicMs(), events: [] }])
    this.#wake()
  }

  #wake(): void {
    for (const waiter of [...this.#waiters])
      if (waiter.revision <= this.state.revision) waiter.done(true)
  }

  #askForProgress(): void {
    if (this.#isAskingForProgress) return
    this.#isAskingForProgress = true
    this.#feed?.requestProgress()
    this.#cancelAsking = this.#options.clock.after(PROGRESS_INTERVAL_MS, () => {
      this.#isAskingForProgress = false
      if (this.#waiters.size > 0) this.#askForProgress()
    })
  }

  #trim(commits: readonly Commit[]): void {
    for (const { events } of commits) this.#eventsSinceTrim += events.length
    if (this.#eventsSinceTrim < TRIM_EVERY_EVENTS) return
    const maxEvents = Math.max(TRIM_STEP_EVENTS, 2 * this.#eventsSinceTrim)
    this.#eventsSinceTrim = 0
    this.state.compactExcess(this.#options.limits, this.#options.clock.monotonicMs(), maxEvents)
  }
}

function revisionOf(event: Partial<WatchEvent> | undefined): Revision {
  return event?.kv?.modRevision ?? 0
}
