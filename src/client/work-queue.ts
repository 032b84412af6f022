/**
 * A queue of keys for controllers: a key waits at most once however often it is added, and never runs twice at a time;
 * one that is added while it runs, runs again afterwards. Failures wait longer each time, per key.
 */
import type { Clock } from '#base/clock.ts'
import type { WorkQueueMeter } from './work-queue-figures.ts'

/** Wait after the first failure of a key, doubled by each further one: upstream's default limiter. */
const BASE_DELAY_MS = 5
/** Longest wait between attempts of one key (about 17 minutes), as upstream has it. */
const MAXIMUM_DELAY_MS = 1_000_000

export interface WorkQueueOptions {
  readonly clock: Clock
  readonly baseDelayMs?: number
  readonly maximumDelayMs?: number
  /** Told of every key that comes and goes. */
  readonly meter?: WorkQueueMeter
}

export interface WorkQueue {
  add(key: string): void
  /** Adds after a delay, or when the wall clock jumps, since the key may wait for a moment of it; of several delays for one key, the soonest counts. */
  addAfter(key: string, delayMs: number): void
  /** Adds after a delay that doubles with every call until `forget`. */
  addRateLimited(key: string): void
  /** The key went well: its next failure waits the shortest time again. */
  forget(key: string): void
  /** How often the key failed in a row. */
  failures(key: string): number
  /** The next key, or undefined once the queue is stopped. Call `done` when it was worked on. */
  next(): Promise<string | undefined>
  done(key: string): void
  /** Keys that wait now, without the delayed ones. */
  readonly length: number
  /** Since when, by the monotonic clock, each key is worked on that is worked on now. */
  readonly runningSinceMs: readonly number[]
  stop(): void
}

export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  const { clock, meter, baseDelayMs = BASE_DELAY_MS, maximumDelayMs = MAXIMUM_DELAY_MS } = options
  // Maps keep insertion order, which makes the queue fair. Sizes are bounded by the number of objects in the cluster.
  const waiting = new Map<string, number>()
  const running = new Map<string, number>()
  const again = new Set<string>()
  const delayed = new Map<string, { atMs: number; cancel: () => void }>()
  const failures = new Map<string, number>()
  const idle: ((key: string | undefined) => void)[] = []
  let stopped = false

  const take = (): string | undefined => {
    const [first] = waiting
    if (first === undefined) return undefined
    const [key, sinceMs] = first
    const nowMs = clock.monotonicMs()
    waiting.delete(key)
    running.set(key, nowMs)
    meter?.taken((nowMs - sinceMs) / 1000)
    return key
  }
  const add = (key: string) => {
    if (stopped) return
    if (running.has(key)) {
      if (!again.has(key)) meter?.added()
      again.add(key)
      return
    }
    if (waiting.has(key)) return
    meter?.added()
    enqueue(key)
  }
  const enqueue = (key: string) => {
    waiting.set(key, clock.monotonicMs())
    const worker = idle.shift()
    if (worker) worker(take())
  }
  const addAfter = (key: string, delayMs: number) => {
    if (stopped) return
    if (delayMs <= 0) return add(key)
    const atMs = clock.monotonicMs() + delayMs
    const known = delayed.get(key)
    if (known && known.atMs <= atMs) return
    known?.cancel()
    const cancel = clock.after(delayMs, () => {
      delayed.delete(key)
      add(key)
    })
    delayed.set(key, { atMs, cancel })
  }
  const endJumps = clock.onJump?.(() => {
    for (const [key, { cancel }] of [...delayed]) {
      cancel()
      delayed.delete(key)
      add(key)
    }
  })

  return {
    add,
    addAfter,
    addRateLimited(key) {
      const count = failures.get(key) ?? 0
      failures.set(key, count + 1)
      meter?.retried()
      addAfter(key, Math.min(baseDelayMs * 2 ** Math.min(count, 40), maximumDelayMs))
    },
    forget: key => void failures.delete(key),
    failures: key => failures.get(key) ?? 0,
    next() {
      if (stopped) return Promise.resolve(undefined)
      const key = take()
      if (key !== undefined) return Promise.resolve(key)
      return new Promise(resolve => idle.push(resolve))
    },
    done(key) {
      const sinceMs = running.get(key)
      running.delete(key)
      if (sinceMs !== undefined) meter?.done((clock.monotonicMs() - sinceMs) / 1000)
      if (again.delete(key) && !stopped) enqueue(key)
    },
    get length() {
      return waiting.size
    },
    get runningSinceMs() {
      return [...running.values()]
    },
    stop() {
      stopped = true
      endJumps?.()
      for (const { cancel } of delayed.values()) cancel()
      delayed.clear()
      waiting.clear()
      again.clear()
      for (const worker of idle.splice(0)) worker(undefined)
    },
  }
}
