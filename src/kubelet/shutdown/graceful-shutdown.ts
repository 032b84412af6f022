/**
 * Delays the shutdown of the machine until pods have ended in their order. One loop: who tells of shutdowns is asked, the lock is taken, and where a shutdown
 * begins pods end group by group and the lock is let go of. What is lost is opened anew.
 */
import { sleep } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Shutdowns, ShutdownWatch } from '../host-access.ts'
import { isFinished } from '../pod-types.ts'
import type { PodWorker } from '../pods/pod-worker.ts'
import type { PodFailure } from '../status/pod-status.ts'
import type { NodeShutdownParts } from './node-shutdown.ts'
import { type Group, graceOf, groupsOf, wholeSeconds } from './periods.ts'
import { readState, type ShutdownState, writeState } from './state.ts'

export { wholeSeconds } from './periods.ts'

/** Until what was lost is opened anew; longer and longer where that fails. */
const REOPEN_MS = 1_000
const REOPEN_LIMIT_MS = 60_000
/** logind reads its files a moment after it was told to. */
const DELAY_TRIES = 10
const DELAY_RETRY_MS = 500
/** How often it is looked whether pods have ended. */
const LOOK_MS = 100

const TERMINATED: PodFailure = Object.freeze({
  reason: 'Terminated',
  message: 'Pod was terminated in response to imminent node shutdown.',
  isDisruption: true,
  sparesSuccess: true,
})

export class GracefulShutdown {
  readonly #parts: NodeShutdownParts
  readonly #shutdowns: Shutdowns
  readonly #stopping = new AbortController()
  #state: ShutdownState = { startMs: undefined, endMs: undefined }
  #watch: ShutdownWatch | undefined
  #release: (() => Promise<void>) | undefined
  /** What is under way, one after the other. */
  #work: Promise<void> = Promise.resolve()
  #isShuttingDown = false
  #isReopening = false
  #isLost = false

  constructor(parts: NodeShutdownParts, shutdowns: Shutdowns) {
    this.#parts = parts
    this.#shutdowns = shutdowns
  }

  get isUnderWay(): boolean {
    return this.#isShuttingDown
  }

  /** Whole seconds since the epoch, of the last shutdown, which is one of before this start. */
  seconds(end: 'start' | 'end'): number {
    const ms = end === 'start' ? this.#state.startMs : this.#state.endMs
    return Math.floor((ms ?? 0) / 1000)
  }

