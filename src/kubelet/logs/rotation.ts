/**
 * Keeps container logs from filling the disk: a log that passed its limit (10 MiB) is renamed and the runtime
 * opens a new one; five files a container are kept. Old files stay plain text, so that they can
 * still be read line by line.
 */
import { Pauses } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { KubeletContext } from '../options.ts'
import type { RuntimeCache } from '../pods/runtime-cache.ts'
import { untilTick } from '../ticks.ts'

export class LogRotation {
  readonly #context: KubeletContext
  readonly #cache: RuntimeCache
  readonly #pauses: Pauses

  constructor(context: KubeletContext, cache: RuntimeCache) {
    this.#context = context
    this.#cache = cache
    this.#pauses = new Pauses(context.clock)
  }

  start(): void {
    void this.#run()
  }

  stop(): void {
    this.#pauses.end()
  }

  async #run(): Promise<void> {
    const { clock, log, options } = this.#context
    for (;;) {
      await this.#pauses.take(untilTick(clock.monotonicMs(), options.containerLogMonitorMs))
      if (this.#pauses.isOver) return
      await this.check().catch(error => log.warn('logs not rotated', { error: messageOf(error) }))
    }
  }

  /** Looks at the logs of all running containers once. */
  async check(): Promise<void> {
    const { options } = this.#context
    for (const container of this.#cache.containers()) {
      if (container.state !== 'running' || !container.logPath) continue
      const facts = await options.hostAccess.files.facts(container.logPath)
      // One log that can't be rotated must not keep the others from it.
      const failed = (error: unknown) =>
        this.#context.log.warn('a log was not rotated', {
          path: container.logPath,
          error: messageOf(error),
        })
      if (!facts) await this.#beginAnew(container.id, container.logPath).catch(failed)
      else if (facts.kind === 'file' && facts.size > options.containerLogMaxBytes)
        await this.#rotate(container.id, container.logPath).catch(failed)
    }
  }

  /** Somebody removed it, to free the disk: until it is opened anew that is not freed, and what the container says is lost. */
  async #beginAnew(containerId: string, path: string): Promise<void> {
    const { hostAccess, runtime } = this.#context.options
    const { files } = hostAccess
    const directory = path.slice(0, path.lastIndexOf('/'))
    const hadDirectory = (await files.facts(directory)) !== undefined
    await files.makeDirectory(directory)
    try {
      await runtime.reopenContainerLog(containerId)
    } catch (error) {
      // A container that ended meanwhile must not leave a directory behind its pod.
      if (!hadDirectory) await files.removeTree(directory)
      throw error
    }
  }

  async #rotate(containerId: string, path: string): Promise<void> {
    const { clock, options } = this.#context
    const { files } = options.hostAccess
    const stamp = new Date(clock.now()).toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')
    const renamed = `${path}.${stamp.slice(0, 8)}-${stamp.slice(8)}`
    await files.rename(path, renamed)
    try {
      await options.runtime.reopenContainerLog(containerId)
    } catch (error) {
      // It writes on into the renamed file: under its old name that is found, and rotated later.
      if (!(await files.facts(path))) await files.rename(renamed, path)
      throw error
    }
    const cut = path.lastIndexOf('/')
    const name = path.slice(cut + 1)
    const rotated = (await files.names(path.slice(0, cut)))
      .filter(other => other.startsWith(`${name}.`))
      .sort()
    const superfluous = Math.max(0, rotated.length - (options.containerLogMaxFiles - 1))
    for (const old of rotated.slice(0, superfluous))
      await files.removeTree(`${path.slice(0, cut)}/${old}`)
  }
}
