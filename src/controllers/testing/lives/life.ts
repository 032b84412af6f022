/**
 * One life of a cluster under a clock that is moved by hand: a real API server, all controllers, users, and nodes of a few lines. The same
 * seed is the same life. Whatever went wrong on the way, users asked for the same things, so its end must be that of a calm life.
 */
import { namespace } from '#api/core/v1/namespace.ts'
import { kinds } from '#api/kinds.ts'
import { createApiServer } from '#apiserver'
import { silentLog } from '#base/log.ts'
import { createClient } from '#client/api-client.ts'
import { createInformers } from '#client/informers.ts'
import {
  createManualClock,
  createSeededRandom,
  type ManualClock,
} from '#client/testing/manual-clock.ts'
import { createMemoryStore } from '#store/memory/memory-store.ts'
import { orphansIn, stateOf, watchOver } from './judge.ts'
import { Managers, type Plant } from './managers.ts'
import { Nodes } from './nodes.ts'
import { STORIES, type Step } from './stories.ts'

export interface LifeOptions {
  readonly seed: number
  /** Whether anything goes wrong. */
  readonly isStormy: boolean
  readonly plant?: Plant
}

export interface Life {
  /** What must never have been, and what is left over. */
  readonly complaints: readonly string[]
  /** The state at the end. */
  readonly end: readonly string[]
  readonly deaths: number
  readonly reconciles: number
}

/** Between two steps of users. */
const LONGEST_PAUSE_MS = 4_000
/** Without trouble, everything is settled after so long: pods of a node that is gone take longest. */
const CALM_MS = 150_000
/** The end is in the middle of a minute, so that jobs by the clock are over. */
const END_SECOND = 45
const STEP_MS = 500

export async function live({ seed, isStormy, plant }: LifeOptions): Promise<Life> {
  const clock = createManualClock()
  const store = createMemoryStore()
  const chance = createSeededRandom(seed)
  const random = createSeededRandom(seed + 1)
  const server = createApiServer({ store, kinds, clock, random, log: silentLog })
  await server.ready()
  const client = createClient(
    server.transportFor({ name: 'admin', groups: ['system:masters', 'system:authenticated'] }),
  )
  const informers = createInformers(client, { clock, random, log: silentLog })
  const complaints = watchOver(informers)
  let isStorm = isStormy
  for (const name of ['default', 'kube-system', 'kube-node-lease'])
    await client.create(namespace, { metadata: { name } }).catch(() => {})
  const nodes = new Nodes({ client, informers, clock, random: createSeededRandom(seed + 2) })
  for (const name of ['node-0', 'node-1']) await nodes.add(name)
  const managers = new Managers({
    client,
    clock,
    random: chance,
    rages: () => isStorm,
    ...(plant ? { plant } : {}),
  })
  await clock.advance(3_000)
  const order = createSeededRandom(seed + 3)
  for (const step of shuffled(order)) {
    await patiently(() => step(client, nodes), clock)
    await clock.advance(order.integer(LONGEST_PAUSE_MS))
  }
  isStorm = false
  await clock.advance(CALM_MS)
  while (new Date(clock.now()).getUTCSeconds() !== END_SECOND)
    await clock.advance(1000 - (clock.now() % 1000))
  const end = await stateOf(client)
  complaints.push(...(await orphansIn(client)))
  managers.stop()
  nodes.stop()
  informers.stop()
  await server.stop()
  await store.close()
  const { deaths, reconciles } = managers
  return { complaints: [...new Set(complaints)], end, deaths, reconciles }
}

/** The steps of all stories, those of each in their order. */
function shuffled({ integer }: { integer: (bound: number) => number }): Step[] {
  const left = Object.values(STORIES).map(steps => [...steps])
  const order: Step[] = []
  for (let open = left; open.length > 0; open = open.filter(steps => steps.length > 0)) {
    const step = open[integer(open.length)]?.shift()
    if (step) order.push(step)
  }
  return order
}

/**
 * Users are patient: pods are refused before their namespace has its account, and writes may meet others. Time goes on while they wait
 * for an answer.
 */
async function patiently(step: () => Promise<unknown>, clock: ManualClock): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    let answer: { error?: unknown } | undefined
    void step().then(
      () => {
        answer = {}
      },
      error => {
        answer = { error }
      },
    )
    do await clock.advance(STEP_MS)
    while (!answer)
    if (!('error' in answer)) return
    if (attempt === ATTEMPTS) throw answer.error
  }
}

const ATTEMPTS = 40
