/**
 * Runs one controller: a queue of keys, some workers, and the writes that each reconcile asks for. A key is not looked
 * at again before the views show what was written for it, so no decision is made twice. What goes wrong with a key
 * delays that key alone.
 */
import { isStatus } from '#api/machinery/status.ts'
import { messageOf } from '#base/errors.ts'
import type { Running } from '#client/role.ts'
import { createWorkQueue, type WorkQueue } from '#client/work-queue.ts'
import { workQueueMeter } from '#client/work-queue-figures.ts'
import type { Controller, ControllerContext, Outcome, WriteFailure } from './controller.ts'
import { type Awaited, FailedWrite, Performer } from './perform.ts'
import { queueNameOf } from './queue-names.ts'
import { RepeatedWrites } from './repeated-writes.ts'

/** How soon a key that waits for its own writes is tried again, doubled each time up to the limit. */
const AWAIT_STEP_MS = 2
const AWAIT_STEP_LIMIT_MS = 500
/** When a write has not shown up by then, the view must have missed it; going on is safe as every write has preconditions. */
const AWAIT_LIMIT_MS = 30_000
/** A key that failed so often in a row is worth a warning; upstream gives many of them up by then. */
const WARN_AFTER_FAILURES = 15

/** What a controller has done since it started. */
export interface RunnerCounts {
  reconciles: number
  failures: number
  conflicts: number
  queued: number
}

export interface RunningController extends Running {
  readonly name: string
  readonly counts: Readonly<RunnerCounts>
  readonly queueName: string
  readonly queue: WorkQueue
}

interface Waiting {
  readonly awaited: readonly Awaited[]
  readonly sinceMs: number
  tries: number
}

export function runController(
  controller: Controller,
  context: ControllerContext,
): RunningController {
  const { clock } = context
  const log = context.log.with({ controller: controller.name })
  const recorder = context.recorder(controller.component ?? controller.name)
  const queueName = queueNameOf(controller.name)
  const queue = createWorkQueue({ clock, meter: workQueueMeter(context.figures, queueName) })
  const counts: RunnerCounts = { reconciles: 0, failures: 0, conflicts: 0, queued: 0 }
  const waiting = new Map<string, Waiting>()
  const failures = new Map<string, WriteFailure>()
  const repeated = new RepeatedWrites({ name: queueName, clock, figures: context.figures, log })
  const ends: (() => void)[] = []
  const standIns: StandIns = { limit: controller.workers, running: new Set() }
  let stopped = false

  /** True when the views show all that was written for the key the last time. */
  const seesOwnWrites = (key: string): boolean => {
    const wait = waiting.get(key)
    if (!wait || wait.awaited.every(awaited => awaited.shown())) {
      waiting.delete(key)
      return true
    }
    if (clock.monotonicMs() - wait.sinceMs > AWAIT_LIMIT_MS) {
      log.warn('own writes have not shown up, going on', { key })
      waiting.delete(key)
      return true
    }
    queue.addAfter(key, Math.min(AWAIT_STEP_MS * 2 ** wait.tries++, AWAIT_STEP_LIMIT_MS))
    return false
  }

  const failed = (key: string, error: unknown) => {
    const cause = error instanceof FailedWrite ? error.cause : error
    // Somebody else was quicker: look again with what they wrote.
    if (isStatus(cause, 'Conflict', 'NotFound')) counts.conflicts++
    else counts.failures++
    if (error instanceof FailedWrite) {
      failures.set(key, { verb: error.verb, kind: error.kind, message: error.message })
      const level = queue.failures(key) + 1 === WARN_AFTER_FAILURES ? 'warn' : 'debug'
      log[level]('a write failed, trying again', { key, error: cause as Error })
    } else {
      log.error('reconcile failed, trying again', { key, why: messageOf(error), error })
    }
    queue.addRateLimited(key)
  }

  const work = async (key: string): Promise<void> => {
    if (!seesOwnWrites(key)) return
    const waitMs = repeated.waitMs(key)
    if (waitMs > 0) return queue.addAfter(key, waitMs)
    counts.reconciles++
    const standIn = new StandIn(standIns, worker)
    const performer = new Performer(context.client, recorder, controller.views, standIn.begin)
    const fromMs = clock.monotonicMs()
    let outcome: Outcome | undefined
    let error: unknown
    try {
      outcome = await controller.reconcile(key, failures.get(key))
      if (stopped) return
      await performer.perform(outcome.writes)
      failures.delete(key)
      repeated.performed(key, outcome)
      if (outcome.againWithBackoff) queue.addRateLimited(key)
      else queue.forget(key)
      if (outcome.againAfterMs !== undefined) queue.addAfter(key, outcome.againAfterMs)
    } catch (thrown) {
      error = thrown
      if (!stopped) failed(key, thrown)
    } finally {
      standIn.end()
    }
    controller.counted?.({ key, outcome, error, seconds: (clock.monotonicMs() - fromMs) / 1000 })
    const awaited = performer.awaited.filter(write => !write.shown())
    if (awaited.length > 0) {
      waiting.set(key, { awaited, sinceMs: clock.monotonicMs(), tries: 0 })
      queue.addAfter(key, AWAIT_STEP_MS)
    }
  }

  /** Works until the queue stops, or `isEnough` between two keys. */
  const worker = async (isEnough = () => false): Promise<void> => {
    for (let key = await queue.next(); key !== undefined; key = await queue.next()) {
      await work(key)
      queue.done(key)
      if (isEnough()) return
    }
  }

  const run = async (): Promise<void> => {
    await Promise.race([
      Promise.all(controller.views.map(view => view.informer.synced)),
      new Promise<void>(resolve => ends.push(resolve)),
    ])
    if (stopped) return
    controller.wake({
      add: queue.add,
      addAfter: queue.addAfter,
      onStop: end => void ends.push(end),
    })
    await Promise.all(Array.from({ length: controller.workers }, () => worker()))
    await Promise.all(standIns.running)
  }
  const running = run().catch(error => log.error('the controller cannot run', { error }))

  return {
    name: controller.name,
    queueName,
    queue,
    get counts() {
      return { ...counts, queued: queue.length }
    },
    async stop() {
      stopped = true
      queue.stop()
      for (const end of ends) end()
      recorder.stop()
      await running
    },
  }
}

interface StandIns {
  readonly limit: number
  readonly running: Set<Promise<void>>
}

/** A worker that looks at other keys while one is busy with thousands of writes, so that nobody waits for those. */
class StandIn {
  readonly #standIns: StandIns
  readonly #work: (isEnough: () => boolean) => Promise<void>
  #isOver = false

  constructor(standIns: StandIns, work: (isEnough: () => boolean) => Promise<void>) {
    this.#standIns = standIns
    this.#work = work
  }

  readonly begin = (): void => {
    const { running, limit } = this.#standIns
    if (running.size >= limit) return
    const work = this.#work(() => this.#isOver)
    running.add(work)
    void work.finally(() => running.delete(work))
  }

  end(): void {
    this.#isOver = true
  }
}
