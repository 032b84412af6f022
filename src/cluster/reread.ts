/** Files that are looked at again from time to time, so that what is renewed counts without a restart. */
import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { Files } from '#host/files.ts'
import { REREAD_MS } from './front-proxy.ts'

export interface Machine {
  readonly files: Pick<Files, 'read'>
  readonly clock: Clock
  readonly log: Log
}

/** What files say, looked at again from time to time; the same value as long as they say the same. */
export function reread<T>(
  read: () => T,
  what: string,
  { clock, log }: Pick<Machine, 'clock' | 'log'>,
): () => T {
  let known = read()
  let readMs = clock.monotonicMs()
  return () => {
    if (clock.monotonicMs() - readMs < REREAD_MS) return known
    readMs = clock.monotonicMs()
    try {
      const now = read()
      if (!isDeepStrictEqual(now, known)) known = now
    } catch (error) {
      // They may be in the middle of being replaced; what was good still is.
      log.warn(`${what} could not be read anew`, { error: messageOf(error) })
    }
    return known
  }
}
