/** Reads of whole ranges, in pages that all show the same revision. */
import type { Revision } from '../store.ts'
import type { CallOptions, EtcdConnection } from './connection.ts'
import type { EntryReader, EtcdEntry } from './entry.ts'
import { type KeyRange, type KeySpace, rangeOf, storeKey } from './key-space.ts'
import { type KeyValue, methods } from './messages.ts'

const PAGE_KEYS = 1000
/** A page may be a gigabyte at the very worst. */
const PAGE_OPTIONS: CallOptions = { timeoutMs: 60_000, isRepeatable: true }

export interface RangeWanted {
  readonly prefix: string
  readonly start?: string
  /** 0 for the newest. */
  readonly revision?: Revision
  /** 0 for all. */
  readonly limit?: number
}

export interface RangeRead {
  readonly revision: Revision
  readonly entries: EtcdEntry[]
  readonly remaining: number
}

/** Rejects with an EtcdError; that of a revision which is gone or not there yet, too. */
export async function readRange(
  connection: EtcdConnection,
  reader: EntryReader,
  { prefix, start, revision = 0, limit = 0 }: RangeWanted,
): Promise<RangeRead> {
  const entries: EtcdEntry[] = []
  let range: KeyRange = rangeOf(reader.space, prefix, start)
  for (let at = revision; ; ) {
    const wanted = limit === 0 ? PAGE_KEYS : Math.min(PAGE_KEYS, limit - entries.length)
    const page = await connection.call(
      methods.range,
      { ...range, limit: wanted, revision: at },
      PAGE_OPTIONS,
    )
    at = at || (page.header?.revision ?? 0)
    await reader.prepare(page.kvs)
    for (const kv of page.kvs) {
      const entry = reader.read(kv)
      if (entry) entries.push(entry)
    }
    const last = page.kvs.at(-1)
    if (!page.more || !last || (limit > 0 && entries.length >= limit))
      return { revision: at, entries, remaining: page.more ? page.count - page.kvs.length : 0 }
    range = { ...range, key: behind(last) }
  }
}

/** All keys of the store as they were at a revision, in pages, without their values. */
export async function* readKeys(
  connection: EtcdConnection,
  { space }: EntryReader,
  revision: Revision,
): AsyncGenerator<EtcdEntry[]> {
  let range: KeyRange = rangeOf(space, space.root)
  for (;;) {
    const wanted = { ...range, limit: PAGE_KEYS, revision, keysOnly: true }
    const page = await connection.call(methods.range, wanted, PAGE_OPTIONS)
    yield page.kvs.flatMap(kv => nameIn(space, kv) ?? [])
    const last = page.kvs.at(-1)
    if (!page.more || !last) return
    range = { ...range, key: behind(last) }
  }
}

function nameIn(space: KeySpace, kv: Partial<KeyValue>): EtcdEntry | undefined {
  const key = storeKey(space, kv.key ?? NO_BYTES)
  if (key === undefined) return undefined
  const { createRevision = 0, modRevision = 0, version = 0 } = kv
  return { key, value: NO_BYTES, createRevision, modRevision, version }
}

const NO_BYTES = new Uint8Array()

/** The first key that can follow. */
function behind({ key = new Uint8Array() }: Partial<KeyValue>): Uint8Array {
  const next = new Uint8Array(key.length + 1)
  next.set(key)
  return next
}
