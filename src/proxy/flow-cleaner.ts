/**
 * Deletes tracked UDP flows that lead nowhere, with Debian's `conntrack`, since this runtime opens no netlink sockets. One pass at a time, after the
 * rules are written: a listing of the destinations that changed, then one deletion for each pair of destination and dead endpoint, however
 * many clients had it.
 */
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import { isOwnAddress } from '#host/addresses.ts'
import { CommandError, command, tryCommand } from '#host/command.ts'
import {
  changedDestinations,
  type Destinations,
  type Flow,
  flowOf,
  isStale,
  keyOf,
} from './conntrack.ts'
import type { Family } from './family.ts'

/** Up to so many ports are listed one by one; beyond that all UDP flows are read once. */
const LISTINGS_LIMIT = 4

export interface FlowCleanerOptions {
  readonly log: Log
  readonly family: Family
  /** The program and its first words, by default `conntrack` itself. */
  readonly conntrack?: readonly [string, ...string[]]
  readonly isLocal?: (ip: string) => boolean
}

export class FlowCleaner {
  readonly #options: FlowCleanerOptions
  #now: Destinations | undefined
  /** Destinations that were not looked at since they changed. */
  #changed = new Set<string>()
  #cleaning: Promise<void> | undefined
  #hasWarned = false
  #stopped = false

  constructor(options: FlowCleanerOptions) {
    this.#options = options
  }

  /** To be called when rules for these destinations are in the kernel. */
  settled(destinations: Destinations): void {
    for (const key of changedDestinations(this.#now, destinations)) this.#changed.add(key)
    this.#now = destinations
    this.#cleaning ??= this.#cleanAll().finally(() => {
      this.#cleaning = undefined
    })
  }

  /** Rules were missing for a while: any flow may have begun without them. */
  forget(): void {
    this.#now = undefined
  }

  /** Resolves when nothing is left to be cleaned. */
  async idle(): Promise<void> {
    await this.#cleaning
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#cleaning
  }

  async #cleanAll(): Promise<void> {
    while (this.#changed.size > 0 && !this.#stopped) {
      const changed = this.#changed
      this.#changed = new Set()
      try {
        await this.#clean(changed)
        this.#hasWarned = false
      } catch (error) {
        if (!(error instanceof CommandError)) throw error
        this.#warn(messageOf(error))
      }
    }
  }

  /** A proxy lives without this, and so do all but clients with a fixed port: told once, not with every change. */
  #warn(why: string): void {
    if (this.#hasWarned) return
    this.#hasWarned = true
    this.#options.log.warn(
      "UDP clients may keep talking to pods that are gone: stale flows can not be deleted; the command is in Debian's package conntrack",
      { component: 'proxy', error: why },
    )
  }

  async #clean(changed: ReadonlySet<string>): Promise<void> {
    const stale = new Map<string, Flow>()
    const isLocal = this.#options.isLocal ?? isOwnAddress
    const onLine = (line: string) => {
      const flow = flowOf(line)
      if (flow && isStale(flow, changed, this.#now ?? new Map(), isLocal))
        stale.set(`${keyOf(flow.destination)} ${keyOf(flow.answeredBy)}`, flow)
    }
    const [program, ...first] = this.#program
    for (const words of listings(changed))
      await command(program, [...first, '-L', ...this.#udp, ...words], { onLine })
    for (const flow of stale.values()) {
      if (this.#stopped) return
      await this.#delete(flow)
    }
  }

  get #udp(): readonly string[] {
    return ['-f', `ipv${this.#options.family}`, '-p', 'udp']
  }

  get #program(): readonly [string, ...string[]] {
    return this.#options.conntrack ?? ['conntrack']
  }

  async #delete({ destination, answeredBy }: Flow): Promise<void> {
    const [program, ...first] = this.#program
    const flow = [
      ...['--orig-dst', destination.ip, '--orig-port-dst', `${destination.port}`],
      ...['--reply-src', answeredBy.ip, '--reply-port-src', `${answeredBy.port}`],
    ]
    const { exitCode, stderr } = await tryCommand(program, [...first, '-D', ...this.#udp, ...flow])
    // A flow that ended meanwhile makes for another exit code than 0, and is no fault.
    if (exitCode !== 0 && !stderr.includes('have been deleted'))
      throw new CommandError(`conntrack -D failed: ${stderr.trim().split('\n')[0]}`)
  }
}

function listings(changed: ReadonlySet<string>): string[][] {
  const ports = new Set([...changed].map(key => key.slice(key.lastIndexOf(':') + 1)))
  if (ports.size > LISTINGS_LIMIT) return [[]]
  return [...ports].map(port => ['--orig-port-dst', port])
}
