/** Pods that spread over zones, all at once, while bindings are slow, fail and overtake each other: no decision exceeds the skew. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { pod } from '#api/core/v1/pod/pod.ts'
import type { Client } from '#client/client.ts'
import { createSeededRandom } from '#client/testing/manual-clock.ts'
import type { PluginFactory } from './framework/handle.ts'
import { plugins } from './plugins.ts'
import { startScheduler } from './scheduler.ts'
import { serveCluster } from './testing/served-cluster.ts'
import { nodeOf } from './testing/world.ts'

const ZONE = 'topology.kubernetes.io/zone'
const ZONES = ['a', 'b', 'c']
const PODS = 45
const WATCH = 'WatchSkew'
/** So many decisions are made before the first binding is done, however slow the machine is. */
const CROWD = 6

const spreading = (name: string) =>
  ({
    metadata: { name, namespace: 'a', labels: { app: 'x' } },
    spec: {
      containers: [{ name: 'c', image: 'i' }],
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: ZONE,
          whenUnsatisfiable: 'DoNotSchedule',
          labelSelector: { matchLabels: { app: 'x' } },
        },
      ],
    },
  }) as never

/** Bindings that begin once there is a crowd of them, take their time, and sometimes fail. */
function unsteady(client: Client, crowd: Promise<void>, failures: number): Client {
  const random = createSeededRandom(7)
  return {
    ...client,
    get: client.get.bind(client),
    async createSubresource(kind, at, subresource, body) {
      await crowd
      await pause(random.integer(15))
      if (random.integer(100) < failures) throw new Error('not now')
      return client.createSubresource(kind, at, subresource, body)
    },
  }
}

/** By how many pods each decision puts its zone above the emptiest, and how many pods were under way at most; and the skew in the end. */
async function lifeWith(failures: number, spread?: PluginFactory) {
  await using cluster = await serveCluster(['a'])
  const skews: number[] = []
  const bound = new Set<string>()
  let mostUnderWay = 0
  const crowd = Promise.withResolvers<void>()
  const watch: PluginFactory = (_args, { snapshot }) => ({
    name: WATCH,
    reserve(_cycle, { uid }, chosen) {
      const counts = new Map(ZONES.map(zone => [zone, 0]))
      const placed = new Set([uid])
      const note = (zone = '') => counts.set(zone, (counts.get(zone) ?? 0) + 1)
      for (const { pods, labels } of snapshot.nodes)
        for (const other of pods.keys())
          if (other !== uid) {
            placed.add(other)
            note(labels[ZONE])
          }
      note(chosen.labels[ZONE])
      const least = Math.min(...counts.values())
      skews.push((counts.get(chosen.labels[ZONE] ?? '') ?? 0) - least)
      mostUnderWay = Math.max(mostUnderWay, [...placed].filter(each => !bound.has(each)).length)
      if (mostUnderWay >= CROWD) crowd.resolve()
      return undefined
    },
  })
  const context = cluster.openContext(unsteady(cluster.client, crowd.promise, failures))
  const scheduler = startScheduler(context, {
    profiles: [
      { schedulerName: 'default-scheduler', plugins: { reserve: { enabled: [{ name: WATCH }] } } },
    ],
    ownPlugins: new Map([
      [WATCH, watch],
      ...(spread ? ([['PodTopologySpread', spread]] as const) : []),
    ]),
    podInitialBackoffMs: 2,
    podMaxBackoffMs: 10,
  })
  try {
    for (const [i, zone] of [...ZONES, ...ZONES].entries())
      await cluster.addNode({
        ...nodeOf(`n${i}`, { labels: { [ZONE]: zone } }),
        status: { allocatable: { cpu: '9', memory: '9Gi', pods: '99' } },
      } as never)
    const names = Array.from({ length: PODS }, (_, i) => `p${i}`)
    await Promise.all(names.map(name => cluster.client.create(pod, spreading(name))))
    const zoneOf = new Map([...ZONES, ...ZONES].map((zone, i) => [`n${i}`, zone]))
    for (let tries = 0; ; tries++) {
      const { items } = await cluster.client.list(pod, { namespace: 'a' })
      const placed = items.filter(({ spec }) => spec.nodeName)
      for (const { metadata } of placed) bound.add(metadata.uid ?? '')
      if (placed.length === PODS) {
        const ends = ZONES.map(
          zone => placed.filter(({ spec }) => zoneOf.get(spec.nodeName ?? '') === zone).length,
        )
        return { skews, mostUnderWay, end: skewOf(ends) }
      }
      assert.ok(tries < 2_000, `only ${placed.length} of ${PODS} were placed`)
      await pause(10)
    }
  } finally {
    await scheduler.stop()
    context.end()
  }
}

const skewOf = (counts: readonly number[]): number => Math.max(...counts) - Math.min(...counts)

test('no decision exceeds the skew, however late bindings come, and nor does the end', async () => {
  const { skews, mostUnderWay, end } = await lifeWith(0)
  assert.equal(skews.length, PODS)
  assert.ok(Math.max(...skews) <= 1, `a skew of ${Math.max(...skews)}`)
  assert.ok(mostUnderWay >= CROWD, `only ${mostUnderWay} bindings were under way at a time`)
  assert.equal(end, 0)
})

test('where bindings fail, what was given up no longer counts, and all are placed', async () => {
  const { skews } = await lifeWith(20)
  assert.ok(skews.length > PODS, 'some were decided again')
  assert.ok(Math.max(...skews) <= 1, `a skew of ${Math.max(...skews)}`)
})

test('a spread that forgets its filter is found out', async () => {
  const right = plugins.find(({ name }) => name === 'PodTopologySpread')?.create
  assert.ok(right)
  const forgetful: PluginFactory = (args, handle) => {
    const { filter: _, normalize: __, score: ___, preScore: ____, ...rest } = right(args, handle)
    return rest
  }
  // The emptiest node is taken then, so that one life in some 1,500 keeps the skew by chance.
  for (let life = 0; life < 5; life++)
    if (Math.max(...(await lifeWith(0, forgetful)).skews) > 1) return
  assert.fail('nobody noticed')
})
