import { statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { systemClock } from '#host/clock.ts'
import {
  mayLookNow,
  noteCommit,
  noteTold,
  noteWritten,
  pauseBriefly,
  Requests,
  type SharedRing,
  setAwake,
  written,
} from './batch-ring.ts'
import { counterChecksum } from './checksum.ts'
import {
  IDS_PER_REVISION,
  type WriteBatch,
  type WriterMessage,
  type WriterReply,
  type WriterRequest,
} from './messages.ts'
import { PackWriter } from './pack-writer.ts'
import { remover } from './removal.ts'

/**
 * The thread that writes `state.db`, so that waiting for the disk does not stop the process. It decides
 * nothing: all batches that are there become one transaction and one fsync, and are answered when it is durable.
 * It waits for requests without an event loop, which is quicker, and imports hardly anything of ours, which keeps its start short.
 */

/** How long somebody else's `sqlite3` may hold the file before a batch fails. */
const BUSY_TIMEOUT_MS = 5000

/** Free pages up to so much stay for reuse, those beyond go back to the disk. */
const KEPT_FREE_BYTES = 16 * 1024 * 1024

/** Given back in one step, which blocks the batches behind it for a few milliseconds. */
const TIDY_BYTES = 1024 * 1024

/** One transaction takes at most about so much, so that an answer never waits for a huge one. */
const MAX_TRANSACTION_ROWS = 1000
const MAX_TRANSACTION_BYTES = 4 * 1024 * 1024

/**
 * The log is copied into the file when it is so long and nothing was asked for a moment, or when it is as long as `mostLogBytes` says:
 * between two transactions, since nobody's answer should wait for it.
 */
const LOG_BYTES = 4 * 1024 * 1024
/** Shorter ones would be copied so often that more than a hundredth of busy writers waited for it. */
const MIN_BUSY_LOG_BYTES = 8 * 1024 * 1024
const MAX_LOG_BYTES = 16 * 1024 * 1024
/** On a disk that is nearly full. */
const MIN_LOG_BYTES = 256 * 1024
const IDLE_MS = 20
/** Beside what its rows fill. Batches of one transaction share them. */
const PAGES_PER_TRANSACTION = 3

const port = parentPort as MessagePort
const wake = workerData.wake as Int32Array
const ring = workerData.ring as SharedRing
const requests = new Requests(ring, () => receiveMessageOnPort(port)?.message)

/** Opened by the first request, so that the thread may start while the file is still being looked at. */
let connection: Connection | undefined

/** About how much of the log is not in the file yet. */
let logBytes = 0
/** How long the log may become now. */
let mostLogBytes = MIN_BUSY_LOG_BYTES

/**
 * Whoever waits for an answer before the next request comes back sooner than a sleeping thread is woken on a virtual machine (20 to 50 µs, for
 * both), so for so long the writer looks for work before it sleeps; but only where the last request came that soon, so that a
 * store at rest costs nothing, and not on a single processor.
 */
const LOOK_MS = 0.3
const LOOKS_BETWEEN_CLOCKS = 16
const { mayLook } = workerData
/** Whether the last request came soon, within a transaction and between two. */
const cameSoon = { amid: false, between: false }

/** What was received behind a transaction's last batch. */
let held: WriterRequest | undefined

/** Batches of epochs up to this one come too late: something before them failed. */
let failed = { epoch: -1, message: '' }

type Connection = ReturnType<typeof prepare>

function open(): Connection {
  const opened = prepare()
  limitLog(opened)
  return opened
}

/** Statements are run by `get`, which makes no object to say what has changed. */
function prepare() {
  const database = new DatabaseSync(workerData.file, { timeout: BUSY_TIMEOUT_MS })
  database.exec(workerData.pragmas)
  return {
    database,
    begin: database.prepare('BEGIN IMMEDIATE'),
    commit: database.prepare('COMMIT'),
    packs: new PackWriter(database),
    remove: remover(database),
    count: database.prepare('UPDATE counter SET revision = ?, compacted = ?, checksum = ?'),
    reached: database.prepare(
      `SELECT (SELECT last / ${IDS_PER_REVISION} FROM packs ORDER BY id DESC LIMIT 1) AS newest, compacted FROM counter`,
    ),
    pageBytes: numberIn(database.prepare('PRAGMA page_size')),
    freePages: database.prepare('PRAGMA freelist_count'),
    pages: database.prepare('PRAGMA page_count'),
    usualLogLimit: numberIn(database.prepare('PRAGMA journal_size_limit')),
    checkpoint: database.prepare('PRAGMA wal_checkpoint(PASSIVE)'),
  }
}

/** What a pragma that is a number says. */
function numberIn(pragma: StatementSync): number {
  return Number(Object.values(pragma.get() ?? {})[0])
}

/** The next request, once there is one. Amid a transaction the log is left alone. */
function nextRequest(isAmid = false): WriterRequest {
  const idleMs = systemClock.monotonicMs()
  const where = isAmid ? 'amid' : 'between'
  let isLooking = mayLook && cameSoon[where] && mayLookNow(ring)
  for (;;) {
    const seen = Atomics.load(wake, 0)
    const request = held ?? requests.receive()
    held = undefined
    if (request) {
      cameSoon[where] = systemClock.monotonicMs() - idleMs < LOOK_MS
      return request
    }
    if (isLooking) {
      isLooking = comes(seen, idleMs + LOOK_MS)
      continue
    }
    const patienceMs = logBytes > LOG_BYTES && !isAmid ? IDLE_MS : Number.POSITIVE_INFINITY
    setAwake(ring, false)
    const woken = Atomics.wait(wake, 0, seen, patienceMs)
    setAwake(ring, true)
    if (woken === 'timed-out') checkpoint()
  }
}

/** Whether somebody wakes the thread until then. */
function comes(seen: number, untilMs: number): boolean {
  do {
    for (let i = 0; i < LOOKS_BETWEEN_CLOCKS; i++) {
      if (Atomics.load(wake, 0) !== seen) return true
      pauseBriefly()
    }
  } while (systemClock.monotonicMs() < untilMs)
  return false
}

/** The batch behind `last`, where it belongs into the same transaction and is there, or is about to come. */
function follower(last: WriteBatch): WriteBatch | undefined {
  if (last.isLast) return undefined
  const request = last.isFollowed ? nextRequest(true) : requests.receive()
  if (request?.type === 'write') return request
  held = request
  return undefined
}

/** Writes the first batch and those that follow, as far as they fit into one transaction, and adds them to `batches`. */
function write(batches: [WriteBatch, ...WriteBatch[]]): void {
  connection ??= open()
  const { database, begin, commit, packs, reached, pageBytes } = connection
  let rows = 0
  let bytes = 0
  try {
    begin.get()
    let batch: WriteBatch | undefined = batches[0]
    while (batch) {
      writeBatch(batch, connection)
      rows += batch.rows
      bytes += batch.bytes.length
      const isFull = rows >= MAX_TRANSACTION_ROWS || bytes >= MAX_TRANSACTION_BYTES
      // What is followed may have a pack that goes on.
      batch = isFull && !batch.isFollowed ? undefined : follower(batch)
      if (batch) batches.push(batch)
    }
    packs.finish()
    logBytes += PAGES_PER_TRANSACTION * pageBytes
    const startMs = systemClock.monotonicMs()
    commit.get()
    noteCommit(ring, systemClock.monotonicMs() - startMs)
  } catch (error) {
    packs.drop()
    if (database.isTransaction) database.exec('ROLLBACK')
    // A failure after the commit must not pass for a failed commit.
    const { newest, compacted } = reached.get() ?? {}
    const last = batches.findLast(batch => batch.rows > 0)
    const isCommitted = last
      ? newest === last.revision
      : compacted === batches.findLast(batch => batch.compacted !== undefined)?.compacted
    if (isCommitted) return
    overwriteFailed(last?.revision ?? 0, Number(compacted))
    throw error
  }
}

function writeBatch(batch: WriteBatch, { packs, remove, count }: Connection): void {
  // Before changes are added, which take the pages that this leaves: what SQLite changes and frees is written to the log as well.
  if (batch.forgotten + batch.leaving > 0) remove(batch)
  packs.add(batch)
  // Changes carry their revision, so the counter matters only where some go. It costs a page.
  if (batch.compacted !== undefined) {
    count.get(batch.revision, batch.compacted, counterChecksum(batch.revision, batch.compacted))
  }
  logBytes += batch.bytes.length + 100 * batch.rows + 1000 * (batch.forgotten + batch.leaving)
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

/** Takes the log into the file, as far as nobody reads an older state; the next transaction then begins the log anew. */
function checkpoint(): void {
  logBytes = 0
  try {
    if (!connection) return
    connection.checkpoint.get()
  } catch {
    // Nothing is lost: the log is whole, and the next attempt follows.
  }
  if (connection) limitLog(connection)
}

/**
 * A larger file may have a longer log, up to a quarter of it. But all that the log holds must find room in the file, also on a disk that was full and of which
 * somebody frees a little: where less is free than is used, for it and the file's growth, it becomes no longer than a quarter of that, and is cut rather than
 * used again.
 */
function limitLog({ database, pageBytes, pages, usualLogLimit }: Connection): void {
  try {
    const fileBytes = pageBytes * numberIn(pages)
    const usual = Math.min(MAX_LOG_BYTES, Math.max(MIN_BUSY_LOG_BYTES, fileBytes / 4))
    const { bavail, bsize } = statfsSync(dirname(workerData.file))
    const affordable = Math.max(MIN_LOG_BYTES, (bavail * bsize) / 4)
    mostLogBytes = Math.min(usual, affordable)
    database.exec(
      `PRAGMA journal_size_limit = ${affordable < usual ? Math.floor(affordable) : usualLogLimit}`,
    )
  } catch {
    // As before: the log is copied in time, if not at the best.
  }
}

/** Gives some of the free pages back to the file system. */
function tidy(): void {
  connection ??= open()
  const { database, freePages, pageBytes } = connection
  const excess = numberIn(freePages) * pageBytes - KEPT_FREE_BYTES
  if (excess < pageBytes) return
  database.exec(
    `PRAGMA incremental_vacuum(${Math.floor(Math.min(excess, TIDY_BYTES) / pageBytes)})`,
  )
}

function close(): void {
  // The last connection takes the WAL into the file and removes it.
  connection?.database.close()
}

/** What became of the work: undefined when it is done, otherwise why not. */
function attempt(work: () => void): string | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const { errcode = 0 } = error as { errcode?: number }
    // SQLite says so of a page that it could not read, too.
    return (errcode & 0xff) === SQLITE_CORRUPT
      ? `${message}, or the disk reports an input/output error`
      : message
  }
}

