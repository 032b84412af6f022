/**
 * Running containers are where they may be: told to the runtime when what all share becomes less or more, and looked at every few
 * seconds, for an update may fail and a kubelet that starts anew does not know what the last one said.
 */
import { Pauses } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import { CONTAINER_NAME, POD_UID } from '../labels.ts'
import type { KubeletContext } from '../options.ts'
import type { RuntimeCache } from '../pods/runtime-cache.ts'
import { Rounds } from '../rounds.ts'

/** Upstream's --cpu-manager-reconcile-period. */
const LOOK_MS = 10_000

export class SetKeeper {
  readonly #context: KubeletContext
  readonly #cache: RuntimeCache
  readonly #pauses: Pauses
  /** What each container was told last, by its id. */
  readonly #told = new Map<string, string>()
  readonly #rounds = new Rounds(() => this.#tell())
  #loop: Promise<void> | undefined

  constructor(context: KubeletContext, cache: RuntimeCache) {
    this.#context = context
    this.#cache = cache
    this.#pauses = new Pauses(context.clock)
  }

  start(): void {
    if (this.#context.options.division) this.#loop = this.#run()
  }

  async stop(): Promise<void> {
    this.#pauses.end()
    await this.#loop
  }

  async #run(): Promise<void> {
    while (!this.#pauses.isOver) {
      await this.apply()
      await this.#context.options.division?.settle()
      await this.#pauses.take(LOOK_MS)
    }
  }

  /** Resolves when all have been told what holds now; nobody is told last what held before. Never rejects: what fails is tried again. */
  apply(): Promise<void> {
    return this.#rounds.run()
  }

  async #tell(): Promise<void> {
    const { division, runtime } = this.#context.options
    if (!division?.cpus) return
    const running = this.#cache.containers().filter(({ state }) => state === 'running')
    for (const { id, labels } of running) {
      const { cpusetCpus } = division.setsOf(labels[POD_UID] ?? '', labels[CONTAINER_NAME] ?? '')
      if (cpusetCpus === undefined || this.#told.get(id) === cpusetCpus) continue
      try {
        await runtime.updateContainerResources(id, { cpusetCpus })
        this.#told.set(id, cpusetCpus)
      } catch (error) {
        const why = messageOf(error)
        this.#context.log.warn('a container could not be moved to its processors', { id, why })
      }
    }
    const present = new Set(running.map(({ id }) => id))
    for (const id of this.#told.keys()) if (!present.has(id)) this.#told.delete(id)
  }
}
