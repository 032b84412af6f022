/** Servers that break one promise each, so that the checkers can show that they notice. */
import type { ApiServer } from '#apiserver'
import type { ApiRequest, ApiResponse } from '#client/transport.ts'
import type { Change, CommitResult, Store, StoreEvent, WatchSink } from '#store'

/** Whether it is time to do wrong: once in so many chances. */
export type Now = (oneIn?: number) => boolean

/** A store over a good one; now and then it does wrong. */
export type StoreFault = (store: Store, now: Now) => Partial<Store>

/** What a server answers instead, now and then. */
export type AnswerFault = (handle: ApiServer['handle'], now: Now) => ApiServer['handle']

/** Reads are few, and of most nothing has changed since. */
const OFTEN = 4

/** Only the load's own objects are spoilt, so that the server itself lives. */
const isSpoilable = (key: string) => key.includes('/configmaps/default/t-')
const keyOf = (event: StoreEvent) => (event.type === 'put' ? event.entry.key : event.key)

/** Passes events on as `change` leaves them; `change` gets the sink to tell them itself. */
const withEvents =
  (tell: (group: readonly StoreEvent[], sink: WatchSink, now: Now) => void): StoreFault =>
  (store, now) => ({
    watch(prefix, after, sink) {
      return store.watch(prefix, after, {
        ...sink,
        events: group => {
          if (group.every(event => isSpoilable(keyOf(event)))) tell(group, sink, now)
          else sink.events(group)
        },
      })
    },
  })

export const storeFaults: Readonly<Record<string, StoreFault>> = {
  'a write is acknowledged and not stored': (store, now) => ({
    async commit(changes: readonly Change[]): Promise<CommitResult> {
      const [change] = changes
      if (!change?.value || !isSpoilable(change.key) || !now()) return store.commit(changes)
      const { key, value } = change
      const modRevision = store.revision
      const current = await store.get(key)
      const createRevision = current?.createRevision ?? modRevision
      const entry = { key, value, createRevision, modRevision }
      return { ok: true, revision: modRevision, entries: [entry] }
    },
  }),
  'a write is stored, acknowledged and taken back': (store, now) => ({
    async commit(changes: readonly Change[]): Promise<CommitResult> {
      const [change] = changes
      const previous = change && (await store.get(change.key))
      const result = await store.commit(changes)
      if (result.ok && change?.value && previous && isSpoilable(change.key) && now())
        await store.commit([{ key: change.key, value: previous.value.slice() }])
      return result
    },
  }),
  // Two writers that read the same state both succeed, and one of them is lost.
  'a condition is not looked at': store => ({
    commit(changes: readonly Change[]): Promise<CommitResult> {
      const [change] = changes
      if (!change?.value || !isSpoilable(change.key) || !change.expected)
        return store.commit(changes)
      return store.commit([{ key: change.key, value: change.value }])
    },
    async latest(key: string) {
      const entry = await store.latest(key)
      if (isSpoilable(key)) await new Promise(resolve => setTimeout(resolve, 10))
      return entry
    },
  }),
  'an event is left out': withEvents((group, sink, now) => {
    if (!now()) sink.events(group)
  }),
  'an event is told twice': withEvents((group, sink, now) => {
    sink.events(group)
    if (now()) sink.events(group)
  }),
  'events change places': (store, now) => {
    let held: readonly StoreEvent[] | undefined
    return (
      withEvents((group, sink) => {
        if (held) {
          sink.events(group)
          sink.events(held)
          held = undefined
        } else if (now()) held = group
        else sink.events(group)
      })(store, now) ?? {}
    )
  },
}

const isRead = ({ method, path }: ApiRequest) =>
  method === 'GET' && path.includes('/configmaps') && !path.includes('watch=1')

/** Answers of before, by path. */
const stale =
  (which: RegExp): AnswerFault =>
  (handle, now) => {
    const before = new Map<string, ApiResponse>()
    return async (request, peer) => {
      const { path } = request
      if (!isRead(request) || !which.test(path)) return handle(request, peer)
      const old = before.get(path)
      if (old && now(OFTEN)) return old
      const answer = await handle(request, peer)
      before.set(path, answer)
      return answer
    }
  }

export const answerFaults: Readonly<Record<string, AnswerFault>> = {
  'a get is answered from before': stale(/configmaps\/t-\d+$/),
  'a list is answered from before': stale(/configmaps\?$/),
}
