/** Objects of a host live in three clusters: placed, shared out, repaired, told of, moved and taken away. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { deployment } from '#api/apps/v1/deployment.ts'
import { configMap } from '#api/core/v1/config-map.ts'
import { namespace } from '#api/core/v1/namespace.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { isStatus } from '#api/machinery/status.ts'
import { sleep } from '#base/clock.ts'
import { fastClock } from './fast-clock.ts'
import { TestFederation, until } from './federation-clusters.ts'

const SPEED = 20
const NAMES = ['east', 'north', 'west']
const clock = fastClock(SPEED)
let federation: TestFederation

before(async () => {
  federation = await TestFederation.start({
    members: NAMES,
    clock,
    labels: name => ({ continent: name === 'west' ? 'america' : 'europe' }),
  })
  await federation.client.create(namespace, { metadata: { name: 'shop' } })
})
after(() => federation?.stop())

const web = (replicas: number, annotations: Record<string, string> = {}, more: object = {}) =>
  ({
    metadata: { name: 'web', namespace: 'shop', annotations, ...more },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'web', image: 'web:1' }] },
      },
    },
  }) as object

async function shares(name = 'web'): Promise<Record<string, number | undefined>> {
  const found = await Promise.all(
    NAMES.map(async cluster => {
      const copy = await federation
        .member(cluster)
        .client.get(deployment, name, 'shop')
        .catch(error => {
          if (isStatus(error, 'NotFound')) return undefined
          throw error
        })
      return [cluster, copy?.spec.replicas] as const
    }),
  )
  return Object.fromEntries(found)
}

const total = (of: Record<string, number | undefined>) =>
  Object.values(of).reduce<number>((sum, count) => sum + (count ?? 0), 0)

test('a Deployment is shared out, its status gathered, and it is taken away', async () => {
  const { client } = federation
  await client.create(deployment, web(9))
  await until('3, 3 and 3', async () => Object.values(await shares()).every(count => count === 3))
  await until('nine ready', async () => {
    const { status, metadata } = await client.get(deployment, 'web', 'shop')
    return (
      status.readyReplicas === 9 &&
      status.availableReplicas === 9 &&
      status.updatedReplicas === 9 &&
      status.observedGeneration === metadata.generation &&
      status.conditions?.find(({ type }) => type === 'Available')?.status === 'True'
    )
  })
  const { metadata } = await client.get(deployment, 'web', 'shop')
  const placement = metadata.annotations?.['federation.kubernetes.io/placement'] ?? ''
  assert.deepEqual(JSON.parse(placement), {
    east: { replicas: 3, readyReplicas: 3 },
    north: { replicas: 3, readyReplicas: 3 },
    west: { replicas: 3, readyReplicas: 3 },
  })
  assert.deepEqual((await client.list(pod, { namespace: 'shop' })).items, [], 'none on the host')
  await client.delete(deployment, { name: 'web', namespace: 'shop' })
  await until('gone', async () => Object.values(await shares()).every(count => count === undefined))
  await until('gone from the host', () =>
    client.get(deployment, 'web', 'shop').then(
      () => false,
      error => isStatus(error, 'NotFound'),
    ),
  )
})

test('what somebody changes in a cluster is repaired, and what is theirs beside it stays', async () => {
  const { client } = federation
  await client.create(configMap, {
    metadata: { name: 'settings', namespace: 'shop' },
    data: { colour: 'red' },
  })
  const at = { name: 'settings', namespace: 'shop' }
  const east = federation.member('east').client
  const data = async () => (await east.get(configMap, 'settings', 'shop')).data
  await until('placed', async () => (await data())?.colour === 'red')
  await east.patch(configMap, at, 'merge', { data: { colour: 'blue', size: 'L' } })
  await until('repaired', async () => (await data())?.colour === 'red')
  assert.equal((await data())?.size, 'L')
  await client.patch(configMap, at, 'merge', { data: { colour: null, shape: 'round' } })
  await until('changed', async () => (await data())?.shape === 'round')
  assert.deepEqual(
    { ...(await data()) },
    { shape: 'round', size: 'L' },
    'what is not wished any more goes',
  )
  await east.delete(configMap, at)
  await until('there again', async () => (await data())?.shape === 'round')
  await east.patch(configMap, at, 'merge', {
    metadata: { labels: { 'federation.kubernetes.io/placed-by': null } },
  })
  await until('labelled again', async () => {
    const { labels } = (await east.get(configMap, 'settings', 'shop')).metadata
    return labels?.['federation.kubernetes.io/placed-by'] !== undefined
  })
})

test('a share that somebody sizes in a cluster is sized back, and nobody else’s changes', async () => {
  const { client } = federation
  await client.create(deployment, web(9))
  await until('3, 3 and 3', async () => Object.values(await shares()).every(count => count === 3))
  await until(
    'ready',
    async () => (await client.get(deployment, 'web', 'shop')).status.readyReplicas === 9,
  )
  const at = { name: 'web', namespace: 'shop' }
  for (const [cluster, replicas] of [
    ['east', 7],
    ['west', 1],
  ] as const)
    await federation.member(cluster).client.patch(deployment, at, 'merge', { spec: { replicas } })
  await until('sized back', async () => `${Object.values(await shares())}` === '3,3,3')
  await sleep(clock, 10_000)
  assert.equal(`${Object.values(await shares())}`, '3,3,3')
  await client.delete(deployment, at)
  await until('gone', async () => Object.values(await shares()).every(count => count === undefined))
})

test('a cluster selector says where, and a change of labels moves', async () => {
  const { client } = federation
  const selector = JSON.stringify([{ key: 'continent', operator: 'in', values: ['europe'] }])
  await client.create(
    deployment,
    web(4, { 'federation.alpha.kubernetes.io/cluster-selector': selector }),
  )
  await until('two each', async () => {
    const { east, north, west } = await shares()
    return east === 2 && north === 2 && west === undefined
  })
  await client.patch(deployment, { name: 'web', namespace: 'shop' }, 'merge', {
    metadata: { annotations: { 'federation.alpha.kubernetes.io/cluster-selector': null } },
  })
  await client.patch(deployment, { name: 'web', namespace: 'shop' }, 'merge', {
    spec: { replicas: 7 },
  })
  await until('everywhere', async () => {
    const now = await shares()
    return total(now) === 7 && (now.west ?? 0) >= 2
  })
  await client.delete(deployment, { name: 'web', namespace: 'shop' })
  await until('gone', async () => Object.values(await shares()).every(count => count === undefined))
})

test('objects are only where their namespace is', async () => {
  const { client } = federation
  const selector = JSON.stringify([{ key: 'continent', operator: '=', values: ['europe'] }])
  const annotations = { 'federation.alpha.kubernetes.io/cluster-selector': selector }
  await client.create(deployment, web(6))
  await until('two each', async () => Object.values(await shares()).every(count => count === 2))
  const at = { name: 'shop' }
  await client.patch(namespace, at, 'merge', { metadata: { annotations } })
  await until('three, three and none', async () => {
    const { east, north, west } = await shares()
    return east === 3 && north === 3 && west === undefined
  })
  await until('no namespace', () =>
    federation
      .member('west')
      .client.get(namespace, 'shop')
      .then(
        () => false,
        error => isStatus(error, 'NotFound'),
      ),
  )
  await client.patch(namespace, at, 'merge', {
    metadata: { annotations: { 'federation.alpha.kubernetes.io/cluster-selector': null } },
  })
  await client.patch(deployment, { name: 'web', namespace: 'shop' }, 'merge', {
    spec: { replicas: 9 },
  })
  await until('nine', async () => total(await shares()) === 9 && ((await shares()).west ?? 0) > 0)
  await client.delete(deployment, { name: 'web', namespace: 'shop' })
  await until('gone', async () => Object.values(await shares()).every(count => count === undefined))
})

test('replicas of a cluster that is away move after a while, and the whole is kept when it is back', async () => {
  const { client } = federation
  const { way } = federation.member('north')
  await client.create(deployment, web(9))
  await until('3, 3 and 3', async () => Object.values(await shares()).every(count => count === 3))
  way.cut()
  const cutMs = clock.monotonicMs()
  const others = async () => {
    const { east = 0, west = 0 } = await shares()
    return east + west
  }
  await until('moved', async () => (await others()) === 9)
  // Since when a cluster is away is told in whole seconds.
  assert.ok(clock.monotonicMs() - cutMs > 59_000, 'not before the grace is over')
  await until('nine of two', async () => {
    const { status } = await client.get(deployment, 'web', 'shop')
    return status.readyReplicas === 9
  })
  way.mend()
  await until('nine in all', async () => total(await shares()) === 9, 60_000)
  await sleep(clock, 20_000)
  assert.equal(total(await shares()), 9)
  await client.delete(deployment, { name: 'web', namespace: 'shop' })
  await until('gone', async () => Object.values(await shares()).every(count => count === undefined))
})