const SQLITE_CORRUPT = 11

function serve(request: WriterRequest): WriterReply {
  if (request.type !== 'write') {
    const message = attempt(request.type === 'tidy' ? tidy : close)
    return message === undefined ? { count: 1 } : { count: 1, message }
  }
  if (request.epoch <= failed.epoch) return { count: 1, message: failed.message }
  // Answered also where the file cannot be opened, or the transaction not begun.
  const batches: [WriteBatch, ...WriteBatch[]] = [request]
  const message = attempt(() => write(batches))
  if (message === undefined) return { count: batches.length }
  failed = { epoch: request.epoch, message }
  return { count: batches.length, message }
}

/** What was written is counted where both threads see it; a message then only wakes the other. */
function answer({ type }: WriterRequest, reply: WriterReply): void {
  if (type === 'write' && reply.message === undefined) {
    if (noteWritten(ring, reply.count)) port.postMessage(null)
    return
  }
  noteTold(ring)
  const message: WriterMessage = { ...reply, written: written(ring) }
  port.postMessage(message)
}

for (let isOpen = true; isOpen; ) {
  const request = nextRequest()
  const reply = serve(request)
  answer(request, reply)
  if (logBytes > mostLogBytes) checkpoint()
  isOpen = request.type !== 'close' || reply.message !== undefined
}
