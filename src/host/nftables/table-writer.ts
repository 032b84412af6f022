/** Keeps one table of the kernel as it is wanted, and notices when another program took it away. */
import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import { command, tryCommand } from '../command.ts'
import { NO_RULES, type Ruleset, type Table } from './ruleset.ts'
import { transaction } from './transaction.ts'

/** Changes that come within this time are written together. */
const GATHER_MS = 20
/** After a failed write the whole table is written anew, a little later each time. */
const RETRY_MS = [200, 1000, 5000, 30_000] as const

/** How soon is noticed that another program took the rules away, as a firewall does that is started anew. */
const LOOK_EVERY_MS = 10_000

/** A write that succeeded. */
export interface Written {
  readonly tookMs: number
  /** Nothing else is wanted by now. */
  readonly isCurrent: boolean
  /** Another program had taken the rules away: packets met none for a while. */
  readonly lost: boolean
}

export interface TableWriterOptions<W extends { readonly ruleset: Ruleset }> {
  readonly clock: Clock
  /** Says which component it is. */
  readonly log: Log
  readonly table: Table
  /** What the rules are, as messages name them. */
  readonly what: string
  /** The chain by which is told whether the rules are there: every packet passes it, and it is read quickly. */
  readonly gate: string
  /** The program and its first words, by default `nft` itself. */
  readonly nft?: readonly [string, ...string[]] | undefined
  readonly lookEveryMs?: number | undefined
  wanted(): W
  written(wanted: W, write: Written): void
  failed?(): void
  /** Other rules than the kernel's are wanted. */
  waiting?(): void
}

/** Writes the newest wanted rules, one transaction at a time; what changes meanwhile goes into the next. */
export class TableWriter<W extends { readonly ruleset: Ruleset }> {
  readonly #options: TableWriterOptions<W>
  /** What the kernel holds; undefined when that is unknown. */
  #applied: Ruleset | undefined
  #cancelTimer: (() => void) | undefined
  #cancelLook: (() => void) | undefined
  #looking: Promise<void> | undefined
  #areLost = false
  #writing: Promise<void> | undefined
  #dirty = false
  #failures = 0
  #stopped = false
  /** Who waits until what is wanted now is written. */
  #waiters: (() => void)[] = []
  readonly firstWrite: Promise<void>

  constructor(options: TableWriterOptions<W>) {
    this.#options = options
    this.firstWrite = this.#nextWrite()
    options.waiting?.()
    this.#schedule(0)
  }

  changed(): void {
    this.#dirty = true
    this.#options.waiting?.()
    if (!this.#writing && this.#failures === 0) this.#schedule(GATHER_MS)
  }

  /** Resolves when all that is wanted at this time is in the kernel, or nothing is written any more. */
  async settled(): Promise<void> {
    if (this.#stopped || (!this.#dirty && !this.#writing && this.#applied !== undefined)) return
    this.#dirty = true
    await this.#nextWrite()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancelTimer?.()
    this.#cancelLook?.()
    this.#release(this.#waiters.splice(0))
    await this.#looking
    await this.#writing
  }

  #nextWrite(): Promise<void> {
    return new Promise(resolve => this.#waiters.push(resolve))
  }

  #release(waiters: readonly (() => void)[]): void {
    for (const release of waiters) release()
  }

  #schedule(delayMs: number): void {
    if (this.#cancelTimer || this.#stopped) return
    this.#cancelTimer = this.#options.clock.after(delayMs, () => {
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
    const { clock, log, table, what } = this.#options
    const started = clock.monotonicMs()
    this.#dirty = false
    const waiters = this.#waiters.splice(0)
    try {
      const wanted = this.#options.wanted()
      const script = transaction(table, this.#applied, wanted.ruleset)
      const [program, ...first] = this.#nft
      if (script) await command(program, [...first, '-f', '-'], { input: script })
      this.#applied = wanted.ruleset
      this.#failures = 0
      this.#release(waiters)
      const lost = this.#areLost
      this.#areLost = false
      const tookMs = clock.monotonicMs() - started
      this.#options.written(wanted, { tookMs, isCurrent: !this.#dirty, lost })
      this.#lookLater()
    } catch (error) {
      this.#applied = undefined
      this.#waiters.unshift(...waiters)
      if (this.#stopped) this.#release(this.#waiters.splice(0))
      this.#options.failed?.()
      this.#failures++
      log.error(`${what} could not be written; trying again`, { error: messageOf(error) })
    }
  }

  get #nft(): readonly [string, ...string[]] {
    return this.#options.nft ?? ['nft']
  }

  #lookLater(): void {
    this.#cancelLook?.()
    if (this.#stopped || this.#wantedLines() === 0) return
    const { clock, lookEveryMs = LOOK_EVERY_MS } = this.#options
    this.#cancelLook = clock.after(lookEveryMs, () => {
      this.#looking = this.#look().finally(() => {
        this.#looking = undefined
        this.#lookLater()
      })
    })
  }

  /** Whoever removes or empties the table empties its gate. */
  async #look(): Promise<void> {
    const { table, gate, log, what } = this.#options
    const [program, ...first] = this.#nft
    const words = [...first, 'list', 'chain', table.family, table.name, gate]
    const found = await tryCommand(program, words).catch(() => undefined)
    // Where a write is under way it says what the kernel lacks.
    if (!found || this.#writing || this.#applied === undefined) return
    // nft shows a base chain's hook as the first line of the chain, as the ruleset has it.
    const lines = found.exitCode === 0 ? (found.stdout.match(/^\t\t\S/gm) ?? []).length : 0
    if (lines >= this.#wantedLines()) return
    log.warn(`another program removed the ${what}; they are written anew`)
    this.#applied = undefined
    this.#areLost = true
    this.#dirty = true
    this.#options.waiting?.()
    this.#schedule(0)
  }

  #wantedLines(): number {
    return (this.#applied ?? NO_RULES).chains.get(this.#options.gate)?.length ?? 0
  }
}
