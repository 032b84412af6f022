/**
 * Partitions under clients that read, write and watch: between clients and server, between two servers and their etcd, and among the members
 * of that. What was sent before may arrive after. Histories are judged as after kills, in eras; afterwards bugs are planted that must be found.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { Random } from '#base/random.ts'
import { violationsOf } from '../../src/simulation/checkers/checkers.ts'
import { seededRandom } from '../../src/simulation/testing/hollow-cluster.ts'
import { forget, keepData } from './keep.ts'
import { Load } from './load/load.ts'
import { countsIn, Recording } from './load/recording.ts'
import { type Fault, faultFor } from './network/faults.ts'
import { cutClients, cutStore, type Networked } from './network/servers.ts'
import { assertNone, type Subject, type Tell } from './subject.ts'

const ROUNDS_IN_AN_ERA = 20
const BEFORE_MS = 400
const LEAST_FAULT_MS = 100
/** How long writes may fail after all is well again. */
const GAP_MS = 60_000
/** After so long clients come anew. */
const PATIENCE_MS = 2_000
/** After one in so many faults all clients come anew, and what they sent may arrive all the same. */
const LEAVE_EVERY = 4

export interface PartitionOptions {
  readonly between: 'clients' | 'etcd' | 'members'
  readonly rounds: number
  readonly seed: number
  readonly clients: number
  readonly readers: number
  readonly names: number
  readonly watchers: number
  /** The longest fault, in milliseconds. */
  readonly longest: number
  readonly bug?: string
  /** Of the faults, those whose names match. */
  readonly only?: RegExp
}

export const partition: Subject = {
  doc: 'partitions, half-open, slow and broken connections: between clients and the server (--between clients), two servers and an etcd of one member (etcd), or one of three (members)',
  flags: {
    ...{ rounds: 60, between: 'members', longest: 3000 },
    ...{ clients: 12, readers: 4, names: 20, watchers: 20 },
  },
  async run(values, tell) {
    const options = values as unknown as PartitionOptions
    await partitions(options, tell)
    if (options.between !== 'clients') await provePlanted(options, tell)
  },
}

/** Each with the faults that bring it out: a server is left behind, or a writer without an answer. */
const BUGS: Readonly<Record<string, RegExp>> = {
  'reads do not ask etcd': /^api-\d is cut off/,
  'a write without an answer is sent again': /^answers of member/,
}
const PLANTED_ROUNDS = 12
const PLANTED_TRIES = 20

export async function provePlanted(options: PartitionOptions, tell: Tell): Promise<void> {
  for (const [bug, only] of Object.entries(BUGS)) {
    let found = ''
    // A fault that struck where nobody was under way is none.
    for (let tries = 1; tries <= PLANTED_TRIES && !found; tries++) {
      const few = { ...options, rounds: PLANTED_ROUNDS, only, bug }
      const seed = options.seed + tries
      const error = await partitions({ ...few, seed }, () => {}).catch(thrown => thrown)
      if (error && !/violations/.test(String(error))) throw error
      forget(error)
      found = error ? (String(error).split('\n')[1] ?? '') : ''
    }
    if (!found) throw new Error(`not noticed: ${bug}`)
    tell(`planted and noticed: ${bug} (${found.trim().slice(0, 120)} …)`)
  }
  const count = Object.keys(BUGS).length
  tell(`planted bugs caught ${count}/${count}`)
}

export async function partitions(options: PartitionOptions, tell: Tell): Promise<void> {
  const random = seededRandom(options.seed)
  const servers = await serversFor(options)
  const gaps: number[] = []
  const total = { operations: 0, deliveries: 0 }
  try {
    for (let from = 0; from < options.rounds; from += ROUNDS_IN_AN_ERA) {
      const rounds = Math.min(ROUNDS_IN_AN_ERA, options.rounds - from)
      const era = new Era(servers, { ...options, rounds }, random, `e${from}-`)
      const recording = await era.run(gaps)
      const what = `${era.faults.join('; ')} (seed ${options.seed})`
      assertNone(violationsOf(recording), what, recording)
      const { operations, deliveries } = recording.counts()
      total.operations += operations
      total.deliveries += deliveries
      tell(`${from + rounds} faults: ${countsIn(recording)}`)
    }
  } catch (error) {
    keepData(error, servers.directories)
    throw error
  } finally {
    await servers.remove()
  }
  gaps.sort((one, other) => one - other)
  const p95 = gaps[Math.floor(gaps.length * 0.95)] ?? 0
  const { operations, deliveries } = total
  tell(
    `${options.rounds} faults between ${options.between}, ${operations} operations, ${deliveries} deliveries, 0 violations; writes go on ${p95.toFixed()} ms after all is well (p95)`,
  )
}

function serversFor({ between, bug }: PartitionOptions): Promise<Networked> {
  if (between === 'clients') return cutClients()
  if (between === 'etcd') return cutStore(1, bug)
  if (between === 'members') return cutStore(3, bug)
  throw new Error(`--between wants clients, etcd or members, not ${between}`)
}

class Era {
  /** What has happened. */
  readonly faults: string[] = []
  readonly #servers: Networked
  readonly #options: PartitionOptions
  readonly #random: Random
  readonly #recording = new Recording()
  readonly #load: Load

  constructor(servers: Networked, options: PartitionOptions, random: Random, prefix: string) {
    this.#servers = servers
    this.#options = options
    this.#random = random
    this.#load = new Load({ ...options, recording: this.#recording, random, prefix })
  }

  async run(gaps: number[]): Promise<Recording> {
    const { targets } = this.#servers
    await this.#load.start(targets)
    for (let round = 0; round < this.#options.rounds; round++) {
      await pause(BEFORE_MS)
      await this.#strike(this.#fault())
      gaps.push(await this.#gap())
    }
    // Clients of which the server knows nothing any more would wait forever.
    await this.#load.broken()
    await this.#load.finish(targets)
    return this.#recording
  }

  #fault(): Fault {
    const { only = /./ } = this.#options
    for (;;) {
      const fault = faultFor(this.#servers.names, this.#random)
      if (only.test(fault.name)) return fault
    }
  }

  async #strike({ name, rule, resets, breaks, stopped }: Fault): Promise<void> {
    const { network, targets } = this.#servers
    if (resets) network.reset(resets)
    if (rule) network.rule = rule
    if (stopped) this.#servers.stop(stopped)
    this.faults.push(name)
    await pause(LEAST_FAULT_MS + this.#random.integer(this.#options.longest))
    const isLeft = this.#random.integer(LEAVE_EVERY) === 0
    if (isLeft) await this.#load.broken()
    if (stopped) this.#servers.stop(undefined)
    if (breaks) network.reset(breaks)
    network.heal()
    if (isLeft || resets) await this.#anew(targets)
  }

  async #anew(targets: Networked['targets']): Promise<void> {
    await this.#load.broken()
    await this.#load.start(targets)
  }

  /** How long until a write is acknowledged that began after now. */
  async #gap(): Promise<number> {
    const { operations } = this.#recording
    const [from, started] = [operations.length, performance.now()]
    let isAnew = false
    for (;;) {
      const passedMs = performance.now() - started
      if (operations.slice(from).some(({ asked, answer }) => answer && asked.verb === 'create'))
        return passedMs
      if (passedMs > GAP_MS) throw new Error('no write is answered any more')
      // Connections may have died meanwhile, as those of any client.
      if (passedMs > PATIENCE_MS && !isAnew) {
        isAnew = true
        await this.#anew(this.#servers.targets)
      }
      await pause(5)
    }
  }
}
