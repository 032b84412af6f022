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

export function damagedFile(file: string, error: unknown): UserError {
  return new UserError(
    `${file} is damaged (${messageOf(error)}); restore it from a backup, or move it away to start empty`,
  )
}

const SQLITE_ERROR = 1
const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26
