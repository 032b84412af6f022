import type { Clock } from '../clock.ts'

/** A clock whose wall time somebody sets; spans and timers go on as before. */
export interface JumpyClock extends Clock {
  /** Sets the wall time forward, or back. */
  jump(milliseconds: number): void
}

export function jumpyClock(clock: Clock): JumpyClock {
  let offset = 0
  return {
    now: () => clock.now() + offset,
    monotonicMs: () => clock.monotonicMs(),
    after: (delayMs, callback) => clock.after(delayMs, callback),
    jump(milliseconds) {
      offset += milliseconds
    },
  }
}
