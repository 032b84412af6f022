/**
 * Files that must be whole: what was written is on the disk when the call returns, and whoever reads sees either the old
 * content or the new one. Synchronous, because this is for a handful of small files at start.
 */
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { messageOf, UserError } from '#base/errors.ts'
import { syncDirectory } from './sync-directory.ts'
import { TROUBLE } from './trouble.ts'

export interface Files {
  exists(path: string): boolean
  /** The content, or undefined where there is no such file. Other trouble is a UserError. */
  read(path: string): Buffer | undefined
  /**
   * Replaces the file in one step: a temporary file beside it, fsync, rename, fsync of the directory. Of several processes that do so at the same
   * time the last one wins. A file that says the same already, with that mode, stays as it is and costs no fsync. Of one that `mayBeLost` after a power
   * cut, since it would be made again, only the content is waited for.
   */
  writeAtomically(
    path: string,
    content: string | Uint8Array,
    mode: number,
    options?: { readonly mayBeLost?: boolean },
  ): void
  /** The same, but of several processes the first one wins; false where there is such a file already. */
  writeOnce(path: string, content: string | Uint8Array, mode: number): boolean
  /**
   * Writes a file that must not be there yet and waits for its content, not for its name: for several files in a
   * directory that becomes visible as a whole by `rename`.
   */
  writeNew(path: string, content: string | Uint8Array, mode: number): void
  /** Makes the directory and its parents; those that it makes get `mode`. */
  makeDirectory(path: string, mode: number): void
  /** The names in a directory; none where there is no such directory. */
  list(path: string): string[]
  /** Renames a file or a directory (over an empty one, too) and waits until the disk has it and what is in it. */
  rename(from: string, to: string): void
  remove(path: string): void
  /** Makes the path a link to `target`, in one step where it is a file or another link already. */
  point(path: string, target: string): void
}

/** Owner alone: for keys and for whatever grants rights. */
export const PRIVATE_FILE = 0o600
export const PRIVATE_DIRECTORY = 0o700

export const systemFiles: Files = {
  exists: path => existsSync(path),
  read(path) {
    return explained(`read ${path}`, () => {
      try {
        return readFileSync(path)
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return undefined
        throw error
      }
    })
  },
  writeAtomically(path, content, mode, { mayBeLost = false } = {}) {
    explained(`write ${path}`, () => {
      if (saysAlready(path, content, mode)) return
      withTemporary(path, content, mode, temporary => renameSync(temporary, path))
      if (!mayBeLost) syncDirectory(dirname(path))
    })
  },
  writeOnce(path, content, mode) {
    return explained(`write ${path}`, () => {
      try {
        withTemporary(path, content, mode, temporary => linkSync(temporary, path))
        syncDirectory(dirname(path))
        return true
      } catch (error) {
        if (codeOf(error) === 'EEXIST') return false
        throw error
      }
    })
  },
  writeNew(path, content, mode) {
    explained(`write ${path}`, () => writeWhole(path, content, mode))
  },
  makeDirectory(path, mode) {
    explained(`make the directory ${path}`, () => makeDirectories(path, mode))
  },
  list(path) {
    return explained(`read the directory ${path}`, () =>
      existsSync(path) ? readdirSync(path) : [],
    )
  },
  rename(from, to) {
    explained(`rename ${from} to ${to}`, () => {
      if (statSync(from).isDirectory()) syncDirectory(from)
      renameSync(from, to)
      syncDirectory(dirname(to))
    })
  },
  remove(path) {
    explained(`remove ${path}`, () => rmSync(path, { recursive: true, force: true }))
  },
  point(path, target) {
    explained(`make ${path} a link to ${target}`, () => {
      const temporary = temporaryFor(path)
      try {
        symlinkSync(target, temporary)
        renameSync(temporary, path)
      } finally {
        rmSync(temporary, { force: true })
      }
      syncDirectory(dirname(path))
    })
  },
}

/**
 * Removes what a process that was killed in the middle of `writeAtomically` or `writeOnce` has left in a directory. Only for whoever has the directory
 * for itself: another process may be writing just now.
 */
export function removeUnfinished(directory: string): void {
  for (const name of systemFiles.list(directory))
    if (UNFINISHED.test(name)) systemFiles.remove(join(directory, name))
}

/** How `withTemporary` names files. */
const UNFINISHED = /\.[0-9a-f]{12}\.new$/

/**
 * Makes a directory and its parents; true where it made any. Node's own `recursive` never returns below /proc, where a parent
 * exists and still takes no children.
 */
export function makeDirectories(path: string, mode: number): boolean {
  if (existsSync(path)) {
    if (statSync(path).isDirectory()) return false
    throw Object.assign(new Error(`${path} is a file`), { code: 'EEXIST' })
  }
  makeDirectories(dirname(path), mode)
  mkdirSync(path, { mode })
  return true
}

/** Gives a whole file under a name that nobody else has to `place`, then waits for the disk and leaves nothing of it. */
function withTemporary(
  path: string,
  content: string | Uint8Array,
  mode: number,
  place: (temporary: string) => void,
): void {
  const temporary = temporaryFor(path)
  try {
    writeWhole(temporary, content, mode)
    place(temporary)
  } finally {
    rmSync(temporary, { force: true })
  }
}

const temporaryFor = (path: string) => `${path}.${randomBytes(6).toString('hex')}.new`

const PERMISSIONS = 0o777

function saysAlready(path: string, content: string | Uint8Array, mode: number): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (!found?.isFile()) return false
  // Windows knows no modes: who may read a file is inherited from its directory.
  if (process.platform !== 'win32' && (found.mode & PERMISSIONS) !== mode) return false
  return readFileSync(path).equals(Buffer.from(content as Uint8Array))
}

function writeWhole(path: string, content: string | Uint8Array, mode: number): void {
  const file = openSync(path, 'wx', mode)
  try {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

function explained<T>(what: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    const reason = TROUBLE[codeOf(error)] ?? messageOf(error)
    throw new UserError(`Cannot ${what}: ${reason}.`, { cause: error })
  }
}

const codeOf = (error: unknown) =>
  error instanceof Error && 'code' in error ? String(error.code) : ''
