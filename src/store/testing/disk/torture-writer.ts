import { openSync, writeSync } from 'node:fs'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import { openSqliteStore } from '../../sqlite/sqlite-store.ts'
import type { Change, Store } from '../../store.ts'
import { encode } from '../recorder.ts'
import { Dice } from './dice.ts'
import { longValue, type Note, type NotedChange } from './history.ts'

/**
 * A busy life of a store, told in notes (history.ts): several writers at once, values of all sizes, deletes, commits of several
 * changes, compactions, and now and then a stop and a new start. Arguments: data directory, file for the notes, seed, commits, and
 * `early` for the planted bug of saying that a commit is done before it is.
 */
const [directory = '', notes = '', seed = '', wanted = '', plant = ''] = process.argv.slice(2)
const dice = new Dice(Number(seed))
const handle = openSync(notes, 'a')
const say = (note: Note) => writeSync(handle, `${JSON.stringify(note)}\n`)
const writers = 1 + dice.below(8)
const KEYS = 12
const LIVES = 4
/** Some lives fill the write-ahead log often, so that it is used again from its start. */
const largeOneIn = 2 + dice.below(12)
let sent = 0

for (let life = 1; life <= LIVES; life++) {
  const store = await openSqliteStore({
    directory,
    clock: systemClock,
    log: silentLog,
    history: { events: 40 },
  })
  store.watch('', store.revision, {
    events: ([event]) => event && say({ seen: event.revision }),
    end: () => {},
  })
  const last = (Number(wanted) * life) / LIVES
  const running = Array.from({ length: writers }, async (_, writer) => {
    while (sent < last) await write(store, writer)
  })
  await Promise.all(running)
  await store.close()
}
say({ done: true })

/** Each writer has its own keys, so it knows that its commit changes something. */
async function write(store: Store, writer: number): Promise<void> {
  const first = `/${writer}/${dice.below(KEYS)}`
  const isDelete = dice.below(5) === 0 && (await store.latest(first)) !== undefined
  const keys = [first, ...(dice.below(6) === 0 ? [`/${writer}/pair/1`, `/${writer}/pair/2`] : [])]
  const number = ++sent
  const noted: NotedChange[] = keys.map((key, place) => {
    const length = dice.below(largeOneIn) === 0 ? dice.below(60_000) : dice.below(1500)
    return { key, value: isDelete && place === 0 ? null : { number, length } }
  })
  const changes: Change[] = noted.map(({ key, value }) => ({
    key,
    value: value && encode(longValue(value)),
  }))
  say({ sent: noted })
  if (plant === 'early') say({ acknowledged: number })
  const result = await store.commit(changes)
  if (!result.ok || result.revision !== number) throw new Error(`commit ${number} went wrong`)
  say({ acknowledged: number })
  if (dice.below(4) === 0) await store.compact(Math.max(store.compactedRevision, number - 15))
}
