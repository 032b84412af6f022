import { bytesWritten, type Commit } from '../history.ts'
import { evaluate, keyOf, type Mvcc } from '../mvcc.ts'
import {
  type Change,
  CommitFailedError,
  type CommitResult,
  type Entry,
  type Revision,
  type StoreEvent,
} from '../store.ts'
import { BatchRows, Packing } from './batch-rows.ts'
import { type Batch, isAnswered, type Ticket } from './commit-batch.ts'
import { ForgottenHistory } from './forgotten-history.ts'
import { Gathering } from './gathering.ts'
import type { LooseBatch, WriterReply } from './messages.ts'
import type { PlacedPack } from './placed-pack.ts'

/** Commits that wait for the disk; more means that it is far too slow, and waiting would only hide it. */
export const MAX_WAITING_COMMITS = 10_000

/** Bounds the memory of a stalled disk. */
export const MAX_WAITING_BYTES = 64 * 1024 * 1024

/**
 * So many commits of one turn go to the writer at once, so that it puts them into its transaction while the next are still being judged: it would
 * otherwise do nothing meanwhile, and then keep the main thread waiting.
 */
const EARLY_COMMITS = 32
/** The same, as a share of all writers, where the writer thread is awake, so that it costs nobody a wake-up. */
const EARLY_SHARE = 1 / 4
const FEWEST_EARLY_COMMITS = 4

/** Of all writers, who is in one of two transactions that take turns; a turn that is over may have come a little short. */
const HALF = 1 / 2
const ABOUT_HALF = 1 / 3

/** One transaction takes at most so much, so that an answer never waits for a huge one. */
const MAX_BATCH_COMMITS = 1000
const MAX_BATCH_BYTES = 4 * 1024 * 1024

export interface CommitQueueHooks {
  /** Writes a batch, in order; `settle` is to be called with the answers. */
  send(batch: LooseBatch): void
  /** How long the last commit to the disk took, by the clock of `add`; 0 where nobody knows. */
  commitMs?(): number
  /** Whether who writes would take a batch at once; false where nobody knows. */
  isAwake?(): boolean
  /** Makes the entries of commits, where not the ordinary ones. */
  entryOf?(entry: Entry): Entry
  /** Commits became durable and `state` shows them. */
  published(commits: readonly Commit[]): void
  /** A batch is on its way: what nobody waits for has time now. */
  sent?(): void
  /** Runs the callback once the work that is ready now is done; `isLone` says that most likely nobody else comes with it. */
  defer(callback: () => void, isLone: boolean): void
}

/**
 * Group commit. Commits are judged at once and in order, against the durable state and what is pending
 * above it. What came in one turn of the event loop goes to the writer as a batch, and the writer takes all batches that
 * are there into one transaction: so neither waits for the other, and where the disk is what takes time, a commit waits for two fsyncs at
 * most, unless the log is copied into the file between them.
 *
 * Invariants: `state` holds durable commits only. `#pending` holds exactly the keys that waiting or
 * flying commits touch, at their newest. A failed batch takes along everything that waits, since all
 * of it was judged on top of it; its revisions are not given out again.
 */
export class CommitQueue {
  readonly #state: Mvcc
  readonly #hooks: CommitQueueHooks
  readonly #pending = new Map<string, StoreEvent>()
  #waiting: Ticket[] = []
  #waitingBytes = 0
  readonly #forgotten: ForgottenHistory
  readonly #packing = new Packing()
  #flying: Batch[] = []
  /** Durable, but not shown yet. */
  #answered: Batch[] = []
  #flyingCommits = 0
  #flyingBytes = 0
  #epoch = 0
  readonly #gathering = new Gathering()
  /** Commits that waited for the disk when it last answered: in a steady load about as many come each time. */
  #crowd = 0
  #isScheduled = false
  #assigned: Revision
  /** After a failure commits go alone: removing history may need more room than they do. */
  #lastFailed = false
  #stopped: CommitFailedError | undefined
  #whenIdle: (() => void)[] = []

  /** `packs` are those of the file, the oldest first. */
  constructor(state: Mvcc, hooks: CommitQueueHooks, packs: readonly PlacedPack[] = []) {
    this.#state = state
    this.#hooks = hooks
    this.#forgotten = new ForgottenHistory(packs, state.compactedRevision, state.revision)
    this.#assigned = state.revision
  }

  /** The newest entry, durable or not. */
  latest(key: string): Entry | undefined {
    const pending = this.#pending.get(key)
    if (!pending) return this.#state.get(key)
    return pending.type === 'put' ? pending.entry : undefined
  }

