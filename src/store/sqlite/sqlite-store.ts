import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { claimDirectory, type DirectoryClaim } from '#host/data-directory.ts'
import { afterReadyWork, afterThisWork } from '#host/worker.ts'
import { type Commit, defaultHistoryLimits, type HistoryLimits } from '../history.ts'
import type { Mvcc } from '../mvcc.ts'
import {
  type Change,
  CommitFailedError,
  type Entry,
  type ListOptions,
  type Revision,
  type Store,
  StoreClosedError,
  type WatchSink,
} from '../store.ts'
import { WatchHub } from '../watch-hub.ts'
import { CommitQueue, type CommitQueueHooks } from './commit-queue.ts'
import { certainOfDamage } from './damage.ts'
import { type Loaded, loadDatabase, stateFile } from './database.ts'
import type { WriterReply } from './messages.ts'
import { NotedRevision } from './noted-revision.ts'
import { beginAnew, REVISION_BUMP } from './snapshot.ts'
import { ValueFile } from './value-file.ts'
import { startWriter, type Writer } from './writer.ts'

export interface SqliteStoreOptions {
  /** Made if missing. Holds `state.db` (with its `-wal` and `-shm`), `revision`, `lock` and `pid`. */
  readonly directory: string
  readonly clock: Clock
  readonly log: Log
  readonly history?: Partial<HistoryLimits>
  /** Bytes of values that are held in memory; the others are read from the file when somebody asks. */
  readonly heldBytes?: number
}

/** How often history is looked at for changes that became too old. */
const COMPACTION_INTERVAL_MS = 5000

/**
 * Changes between two looks at the size of history, each of which takes less time than the disk has the next batch: of 100 it took longer for a lone
 * writer, and of 500 a hundredth of many writers waited 2.5 times as long as without.
 */
const COMPACTION_EVERY_EVENTS = 25

/** Changes forgotten in one go, some milliseconds. */
const COMPACTION_STEP_EVENTS = 4000

/**
 * The embedded engine: all live keys and the history window in memory, values as far as there is room, every change in SQLite before
 * anyone sees it. Throws a UserError when the directory cannot be used. If the writer dies, commits
 * fail and watches end, since what is on the disk is then unknown; reads go on.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const { directory } = options
  const claim = claimDirectory(directory)
  let store: SqliteStore | undefined
  // The thread starts while this one reads the file.
  const writer = startWriter(stateFile(directory), {
    onReply: reply => store?.settle(reply),
    onFailure: error => store?.fail(error),
  })
  try {
    const noted = new NotedRevision(directory)
    const found = readFile(options)
    const { loaded, values } = endsTooEarly(options, found, noted) ? readFile(options) : found
    store = new SqliteStore(options, loaded, { claim, writer, values, noted })
    return store
  } catch (error) {
    await writer.stop(false)
    claim.release()
    throw error
  }
}

interface Found {
  readonly values: ValueFile
  readonly loaded: Loaded
}

function readFile({ directory, log, heldBytes, clock }: SqliteStoreOptions): Found {
  const file = stateFile(directory)
  return certainOfDamage(file, () => {
    const values = new ValueFile(file, log, heldBytes)
    return { values, loaded: loadDatabase(directory, clock.now(), values) }
  })
}

/** Whether changes are gone that were durable once. What is left then goes on as after a restore: no revision ever means two things. */
function endsTooEarly(
  { directory, log }: SqliteStoreOptions,
  { loaded, values }: Found,
  noted: NotedRevision,
): boolean {
  const reached = noted.read()
  const { revision } = loaded.state
  if (revision >= reached) return false
  log.error(
    'changes of the store are gone: its file ends before a revision that it had reached; was state.db-wal removed, or an older state.db put in its place?',
    { file: stateFile(directory), revision, reached, goesOnAt: reached + REVISION_BUMP },
  )
  values.close()
  beginAnew(stateFile(directory), reached + REVISION_BUMP)
  return true
}

class SqliteStore implements Store {
  readonly #clock: Clock
  /** Wall time as it was at the start, moved on by a clock that never jumps: ages of history hang on it. */
  readonly #steadyNow: () => number
  readonly #log: Log
  readonly #limits: HistoryLimits
  readonly #state: Mvcc
  readonly #claim: DirectoryClaim
  readonly #hub: WatchHub
  readonly #queue: CommitQueue
  readonly #writer: Writer
  readonly #values: ValueFile
  readonly #noted: NotedRevision
  #cancelCompaction: () => void
  #isFailing = false
  #eventsSinceLook = 0
  /** Durable, and not admitted to the values that may be let go. */
  #published: Commit[] = []
  #closing: Promise<void> | undefined

  constructor(
    options: SqliteStoreOptions,
    { state, packs }: Loaded,
    machine: {
      claim: DirectoryClaim
      writer: Writer
      values: ValueFile
      noted: NotedRevision
    },
  ) {
    this.#clock = options.clock
    this.#steadyNow = steadyTime(options.clock)
    this.#log = options.log
    this.#limits = { ...defaultHistoryLimits, ...options.history }
    this.#state = state
    this.#claim = machine.claim
    this.#writer = machine.writer
    this.#values = machine.values
    this.#noted = machine.noted
    this.#hub = new WatchHub(options.log)
    const hooks: CommitQueueHooks = {
      send: batch => this.#writer.write(batch),
      commitMs: () => this.#writer.commitMs(),
      isAwake: () => this.#writer.isAwake(),
      entryOf: entry => this.#values.entryOf(entry),
      published: commits => this.#publish(commits),
      sent: () => this.#tidyUp(),
      defer: (callback, isLone) => (isLone ? afterThisWork : afterReadyWork)(callback),
    }
    this.#queue = new CommitQueue(state, hooks, packs)
    this.#cancelCompaction = this.#clock.after(COMPACTION_INTERVAL_MS, () => this.#compactOld())
  }

