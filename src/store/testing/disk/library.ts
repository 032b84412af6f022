import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

/**
 * Compiles `disk.c` into `directory`. The library stands between a process and its files when `environmentOf` is added to the
 * environment of a child. Answers with the reason where there is no C compiler, which tests give as theirs for being skipped.
 */
export function buildDisk(directory: string): { library: string } | { missing: string } {
  const library = join(directory, 'disk.so')
  const source = join(import.meta.dirname, 'disk.c')
  const built = spawnSync('cc', ['-O1', '-shared', '-fPIC', '-o', library, source, '-ldl'], {
    encoding: 'utf8',
  })
  if (built.error) return { missing: 'there is no C compiler here to build the disk with' }
  if (built.status !== 0) throw new Error(`disk.c does not compile: ${built.stderr}`)
  return { library }
}

export interface DiskEnvironment {
  readonly library: string
  /** Only what is below it is recorded and fails. */
  readonly root: string
  /** Where the trace goes; nothing is recorded without. */
  readonly trace?: string
  /** A file made by `DiskControl`. */
  readonly control?: string
}

export function environmentOf(disk: DiskEnvironment): NodeJS.ProcessEnv {
  return {
    ...process.env,
    LD_PRELOAD: disk.library,
    DISK_ROOT: disk.root,
    ...(disk.trace && { DISK_TRACE: disk.trace }),
    ...(disk.control && { DISK_CONTROL: disk.control }),
  }
}
