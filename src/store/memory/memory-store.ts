import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { defaultHistoryLimits, type HistoryLimits } from '../history.ts'
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

export interface MemoryStoreOptions {
  /** Without a clock history is bounded by count and bytes only. */
  readonly clock?: Clock
  readonly log?: Log
  readonly history?: Partial<HistoryLimits>
}

/** How many changes are forgotten at most by one commit, so that none of them stalls. */
const COMPACTION_STEP_EVENTS = 1000

/** A store that lives and dies with the process: for tests, simulation and throw-away clusters. */
export function createMemoryStore(options: MemoryStoreOptions = {}): Store {
  const { clock } = options
  const limits = { ...defaultHistoryLimits, ...options.history }
  const state = new Mvcc()
  const hub = new WatchHub(options.log)
  let isClosed = false

  const assertOpen = () => {
    if (isClosed) throw new StoreClosedError()
  }

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
      const commit = { revision, timeMs: clock?.now() ?? 0, events: outcome.events }
      state.apply(commit)
      state.compactExcess(limits, clock?.now(), COMPACTION_STEP_EVENTS)
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
    async close() {
      isClosed = true
      hub.close()
    },
  }
}
