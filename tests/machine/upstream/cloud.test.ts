/**
 * Two cloud controller managers over the same story: the same nodes, Services, load balancers, routes and Events after each step. Upstream's is
 * k8s.io/cloud-provider itself, with a provider that asks the same cloud.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { lease } from '#api/coordination/v1/lease.ts'
import { cloudControllerManagerMissing, ManagedCluster } from './cloud-manager.ts'
import type { Maker } from './mixed-cluster.ts'
import { seenOf } from './seen-of-clouds.ts'
import { storyOfClouds } from './story-of-clouds.ts'

/** Retries of load balancers come after five seconds, and ten. */
const PATIENCE_MS = 40_000
/** For what follows at once, and for what must not. */
const SETTLE_MS = 1_200

/** What the story is to bring about: without them both would be alike in doing nothing. */
const REASONS = [
  'Synced',
  'DeletingNode',
  'EnsuringLoadBalancer',
  'EnsuredLoadBalancer',
  'UpdatedLoadBalancer',
  'UpdateLoadBalancerFailed',
  'SyncLoadBalancerFailed',
  'DeletingLoadBalancer',
  'DeletedLoadBalancer',
  'FailedToCreateRoute',
]

interface Told {
  readonly steps: readonly { readonly name: string; readonly seen: readonly string[] }[]
  readonly metrics: readonly string[]
  readonly health: string
  readonly configz: readonly string[]
}

describe('a cloud controller manager', { skip: cloudControllerManagerMissing() }, () => {
  test('does as upstream’s does', { timeout: 600_000 }, async () => {
    const upstream = await live('upstream')
    const proa = await live('proa')
    const different = proa.steps.flatMap(({ name, seen }, index) => {
      const wanted = upstream.steps[index]?.seen ?? []
      return [
        ...wanted.filter(line => !seen.includes(line)).map(line => `${name}: upstream ${line}`),
        ...seen.filter(line => !wanted.includes(line)).map(line => `${name}: Proa     ${line}`),
      ]
    })
    assert.deepEqual(different, [])
    for (const reason of REASONS)
      assert.ok(
        upstream.steps
          .at(-1)
          ?.seen.some(line => line.startsWith('event ') && line.includes(reason)),
        `nobody told of ${reason}`,
      )
    assert.deepEqual(
      upstream.metrics.filter(line => !proa.metrics.includes(line)),
      [],
    )
    assert.equal(proa.health, upstream.health)
    const own = proa.configz.filter(path => !upstream.configz.includes(path))
    assert.deepEqual(own, [])
    assert.ok(proa.configz.length > 20)
  })
})

async function live(maker: Maker): Promise<Told> {
  const world = await ManagedCluster.start(maker)
  try {
    const steps: { name: string; seen: string[] }[] = []
    for (const { name, act, until } of storyOfClouds) {
      await act(world)
      if (until) await patiently(world, `${maker}: ${name}`, () => until(world))
      await new Promise(resolve => setTimeout(resolve, SETTLE_MS))
      steps.push({ name, seen: await seenOf(world) })
    }
    const held = await world.cluster.client.get(lease, 'cloud-controller-manager', 'kube-system')
    assert.match(held.spec.holderIdentity ?? '', /_[0-9a-f-]{36}$/)
    return {
      steps,
      metrics: metricsIn(await world.get('/metrics')),
      health: (await world.get('/healthz?verbose')).split('\n').sort().join('\n'),
      configz: pathsIn(JSON.parse(await world.get('/configz'))),
    }
  } finally {
    await world.stop()
  }
}

async function patiently(
  world: ManagedCluster,
  what: string,
  condition: () => Promise<unknown>,
): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS
  while (!(await condition())) {
    if (performance.now() > endMs)
      throw new Error(
        `waited in vain for: ${what}\n${(await seenOf(world)).join('\n')}\n${world.words}`,
      )
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

const WATCHED =
  /^(node_controller_|service_controller_|route_controller_|running_managed_controllers|leader_election_master_status|workqueue_\w+\{.*name="(Nodes|node|service)")/

/** Names with their labels, and the bounds of histograms; those of queues are finer in upstream's. */
const metricsIn = (text: string): string[] =>
  text
    .split('\n')
    .filter(line => WATCHED.test(line) && !/^workqueue_.*_bucket/.test(line))
    .map(line => line.replace(/ \S+$/, '').replace(/\{(.*)\}/, (_, all) => `{${sorted(all)}}`))
    .sort()

const sorted = (labels: string) =>
  [...labels.matchAll(/(\w+)="([^"]*)"/g)]
    .map(([, name, value]) => `${name}=${Number.isNaN(Number(value)) ? value : Number(value)}`)
    .sort()
    .join(',')

/** Of what Proa tells of its configuration, what upstream calls it. */
function pathsIn(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [path]
  return Object.entries(value)
    .flatMap(([name, each]) => pathsIn(each, `${path}.${name}`))
    .sort()
}
