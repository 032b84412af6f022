/**
 * kill -9 at random moments under clients that read, write and watch. What was acknowledged is there, no revision comes
 * twice or goes back, and watches that resume see every event once. Rounds are judged in eras, each with names of its own, so that a
 * night's history fits into memory.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { messageOf } from '#base/errors.ts'
import { type Operation, violationsOf } from '../../src/simulation/checkers/checkers.ts'
import { seededRandom } from '../../src/simulation/testing/hollow-cluster.ts'
import { forget, keepData } from './keep.ts'
import { Load } from './load/load.ts'
import { countsIn, Recording } from './load/recording.ts'
import {
  etcdServer,
  fragileServer,
  type Server,
  type ServerOptions,
  sharedServers,
  sqliteServer,
} from './servers.ts'
import { assertNone, type Subject, type Tell } from './subject.ts'

const ROUNDS_IN_AN_ERA = 20
/** A round is killed at a random moment within. */
const ROUND_MS = { least: 100, most: 900 }

const LEAST_OPERATIONS_MS = 30_000

/** A kill that took the server while it had acknowledged fewer writes since the last has shown nothing, and does not count. */
export const LEAST_ACKNOWLEDGED = 5
/** Kills in a row that may not count. */
export const MOST_TRIES = 5

const OUTAGE_MS = 100

export interface KillOptions {
  readonly server: Server
  readonly rounds: number
  readonly seed: number
  readonly clients: number
  readonly names: number
  readonly watchers: number
  readonly hasSleepers?: boolean
  /** No round ends before so many operations. */
  readonly least: number
}

export const kill: Subject = {
  doc: 'kill -9 under load: of the API server (--victim proa), of its etcd (etcd), of one of two API servers or the etcd that they share (shared), of one that compacts (compacting) or whose wall clock jumps (jumping)',
  flags: {
    ...{ rounds: 200, victim: 'proa', directory: '' },
    ...{ clients: 16, names: 50, watchers: 40, least: 60 },
  },
  async run(values, tell) {
    const { victim, directory, ...numbers } = values
    const where = directory ? { directory: String(directory) } : {}
    const options = numbers as unknown as Omit<KillOptions, 'server'>
    const server = await serverFor(String(victim), where, options.seed)
    try {
      await killRounds({ ...options, server, hasSleepers: victim === 'compacting' }, tell)
    } catch (error) {
      keepData(error, server.directories)
      // What is wrong with it now matters less.
      await server.remove().catch(() => {})
      throw error
    }
    await server.remove()
    if (victim === 'proa') await provePlanted(options, tell)
  },
}

function serverFor(victim: string, where: ServerOptions, seed: number): Server | Promise<Server> {
  switch (victim) {
    case 'proa':
      return sqliteServer(where)
    case 'etcd':
      return etcdServer(where)
    case 'shared':
      return sharedServers(seededRandom(seed), where)
    case 'compacting':
    case 'jumping':
      return fragileServer(victim, where)
    default:
      throw new Error(`--victim wants proa, etcd, shared, compacting or jumping, not ${victim}`)
  }
}

/** Files that a crash may not take, and did. */
const PLANTED: Readonly<Record<string, (directory: string) => void>> = {
  'the log of the last commits is lost': directory => {
    rmSync(join(directory, 'state.db-wal'), { force: true })
  },
  'everything is lost': directory => rmSync(directory, { recursive: true }),
}

/** Runs a few rounds with each planted bug, which must be found. */
async function provePlanted(options: Omit<KillOptions, 'server'>, tell: Tell): Promise<void> {
  for (const [what, spoil] of Object.entries(PLANTED)) {
    const server = sqliteServer({ spoil })
    const error = await killRounds({ ...options, server, rounds: 2 }, () => {}).catch(
      thrown => thrown,
    )
    await server.remove()
    if (!error) throw new Error(`not noticed: ${what}`)
    forget(error)
    const found = messageOf(error)
    tell(`planted and noticed: ${what} (${found.split('\n')[1]?.trim().slice(0, 120)} …)`)
  }
  const count = Object.keys(PLANTED).length
  tell(`planted bugs caught ${count}/${count}`)
}

export async function killRounds(options: KillOptions, tell: Tell): Promise<void> {
  const { server, rounds, least } = options
  const random = seededRandom(options.seed)
  const readyMs: number[] = []
  const total = { operations: 0, deliveries: 0 }
  let reached = 0
  let idle = 0
  for (let era = 0; era * ROUNDS_IN_AN_ERA < rounds; era++) {
    const recording = new Recording()
    const load = new Load({ ...options, recording, random, prefix: `e${era}-` })
    const last = Math.min(rounds, (era + 1) * ROUNDS_IN_AN_ERA)
    let targets = await server.start()
    for (let round = era * ROUNDS_IN_AN_ERA; round < last; round++) {
      idle += await untilItCounts(async () => {
        const before = recording.operations.length
        await load.start(targets)
        await pause(ROUND_MS.least + random.integer(ROUND_MS.most - ROUND_MS.least))
        // A busy machine has more to do until there is something to lose.
        await until(() => recording.operations.length >= before + least)
        await server.kill()
        // Long enough for a server without its store to say so.
        await pause(random.integer(OUTAGE_MS))
        await load.broken()
        const started = performance.now()
        targets = await server.start()
        readyMs.push(performance.now() - started)
        return recording.operations.slice(before)
      })
    }
    await load.finish(targets)
    const which = `rounds ${era * ROUNDS_IN_AN_ERA} to ${last - 1} of seed ${options.seed}`
    assertNone(violationsOf(recording), which, recording)
    reached = assertGoesOn(recording, reached)
    const { operations, deliveries } = recording.counts()
    total.operations += operations
    total.deliveries += deliveries
    tell(`${last} kills: ${countsIn(recording)}`)
  }
  readyMs.sort((one, other) => one - other)
  const p99 = readyMs[Math.floor(readyMs.length * 0.99)] ?? 0
  if (idle > 0) tell(`${idle} kills more hardly had a write to lose, and do not count`)
  tell(
    `${rounds} kills, ${total.operations} operations, ${total.deliveries} deliveries, 0 violations; ready again after ${p99.toFixed()} ms (p99)`,
  )
}

/** Kills until something could have been lost; answers with how many kills were for nothing. */
export async function untilItCounts(kill: () => Promise<readonly Operation[]>): Promise<number> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const acknowledged = (await kill()).filter(
      ({ asked, answer }) => WRITES.has(asked.verb) && answer && answer.kind !== 'refused',
    )
    if (acknowledged.length >= LEAST_ACKNOWLEDGED) return tries
  }
  throw new Error(
    `before each of ${MOST_TRIES} kills fewer than ${LEAST_ACKNOWLEDGED} writes were acknowledged`,
  )
}
const WRITES: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'delete'])

async function until(isTrue: () => boolean): Promise<void> {
  for (const started = performance.now(); !isTrue(); await pause(5))
    if (performance.now() - started > LEAST_OPERATIONS_MS) throw new Error('clients get nowhere')
}

/** The era before had reached a revision; this one must begin above it. */
function assertGoesOn({ operations, watches }: Recording, reached: number): number {
  const from = watches[0]?.parts[0]?.from ?? 0
  assertNone(from < reached ? [`${from} came after ${reached}`] : [], 'between two eras')
  const last = operations.at(-1)?.answer
  return last?.kind === 'list' ? last.revision : reached
}
