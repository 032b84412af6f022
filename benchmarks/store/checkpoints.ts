import { statSync } from 'node:fs'
import { join } from 'node:path'
import { openAt, quantile, say, VALUE_BYTES } from './common.ts'

const WRITERS = 128
const RUN_MS = 5000

/**
 * How long nobody is answered while the log is copied into the file, beside the time between answers else. The file is written to for
 * nothing but that, so its time of change tells which answers waited for it.
 */
export async function checkpoints(directory: string): Promise<void> {
  const store = await openAt(directory)
  const changed = () => statSync(join(directory, 'state.db'), { bigint: true }).mtimeNs
  const gaps = { plain: [] as number[], copying: [] as number[] }
  let lastMs = performance.now()
  let lastChange = changed()
  let isNoted = false
  const note = () => {
    if (isNoted) return
    isNoted = true
    setImmediate(() => {
      isNoted = false
    })
    const [nowMs, change] = [performance.now(), changed()]
    const found = change === lastChange ? gaps.plain : gaps.copying
    found.push(nowMs - lastMs)
    lastMs = nowMs
    lastChange = change
  }
  const endMs = lastMs + RUN_MS
  const write = async (writer: number) => {
    for (let i = 0; performance.now() < endMs; i++) {
      const key = `/registry/pods/ns-${writer}/pod-${i % 100}`
      await store.commit([{ key, value: new Uint8Array(VALUE_BYTES) }])
      note()
    }
  }
  await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)))
  await store.close()
  const figures = (lags: readonly number[]) => {
    const [p50, p99, most] = [0.5, 0.99, 1].map(share => quantile(lags, share).toFixed(1))
    return `p50 ${p50}, p99 ${p99}, at most ${most} ms (${lags.length})`
  }
  say(`between answers to ${WRITERS} writers`, figures(gaps.plain))
  say('the same where the log was copied meanwhile', figures(gaps.copying))
}
