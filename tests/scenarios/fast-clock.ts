/** A clock on which a cluster lives through minutes in seconds: everything waits as long as it would, divided by `speed`. */
import type { Clock } from '#base/clock.ts'
import { systemClock } from '#host/clock.ts'

/**
 * Longer than this nothing is held up on a quiet machine. Where others have the processor for seconds no more than this has passed: all that
 * goes by the clock stood still with it, and would seem to have been away for minutes.
 */
const LONGEST_TURN_MS = 50

export function fastClock(speed: number): Clock {
  const startMs = systemClock.now()
  let elapsedMs = 0
  let seenMs = systemClock.monotonicMs()
  const look = () => {
    const nowMs = systemClock.monotonicMs()
    elapsedMs += Math.min(nowMs - seenMs, LONGEST_TURN_MS) * speed
    seenMs = nowMs
    return elapsedMs
  }
  // Who rests is not held up.
  setInterval(look, LONGEST_TURN_MS / 5).unref()
  return {
    // Whole milliseconds, as everywhere.
    now: () => Math.floor(startMs + look()),
    monotonicMs: look,
    after(delayMs, callback) {
      const dueMs = look() + delayMs
      let cancel = () => {}
      const wait = () => {
        cancel = systemClock.after(Math.max(0, dueMs - look()) / speed, () => {
          if (look() >= dueMs) callback()
          else wait()
        })
      }
      wait()
      return () => cancel()
    },
  }
}
