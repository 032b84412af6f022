import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { inSlices } from '#apiserver/storage/slices.ts'
import { readList } from '#apiserver/watch-cache/read-list.ts'
import { WatchCache } from '#apiserver/watch-cache/watch-cache.ts'
import { systemClock } from '#host/clock.ts'
import { boundHeap } from '#host/heap-bounds.ts'
import type { Store } from '#store'
import { fill, openAt, quantile, say, whole } from './common.ts'

const KEYS = { some: 100_000, full: 1_000_000 }
const PREFIX = '/registry/configmaps/'
const PAGE = 500

/** Many objects of 1 KB, with `isFull` a million: opening, pages of 500, memory. In a process of its own, which begins with nothing, and with the bounds that `proa` gives its heap. */
export async function million(directory: string, isFull: boolean): Promise<void> {
  const keys = isFull ? KEYS.full : KEYS.some
  const store = await openAt(directory)
  await fill(store, keys)
  await store.close()
  const megabytes = statSync(join(directory, 'state.db')).size / 1e6
  const script = `import { measure } from ${JSON.stringify(import.meta.url)}
    await measure(${JSON.stringify(directory)}, ${keys}, ${megabytes})`
  const words = ['--input-type=module-typescript', '--eval', script]
  const { status } = spawnSync(process.execPath, words, { stdio: 'inherit' })
  if (status !== 0) throw new Error('the measurement failed')
}

export async function measure(directory: string, keys: number, megabytes: number): Promise<void> {
  boundHeap()
  const opening = stopwatch()
  const store = await openAt(directory)
  say(`open with ${whole(keys)} keys (${megabytes.toFixed(0)} MB)`, opening(), 'a million in 3 s')
  await pages('the store', async after => {
    const start = after === '' ? PREFIX : `${after}\0`
    const { entries } = await store.list(PREFIX, { start, limit: PAGE })
    for (const { value } of entries) value.at(0)
    return entries.at(-1)?.key
  })
  sayMemory('without the watch cache')
  await withWatchCache(store)
  await store.close()
}

async function withWatchCache(store: Store): Promise<void> {
  const watchCache = new WatchCache({ store, clock: systemClock })
  const cache = watchCache.add(PREFIX, {})
  const starting = stopwatch()
  await watchCache.start()
  say('the watch cache starts in', starting())
  let token = ''
  await pages('the watch cache', async () => {
    const { items, continue: next = '' } = await readList(
      { clock: systemClock, store, watchCache, cache },
      {
        filter: { namespace: '' },
        limit: PAGE,
        continue: token,
        revision: undefined,
        match: '',
      },
    )
    // As a list is answered: what is not held is read from the file, all of a slice at once.
    for await (const slice of inSlices({ clock: systemClock, store }, items, { form: 'bytes' })) {
      for (const { value } of slice) value.at(0)
    }
    token = next
    return token || undefined
  })
  sayMemory('with the watch cache, after a list of all')
  watchCache.stop()
}

/** Reads page after page until there is none. */
async function pages(
  of: string,
  read: (after: string) => Promise<string | undefined>,
): Promise<void> {
  const lags: number[] = []
  for (let after: string | undefined = ''; after !== undefined; ) {
    const begin = performance.now()
    after = await read(after)
    lags.push(performance.now() - begin)
  }
  const at = (share: number) => `${quantile(lags, share).toFixed(1)} ms`
  say(
    `a page of ${PAGE} of ${of}`,
    `first ${lags[0]?.toFixed(1)} ms, p50 ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}`,
    '5 ms',
  )
}

/** Time since then, and how much of it this process had the processor. */
function stopwatch(): () => string {
  const start = performance.now()
  const before = process.threadCpuUsage()
  return () => {
    const { user, system } = process.threadCpuUsage(before)
    return `${(performance.now() - start).toFixed(0)} ms (${((user + system) / 1000).toFixed(0)} ms of the processor)`
  }
}

function sayMemory(when: string): void {
  const megabytes = process.memoryUsage().rss / 1e6
  say(`memory ${when}`, `${megabytes.toFixed(0)} MB`, 'a million in 1,500 MB')
}
