import type { Clock } from '#base/clock.ts'
import { IdleTurns } from './idle-turns.ts'
import { Jumps } from './jumps.ts'
import { afterReadyWork } from './worker.ts'

/** Node's timers count in 31 bits: a longer wait would fire at once, again and again. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, callback) {
    if (delayMs <= LONGEST_TIMER_MS) {
      const timer = setTimeout(callback, delayMs)
      return () => clearTimeout(timer)
    }
    let leftMs = delayMs
    let timer: NodeJS.Timeout
    const wait = () => {
      const partMs = Math.min(leftMs, LONGEST_TIMER_MS)
      leftMs -= partMs
      timer = setTimeout(leftMs > 0 ? wait : callback, partMs)
    }
    wait()
    return () => clearTimeout(timer)
  },
  whenIdle: signal => turns.take(signal),
  onJump: callback => jumps.tell(callback),
  afterReadyWork,
}

/** One for all roles of the process: it is the same event loop that they share. */
const turns = new IdleTurns({
  monotonicMs: systemClock.monotonicMs,
  idleMs: () => performance.eventLoopUtilization().idle,
  after: (delayMs, callback) => setTimeout(callback, delayMs).unref(),
})

const jumps = new Jumps({
  now: systemClock.now,
  monotonicMs: systemClock.monotonicMs,
  every: (intervalMs, look) => {
    const timer = setInterval(look, intervalMs).unref()
    return () => clearInterval(timer)
  },
})
