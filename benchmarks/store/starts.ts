import { statSync } from 'node:fs'
import { join } from 'node:path'
import { fill, openAt, say, whole } from './common.ts'

/** How long a start takes until the first commit is durable. */
export async function starts(directory: string): Promise<void> {
  for (const keys of [0, 10_000, 100_000]) {
    const place = `${directory}-${keys}`
    if (keys > 0) {
      const store = await openAt(place)
      await fill(store, keys)
      await store.close()
    }
    const start = performance.now()
    const store = await openAt(place)
    const openMs = performance.now() - start
    await store.commit([{ key: '/first', value: new Uint8Array(1) }])
    const committedMs = performance.now() - start
    const megabytes = statSync(join(place, 'state.db')).size / 1e6
    say(
      `open with ${whole(keys)} keys (${megabytes.toFixed(1)} MB)`,
      `${openMs.toFixed(0)} ms, first commit durable after ${committedMs.toFixed(0)} ms`,
    )
    await store.close()
  }
}
