import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { fill, openAt, quantile, say } from './common.ts'

const KEYS = 1_000_000

/** A million objects of 1 KB: opening, pages of 500, memory. In a process of its own, which begins with nothing. */
export async function million(directory: string): Promise<void> {
  const store = await openAt(directory)
  await fill(store, KEYS)
  await store.close()
  const megabytes = statSync(join(directory, 'state.db')).size / 1e6
  const script = `import { measure } from ${JSON.stringify(import.meta.url)}
    await measure(${JSON.stringify(directory)}, ${megabytes})`
  const words = ['--input-type=module-typescript', '--eval', script]
  const { status } = spawnSync(process.execPath, words, { stdio: 'inherit' })
  if (status !== 0) throw new Error('the measurement failed')
}

export async function measure(directory: string, megabytes: number): Promise<void> {
  const start = performance.now()
  const store = await openAt(directory)
  const openMs = performance.now() - start
  say(`open with 1,000,000 keys (${megabytes.toFixed(0)} MB)`, `${openMs.toFixed(0)} ms`)
  const lags: number[] = []
  let from = '/registry/'
  for (let page = 0; page < KEYS / 500; page++) {
    const begin = performance.now()
    const { entries } = await store.list('/registry/', { start: from, limit: 500 })
    lags.push(performance.now() - begin)
    from = `${entries.at(-1)?.key}\0`
  }
  say('the first page of 500 sorts the keys', `${(lags[0] ?? 0).toFixed(0)} ms`)
  say(
    'a page of 500, p50 and p99',
    `${quantile(lags, 0.5).toFixed(2)} ms, ${quantile(lags, 0.99).toFixed(2)} ms`,
  )
  say('memory', `${(process.memoryUsage().rss / 1e6).toFixed(0)} MB`)
  await store.close()
}
