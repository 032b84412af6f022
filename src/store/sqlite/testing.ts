/** A commit queue for tests that play its disk, its turns and its time, and a look into files from outside. */
import { DatabaseSync } from 'node:sqlite'
import type { Commit } from '../history.ts'
import { Mvcc } from '../mvcc.ts'
import type { CommitResult } from '../store.ts'
import { encode } from '../testing/recorder.ts'
import { CommitQueue } from './commit-queue.ts'
import type { LooseBatch } from './messages.ts'
import { numberOf } from './schema.ts'

/** A queue whose disk and turns the test plays itself. */
export function queueInHand(disk: { commitMs: number; isAwake?: boolean } = { commitMs: 0 }) {
  const state = new Mvcc()
  const sent: LooseBatch[] = []
  const published: number[] = []
  const deferred: (() => void)[] = []
  /** Of each turn that was to come, whether a single commit was expected. */
  const lone: boolean[] = []
  const time = { ms: 0 }
  const queue = new CommitQueue(state, {
    send: batch => void sent.push(batch),
    published: (commits: readonly Commit[]) => void published.push(...commits.map(c => c.revision)),
    defer(callback, isLone) {
      deferred.push(callback)
      lone.push(isLone)
    },
    commitMs: () => disk.commitMs,
    isAwake: () => disk.isAwake === true,
  })
  const put = (key: string, value: string, expected?: number) =>
    watched(
      queue.add(
        [{ key, value: encode(value), ...(expected !== undefined && { expected }) }],
        time.ms,
      ),
    )
  const flush = () => {
    for (const callback of deferred.splice(0)) callback()
  }
  return { state, queue, sent, published, put, flush, time, lone }
}

/** Changes a file as somebody else may. */
export function execute(file: string, sql: string): void {
  const database = new DatabaseSync(file)
  database.exec(sql)
  database.close()
}

/** The number that a query says of a file. */
export function numberIn(file: string, query: string): number {
  const database = new DatabaseSync(file, { readOnly: true })
  try {
    return numberOf(database, query)
  } finally {
    database.close()
  }
}

/** A promise whose outcome can be looked at. */
function watched(promise: Promise<CommitResult>) {
  const outcome: { result?: CommitResult; error?: unknown } = {}
  promise.then(
    result => {
      outcome.result = result
    },
    error => {
      outcome.error = error
    },
  )
  return outcome
}
