import { closeSync, fsyncSync, openSync } from 'node:fs'

/**
 * Makes the names in a directory survive a power cut, as fsync does for the bytes of a file. Windows has no such call: NTFS keeps names by its own
 * journal.
 */
export function syncDirectory(directory: string): void {
  if (process.platform === 'win32') return
  const handle = openSync(directory, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
