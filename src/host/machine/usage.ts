/** How much of a disk something takes, and how much of it is left. */
import type { Stats } from 'node:fs'
import { lstat, readdir, statfs } from 'node:fs/promises'

/** What `lstat` counts in, whatever the file system's blocks are. */
const BLOCK_BYTES = 512
/** Files looked at together: a large directory must not fill the queue that everybody's files wait in. */
const TOGETHER = 32

/**
 * As `du -x` counts: what is allocated, files of several names once, nothing of other file systems. No symlink is followed; who swaps
 * a directory for one at the wrong moment has more counted as his.
 */
export async function usageOf(path: string): Promise<{ bytes: number; inodes: number }> {
  const usage = { bytes: 0, inodes: 0 }
  const top = await look(path)
  if (!top) return usage
  const seen = new Set<number>()
  const count = (stats: Stats): boolean => {
    if (stats.dev !== top.dev) return false
    if (stats.nlink > 1 && !stats.isDirectory()) {
      if (seen.has(stats.ino)) return false
      seen.add(stats.ino)
    }
    usage.bytes += stats.blocks * BLOCK_BYTES
    usage.inodes++
    return stats.isDirectory()
  }
  const directories = count(top) ? [path] : []
  for (let at = directories.pop(); at !== undefined; at = directories.pop()) {
    const names = await readdir(at).catch(() => [])
    for (let from = 0; from < names.length; from += TOGETHER) {
      const paths = names.slice(from, from + TOGETHER).map(name => `${at}/${name}`)
      const found = await Promise.all(paths.map(look))
      for (const [index, stats] of found.entries())
        if (stats && count(stats)) directories.push(paths[index] ?? '')
    }
  }
  return usage
}

/** Undefined where it went meanwhile. */
const look = (path: string): Promise<Stats | undefined> => lstat(path).catch(() => undefined)

/** Of the file system that this is on; undefined where there is nothing. */
export async function spaceOf(path: string) {
  const found = await statfs(path).catch(() => undefined)
  if (!found) return undefined
  const { blocks, bavail, bsize, files, ffree } = found
  return {
    capacityBytes: blocks * bsize,
    availableBytes: bavail * bsize,
    inodes: files,
    inodesFree: ffree,
  }
}
