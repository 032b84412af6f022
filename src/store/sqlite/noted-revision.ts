import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Revision } from '../store.ts'
import { MAX_REVISION } from './messages.ts'

/**
 * A note beside the store's file of how far its revisions have come, some seconds old at most. People remove a `state.db-wal` that seems to
 * be left over, or put an older copy of `state.db` in its place; both are whole to SQLite, and only this note tells that they end too early.
 * It is never waited for and may be missing: it can only say that something was lost, not that nothing was.
 */
export class NotedRevision {
  readonly #path: string
  #noted: Revision = 0

  constructor(directory: string) {
    this.#path = join(directory, 'revision')
  }

  /** The newest revision that was durable when it was noted; 0 where nothing was, or where it can't be read. */
  read(): Revision {
    try {
      const revision = Number(readFileSync(this.#path, 'utf8'))
      return Number.isSafeInteger(revision) && revision <= MAX_REVISION ? revision : 0
    } catch {
      return 0
    }
  }

  /** Notes a durable revision. A disk that does not take the note fails what matters by itself. */
  note(revision: Revision): void {
    if (revision === this.#noted) return
    try {
      // In its place and always as long, so that there is no moment in which the file is empty.
      const handle = openSync(this.#path, constants.O_WRONLY | constants.O_CREAT, 0o600)
      try {
        writeSync(handle, `${String(revision).padStart(DIGITS, '0')}\n`)
      } finally {
        closeSync(handle)
      }
      this.#noted = revision
    } catch {}
  }
}

const DIGITS = String(MAX_REVISION).length
