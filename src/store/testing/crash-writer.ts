import { writeSync } from 'node:fs'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import { openSqliteStore } from '../sqlite/sqlite-store.ts'
import { encode } from './recorder.ts'

/**
 * Writes until it is killed, and prints each change once it is acknowledged, as a line of JSON (an
 * `Acknowledged`); before a delete it prints `{ deleting: key }`. Arguments: directory, name of the round.
 * History is short, so that kills also hit compaction.
 */
const [directory = '', round = ''] = process.argv.slice(2)
const store = await openSqliteStore({
  directory,
  clock: systemClock,
  log: silentLog,
  history: { events: 50 },
})
let written = 0

/** At once, also where whoever reads is slow: `console.log` would keep it here, and a kill would take it along. */
function say(line: object): void {
  const bytes = Buffer.from(`${JSON.stringify(line)}\n`)
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(1, bytes, at)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
    }
  }
}

/** Each writer has its own keys, so it knows what a delete finds. */
async function write(writer: number): Promise<void> {
  for (;;) {
    const key = `/${writer}/${++written % 20}`
    const isDelete = written % 5 === 0 && (await store.latest(key)) !== undefined
    const value = isDelete ? undefined : `${round}:${written}:${'x'.repeat((written * 37) % 3000)}`
    if (isDelete) say({ deleting: key })
    const result = await store.commit([{ key, value: isDelete ? null : encode(value ?? '') }])
    if (result.ok) say({ key, value, revision: result.revision })
  }
}

await Promise.all([1, 2, 3, 4].map(write))
