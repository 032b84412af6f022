/**
 * Gangs beside single pods, in clusters drawn from a seed, while writes fail or are lost, others write the same claims, nodes and pods go and
 * the scheduler is started anew: no gang is torn, no node too full, no device given twice, nobody evicted for somebody who is not more
 * important, and in the end nobody waits who fits. Each judge is shown a scheduler that breaks its rule.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PluginFactory } from './framework/handle.ts'
import type { Plugin } from './framework/plugin.ts'
import { defaultPreemption } from './plugins/default-preemption.ts'
import { gangScheduling } from './plugins/gang-scheduling.ts'
import { nodeResourcesFit } from './plugins/node-resources-fit.ts'
import { brokenAtRest, brokenNow } from './testing/gang-judge.ts'
import { GangLife, type LifeOptions, type Plant } from './testing/gang-life.ts'
import { serveCluster } from './testing/served-cluster.ts'

const STEPS = 16
const STEPS_BETWEEN_RESTS = 4
/** So long something may be wrong after the last fault: longer than a busy machine takes, less than until everybody is tried again. */
const PATIENCE_MS = 30_000
const PLANTED_PATIENCE_MS = 300

/**
 * What was found wrong, at the first time that it was. Where only some words are of interest, nothing else ends the life: with little
 * patience, a slow machine looks as wrong as a planted scheduler.
 */
async function live(options: LifeOptions, patienceMs = PATIENCE_MS, words = /^/) {
  await using cluster = await serveCluster(['a'])
  await using life = new GangLife(cluster, options)
  await life.furnish()
  const isOfInterest = (line: string) => words.test(line)
  const found = async () => {
    for (let step = 1; step <= STEPS; step++) {
      await life.step()
      if (step % 2 === 0) await life.tend()
      await sleep(step % 3)
      const broken = [...life.complaints, ...brokenNow(await life.see())].filter(isOfInterest)
      if (broken.length > 0) return broken
      if (step % STEPS_BETWEEN_RESTS > 0) continue
      life.hasFaults = false
      const left = await rest(life, patienceMs)
      const all = [...left, ...(await life.unjust())].filter(isOfInterest)
      if (all.length > 0) return all
      life.hasFaults = true
    }
    return []
  }
  return { broken: await found(), counts: life.counts }
}

/** Waits until nothing more happens; what is still wrong then. */
async function rest(life: GangLife, patienceMs: number): Promise<string[]> {
  for (const endMs = performance.now() + patienceMs; ; ) {
    const isBusy = await life.tend()
    const seen = await life.see()
    const broken = [
      ...life.complaints,
      ...brokenNow(seen),
      ...life.lost(seen),
      ...brokenAtRest(seen, group => life.excused.has(group)),
      ...(life.isQuiet ? [] : ['the scheduler goes on writing']),
    ]
    if (!isBusy && broken.length === 0) return []
    if (performance.now() > endMs) return broken
    await sleep(10)
  }
}

/** By seed, of how many writes of the scheduler one fails; more of them by LIVES=500. */
const LIVES: readonly (readonly [seed: number, oneIn: number])[] = [
  [1, 0],
  [2, 0],
  [3, 12],
  [4, 12],
  [5, 6],
  [6, 6],
  ...Array.from(
    { length: Number(process.env.LIVES ?? 0) },
    (_, i) => [i + 7, (i % 2) * 6] as const,
  ),
]

// They mostly wait: for writes to be seen, and for nothing more to come.
describe('gangs', { concurrency: 6 }, () => {
  for (const [seed, oneIn] of LIVES)
    test(`seed ${seed}, ${oneIn > 0 ? `two faults in ${oneIn} writes` : 'no faults'}`, async () => {
      const { broken, counts } = await live({ seed, oneIn })
      assert.deepEqual(broken, [])
      assert.ok(oneIn === 0 || counts.faults > 0)
    })
})

/** By judge, a scheduler that breaks its rule, and the words in which that is noticed. */
const plants: Readonly<Record<string, readonly [plant: Plant, words: RegExp]>> = {
  'a gang goes one by one': [
    plugin('GangScheduling', gangScheduling, ({ permit: _, ...own }) => own),
    /is torn/,
  ],
  'no node is ever full': [
    plugin('NodeResourcesFit', nodeResourcesFit, own => ({ ...own, filter: () => undefined })),
    /CPU .* too many/,
  ],
  'every claim gets the first device': [
    {
      client: client => ({
        ...client,
        get: client.get.bind(client),
        update: (kind, object, options) =>
          client.update(
            kind,
            JSON.parse(JSON.stringify(object).replaceAll('"gpu-1"', '"gpu-0"')),
            options,
          ),
      }),
    },
    /is given twice/,
  ],
  'everybody is the most important': [
    plugin('DefaultPreemption', defaultPreemption, own => ({
      ...own,
      postFilter: (cycle, pod, failure) =>
        own.postFilter?.(cycle, { ...pod, priority: 1_000 }, failure) ?? {},
    })),
    /\w+ of \d+ went for \w+ of \d+/,
  ],
  'the second of each gang stays': [
    {
      client: client => ({
        ...client,
        get: client.get.bind(client),
        delete: async (kind, at, options) => {
          if (!at.name.endsWith('-1')) await client.delete(kind, at, options)
        },
      }),
    },
    /was evicted in part/,
  ],
  'another pod goes with each that is bound': [
    {
      client: client => ({
        ...client,
        get: client.get.bind(client),
        async createSubresource(kind, at, subresource, body) {
          const answer = await client.createSubresource(kind, at, subresource, body)
          await client.delete(kind, { ...at }, { gracePeriodSeconds: 0 })
          return answer
        },
      }),
    },
    /is lost/,
  ],
  'nobody hears that there is room': [
    plugin('NodeResourcesFit', nodeResourcesFit, own => ({ ...own, events: () => [] })),
    /waits though/,
  ],
}

function plugin(name: string, create: PluginFactory, change: (own: Plugin) => Plugin): Plant {
  return { plugins: new Map([[name, (args, handle) => change(create(args, handle))]]) }
}

/** Seeds of lives in which much is shared and many are evicted come first. */
const SUITED = [7, 11, 1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 13, 14, 15, 16, 17, 18]
/** Not every life has occasion to break every rule: so many are lived at a time, and so often. */
const LIVES_AT_A_TIME = 3
const BATCHES = 6

describe('it is noticed that', { concurrency: true }, () => {
  for (const [what, [plant, words]] of Object.entries(plants))
    test(what, async () => {
      for (let batch = 0; batch < BATCHES; batch++) {
        const lives = Array.from({ length: LIVES_AT_A_TIME }, (_, i) =>
          live(
            { seed: SUITED[(batch * LIVES_AT_A_TIME + i) % SUITED.length] ?? 0, oneIn: 0, plant },
            PLANTED_PATIENCE_MS,
            words,
          ),
        )
        const told = (await Promise.all(lives)).flatMap(({ broken }) => broken)
        if (told.length > 0) return
      }
      assert.fail('nobody noticed')
    })
})
