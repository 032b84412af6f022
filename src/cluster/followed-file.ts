/** A configuration file that counts anew as soon as it has changed. What cannot be used leaves what was taken last. */
import type { ReloadFigures } from '#apiserver/configuration/reload-figures.ts'
import type { Clock } from '#base/clock.ts'
import { messageOf, UserError } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { Files } from '#host/files.ts'

export interface FollowedFileOptions {
  readonly path: string
  readonly files: Pick<Files, 'read'>
  readonly clock: Clock
  readonly log: Log
  readonly figures: ReloadFigures
  /** Makes a changed content count; rejects where it cannot. */
  readonly take: (bytes: Buffer) => Promise<void>
}

/** Whoever changes the file waits for it; upstream is told by the system. */
const LOOK_MS = 1_000

/** As Go says it. */
export function bytesOf(path: string, files: Pick<Files, 'read'>): Buffer {
  const bytes = files.read(path)
  if (!bytes) throw new UserError(`open ${path}: no such file or directory`)
  return bytes
}

/** Begins with what was taken already; gives how to end it. */
export function followFile(first: Buffer, options: FollowedFileOptions): () => void {
  const { path, files, clock, log, figures, take } = options
  let known = first
  let isOver = false
  let cancel = () => {}
  figures.used(first)
  const look = async () => {
    try {
      const bytes = files.read(path)
      // It may be in the middle of being replaced; an empty one is no wish of anybody.
      if (!bytes || bytes.length === 0 || bytes.equals(known)) return
      known = bytes
      await take(bytes)
      if (isOver) return
      figures.used(bytes)
      figures.reloaded('success')
      log.info('a changed configuration file was taken', { path })
    } catch (error) {
      if (isOver) return
      figures.reloaded('failure')
      log.error('a changed configuration file could not be taken', {
        path,
        error: messageOf(error),
      })
    }
  }
  const schedule = () => {
    cancel = clock.after(LOOK_MS, () => {
      void look().finally(() => {
        if (!isOver) schedule()
      })
    })
  }
  schedule()
  return () => {
    isOver = true
    cancel()
  }
}
