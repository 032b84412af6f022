/** Keeps the kernel's table as it is wanted, and says when it is. */
import { messageOf } from '#base/errors.ts'
import type { RoleContext } from '#client/role.ts'
import { command, tryCommand } from '#host/command.ts'
import type { Destinations } from './conntrack.ts'
import type { ProxyFigures } from './figures.ts'
import type { ProxyHealth } from './proxy-health.ts'
import { GATE, type Ruleset } from './ruleset.ts'
import type { HealthCheck } from './service-ports.ts'
import { transaction } from './transaction.ts'

/** Changes that come within this time are written together. */
const GATHER_MS = 20
/** After a failed write the whole table is written anew, a little later each time. */
const RETRY_MS = [200, 1000, 5000, 30_000] as const

/** How soon is noticed that another program took the rules away, as a firewall does that is started anew. */
const LOOK_EVERY_MS = 10_000

/** Of so many changes at most it is measured how long they took until they were written. */
const MEASURED_LIMIT = 1000

/** What Services, endpoints and pods ask for at one time. */
export interface Wanted {
  readonly ruleset: Ruleset
  readonly udpDestinations: Destinations
  readonly healthChecks: readonly HealthCheck[]
}

export interface RuleWriterOptions {
  readonly table: string
  readonly health: ProxyHealth
  readonly figures: ProxyFigures
  /** The program and its first words, by default `nft` itself. */
  readonly nft?: readonly [string, ...string[]]
  readonly lookEveryMs?: number
  wanted(): Wanted
  /** The kernel has these rules from now on; where they were `lost`, packets met none for a while. */
  written(wanted: Wanted, lost: boolean): void
}

/** Writes the newest wanted rules, one transaction at a time; what changes meanwhile goes into the next. */
export class RuleWriter {
  readonly #context: RoleContext
  readonly #options: RuleWriterOptions
  /** What the kernel holds; undefined when that is unknown. */
  #applied: Ruleset | undefined
  #cancelTimer: (() => void) | undefined
  #cancelLook: (() => void) | undefined
  #looking: Promise<void> | undefined
  #areLost = false
  #writing: Promise<void> | undefined
  #dirty = false
  /** When endpoints changed that are not written yet, in milliseconds since the epoch. */
  #changes: number[] = []
  #failures = 0
  #stopped = false
  readonly firstWrite: Promise<void>
  #firstDone: () => void = () => {}

  constructor(context: RoleContext, options: RuleWriterOptions) {
    this.#context = context
    this.#options = options
    this.firstWrite = new Promise(resolve => {
      this.#firstDone = resolve
    })
    options.health.waiting()
    this.#schedule(0)
  }

  /** `sinceMs`: when that happened, where it is known. */
  changed(sinceMs?: number): void {
    this.#dirty = true
    if (sinceMs !== undefined && this.#changes.length < MEASURED_LIMIT) this.#changes.push(sinceMs)
    this.#options.figures.queued(this.#context.clock.now())
    this.#options.health.waiting()
    if (!this.#writing && this.#failures === 0) this.#schedule(GATHER_MS)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancelTimer?.()
    this.#cancelLook?.()
    this.#firstDone()
    await this.#looking
    await this.#writing
  }

  #schedule(delayMs: number): void {
    if (this.#cancelTimer || this.#stopped) return
    this.#cancelTimer = this.#context.clock.after(delayMs, () => {
      this.#cancelTimer = undefined
      this.#writing = this.#write().finally(() => {
        this.#writing = undefined
        if (this.#failures > 0)
          this.#schedule(RETRY_MS[Math.min(this.#failures, RETRY_MS.length) - 1] ?? 0)
        else if (this.#dirty) this.#schedule(GATHER_MS)
      })
    })
  }

  async #write(): Promise<void> {
    const { clock } = this.#context
    const { figures, health } = this.#options
    const started = clock.monotonicMs()
    this.#dirty = false
    const changes = this.#changes.splice(0)
    const wanted = this.#options.wanted()
    const script = transaction(this.#options.table, this.#applied, wanted.ruleset)
    try {
      const [program, ...first] = this.#nft
      if (script) await command(program, [...first, '-f', '-'], { input: script })
      this.#applied = wanted.ruleset
      this.#failures = 0
      health.written(!this.#dirty)
      figures.written(clock.now(), clock.monotonicMs() - started, changes)
      this.#firstDone()
      this.#options.written(wanted, this.#areLost)
      this.#areLost = false
      this.#lookLater()
    } catch (error) {
      this.#applied = undefined
      this.#changes.unshift(...changes)
      figures.failed()
      this.#failures++
      this.#context.log.error('service rules could not be written; trying again', {
        component: 'proxy',
        error: messageOf(error),
      })
    }
  }

  get #nft(): readonly [string, ...string[]] {
    return this.#options.nft ?? ['nft']
  }

  #lookLater(): void {
    this.#cancelLook?.()
    if (this.#stopped) return
    const { lookEveryMs = LOOK_EVERY_MS } = this.#options
    this.#cancelLook = this.#context.clock.after(lookEveryMs, () => {
      this.#looking = this.#look().finally(() => {
        this.#looking = undefined
        this.#lookLater()
      })
    })
  }

  /** Whoever removes or empties the table empties the one chain that all packets pass, which is read quickly however many Services there are. */
  async #look(): Promise<void> {
    const [program, ...first] = this.#nft
    const words = [...first, 'list', 'chain', 'ip', this.#options.table, GATE]
    const found = await tryCommand(program, words).catch(() => undefined)
    // Where a write is under way it says what the kernel lacks.
    if (!found || this.#writing || this.#applied === undefined) return
    const rules = found.exitCode === 0 ? (found.stdout.match(/ vmap @/g) ?? []).length : 0
    if (rules >= (this.#applied.chains.get(GATE)?.length ?? 0)) return
    this.#context.log.warn('another program removed the service rules; they are written anew', {
      component: 'proxy',
    })
    this.#applied = undefined
    this.#areLost = true
    this.#dirty = true
    this.#options.health.waiting()
    this.#schedule(0)
  }
}
