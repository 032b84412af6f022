/** Keeps the kernel's table of one family as Services want it, and says when it is. */
import type { RoleContext } from '#client/role.ts'
import type { Ruleset } from '#host/nftables/ruleset.ts'
import { TableWriter } from '#host/nftables/table-writer.ts'
import type { Destinations } from './conntrack.ts'
import { type Family, wordsOf } from './family.ts'
import type { ProxyFigures } from './figures.ts'
import type { ProxyHealth } from './proxy-health.ts'
import { GATE } from './ruleset.ts'
import type { HealthCheck } from './service-ports.ts'

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
  readonly family: Family
  readonly health: ProxyHealth
  readonly figures: ProxyFigures
  /** The program and its first words, by default `nft` itself. */
  readonly nft?: readonly [string, ...string[]]
  readonly lookEveryMs?: number
  wanted(): Wanted
  /** The kernel has these rules from now on; where they were `lost`, packets met none for a while. */
  written(wanted: Wanted, lost: boolean): void
}

export class RuleWriter {
  readonly #context: RoleContext
  readonly #options: RuleWriterOptions
  readonly #table: TableWriter<Wanted>
  /** When endpoints changed that are not written yet, in milliseconds since the epoch. */
  #changes: number[] = []
  /** Those of them that are in the rules as they were last asked for. */
  #asked = 0

  constructor(context: RoleContext, options: RuleWriterOptions) {
    this.#context = context
    this.#options = options
    const { clock, log } = context
    const { family, health, figures, nft, lookEveryMs } = options
    this.#table = new TableWriter<Wanted>({
      ...{ clock, log: log.with({ component: 'proxy' }), nft, lookEveryMs },
      table: { family: wordsOf(family).ip, name: options.table },
      what: 'service rules',
      gate: GATE,
      wanted: () => {
        this.#asked = this.#changes.length
        return options.wanted()
      },
      written: (wanted, { tookMs, isCurrent, lost }) => {
        health.written(family, isCurrent)
        const nowMs = clock.now()
        figures.written(family, { nowMs, tookMs }, this.#changes.splice(0, this.#asked))
        options.written(wanted, lost)
      },
      failed: () => figures.failed(family),
      waiting: () => health.waiting(family),
    })
  }

  get firstWrite(): Promise<void> {
    return this.#table.firstWrite
  }

  /** `sinceMs`: when that happened, where it is known. */
  changed(sinceMs?: number): void {
    if (sinceMs !== undefined && this.#changes.length < MEASURED_LIMIT) this.#changes.push(sinceMs)
    const { family, figures } = this.#options
    figures.queued(family, this.#context.clock.now())
    this.#table.changed()
  }

  stop(): Promise<void> {
    return this.#table.stop()
  }
}
