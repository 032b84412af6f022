import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { UserError } from '#base/errors.ts'
import { makeDirectories } from './files.ts'
import { syncDirectory } from './sync-directory.ts'

/** The right to use a data directory; one process has it at a time. */
export interface DirectoryClaim {
  release(): void
}

/**
 * Creates the directory where it is missing (readable by its owner only) and claims it. Throws a
 * UserError when another process has it or it cannot be written.
 *
 * The claim is a kernel lock on the file `lock`, held through SQLite because Node has no call for one: it
 * ends with the process however that dies, so nothing stale is left behind. The file `pid` only serves
 * the message, which names `shown`, the directory that somebody chose.
 */
export function claimDirectory(directory: string, shown = directory): DirectoryClaim {
  const pidFile = join(directory, 'pid')
  let lock: DatabaseSync | undefined
  try {
    if (makeDirectories(directory, 0o700)) syncDirectory(dirname(directory))
    lock = new DatabaseSync(join(directory, 'lock'))
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
  } catch (error) {
    lock?.close()
    if (isBusy(error)) throw inUse(shown, pidIn(pidFile))
    throw directoryError(directory, error)
  }
  const other = whoHasFilesOf(directory)
  if (other !== undefined) {
    lock.close()
    throw inUse(shown, other)
  }
  try {
    writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 })
  } catch {
    // A full disk; the claim holds without the file, and reading may still be possible.
  }
  const held = lock
  return {
    release() {
      rmSync(pidFile, { force: true })
      held.close()
    },
  }
}

/** One sentence for what keeps a data directory from being used. */
export function directoryError(directory: string, error: unknown): Error {
  const { code, errcode } = error as { code?: string; errcode?: number }
  const sqlite = errcode === undefined ? undefined : errcode & 0xff
  if (code === 'ENOSPC' || sqlite === SQLITE_FULL) {
    return new UserError(
      `the disk that holds the data directory ${directory} is full; free some space and start again`,
    )
  }
  if (code === 'EIO' || sqlite === SQLITE_IOERR) {
    return new UserError(
      `the disk that holds the data directory ${directory} reports an input/output error; look at the disk, then start again`,
    )
  }
  if (code === 'ENOTDIR' || code === 'EEXIST') {
    return new UserError(`the data directory ${directory} cannot be made: a file is in its way`)
  }
  // Node says ENOENT where it could not make a directory on a disk that may only be read.
  const isDenied = ['EACCES', 'EPERM', 'EROFS', 'ENOENT'].includes(code ?? '')
  if (
    isDenied ||
    sqlite === SQLITE_CANTOPEN ||
    sqlite === SQLITE_READONLY ||
    sqlite === SQLITE_PERM
  ) {
    return new UserError(
      `the data directory ${directory} cannot be written; check its owner and permissions or choose another directory`,
    )
  }
  return error instanceof Error ? error : new Error(String(error))
}

const inUse = (directory: string, processId: number | string) =>
  new UserError(
    `the data directory ${directory} is in use by another proa (pid ${processId}); stop that one or choose another directory`,
  )

/** A line of the kernel's table of locks: who has it, and the inode of the file. */
const LOCK = /^\d+: (?:-> )?POSIX +\S+ +\S+ (\d+) \S+:(\d+) /gm

/**
 * Another process that has locks on files of the directory, as SQLite has for as long as a database is open. People remove a file `lock`
 * that seems to be in their way, and two that write one store destroy it. Undefined where the kernel does not tell.
 */
function whoHasFilesOf(directory: string): number | undefined {
  try {
    const files = readdirSync(directory).map(name => statSync(join(directory, name)))
    for (const [, holder, inode] of readFileSync('/proc/locks', 'utf8').matchAll(LOCK)) {
      // Inodes of several disks may be the same: the process must have the very file open.
      const file = files.find(({ ino }) => ino === Number(inode))
      if (file && Number(holder) !== process.pid && hasOpen(Number(holder), file))
        return Number(holder)
    }
  } catch {}
  return undefined
}

function hasOpen(processId: number, { dev, ino }: { dev: number; ino: number }): boolean {
  const directory = `/proc/${processId}/fd`
  return readdirSync(directory).some(name => {
    const open = statSync(join(directory, name), { throwIfNoEntry: false })
    return open?.dev === dev && open.ino === ino
  })
}

function isBusy(error: unknown): boolean {
  const { errcode } = error as { errcode?: number }
  return errcode !== undefined && (errcode & 0xff) === SQLITE_BUSY
}

function pidIn(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim() || 'unknown'
  } catch {
    return 'unknown'
  }
}

const SQLITE_PERM = 3
const SQLITE_BUSY = 5
const SQLITE_READONLY = 8
const SQLITE_IOERR = 10
const SQLITE_FULL = 13
const SQLITE_CANTOPEN = 14
