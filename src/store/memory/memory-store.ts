import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { type Commit, defaultHistoryLimits, type HistoryLimits } from '../history.ts'
import { evaluate, Mvcc } from '../mvcc.ts'
import {
  type Change,
  CommitFailedError,
  type CommitResult,
  type Revision,
  type Store,
  StoreClosedError,
} from '../store.ts'
import { WatchHub } from '../watch-hub.ts'
import { type Difference, Snapshots, type StoreSnapshot } from './snapshots.ts'

export type { Difference, StoreSnapshot } from './snapshots.ts'

export interface MemoryStoreOptions {
  /** Without a clock history is bounded by count and bytes only. */
  readonly clock?: Clock
  readonly log?: Log
  readonly history?: Partial<HistoryLimits>
}

export interface MemoryStore extends Store {
  /** The state as it is now, to come back to; takes no time. */
  snapshot(): StoreSnapshot
  /** What `reset` would change, now. */
  differences(to: StoreSnapshot): readonly Difference[]
  /**
   * Brings back the values of a snapshot, in one turn and as ordinary commits, one a key: revisions go on, watches are told
   * every change and stay whole, keys that did not change keep their revision. Answers with what it changed.
   */
  reset(to: StoreSnapshot): readonly Difference[]
  /**
   * Another store that begins with what a snapshot shows, at its revision (or that of the last reset to it) and without a history. The two share nothing but what does not
   * change, and each goes on with revisions of its own.
   */
  fork(from: StoreSnapshot, options?: MemoryStoreOptions): MemoryStore
}

/** How many changes are forgotten at most by one commit, so that none of them stalls. */
const COMPACTION_STEP_EVENTS = 1000

/** A store that lives and dies with the process: for tests, simulation and throw-away clusters. */
export function createMemoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  return storeOver(new Mvcc(), options)
}

function storeOver(state: Mvcc, options: MemoryStoreOptions): MemoryStore {
  const { clock } = options
  const limits = { ...defaultHistoryLimits, ...options.history }
  const hub = new WatchHub(options.log)
  const snapshots = new Snapshots()
  let isClosed = false

  const assertOpen = () => {
    if (isClosed) throw new StoreClosedError()
  }
  const apply = (commit: Commit) => {
    snapshots.note(commit.events)
    state.apply(commit)
    state.compactExcess(limits, clock?.monotonicMs(), COMPACTION_STEP_EVENTS)
  }
  /** No watch is told before everything is there. */
  const restore = ({ key, then }: Difference): Commit => {
    const value = then?.value ?? null
    const revision = state.revision + 1
    const outcome = evaluate([{ key, value }], revision, of => state.get(of))
    if (!outcome.ok) throw new Error(`${key} conflicts without a condition`)
    const commit = { revision, timeMs: clock?.monotonicMs() ?? 0, events: outcome.events }
    apply(commit)
    return commit
  }
  const differences = (to: StoreSnapshot) => snapshots.differences(to, key => state.get(key))

  return {
    get revision() {
      return state.revision
    },
    get compactedRevision() {
      return state.compactedRevision
    },
    async get(key) {
      assertOpen()
      return state.get(key)
    },
    async latest(key) {
      assertOpen()
      return state.get(key)
    },
    async list(prefix, listOptions) {
      assertOpen()
      return state.list(prefix, listOptions)
    },
    async commit(changes: readonly Change[]): Promise<CommitResult> {
      if (isClosed) throw new CommitFailedError('the store is closed')
      const revision = state.revision + 1
      const outcome = evaluate(changes, revision, key => state.get(key))
      if (!outcome.ok) return outcome
      if (outcome.events.length === 0) {
        return { ok: true, revision: state.revision, entries: outcome.entries }
      }
      const commit = { revision, timeMs: clock?.monotonicMs() ?? 0, events: outcome.events }
      apply(commit)
      hub.publish([commit])
      return { ok: true, revision, entries: outcome.entries }
    },
    watch(prefix, after, sink) {
      assertOpen()
      return hub.add(state, { prefix, after }, sink)
    },
    async compact(revision: Revision) {
      assertOpen()
      state.compact(revision)
    },
    snapshot() {
      assertOpen()
      return snapshots.take(state.revision)
    },
    differences,
    reset(to) {
      assertOpen()
      const changed = differences(to)
      const commits = changed.map(restore)
      snapshots.rebase(to)
      hub.publish(commits)
      return changed
    },
    fork(from, forkOptions = {}) {
      assertOpen()
      const entries = [...snapshots.entries(from, state.list('').entries)]
      // What a reset put back has got revisions of later.
      const newest = entries.reduce((most, { modRevision }) => Math.max(most, modRevision), 0)
      const forked = new Mvcc(Math.max(from.revision, newest))
      for (const entry of entries) forked.restore(entry)
      return storeOver(forked, forkOptions)
    },
    async close() {
      isClosed = true
      hub.close()
    },
  }
}
