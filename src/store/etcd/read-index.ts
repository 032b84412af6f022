/**
 * What makes reads of the mirror linearizable: etcd is asked for its newest revision by a linearizable read, and the mirror has
 * to reach it. Whoever asks while one question is under way shares the next one, so that load makes it no more expensive.
 */
import type { Clock } from '#base/clock.ts'
import { type Revision, StoreUnavailableError } from '../store.ts'
import type { EtcdConnection } from './connection.ts'
import { readError } from './errors.ts'
import { methods, type RangeResponse } from './messages.ts'
import type { Mirror } from './mirror.ts'

/** As long as upstream waits for its cache before it gives up. */
const REACH_TIMEOUT_MS = 3_000
/** A watch that brought nothing for so long, though there is something, may never. */
const SILENT_MS = REACH_TIMEOUT_MS / 2
const READ_TIMEOUT_MS = 5_000
/** For health checks, as upstream; they are answered by the last one for half as long. */
const CHECK_TIMEOUT_MS = 2_000

export interface ReadIndexOptions {
  readonly connection: EtcdConnection
  readonly mirror: Mirror
  readonly clock: Clock
  /** A key below the store's prefix, which need not exist: who may read that may read the store. */
  readonly key: Uint8Array
}

export class ReadIndex {
  readonly #options: ReadIndexOptions
  #running: Promise<Revision> | undefined
  #next: Promise<Revision> | undefined
  #check: { readonly startedMs: number; readonly result: Promise<void> } | undefined

  constructor(options: ReadIndexOptions) {
    this.#options = options
  }

  /** Rejects with a StoreUnavailableError. */
  get(): Promise<Revision> {
    if (!this.#running) return this.#begin()
    this.#next ??= this.#running
      .catch(() => {})
      .then(() => {
        this.#next = undefined
        return this.#begin()
      })
    return this.#next
  }

  /** Whether etcd answers, and its changes arrive here. */
  check(): Promise<void> {
    const { clock, mirror } = this.#options
    const nowMs = clock.monotonicMs()
    if (this.#check && nowMs - this.#check.startedMs < CHECK_TIMEOUT_MS / 2)
      return this.#check.result
    const result = this.#read(CHECK_TIMEOUT_MS).then(() => {
      if (!mirror.isFollowing) throw new StoreUnavailableError('the watch of etcd is broken')
    })
    // The last result may be nobody's but the next caller's.
    result.catch(() => {})
    this.#check = { startedMs: nowMs, result }
    return result
  }

  #begin(): Promise<Revision> {
    const running = this.#ask()
    const over = () => {
      if (this.#running === running) this.#running = undefined
    }
    running.then(over, over)
    this.#running = running
    return running
  }

  async #ask(): Promise<Revision> {
    const { mirror } = this.#options
    const { header } = await this.#read(READ_TIMEOUT_MS)
    const revision = header?.revision ?? 0
    if (revision < mirror.state.revision && !(await this.#isAhead(mirror.state.revision)))
      mirror.distrust(`the revision of etcd went back from ${mirror.state.revision} to ${revision}`)
    if (await mirror.waitFor(revision, REACH_TIMEOUT_MS)) return revision
    mirror.followAnew('the watch of etcd is silent', SILENT_MS)
    throw new StoreUnavailableError(
      `the changes of etcd do not arrive: it is at ${revision}, known is ${mirror.state.revision}`,
    )
  }

  /** Events may have come in while the answer was under way; only a later answer can tell. */
  async #isAhead(known: Revision): Promise<boolean> {
    const { header } = await this.#read(READ_TIMEOUT_MS)
    return (header?.revision ?? 0) >= known
  }

  async #read(timeoutMs: number): Promise<RangeResponse> {
    const { connection, key } = this.#options
    try {
      return await connection.call(
        methods.range,
        { key, keysOnly: true },
        { timeoutMs, isRepeatable: true },
      )
    } catch (error) {
      throw readError(error)
    }
  }
}
