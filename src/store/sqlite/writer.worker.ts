import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import { checksumOf, counterChecksum, headOf } from './checksum.ts'
import type { WriteBatch, WriterReply, WriterRequest } from './messages.ts'

/**
 * The thread that writes `state.db`, so that waiting for the disk does not stop the process. It decides
 * nothing: a batch is one transaction and one fsync, and is answered when it is durable.
 * It imports hardly anything of ours at run time, which keeps its start short.
 */

/** As in messages.ts. */
const IDS_PER_REVISION = 1024

/** How long somebody else's `sqlite3` may hold the file before a batch fails. */
const BUSY_TIMEOUT_MS = 5000

/** Free pages up to this many (16 MB) stay for reuse, those beyond go back to the disk. */
const KEPT_FREE_PAGES = 4096

/** Pages given back in one step; a step blocks the batches behind it for a few milliseconds. */
const TIDY_PAGES = 256

/** Opened by the first request, so that the thread may start while the file is still being looked at. */
let connection: ReturnType<typeof open> | undefined

function open() {
  const database = new DatabaseSync(workerData.file, { timeout: BUSY_TIMEOUT_MS })
  database.exec(workerData.pragmas)
  return {
    database,
    begin: database.prepare('BEGIN IMMEDIATE'),
    commit: database.prepare('COMMIT'),
    insert: database.prepare(
      'INSERT INTO log (id, key, create_revision, time_ms, value, checksum) VALUES (?, ?, ?, ?, ?, ?)',
    ),
    forget: database.prepare('DELETE FROM log WHERE id BETWEEN ? AND ? AND key = ?'),
    count: database.prepare('UPDATE counter SET revision = ?, compacted = ?, checksum = ?'),
    reached: database.prepare(
      `SELECT max(id) / ${IDS_PER_REVISION} AS newest, (SELECT compacted FROM counter) AS compacted FROM log`,
    ),
    freePages: database.prepare('PRAGMA freelist_count'),
  }
}

function write(batch: WriteBatch): void {
  connection ??= open()
  const { database, begin, commit, insert, forget, count, reached } = connection
  try {
    begin.run()
    insertRows(batch, insert)
    for (let i = 0; i < batch.forgottenKeys.length; i++) {
      const first = (batch.forgottenRevisions[i] as number) * IDS_PER_REVISION
      forget.run(first, first + IDS_PER_REVISION - 1, batch.forgottenKeys[i] as string)
    }
    // Rows carry their revision, so the counter matters only where rows go. It costs a page.
    if (batch.compacted !== undefined) {
      count.run(batch.revision, batch.compacted, counterChecksum(batch.revision, batch.compacted))
    }
    commit.run()
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    // A failure after the commit, say of a checkpoint, must not pass for a failed commit.
    const { newest, compacted } = reached.get() ?? {}
    const isCommitted =
      batch.compacted === undefined ? newest === batch.revision : compacted === batch.compacted
    if (isCommitted) return
    overwriteFailed(batch.revision, Number(compacted))
    throw error
  }
}

/**
 * A commit that failed at its fsync is whole in the log, and would come back with the next start. Another one takes its place there, even
 * where it fails at the same point: it only says that the revisions were used. (SQLite would skip an update that changes nothing.)
 */
function overwriteFailed(revision: number, compacted: number): void {
  try {
    connection?.count.run(revision, compacted, counterChecksum(revision, compacted))
  } catch {
    // Whatever arrived of it has no end, or harms nobody.
  }
}

function insertRows(batch: WriteBatch, insert: StatementSync): void {
  let at = 0
  for (let i = 0; i < batch.ids.length; i++) {
    const id = batch.ids[i] as number
    const key = batch.keys[i] as string
    const createRevision = batch.createRevisions[i] as number
    const timeMs = batch.timesMs[i] as number
    const length = batch.lengths[i] as number
    const end = at + Math.max(length, 0)
    const value = length < 0 ? null : batch.bytes.subarray(at, end)
    const checksum = checksumOf(headOf(id, key, createRevision, timeMs), value)
    insert.run(id, key, createRevision, timeMs, value, checksum)
    at = end
  }
}

/** Gives some of the free pages back to the file system. */
function tidy(): void {
  connection ??= open()
  const { database, freePages } = connection
  const excess = Number(Object.values(freePages.get() ?? {})[0]) - KEPT_FREE_PAGES
  if (excess > 0) database.exec(`PRAGMA incremental_vacuum(${Math.min(excess, TIDY_PAGES)})`)
}

function close(): void {
  // The last connection takes the WAL into the file and removes it.
  connection?.database.close()
}

parentPort?.on('message', (request: WriterRequest) => {
  let reply: WriterReply = {}
  try {
    if (request.type === 'write') write(request)
    else if (request.type === 'tidy') tidy()
    else close()
  } catch (error) {
    reply = { message: error instanceof Error ? error.message : String(error) }
  }
  parentPort?.postMessage(reply)
  // Without its port nothing keeps the thread.
  if (request.type === 'close' && reply.message === undefined) parentPort?.close()
})
