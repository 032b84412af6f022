/** A clock that a test moves by hand: timers fire in order, each at its own moment. */
import type { Clock } from '#base/clock.ts'

export interface ManualClock extends Clock {
  /** Moves time on, firing what falls due, and lets promises settle after each timer. */
  advance(milliseconds: number): Promise<void>
  /** Sets the wall clock without time passing. */
  jump(milliseconds: number): Promise<void>
  /** How many timers wait. */
  readonly pending: number
}

export function createManualClock(startMs = Date.UTC(2026, 0, 1)): ManualClock {
  let elapsedMs = 0
  let jumpedMs = 0
  const jumps = new Set<{ readonly call: () => void }>()
  let order = 0
  const timers = new Map<number, { atMs: number; callback: () => void }>()
  const settle = () => new Promise<void>(resolve => setImmediate(resolve))
  return {
    now: () => startMs + elapsedMs + jumpedMs,
    monotonicMs: () => elapsedMs,
    after(delayMs, callback) {
      const id = ++order
      timers.set(id, { atMs: elapsedMs + delayMs, callback })
      return () => void timers.delete(id)
    },
    onJump(callback) {
      const jump = { call: callback }
      jumps.add(jump)
      return () => void jumps.delete(jump)
    },
    async jump(milliseconds) {
      jumpedMs += milliseconds
      for (const { call } of [...jumps]) call()
      await settle()
    },
    get pending() {
      return timers.size
    },
    async advance(milliseconds) {
      const endMs = elapsedMs + milliseconds
      await settle()
      for (;;) {
        const due = [...timers]
          .filter(([, timer]) => timer.atMs <= endMs)
          .sort(([a, x], [b, y]) => x.atMs - y.atMs || a - b)[0]
        if (!due) break
        timers.delete(due[0])
        elapsedMs = Math.max(elapsedMs, due[1].atMs)
        due[1].callback()
        await settle()
      }
      elapsedMs = endMs
      await settle()
    },
  }
}

/** Randomness that repeats itself. */
export function createSeededRandom(seed = 1) {
  let state = seed >>> 0 || 1
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  const integer = (bound: number) => Math.floor(next() * bound)
  const bytes = (length: number) => Uint8Array.from({ length }, () => integer(256))
  const hex = (length: number) => Buffer.from(bytes(length)).toString('hex')
  const uuid = () => `${hex(4)}-${hex(2)}-4${hex(2).slice(1)}-a${hex(2).slice(1)}-${hex(6)}`
  return { integer, bytes, uuid }
}
