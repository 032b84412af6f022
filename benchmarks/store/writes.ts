import { createMemoryStore } from '#store/memory/memory-store.ts'
import { PAGE_BYTES } from '#store/sqlite/schema.ts'
import { commits, compare, inThisProcess, openAt, say, whole } from './common.ts'
import { HISTORY_ROWS } from './raw.ts'
import { startRaw } from './raw-process.ts'
import { transactionSize } from './transactions.ts'

/** What the store is compared with: node:sqlite, called from one thread of a process of its own, which computes nothing and waits for nobody. */
const RAW = {
  raw: 'adds a row for each change, as many in a transaction as the store has, synchronous=FULL, all else as SQLite comes (pages of 4 KB, the log copied each 1,000); it judges, checks and removes nothing',
  together: 'the same with all writers in one transaction',
  likewise: `as together, with the store's pages of ${PAGE_BYTES / 1024} KB and copying of the log, and removes a row of history for each that it adds, as the store has to in its way`,
}

/** Durable commits a second by 1, 16 and 128 writers, beside node:sqlite. */
export async function writes(directory: string): Promise<void> {
  for (const [name, does] of Object.entries(RAW)) say(`node:sqlite, ${name}`, does)
  for (const writers of [1, 16, 128]) {
    const place = `${directory}-${writers}`
    const store = await openAt(place)
    // Before that, nobody has a row to remove, and one writer would not come so far.
    while (store.revision < HISTORY_ROWS) await commits(store, 128)
    const rows = Math.round(await transactionSize(store, place, writers))
    const raw = await startRaw(`${place}/raw.db`, rows, false)
    const together = await startRaw(`${place}/together.db`, writers, false)
    const likewise = await startRaw(`${place}/likewise.db`, writers, true)
    const what = `sqlite store, ${writers} ${writers === 1 ? 'writer' : 'writers'}, ${rows} in a transaction`
    const asked = `80 % of raw${writers === 128 ? ', and 10,000 commits/s where SQLite alone has 22,000' : ''}`
    await compare(
      { what, asked },
      {
        raw: raw.measure,
        together: together.measure,
        likewise: likewise.measure,
        ours: inThisProcess(ms => commits(store, writers, ms)),
      },
    )
    await store.close()
    await raw.close()
    await together.close()
    await likewise.close()
  }
  say('memory store, 1 writer', `${whole(await commits(createMemoryStore(), 1))} commits/s`)
}