  async start(): Promise<void> {
    this.#state = await readState(this.#parts.context)
    await this.#open().catch(error => {
      const { log } = this.#parts.context
      log.error('Failed to start node shutdown manager', { error: messageOf(error) })
      this.#reopen()
    })
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#watch?.close()
    await this.#letGo()
    await this.#work
  }

  async #open(): Promise<void> {
    const watch = await this.#shutdowns.open({
      changed: isShuttingDown => this.#changed(isShuttingDown),
      lost: why => {
        this.#parts.context.log.warn('shutdowns are not told any more', { why })
        this.#reopen()
      },
    })
    if (this.#stopping.signal.aborted) return watch.close()
    this.#watch = watch
    // A shutdown that waits for less is better than one that does not wait at all.
    await this.#raiseDelay(watch).catch(error =>
      this.#parts.context.log.error('unable to override inhibit delay by shutdown manager', {
        error: messageOf(error),
      }),
    )
    await this.#takeLock()
  }

  #reopen(): void {
    this.#isLost = true
    if (this.#isReopening || this.#stopping.signal.aborted) return
    this.#isReopening = true
    void this.#openAgain().finally(() => {
      this.#isReopening = false
    })
  }

  async #openAgain(): Promise<void> {
    const { log } = this.#parts.context
    for (let delayMs = REOPEN_MS; ; delayMs = Math.min(2 * delayMs, REOPEN_LIMIT_MS)) {
      this.#isLost = false
      this.#watch?.close()
      // A shutdown that has begun goes on waiting for pods, whoever does not tell of it any more.
      if (!this.#isShuttingDown) await this.#letGo()
      await this.#pause(delayMs)
      if (this.#stopping.signal.aborted) return
      try {
        await this.#open()
        await this.#catchUp()
        // It may have been lost again in this moment.
        if (!this.#isLost) return
      } catch (error) {
        log.debug('shutdowns are not told yet', { error: messageOf(error) })
      }
    }
  }

  /** What was not heard meanwhile: a shutdown that will not come after all would leave the node without pods for ever. */
  async #catchUp(): Promise<void> {
    const isShuttingDown = await this.#watch?.isShuttingDown()
    if (isShuttingDown === undefined || this.#stopping.signal.aborted) return
    if (isShuttingDown !== this.#isShuttingDown) this.#changed(isShuttingDown)
  }

  /** logind would not wait for as long as pods may take. */
  async #raiseDelay(watch: ShutdownWatch): Promise<void> {
    const wantedMs = wholeSeconds(this.#parts.context.options.shutdownPeriods) * 1000
    let delayMs = await watch.maximumDelayMs()
    if (delayMs >= wantedMs) return
    await watch.raiseMaximumDelay(wantedMs)
    for (let tries = 0; tries < DELAY_TRIES; tries++) {
      delayMs = await watch.maximumDelayMs()
      if (delayMs >= wantedMs) return
      await this.#pause(DELAY_RETRY_MS)
    }
    throw new Error(
      `node shutdown manager was timed out after ${DELAY_TRIES} attempts waiting for logind InhibitDelayMaxSec to update to ${wantedMs / 1000}s (ShutdownGracePeriod), current value is ${delayMs / 1000}s`,
    )
  }

  async #takeLock(): Promise<void> {
    if (this.#isShuttingDown) return
    await this.#letGo()
    const release = await this.#watch?.holdLock()
    if (this.#stopping.signal.aborted) await release?.()
    else this.#release = release
  }

  async #letGo(): Promise<void> {
    const release = this.#release
    this.#release = undefined
    await release?.()
  }

  /** It begins, or will not come after all: then whoever ended stays ended, but others may come again. */
  #changed(isShuttingDown: boolean): void {
    const { context, node, tell, changed } = this.#parts
    context.log.info('Shutdown manager detected new shutdown event', {
      isNodeShuttingDownNow: isShuttingDown,
    })
    const own = node()
    const what = isShuttingDown ? 'event' : 'cancellation'
    if (own) tell(own, 'Shutdown', `Shutdown manager detected shutdown ${what}`)
    this.#isShuttingDown = isShuttingDown
    changed()
    this.#work = this.#work
      .then(() => (isShuttingDown ? this.#endPods() : this.#takeLock()))
      .catch(error => {
        context.log.error('the shutdown was not waited for', { error: messageOf(error) })
        if (!isShuttingDown) this.#reopen()
      })
  }

  async #endPods(): Promise<void> {
    const { context, workers } = this.#parts
    try {
      await this.#remember({ startMs: context.clock.now(), endMs: undefined })
      const active = workers().filter(
        ({ mode, removed, latest }) =>
          (mode === 'running' || mode === 'terminating') &&
          !removed &&
          !isFinished(latest.status?.phase),
      )
      for (const group of groupsOf(context.options.shutdownPeriods, active))
        await this.#endGroup(group)
    } finally {
      await this.#remember({ ...this.#state, endMs: context.clock.now() })
      await this.#letGo()
    }
  }

  /** Whoever takes longer than the group may is left behind. */
  async #endGroup({ period, members }: Group<PodWorker>): Promise<void> {
    const { context, told } = this.#parts
    const { clock, log } = context
    const untilMs = clock.monotonicMs() + period.seconds * 1000
    for (const worker of members) {
      worker.fail(TERMINATED, graceOf(worker.pod, period))
      worker.wake()
    }
    let left = members
    while (!this.#stopping.signal.aborted) {
      left = left.filter(worker => !worker.hasLeft)
      const restMs = untilMs - clock.monotonicMs()
      if (left.length === 0 || restMs <= 0) break
      await this.#pause(Math.min(LOOK_MS, restMs))
    }
    const pods = left.map(({ pod: { metadata } }) => `${metadata.namespace}/${metadata.name}`)
    if (pods.length > 0)
      log.warn('pods did not end in the time that the shutdown leaves them', { pods, ...period })
    const restMs = untilMs - clock.monotonicMs()
    if (restMs <= 0) return
    const patience = new AbortController()
    const signal = AbortSignal.any([patience.signal, this.#stopping.signal])
    const statuses = Promise.allSettled(members.map(({ uid }) => told(uid)))
    await Promise.race([statuses, sleep(clock, restMs, signal).catch(() => {})])
    patience.abort()
  }

  /** Ends early where the kubelet does. */
  #pause(delayMs: number): Promise<void> {
    return sleep(this.#parts.context.clock, delayMs, this.#stopping.signal).catch(() => {})
  }

  async #remember(state: ShutdownState): Promise<void> {
    this.#state = state
    await writeState(this.#parts.context, state).catch(error =>
      this.#parts.context.log.warn('times of the shutdown could not be kept', {
        error: messageOf(error),
      }),
    )
  }
}
