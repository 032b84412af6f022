/** Mounts, through mount(8) and umount(8): Node has no such calls of its own. */
import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { chmod, mkdir, open, realpath, stat } from 'node:fs/promises'
import { promisify } from 'node:util'
import { mountsUnder } from '../mount-table.ts'

const run = promisify(execFile)
/** Linux's O_PATH, which Node does not name: a handle on a place, not on a content. */
export const O_PATH = 0o10000000
const { O_NOFOLLOW, O_DIRECTORY } = constants
const TARGET_MODE = 0o750
/** All but the identity of who runs what lies there. */
const HANDED_ON = 0o3777

type Handle = Awaited<ReturnType<typeof open>>

const isMountPoint = async (path: string) => (await mountsUnder(path)).includes(path)

/** Secrets are to stay in memory. */
const NO_SWAP = 'noswap'
let knowsNoSwap = true

export const machineMounts = {
  async mountTmpfs(path: string, sizeBytes: number | undefined): Promise<void> {
    if (await isMountPoint(path)) return
    const size = sizeBytes ? [`size=${Math.ceil(sizeBytes)}`] : []
    const mount = (options: readonly string[]) => {
      const words = options.length > 0 ? ['-o', options.join(',')] : []
      return run('mount', ['-t', 'tmpfs', ...words, 'tmpfs', path])
    }
    if (knowsNoSwap)
      try {
        await mount([...size, NO_SWAP])
        return
      } catch {
        // Before Linux 6.4, and where users are mapped: what is in memory may come to the machine's disks.
      }
    await mount(size)
    // That it was for this option is known when it works without.
    knowsNoSwap = false
  },

  async bindInside(base: string, relative: string, target: string): Promise<void> {
    const place = await openInside(base, relative)
    try {
      const facts = await place.stat()
      if (await isMountPoint(target)) {
        const there = await stat(target)
        if (there.dev === facts.dev && there.ino === facts.ino) return
        // The volume has new files since: a container that starts anew gets those.
        await machineMounts.unmount(target)
      }
      if (facts.isDirectory()) await mkdir(target, { recursive: true, mode: TARGET_MODE })
      else await (await open(target, 'a', 0o640)).close()
      // The kernel follows this link to the very place that was checked, whatever its path leads to by now.
      const source = `/proc/${process.pid}/fd/${place.fd}`
      await run('mount', ['--no-canonicalize', '--bind', source, target])
    } finally {
      await place.close()
    }
  },

  async unmount(path: string): Promise<void> {
    if (!(await isMountPoint(path))) return
    try {
      await run('umount', [path])
    } catch {
      // Somebody still has a file open there: take it out of the tree, it goes when they let go.
      await run('umount', ['--lazy', path])
    }
  },

  /** The innermost first. */
  mountedBelow: (path: string): Promise<readonly string[]> => mountsUnder(path),
}

/**
 * Opens `relative` inside `base`, making missing directories that may be used by whoever may use `base`. Symlinks may lead around inside
 * `base`, never out of it: the path is resolved and checked first, and then walked again with
 * handles that follow no symlink, so that a swap in between is an error.
 */
export async function openInside(base: string, relative: string): Promise<Handle> {
  const root = await realpath(base)
  const parts = relative.split('/').filter(part => part !== '' && part !== '.')
  if (parts.includes('..')) throw new Error(`subPath "${relative}" must not contain '..'`)
  const resolved = await resolveExisting(root, parts)
  let handle = await open(root, O_PATH | O_DIRECTORY | O_NOFOLLOW)
  const mode = (await handle.stat()).mode & HANDED_ON
  for (const part of resolved)
    try {
      const next = await openPart(handle, part, mode)
      await handle.close()
      handle = next
    } catch (error) {
      await handle.close()
      throw error
    }
  return handle
}

/** The real path of as much as exists, as parts below `root`, then the rest as it was asked for. */
async function resolveExisting(root: string, parts: readonly string[]): Promise<string[]> {
  for (let count = parts.length; count > 0; count--) {
    const real = await realpath([root, ...parts.slice(0, count)].join('/')).catch(error => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    if (real === undefined) continue
    if (real !== root && !real.startsWith(`${root}/`))
      throw new Error(`subPath "${parts.join('/')}" leads out of its volume`)
    return [...real.slice(root.length).split('/').filter(Boolean), ...parts.slice(count)]
  }
  return [...parts]
}

async function openPart(directory: Handle, part: string, mode: number): Promise<Handle> {
  const path = `/proc/self/fd/${directory.fd}/${part}`
  const place = await open(path, O_PATH | O_NOFOLLOW).catch(async error => {
    if (error.code !== 'ENOENT') throw error
    await mkdir(path, { mode })
    const made = await open(path, O_PATH | O_NOFOLLOW | O_DIRECTORY)
    // The umask took some of it away. By its handle, since somebody may have put a link in its place.
    await chmod(`/proc/self/fd/${made.fd}`, mode).catch(async error => {
      await made.close()
      throw error
    })
    return made
  })
  if ((await place.stat()).isSymbolicLink()) {
    await place.close()
    throw new Error(`subPath part "${part}" became a symlink while it was mounted`)
  }
  return place
}