  get revision() {
    return this.#state.revision
  }

  get compactedRevision() {
    return this.#state.compactedRevision
  }

  async get(key: string) {
    this.#assertOpen()
    return this.#state.get(key)
  }

  async latest(key: string) {
    this.#assertOpen()
    return this.#queue.latest(key)
  }

  async list(prefix: string, options?: ListOptions) {
    this.#assertOpen()
    const result = this.#state.list(prefix, options)
    // Whoever asks for a page reads it; whoever asks for all may only want to know what there is.
    if (options?.limit) this.#values.readAhead(result.entries)
    return result
  }

  readAhead(entries: readonly Entry[]) {
    this.#values.readAhead(entries)
  }

  commit(changes: readonly Change[]) {
    return this.#queue.add(changes, this.#steadyNow())
  }

  watch(prefix: string, after: Revision, sink: WatchSink) {
    this.#assertOpen()
    return this.#hub.add(this.#state, { prefix, after }, sink)
  }

  #publish(commits: readonly Commit[]) {
    for (const { events } of commits) this.#eventsSinceLook += events.length
    this.#published.push(...commits)
    // Without a next batch, as where writers come one at a time over a slow network.
    if (this.#eventsSinceLook >= 8 * COMPACTION_EVERY_EVENTS) this.#tidyUp()
    this.#hub.publish(commits)
  }

  /** Not as soon as commits are durable: whoever waits for that is told first, and the disk may have the next meanwhile. */
  #tidyUp() {
    this.#admitPublished()
    if (this.#eventsSinceLook >= COMPACTION_EVERY_EVENTS) this.#compactStep()
  }

  #admitPublished() {
    for (const { events } of this.#published) {
      for (let i = 0; i < events.length; i++) {
        const event = events[i]
        if (event?.type === 'put') this.#values.admit(event.entry)
      }
    }
    this.#published = []
  }

  /** The history is gone at once; its rows leave the disk beside the next batches, without waiting for more. */
  async compact(revision: Revision) {
    this.#assertOpen()
    const dropped = this.#state.compact(revision)
    this.#forget(dropped)
    this.#queue.forgetRest()
  }

  #forget(dropped: readonly Commit[]) {
    // What is kept for good must not be admitted after that.
    this.#admitPublished()
    const gone: Entry[] = []
    for (const { events } of dropped) {
      for (let i = 0; i < events.length; i++) {
        const previous = events[i]?.previous
        if (previous) gone.push(previous)
      }
    }
    this.#values.keep(gone)
    this.#queue.forget(dropped, this.#state.compactedRevision)
  }

  close() {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close() {
    this.#cancelCompaction()
    this.#queue.stop('the store is closed')
    await this.#queue.idle()
    this.#hub.close()
    this.#values.close()
    this.#noted.note(this.revision)
    await this.#writer.stop(true)
    this.#claim.release()
  }

  #assertOpen() {
    if (this.#closing) throw new StoreClosedError()
  }

  settle(reply: WriterReply) {
    this.#reportDisk(reply.message)
    this.#queue.settle(reply)
  }

  /** Once when it begins and once when it ends, however many commits it fails. */
  #reportDisk(failure: string | undefined) {
    if (failure !== undefined && !this.#isFailing) {
      this.#log.error('the store cannot write; changes are refused', { reason: failure })
    }
    if (failure === undefined && this.#isFailing) this.#log.info('the store can write again')
    this.#isFailing = failure !== undefined
  }

  /** The writer is gone, so nobody knows what the disk holds until the next start. */
  fail(error: Error) {
    this.#log.error('the store writer ended; start proa again', { error })
    this.#queue.stop('the store writer ended; start proa again', true)
    this.#hub.close(new CommitFailedError('the store writer ended'))
  }

  #compactOld() {
    this.#cancelCompaction = this.#clock.after(COMPACTION_INTERVAL_MS, () => this.#compactOld())
    this.#compactStep()
    this.#queue.forgetRest()
    this.#noted.note(this.revision)
    if (this.#queue.isIdle) this.#tidy()
  }

  async #tidy() {
    const { message } = await this.#writer.ask({ type: 'tidy' })
    if (message !== undefined) this.#log.warn('the store could not shrink its file', { message })
  }

  /** One short step, but always more than came since the last, so that no load outruns it. */
  #compactStep() {
    const maxEvents = Math.max(COMPACTION_STEP_EVENTS, 2 * this.#eventsSinceLook)
    this.#eventsSinceLook = 0
    const dropped = this.#state.compactExcess(this.#limits, this.#steadyNow(), maxEvents)
    if (dropped.length > 0) this.#forget(dropped)
  }
}

function steadyTime(clock: Clock): () => number {
  const offset = clock.now() - clock.monotonicMs()
  return () => offset + clock.monotonicMs()
}
