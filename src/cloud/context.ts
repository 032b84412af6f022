/** What the controllers of a cloud live on, and how they are run: keys that are worked on, and rounds that come again and again. */
import { sleep } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { FigureBook } from '#base/figures.ts'
import type { EventRecorder } from '#client/events.ts'
import type { RoleContext, Running } from '#client/role.ts'
import { createWorkQueue, type WorkQueue } from '#client/work-queue.ts'
import { workQueueMeter } from '#client/work-queue-figures.ts'

export interface CloudContext extends RoleContext {
  readonly clusterName: string
  readonly figures: FigureBook
  /** Makes a recorder that reports as `component`; whoever asked stops it. */
  readonly recorder: (component: string) => EventRecorder
}

/** A controller that runs. */
export interface RunningCloudController extends Running {
  /** By names of work queues, for their figures. */
  readonly queues: ReadonlyMap<string, WorkQueue>
}

export interface KeysOptions {
  /** Upstream's name of the queue. */
  readonly name: string
  readonly workers: number
  /** Waits after failures of one key; those of every queue unless given. */
  readonly baseDelayMs?: number
  readonly maximumDelayMs?: number
  /** Does what is to be done about a key. Whatever it throws is tried again. */
  readonly work: (key: string, signal: AbortSignal) => Promise<void>
  /** After how long to try again, where the failure says so. */
  readonly retryAfterMs?: (failure: unknown) => number | undefined
}

export interface Keys extends Running {
  readonly queue: WorkQueue
  /** Begins to work; before that keys only wait. */
  start(): void
}

/** A queue of keys, each worked on by one worker at a time. */
export function workOnKeys({ clock, figures, log }: CloudContext, options: KeysOptions): Keys {
  const { name, workers, work, retryAfterMs, ...delays } = options
  const queue = createWorkQueue({ clock, meter: workQueueMeter(figures, name), ...delays })
  const stopping = new AbortController()
  const worker = async () => {
    for (let key = await queue.next(); key !== undefined; key = await queue.next()) {
      try {
        await work(key, stopping.signal)
        queue.forget(key)
      } catch (error) {
        if (!stopping.signal.aborted) {
          const afterMs = retryAfterMs?.(error)
          log.warn('not in accord with the cloud yet, trying again', {
            queue: name,
            key,
            why: messageOf(error),
          })
          if (afterMs === undefined) queue.addRateLimited(key)
          else queue.addAfter(key, afterMs)
        }
      }
      queue.done(key)
    }
  }
  let running: Promise<unknown> = Promise.resolve()
  return {
    queue,
    start() {
      running = Promise.all(Array.from({ length: workers }, worker))
    },
    async stop() {
      stopping.abort()
      queue.stop()
      await running
    },
  }
}

export interface RoundsOptions {
  /** The first round waits for it. */
  readonly ready: Promise<unknown>
  readonly periodMs: number
  readonly round: (signal: AbortSignal) => Promise<void>
}

/** A round, and another so long after each. What it throws is logged, and left to the next one. */
export function inRounds(
  { clock, log }: Pick<CloudContext, 'clock' | 'log'>,
  { ready, periodMs, round }: RoundsOptions,
): Running {
  const stopping = new AbortController()
  const { signal } = stopping
  const run = async () => {
    await Promise.race([ready, aborted(signal)])
    while (!signal.aborted) {
      try {
        await round(signal)
      } catch (error) {
        if (!signal.aborted) log.warn('a round failed', { why: messageOf(error) })
      }
      await sleep(clock, periodMs, signal).catch(() => {})
    }
  }
  const running = run()
  return {
    async stop() {
      stopping.abort()
      await running
    },
  }
}

/** Does something with each, so many at a time; what one throws is nobody else's. */
export async function eachOf<T>(
  items: readonly T[],
  limit: number,
  act: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items.values()
  const worker = async () => {
    for (const item of rest) await act(item)
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker))
}

/** Resolves with the signal. */
export const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
