/** Time that passes only when told to: a day of a cluster's life takes as long as its work. */
import type { Clock } from '#base/clock.ts'

interface Timer {
  readonly at: number
  readonly order: number
  readonly callback: () => void
}

export interface VirtualClock extends Clock {
  /**
   * Moves on, calling what is due in order; lets everything that it sets off come to rest before
   * the next.
   */
  advance(milliseconds: number): Promise<void>
  /** Sets the wall clock without time passing, and lets what that sets off come to rest. */
  jump(milliseconds: number): Promise<void>
  /** Timers that wait. */
  readonly pending: number
}

/**
 * `rest` resolves when nothing more happens without time passing, for example after some turns of
 * the event loop; it is the caller's, because only the outside of the simulation has real turns to
 * wait for.
 */
export function createVirtualClock(startMs: number, rest: () => Promise<void>): VirtualClock {
  let now = startMs
  let jumpedMs = 0
  let order = 0
  const jumps = new Set<{ readonly call: () => void }>()
  // Few timers wait at a time, so a walk over all to find the next is cheap enough.
  const timers = new Set<Timer>()
  const nextUntil = (limit: number): Timer | undefined => {
    let next: Timer | undefined
    for (const timer of timers)
      if (
        timer.at <= limit &&
        (!next || timer.at < next.at || (timer.at === next.at && timer.order < next.order))
      )
        next = timer
    return next
  }
  return {
    now: () => now + jumpedMs,
    monotonicMs: () => now - startMs,
    after(delayMs, callback) {
      const timer = { at: now + Math.max(0, delayMs), order: order++, callback }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    async advance(milliseconds) {
      const until = now + milliseconds
      await rest()
      for (;;) {
        const timer = nextUntil(until)
        if (!timer) break
        timers.delete(timer)
        now = Math.max(now, timer.at)
        timer.callback()
        await rest()
      }
      now = until
    },
    onJump(callback) {
      const jump = { call: callback }
      jumps.add(jump)
      return () => jumps.delete(jump)
    },
    async jump(milliseconds) {
      jumpedMs += milliseconds
      for (const { call } of [...jumps]) call()
      await rest()
    },
    get pending() {
      return timers.size
    },
  }
}
