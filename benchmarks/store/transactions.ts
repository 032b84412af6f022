import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Store } from '#store'
import { commits } from './common.ts'

/** Long enough for a hundred transactions, and short enough that the log hardly begins anew meanwhile. */
const RUN_MS = 40
const TRIES = 200
const FEWEST_TRANSACTIONS = 20

/** How many commits the store writes in one transaction where so many writers are busy, as its log shows: the mean of a short while. */
export async function transactionSize(
  store: Store,
  directory: string,
  writers: number,
): Promise<number> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const before = transactionsOf(directory)
    const { revision } = store
    await commits(store, writers, RUN_MS)
    const after = transactionsOf(directory)
    const transactions = after.count - before.count
    if (after.salt === before.salt && transactions >= FEWEST_TRANSACTIONS)
      return (store.revision - revision) / transactions
  }
  throw new Error('the log always began anew')
}

/** Of SQLite's write-ahead log: what marks it since it began anew, and how many transactions it holds. */
function transactionsOf(directory: string): { salt: bigint; count: number } {
  const log = readFileSync(join(directory, 'state.db-wal'))
  if (log.length < HEADER_BYTES) return { salt: 0n, count: 0 }
  const frameBytes = FRAME_HEADER_BYTES + log.readUInt32BE(8)
  const salt = log.readBigUInt64BE(16)
  let count = 0
  for (let at = HEADER_BYTES; at + frameBytes <= log.length; at += frameBytes) {
    if (log.readBigUInt64BE(at + 8) !== salt) break
    // The last frame of a transaction says how long the file is.
    if (log.readUInt32BE(at + 4) !== 0) count++
  }
  return { salt, count }
}

const HEADER_BYTES = 32
const FRAME_HEADER_BYTES = 24