  add(changes: readonly Change[], timeMs: number): Promise<CommitResult> {
    try {
      return this.#add(changes, timeMs)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Not async, which would wrap the promise of each commit into another. */
  #add(changes: readonly Change[], timeMs: number): Promise<CommitResult> {
    if (this.#stopped) throw this.#stopped
    if (
      this.#waiting.length + this.#flyingCommits >= MAX_WAITING_COMMITS ||
      this.#waitingBytes + this.#flyingBytes >= MAX_WAITING_BYTES
    ) {
      throw new CommitFailedError('the disk is too slow: too many commits wait for it')
    }
    const revision = this.#assigned + 1
    const outcome = evaluate(changes, revision, key => this.latest(key), this.#hooks.entryOf)
    if (!outcome.ok) {
      // Shows `current`, so it must wait until that is durable.
      return this.#pending.has(outcome.key)
        ? this.#enqueue(outcome, undefined, timeMs)
        : Promise.resolve(outcome)
    }
    const { entries, events } = outcome
    if (events.length === 0) {
      const result: CommitResult = { ok: true, revision: this.#state.revision, entries }
      const isPending = changes.some(({ key }) => this.#pending.has(key))
      return isPending ? this.#enqueue(result, undefined, timeMs) : Promise.resolve(result)
    }
    this.#assigned = revision
    for (let i = 0; i < events.length; i++) {
      const event = events[i] as StoreEvent
      this.#pending.set(keyOf(event), event)
    }
    return this.#enqueue({ ok: true, revision, entries }, { revision, timeMs, events }, timeMs)
  }

  /** Removes from the disk, beside coming batches, what `state` has dropped from its history. */
  forget(dropped: readonly Commit[], compacted: Revision): void {
    this.#forgotten.add(dropped, compacted)
    if (this.#forgotten.isDue) this.#schedule()
  }

  /** The writer's answer to the oldest batches under way. */
  settle({ count, message }: WriterReply): void {
    this.#crowd = this.#flyingCommits + this.#waiting.length
    const batches = this.#flying.splice(0, count)
    for (const { tickets, bytes } of batches) {
      this.#flyingCommits -= tickets.length
      this.#flyingBytes -= bytes
    }
    this.#showAnswered()
    this.#lastFailed = message !== undefined
    if (message === undefined) {
      this.#answered = batches
      this.#showNext()
      return
    }
    this.#failAll(batches, `the commit could not be written to disk: ${message}`)
    this.#goOn()
  }

  /**
   * One batch after the other: whom the first woke has judged, and the writer has, the next commits while the second is still being shown.
   */
  #showNext(): void {
    const batch = this.#answered.shift()
    if (batch) this.#succeed(batch)
    if (this.#answered.length > 0) queueMicrotask(() => this.#showNext())
    else this.#goOn()
  }

  /** Before anything else is told: all at once. */
  #showAnswered(): void {
    for (const batch of this.#answered.splice(0)) this.#succeed(batch)
  }

  #goOn(): void {
    if (this.#waiting.length > 0 || this.#mayForget) this.#schedule()
    else if (this.isIdle) this.#idle()
  }

  /** Removes what is left of history, also what is little, or what failed before, which nobody else would. */
  forgetRest(): void {
    this.#lastFailed = false
    this.#forgotten.hurry()
    if (this.#forgotten.isDue) this.#schedule()
  }

  /** Refuses commits from now on; those before it still finish unless `isBroken`. */
  stop(message: string, isBroken = false): void {
    this.#stopped ??= new CommitFailedError(message)
    if (!isBroken) return
    this.#showAnswered()
    this.#failAll([], message)
    this.#flying = []
    this.#forgotten.clear()
    this.#idle()
  }

  get isIdle(): boolean {
    return this.#flying.length === 0 && this.#answered.length === 0 && !this.#isScheduled
  }

  /** Only one batch at a time removes history, so that no transaction is long because of it. */
  get #mayForget(): boolean {
    if (!this.#forgotten.isDue || this.#lastFailed) return false
    const isFree = ({ removal }: Batch) => !removal
    return this.#flying.every(isFree) && this.#answered.every(isFree)
  }

  /** Resolves once nothing waits for the disk. */
  idle(): Promise<void> {
    if (this.isIdle) return Promise.resolve()
    return new Promise(resolve => this.#whenIdle.push(resolve))
  }

  #enqueue(
    result: CommitResult,
    commit: Commit | undefined,
    timeMs: number,
  ): Promise<CommitResult> {
    const bytes = commit ? bytesWritten(commit) : 0
    return new Promise((resolve, reject) => {
      this.#waiting.push({ result, commit, bytes, resolve, reject })
      this.#waitingBytes += bytes
      this.#schedule()
      this.#gathering.add(timeMs)
      if (this.#isLongTurn(HALF)) this.#send({ isLast: true })
      else if (this.#gathering.isWhole(this.#crowd)) this.#send({})
      else if (this.#isEarlyBatch()) this.#send({ isEarly: true })
    })
  }

  #isEarlyBatch(): boolean {
    const { length } = this.#waiting
    if (length >= EARLY_COMMITS) return true
    const fewest = Math.max(FEWEST_EARLY_COMMITS, this.#crowd * EARLY_SHARE)
    return length >= fewest && this.#hooks.isAwake?.() === true
  }

  #isLongTurn(share: number): boolean {
    return this.#gathering.isLongTurn(share, this.#crowd, this.#hooks.commitMs?.() ?? 0)
  }

  /** Not at once: writers that the last batch woke get into this one. */
  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    const isLone = this.#crowd <= 1 && this.#flying.length === 0
    this.#hooks.defer(() => {
      this.#isScheduled = false
      this.#flush()
    }, isLone)
  }

  /** Once it is answered, nobody waits for what was to follow it: the writer found it full, or could not write it. */
  get #isFollowerOwed(): boolean {
    return this.#flying.at(-1)?.isFollowed === true
  }

  #flush(): void {
    while (this.#isFollowerOwed || this.#waiting.length > 0 || this.#mayForget) {
      const isAlone = this.#flyingCommits + this.#waiting.length <= this.#gathering.commits
      this.#send({ isLast: !isAlone && this.#isLongTurn(ABOUT_HALF) })
    }
    this.#gathering.end()
    if (this.isIdle) this.#idle()
    else this.#hooks.sent?.()
  }

  #send({ isEarly = false, isLast = false }: { isEarly?: boolean; isLast?: boolean }): void {
    const isFollowed =
      isEarly &&
      this.#gathering.commits < MAX_BATCH_COMMITS &&
      this.#gathering.bytes < MAX_BATCH_BYTES
    const isFollower = this.#isFollowerOwed
    const tickets = this.#takeTickets()
    const bytes = tickets.reduce((sum, ticket) => sum + ticket.bytes, 0)
    const rows = tickets.reduce((sum, { commit }) => sum + (commit?.events.length ?? 0), 0)
    const batch: Batch = {
      tickets,
      bytes,
      // Of a transaction the first batch removes: pages that become free take the new rows, and the next batch is judged meanwhile.
      removal: isFollower || !this.#mayForget ? undefined : this.#forgotten.take(rows),
      isFollowed,
      packs: [],
      isFailed: false,
    }
    this.#forgotten.noteSent(rows, batch.removal !== undefined)
    if (this.#flying.length === 0 && this.#answered.length === 0 && isAnswered(batch)) {
      this.#succeed(batch)
      return
    }
    this.#gathering.bytes += bytes
    if (!isFollowed) this.#gathering.end()
    this.#flying.push(batch)
    this.#flyingCommits += tickets.length
    this.#flyingBytes += bytes
    this.#hooks.send({ ...this.#messageOf(batch), isFollowed, isLast })
  }

  #takeTickets(): Ticket[] {
    let count = 0
    let bytes = 0
    for (const ticket of this.#waiting) {
      if (count === MAX_BATCH_COMMITS || (count > 0 && bytes + ticket.bytes > MAX_BATCH_BYTES))
        break
      count++
      bytes += ticket.bytes
    }
    this.#waitingBytes -= bytes
    return this.#waiting.splice(0, count)
  }

  #messageOf(batch: Batch): Omit<LooseBatch, 'isFollowed' | 'isLast'> {
    const { tickets, removal, isFollowed } = batch
    const rows = new BatchRows(this.#packing)
    let revision = this.#state.revision
    for (const { commit } of tickets) {
      if (!commit) continue
      revision = commit.revision
      rows.addCommit(commit)
    }
    if (removal) rows.remove(removal)
    if (!isFollowed) this.#packing.close()
    batch.packs = rows.packs
    const compacted = removal?.compacted
    return { type: 'write', epoch: this.#epoch, revision, compacted, ...rows.finish() }
  }

  #succeed({ tickets, removal, packs }: Batch): void {
    if (removal) this.#forgotten.removed(removal)
    this.#forgotten.placed(packs)
    const commits: Commit[] = []
    for (const { commit } of tickets) {
      if (!commit) continue
      commits.push(commit)
      this.#state.apply(commit)
      const { events } = commit
      for (let i = 0; i < events.length; i++) {
        const key = keyOf(events[i] as StoreEvent)
        if (this.#pending.get(key)?.revision === commit.revision) this.#pending.delete(key)
      }
    }
    if (commits.length > 0) this.#hooks.published(commits)
    for (const ticket of tickets) ticket.resolve(ticket.result)
  }

  /** Everything that is under way or waits was judged on top of what failed. */
  #failAll(batches: readonly Batch[], message: string): void {
    const failed = [...batches, ...this.#flying].filter(batch => !batch.isFailed)
    // What was sent before the failure was known gets the same answer, and has had it here by then.
    if (batches.length > 0 && batches.every(batch => batch.isFailed)) return
    const tickets = [...failed.flatMap(batch => batch.tickets), ...this.#waiting]
    for (const batch of failed) {
      batch.isFailed = true
      if (batch.removal) this.#forgotten.stays(batch.removal)
    }
    this.#packing.close()
    this.#epoch++
    this.#waiting = []
    this.#waitingBytes = 0
    this.#gathering.end()
    this.#pending.clear()
    for (const ticket of tickets) ticket.reject(new CommitFailedError(message))
  }

  #idle(): void {
    for (const resolve of this.#whenIdle.splice(0)) resolve()
  }
}
