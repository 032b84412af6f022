import type { Entry, ListResult, Store, StoreEvent, WatchSink } from '../store.ts'

/** A sink that keeps what it is told. */
export interface Recorder extends WatchSink {
  readonly groups: (readonly StoreEvent[])[]
  readonly progressed: number[]
  readonly ended: (Error | undefined)[]
}

export function recorder(): Recorder {
  const groups: (readonly StoreEvent[])[] = []
  const progressed: number[] = []
  const ended: (Error | undefined)[] = []
  return {
    groups,
    progressed,
    ended,
    events: events => void groups.push(events),
    progress: revision => void progressed.push(revision),
    end: error => void ended.push(error),
  }
}

export const encode = (value: string): Uint8Array => new TextEncoder().encode(value)
export const decode = (value: Uint8Array | undefined): string | undefined =>
  value && new TextDecoder().decode(value)

/** Writes one key, whatever it holds, and answers with the revision. */
export async function put(store: Store, key: string, value: string): Promise<number> {
  const result = await store.commit([{ key, value: encode(value) }])
  if (!result.ok) throw new Error(`${key} conflicted`)
  return result.revision
}

export async function remove(store: Store, key: string): Promise<number> {
  const result = await store.commit([{ key, value: null }])
  if (!result.ok) throw new Error(`${key} conflicted`)
  return result.revision
}

/** Lets watches that have just begun catch up. */
export async function settled(): Promise<void> {
  await new Promise(resolve => setImmediate(resolve))
}

/** A list as texts, `key=value`. */
export const show = (list: ListResult): string[] =>
  list.entries.map(({ key, value }) => `${key}=${decode(value)}`)
export const versions = (entry: Entry | undefined | null): (number | undefined)[] => [
  entry?.createRevision,
  entry?.modRevision,
]
