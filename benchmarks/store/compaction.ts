import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import { openSqliteStore } from '#store/sqlite/sqlite-store.ts'
import { quantile, say, VALUE_BYTES } from './common.ts'

const WRITERS = 16
const SLICE_MS = 1000
const ROUNDS = 5

/**
 * How long a write takes while nothing is forgotten, and while as much is forgotten as is written (a full history window): slices of two
 * stores take turns.
 */
export async function compaction(directory: string): Promise<void> {
  const open = (name: string, events: number) =>
    openSqliteStore({
      directory: `${directory}-${name}`,
      clock: systemClock,
      log: silentLog,
      history: { events, bytes: 1e9 },
    })
  const calm = await open('calm', 1e9)
  const busy = await open('busy', 2000)
  const lags = { calm: [] as number[], busy: [] as number[] }
  for (let round = 0; round < ROUNDS; round++) {
    for (const [store, found] of [
      [calm, lags.calm],
      [busy, lags.busy],
    ] as const) {
      const endMs = performance.now() + SLICE_MS
      const write = async (writer: number) => {
        for (let i = 0; performance.now() < endMs; i++) {
          const start = performance.now()
          const key = `/registry/leases/${writer}-${i % 50}`
          await store.commit([{ key, value: new Uint8Array(VALUE_BYTES) }])
          if (round > 0) found.push(performance.now() - start)
        }
      }
      await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)))
    }
  }
  await calm.close()
  await busy.close()
  const at = (share: number) => {
    const [normal, compacting] = [quantile(lags.calm, share), quantile(lags.busy, share)]
    return `${normal.toFixed(1)} ms, compacting ${compacting.toFixed(1)} ms (${(compacting / normal).toFixed(1)} times)`
  }
  say(`a write of ${WRITERS} writers, p50`, at(0.5))
  say(`a write of ${WRITERS} writers, p99`, at(0.99), 'at most 2 times')
}
