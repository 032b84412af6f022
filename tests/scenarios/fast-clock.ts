/** A clock on which a cluster lives through minutes in seconds: everything waits as long as it would, divided by `speed`. */
import type { Clock } from '#base/clock.ts'
import { systemClock } from '#host/clock.ts'

export function fastClock(speed: number): Clock {
  const [startMs, fromMs] = [systemClock.now(), systemClock.monotonicMs()]
  const elapsedMs = () => (systemClock.monotonicMs() - fromMs) * speed
  return {
    // Whole milliseconds, as everywhere.
    now: () => Math.floor(startMs + elapsedMs()),
    monotonicMs: elapsedMs,
    after: (delayMs, callback) => systemClock.after(delayMs / speed, callback),
  }
}
