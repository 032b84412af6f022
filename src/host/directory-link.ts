/** A link at a well-known path to a directory of ours, where nobody else has that path. */
import { existsSync, mkdirSync, readlinkSync, rmdirSync, rmSync, symlinkSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Lets `path` lead to `target`; true where it does. An empty directory and a link that leads nowhere any more give way, everything
 * else stays as it is.
 */
export function linkDirectory(path: string, target: string): boolean {
  const there = linkAt(path)
  if (there === target) return true
  if (there !== undefined) {
    if (existsSync(path)) return false
    rmSync(path)
  } else if (existsSync(path) && !removeEmpty(path)) return false
  mkdirSync(dirname(path), { recursive: true })
  try {
    symlinkSync(target, path)
  } catch (error) {
    // Another Proa of this machine was faster.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  return linkAt(path) === target
}

/** Takes the link away, unless it is somebody else's. */
export function unlinkDirectory(path: string, target: string): void {
  if (linkAt(path) === target) rmSync(path)
}

function linkAt(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined // Nothing there, or no link.
  }
}

function removeEmpty(path: string): boolean {
  try {
    rmdirSync(path)
    return true
  } catch {
    return false // Something is in it, or it is no directory.
  }
}
