/** What happened before this process began to look, told by etcd's own history. */
import type { Clock } from '#base/clock.ts'
import type { Entry, Revision, StoreEvent, WatchSink } from '../store.ts'
import { CompactedError } from '../store.ts'
import type { EtcdConnection } from './connection.ts'
import type { EntryReader } from './entry.ts'
import { readError } from './errors.ts'
import { type Feed, openFeed } from './feed.ts'
import { rangeOf, storeKey } from './key-space.ts'
import { DELETED, type WatchEvent } from './messages.ts'
import { PROGRESS_INTERVAL_MS } from './mirror.ts'

interface Etcd {
  readonly connection: EtcdConnection
  readonly reader: EntryReader
  readonly clock: Clock
}

export interface PastWanted {
  readonly prefix: string
  readonly after: Revision
  /** Tell up to here, then be done. */
  readonly until: Revision
}

/** Tells the changes in (after, until] to the sink, then calls `done`; the returned function cancels. */
export function watchPast(
  { connection, reader, clock }: Etcd,
  { prefix, after, until }: PastWanted,
  { sink, done }: { sink: WatchSink; done: () => void },
): () => void {
  let feed: Feed | undefined
  let isOver = false
  let cancelTimer = () => {}
  const ask = () => {
    feed?.requestProgress()
    cancelTimer = clock.after(PROGRESS_INTERVAL_MS, ask)
  }
  const finish = (then: () => void) => {
    if (isOver) return
    isOver = true
    cancelTimer()
    feed?.cancel()
    then()
  }
  const fail = (error: unknown) => finish(() => sink.end(readError(error) as Error))
  const take = (events: readonly Partial<WatchEvent>[]) => {
    for (const group of byRevision(events)) {
      const revision = group[0]?.kv?.modRevision ?? 0
      if (isOver || revision > until) break
      const told = group.flatMap(event => storeEvent(reader, prefix, event) ?? [])
      if (told.length > 0) sink.events(told)
    }
    const last = events.at(-1)?.kv?.modRevision ?? 0
    if (last >= until) finish(done)
  }
  const range = rangeOf(reader.space, prefix)
  openFeed(
    connection,
    {
      range,
      after,
      previousKv: true,
      prepare: events =>
        reader.prepare(events.flatMap(({ kv = {}, previousKv = {} }) => [kv, previousKv])),
    },
    {
      events(events) {
        try {
          take(events)
        } catch (error) {
          fail(error)
        }
      },
      progress: revision => {
        if (revision >= until) finish(done)
      },
      end: fail,
    },
  ).then(opened => {
    feed = opened
    if (isOver) opened.cancel()
    else ask()
  }, fail)
  return () => finish(() => {})
}

function byRevision(events: readonly Partial<WatchEvent>[]): Partial<WatchEvent>[][] {
  const groups: Partial<WatchEvent>[][] = []
  let last: Revision | undefined
  for (const event of events) {
    const revision = event.kv?.modRevision
    if (revision !== last) groups.push([])
    groups.at(-1)?.push(event)
    last = revision
  }
  return groups
}

function storeEvent(
  reader: EntryReader,
  prefix: string,
  { type, kv = {}, previousKv }: Partial<WatchEvent>,
): StoreEvent | undefined {
  const key = storeKey(reader.space, kv.key ?? new Uint8Array())
  const revision = kv.modRevision ?? 0
  if (!key?.startsWith(prefix)) return undefined
  const previous = previousKv && reader.read(previousKv)
  if (type !== DELETED) {
    const entry = reader.read(kv) as Entry
    return Object.freeze({ type: 'put', revision, entry, previous })
  }
  if (!previous) throw new CompactedError(revision)
  return Object.freeze({ type: 'delete', revision, key, previous })
}
