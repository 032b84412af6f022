/**
 * Is the runtime there, and do pods get a network? Asked every few seconds; a change shows in the
 * node's Ready condition.
 */
import { Pauses } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { KubeletContext } from '../options.ts'
import type { RuntimeCache } from '../pods/runtime-cache.ts'
import type { RuntimeStatus } from '../runtime.ts'
import { sameJson } from '../status/status-writer.ts'
import { untilTick } from '../ticks.ts'
import type { NodeHealth } from './node-object.ts'

const CHECK_MS = 5_000
/** While something is wrong it is asked more often, so that pods start as soon as it is right. */
const CHECK_WHILE_WRONG_MS = 1_000
/**
 * A runtime that is restarted is back sooner, as with upstream's kubelet. A node that is not ready takes its pods from all Services,
 * though they run on without the runtime.
 */
const PATIENCE_MS = 30_000

export type RuntimeAbilities = Pick<RuntimeStatus, 'handlers' | 'supplementalGroupsPolicy'>

export class RuntimeHealth {
  readonly #context: KubeletContext
  readonly #cache: RuntimeCache
  readonly #pauses: Pauses
  #report: NodeHealth = { runtimeProblem: '', networkProblem: 'not asked yet' }
  /** What the last check found; it becomes the report at once only where it is good or nothing good came before. */
  #found: NodeHealth = this.#report
  #goodAt: number | undefined
  #abilities: RuntimeAbilities = {}
  #loop: Promise<void> | undefined

  constructor(context: KubeletContext, cache: RuntimeCache) {
    this.#context = context
    this.#cache = cache
    this.#pauses = new Pauses(context.clock)
  }

  report(): NodeHealth {
    return this.#report
  }

  /** What the runtime can do, as it last said; the same object while it says the same. */
  abilities(): RuntimeAbilities {
    return this.#abilities
  }

  async start(): Promise<void> {
    await this.#check()
    this.#loop = this.#run()
  }

  async stop(): Promise<void> {
    this.#pauses.end()
    await this.#loop
  }

  async #run(): Promise<void> {
    const { clock } = this.#context
    for (;;) {
      const delayMs = isGood(this.#found) ? CHECK_MS : CHECK_WHILE_WRONG_MS
      await this.#pauses.take(untilTick(clock.monotonicMs(), delayMs))
      if (this.#pauses.isOver) return
      await this.#check()
    }
  }

  async #check(): Promise<void> {
    const found = await this.#ask()
    // The same object while nothing changes: whoever compares it with the last one sees that at once.
    if (!isSame(found, this.#found)) this.#found = found
    const now = this.#context.clock.monotonicMs()
    if (isGood(this.#found)) this.#goodAt = now
    else if (this.#goodAt !== undefined && now - this.#goodAt < PATIENCE_MS) return
    this.#report = this.#found
  }

  async #ask(): Promise<NodeHealth> {
    try {
      const { runtimeReady, networkReady, message, ...abilities } =
        await this.#context.options.runtime.status()
      if (!sameJson(abilities, this.#abilities)) this.#abilities = abilities
      return {
        runtimeProblem: runtimeReady ? this.#cache.lastError : message || 'not ready',
        networkProblem: networkReady ? '' : message || 'network is not ready',
      }
    } catch (error) {
      return { runtimeProblem: messageOf(error), networkProblem: '' }
    }
  }
}

const isSame = (one: NodeHealth, other: NodeHealth): boolean =>
  one.runtimeProblem === other.runtimeProblem && one.networkProblem === other.networkProblem

const isGood = ({ runtimeProblem, networkProblem }: NodeHealth): boolean =>
  runtimeProblem === '' && networkProblem === ''
