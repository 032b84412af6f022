import { rmdirSync } from 'node:fs'

/** Removes a directory that is empty; harmless where it is missing, full or a mount point. */
export function removeEmptyDirectory(path: string): void {
  try {
    rmdirSync(path)
  } catch {
    // It stays; whoever wants to know looks.
  }
}
