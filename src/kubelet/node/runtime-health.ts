/**
 * Is the runtime there, and do pods get a network? Asked every few seconds; a change shows in the
 * node's Ready condition.
 */
import { sleep } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { KubeletContext } from '../options.ts'
import type { RuntimeCache } from '../pods/runtime-cache.ts'
import type { NodeHealth } from './node-object.ts'

const CHECK_MS = 5_000
/** While something is wrong it is asked more often, so that pods start as soon as it is right. */
const CHECK_WHILE_WRONG_MS = 1_000

export class RuntimeHealth {
  readonly #context: KubeletContext
  readonly #cache: RuntimeCache
  readonly #stopping = new AbortController()
  #report: NodeHealth = { runtimeProblem: '', networkProblem: 'not asked yet' }
  #loop: Promise<void> | undefined

  constructor(context: KubeletContext, cache: RuntimeCache) {
    this.#context = context
    this.#cache = cache
  }

  report(): NodeHealth {
    return this.#report
  }

  async start(): Promise<void> {
    await this.#check()
    this.#loop = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#loop
  }

  async #run(): Promise<void> {
    const { clock } = this.#context
    while (!this.#stopping.signal.aborted) {
      const { runtimeProblem, networkProblem } = this.#report
      const delayMs = runtimeProblem || networkProblem ? CHECK_WHILE_WRONG_MS : CHECK_MS
      await sleep(clock, delayMs, this.#stopping.signal).catch(() => {})
      if (!this.#stopping.signal.aborted) await this.#check()
    }
  }

  async #check(): Promise<void> {
    const { runtime } = this.#context.options
    try {
      const { runtimeReady, networkReady, message } = await runtime.status()
      this.#report = {
        runtimeProblem: runtimeReady ? this.#cache.lastError : message || 'not ready',
        networkProblem: networkReady ? '' : message || 'network is not ready',
      }
    } catch (error) {
      this.#report = { runtimeProblem: messageOf(error), networkProblem: '' }
    }
  }
}
