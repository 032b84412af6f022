import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import { messageOf, UserError } from '#base/errors.ts'

/** Something that no proa writes. */
export class Damage extends Error {}

export function isDamage(error: unknown): boolean {
  if (error instanceof Damage) return true
  const { errcode } = error as { errcode?: number }
  // SQLITE_ERROR: our own statements are right, so a table or column must be missing.
  const damages: unknown[] = [SQLITE_ERROR, SQLITE_CORRUPT, SQLITE_NOTADB]
  return errcode !== undefined && damages.includes(errcode & 0xff)
}

/** Says so. */
class DamagedFile extends UserError {}

export function damagedFile(file: string, error: unknown): UserError {
  return new DamagedFile(
    `${file} is damaged (${messageOf(error)}); restore it from a backup, or move it away to start empty`,
  )
}

/**
 * SQLite calls a file malformed, too, where the disk would not give a page of it. So damage counts only in a file that can be read from end to end,
 * when it is found a second time. `act` must be repeatable.
 */
export function certainOfDamage<T>(file: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    if (!(error instanceof DamagedFile)) throw error
    readWhole(file)
    readWhole(`${file}-wal`)
  }
  return act()
}

function readWhole(file: string): void {
  if (!existsSync(file)) return
  const handle = openSync(file, 'r')
  try {
    const bytes = new Uint8Array(CHUNK_BYTES)
    while (readSync(handle, bytes) > 0);
  } catch (error) {
    throw new UserError(
      `${file} cannot be read: ${messageOf(error)} (the disk reports an input/output error)`,
    )
  } finally {
    closeSync(handle)
  }
}
const CHUNK_BYTES = 1024 * 1024

const SQLITE_ERROR = 1
const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26
