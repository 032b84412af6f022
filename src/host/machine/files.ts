/**
 * Files as a node agent needs them: replaced as a whole, removed without ever following a symlink
 * or entering a mount.
 */

import { constants, type Stats } from 'node:fs'
import {
  chmod,
  chown,
  lstat,
  mkdir,
  open,
  readdir,
  readlink,
  rename,
  rm,
  stat,
  symlink,
} from 'node:fs/promises'
import { mountsUnder } from '../mount-table.ts'
import { O_PATH } from './mounts.ts'
import { spaceOf, usageOf } from './usage.ts'

const { O_NOFOLLOW } = constants

const DEFAULT_LIMIT_BYTES = 16 * 1024 * 1024
/** Set-group-id: what is made in the directory later belongs to the same group. */
const SETGID = 0o2000
const GROUP_ALL = 0o070
const GROUP_READ = 0o040
const GROUP_WRITE = 0o060

let counter = 0

export const machineFiles = {
  read: (path: string, limitBytes = DEFAULT_LIMIT_BYTES) =>
    orMissing(async () => {
      const file = await open(path, 'r')
      try {
        return await readUpTo(file, 0, limitBytes)
      } finally {
        await file.close()
      }
    }),

  async write(path: string, bytes: Uint8Array, options: { mode?: number } = {}): Promise<void> {
    const mode = options.mode ?? 0o644
    const temporary = `${path}.${process.pid}-${counter++}.tmp`
    const file = await open(temporary, 'wx', mode)
    try {
      try {
        await file.writeFile(bytes)
        // The process's umask must not take away what was asked for.
        await file.chmod(mode)
      } finally {
        await file.close()
      }
      await rename(temporary, path)
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
  },

  open: (path: string) =>
    orMissing(async () => {
      const file = await open(path, 'r')
      const { dev, ino } = await file.stat()
      return {
        identity: `${dev}:${ino}`,
        size: async () => (await file.stat()).size,
        read: (offset: number, length: number) => readUpTo(file, offset, length),
        close: () => file.close(),
      }
    }),

  async makeDirectory(path: string, mode = 0o755): Promise<void> {
    await mkdir(path, { recursive: true, mode })
  },

  async names(path: string): Promise<readonly string[]> {
    return (await orMissing(() => readdir(path))) ?? []
  },

  facts: (path: string) => orMissing(async () => factsOf(await lstat(path))),
  factsOfTarget: (path: string) => orMissing(async () => factsOf(await stat(path))),
  symlink: (target: string, path: string) => symlink(target, path),
  readLink: (path: string) => orMissing(() => readlink(path)),
  rename: (from: string, to: string) => rename(from, to),

  async removeTree(path: string): Promise<void> {
    // `rm` never follows symlinks, but it would walk into what is mounted below.
    const isLink = (await lstat(path).catch(() => undefined))?.isSymbolicLink()
    const mounted = isLink ? [] : await mountsUnder(path)
    if (mounted.length > 0)
      throw new Error(`${path} is not removed: ${mounted[0]} is still mounted below it`)
    await rm(path, { recursive: true, force: true })
  },

  giveToGroup: (path: string, group: number, readOnly: boolean) =>
    giveToGroup(path, group, readOnly),
  usage: usageOf,
  space: spaceOf,
  chmod: (path: string, mode: number) => chmod(path, mode),
  chown: (path: string, user: number, group: number) => chown(path, user, group),
}

/** By handles on what was looked at: a container that runs may put a symlink in its place meanwhile, which must lead nowhere. */
async function giveToGroup(path: string, group: number, readOnly: boolean): Promise<void> {
  const place = await open(path, O_PATH | O_NOFOLLOW)
  try {
    const facts = await place.stat()
    if (facts.isSymbolicLink()) return
    const itself = `/proc/self/fd/${place.fd}`
    await chown(itself, facts.uid, group)
    const mode = facts.mode & 0o7777
    if (!facts.isDirectory()) {
      await chmod(itself, mode | (readOnly ? GROUP_READ : GROUP_WRITE))
      return
    }
    await chmod(itself, mode | SETGID | (readOnly ? GROUP_READ | 0o010 : GROUP_ALL))
    for (const name of await readdir(itself))
      await giveToGroup(`${itself}/${name}`, group, readOnly)
  } finally {
    await place.close()
  }
}

type Handle = Awaited<ReturnType<typeof open>>

async function readUpTo(file: Handle, offset: number, length: number): Promise<Uint8Array> {
  const { size } = await file.stat()
  // Files in /proc say 0 and have content all the same.
  const wanted = size > 0 ? Math.min(length, Math.max(0, size - offset)) : Math.min(length, 65_536)
  const buffer = Buffer.allocUnsafe(wanted)
  let filled = 0
  while (filled < wanted) {
    const { bytesRead } = await file.read(buffer, filled, wanted - filled, offset + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return buffer.subarray(0, filled)
}

function factsOf(stats: Stats) {
  return { kind: kindOf(stats), size: stats.size, mode: stats.mode & 0o7777, group: stats.gid }
}

function kindOf(stats: Stats) {
  if (stats.isFile()) return 'file' as const
  if (stats.isDirectory()) return 'directory' as const
  if (stats.isSymbolicLink()) return 'symlink' as const
  if (stats.isSocket()) return 'socket' as const
  if (stats.isBlockDevice()) return 'blockDevice' as const
  return stats.isCharacterDevice() ? ('charDevice' as const) : ('other' as const)
}

async function orMissing<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}
