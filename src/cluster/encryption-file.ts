/**
 * The file of an EncryptionConfiguration, and the plugins that it names. Where that is asked for it is looked at again every minute; what
 * cannot be used then, also because a plugin is not well, leaves the last good one.
 */

import { type ReloadFigures, reloadFigures } from '#apiserver/configuration/reload-figures.ts'
import {
  type EncryptionConfiguration,
  parseEncryptionConfiguration,
} from '#apiserver/encryption/configuration.ts'
import type { EncryptionRules } from '#apiserver/encryption/encryption.ts'
import { type Clock, sleep } from '#base/clock.ts'
import { messageOf, UserError } from '#base/errors.ts'
import type { Figure } from '#base/figures.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import type { Files } from '#host/files.ts'
import type { PluginSurroundings, Plugins } from './open-plugins.ts'
import type { EncryptionAtRest } from './options.ts'
import { serverId } from './server-id.ts'

export interface FileSurroundings {
  readonly files: Pick<Files, 'read'>
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** How often upstream looks, too. */
const RELOAD_MS = 60_000
/** For how long plugins that are new in the file may come to be well, and how often they are asked. */
const MINIMUM_TRIAL_MS = 10_000
const TRIAL_INTERVAL_MS = 100
/** How long upstream goes on trying what it writes at its start, too. */
const START_MS = 30_000

export class EncryptionFile {
  readonly #options: EncryptionAtRest
  readonly #surroundings: FileSurroundings
  #bytes: Buffer = Buffer.alloc(0)
  #lookedMs = 0
  #plugins: Plugins | undefined
  readonly #reloads: ReloadFigures
  #figures: PluginSurroundings['figures'] | undefined
  #next: EncryptionRules | undefined
  #isTrying = false
  #cancelLooking = () => {}
  readonly #leaving = new Map<Plugins, () => void>()
  readonly #closing = new AbortController()

  constructor(options: EncryptionAtRest, surroundings: FileSurroundings) {
    this.#options = options
    this.#surroundings = surroundings
    this.#reloads = reloadFigures(surroundings.clock, serverId(), 'encryption')
  }

  /** Throws a UserError. A plugin that does not answer is waited for once; for longer where a start needs it. */
  async open(): Promise<EncryptionRules> {
    const { clock, log } = this.#surroundings
    this.#bytes = this.#read()
    this.#lookedMs = clock.monotonicMs()
    const configuration = parseEncryptionConfiguration(this.#bytes, this.#options.configFile)
    this.#plugins = await this.#open(configuration)
    if (isNeededAtStart(configuration))
      await this.#untilWell(this.#plugins, START_MS).catch(error =>
        log.warn('the start goes on without a key management plugin', { error: messageOf(error) }),
      )
    this.#reloads.used(this.#bytes)
    if (this.#options.automaticReload) this.#schedule()
    return rulesOf(configuration, this.#plugins)
  }

  /** Other rules that count from now on; mostly undefined. */
  renewed(): EncryptionRules | undefined {
    this.#look()
    const next = this.#next
    this.#next = undefined
    return next
  }

  failure(): Promise<string | undefined> {
    return this.#plugins?.failure() ?? Promise.resolve(undefined)
  }

  figures(): readonly Figure[] {
    return [...this.#reloads.source(), ...(this.#figures?.source() ?? [])]
  }

  close(): void {
    this.#closing.abort(new Error('the store is closed'))
    this.#cancelLooking()
    for (const [plugins, cancel] of this.#leaving) {
      cancel()
      plugins.close()
    }
    this.#plugins?.close()
  }

  #schedule(): void {
    this.#cancelLooking = this.#surroundings.clock.after(RELOAD_MS, () => {
      this.#look()
      this.#schedule()
    })
  }

