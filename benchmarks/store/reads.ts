import { createMemoryStore } from '#store/memory/memory-store.ts'
import { fill, say, VALUE_BYTES } from './common.ts'

/** Lists of a store of 100,000 keys; every engine that keeps its keys in memory reads alike. */
export async function reads(): Promise<void> {
  const store = createMemoryStore()
  await fill(store, 100_000)
  const value = new Uint8Array(VALUE_BYTES)
  for (let i = 0; i < 10; i++) await store.commit([{ key: `/registry/nodes/${i}`, value }])
  const each = async (times: number, prefix: string, limit: number) => {
    const start = performance.now()
    for (let i = 0; i < times; i++) await store.list(prefix, { limit })
    return ((performance.now() - start) / times) * 1000
  }
  say('list 10 of 100,000 keys', `${(await each(10_000, '/registry/nodes/', 0)).toFixed(1)} µs`)
  say(
    'list a page of 500 of them',
    `${(await each(1000, '/registry/configmaps/', 500)).toFixed(1)} µs`,
  )
  say('list all of them', `${((await each(10, '/registry/', 0)) / 1000).toFixed(1)} ms`)
}