  #look(): void {
    const { clock } = this.#surroundings
    if (this.#isTrying || clock.monotonicMs() - this.#lookedMs < RELOAD_MS) return
    this.#lookedMs = clock.monotonicMs()
    try {
      const bytes = this.#read()
      if (bytes.equals(this.#bytes)) return
      const configuration = parseEncryptionConfiguration(bytes, this.#options.configFile)
      if (!namesPlugins(configuration)) this.#take(bytes, configuration, undefined)
      else void this.#try(bytes, configuration)
    } catch (error) {
      this.#refused(error)
    }
  }

  #refused(error: unknown): void {
    if (this.#closing.signal.aborted) return
    this.#reloads.reloaded('failure')
    this.#surroundings.log.error('the encryption configuration could not be read anew', {
      error: messageOf(error),
    })
  }

  async #try(bytes: Buffer, configuration: EncryptionConfiguration): Promise<void> {
    let plugins: Plugins | undefined
    this.#isTrying = true
    try {
      plugins = await this.#open(configuration)
      await this.#untilWell(plugins, Math.max(MINIMUM_TRIAL_MS, plugins?.graceMs ?? 0))
      this.#take(bytes, configuration, plugins)
    } catch (error) {
      plugins?.close()
      this.#refused(error)
    } finally {
      this.#isTrying = false
    }
  }

  async #untilWell(plugins: Plugins | undefined, forMs: number): Promise<void> {
    const { clock } = this.#surroundings
    const { signal } = this.#closing
    const untilMs = clock.monotonicMs() + forMs
    for (;;) {
      signal.throwIfAborted()
      const failure = await plugins?.failure()
      if (failure === undefined) return
      if (clock.monotonicMs() >= untilMs)
        throw new UserError(`health check for new transformers failed: ${failure}`)
      await sleep(clock, TRIAL_INTERVAL_MS, signal)
    }
  }

  #take(bytes: Buffer, configuration: EncryptionConfiguration, plugins: Plugins | undefined): void {
    const { log } = this.#surroundings
    this.#closing.signal.throwIfAborted()
    this.#bytes = bytes
    this.#next = rulesOf(configuration, plugins)
    if (this.#plugins) this.#leave(this.#plugins)
    this.#plugins = plugins
    this.#reloads.used(bytes)
    this.#reloads.reloaded('success')
    log.info('the encryption configuration was read anew', {
      configFile: this.#options.configFile,
    })
  }

  /** Calls of theirs may be under way. */
  #leave(plugins: Plugins): void {
    const cancel = this.#surroundings.clock.after(plugins.graceMs, () => {
      this.#leaving.delete(plugins)
      plugins.close()
    })
    this.#leaving.set(plugins, cancel)
  }

  async #open(configuration: EncryptionConfiguration): Promise<Plugins | undefined> {
    if (!namesPlugins(configuration)) return undefined
    const { openPlugins, pluginFigures } = await import('./open-plugins.ts')
    this.#figures ??= pluginFigures(this.#surroundings.clock)
    return openPlugins(configuration, { ...this.#surroundings, figures: this.#figures })
  }

  #read(): Buffer {
    const { configFile } = this.#options
    const bytes = this.#surroundings.files.read(configFile)
    if (!bytes)
      throw new UserError(
        `error reading encryption provider configuration file ${JSON.stringify(configFile)}: there is no such file`,
      )
    return Buffer.from(bytes)
  }
}

/** Among many resources at once there are some that a server itself reads and writes before it is ready. */
const isNeededAtStart = ({ resources }: EncryptionConfiguration) =>
  resources.some(
    ({ resources: names, providers }) =>
      names.some(name => name.startsWith('*')) && providers.some(({ kind }) => kind === 'kms'),
  )

const namesPlugins = ({ resources }: EncryptionConfiguration) =>
  resources.some(({ providers }) => providers.some(({ kind }) => kind === 'kms'))

function rulesOf(
  configuration: EncryptionConfiguration,
  plugins: Plugins | undefined,
): EncryptionRules {
  return { configuration, ...(plugins ? { plugins: plugins.sealers } : {}) }
}
