/** What people and clusters do to a federation beside what it is for: quarrels, other credentials, leaving and coming back, a host that is killed. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { deployment } from '#api/apps/v1/deployment.ts'
import { configMap } from '#api/core/v1/config-map.ts'
import { event } from '#api/core/v1/event.ts'
import { namespace } from '#api/core/v1/namespace.ts'
import { resourceQuota } from '#api/core/v1/resource-quota.ts'
import { secret } from '#api/core/v1/secret.ts'
import { isStatus } from '#api/machinery/status.ts'
import { sleep } from '#base/clock.ts'
import { UserError } from '#base/errors.ts'
import {
  type ClusterProfile,
  clusterProfile,
  secretOf,
} from '../../src/federation/inventory/cluster-profile.ts'
import { join, unjoin } from '../../src/federation/inventory/join.ts'
import { fastClock } from './fast-clock.ts'
import { TestFederation, until } from './federation-clusters.ts'
import { settings, web } from './federation-life.ts'

const clock = fastClock(20)
const SPACE = 'life'
const at = (name: string) => ({ name, namespace: SPACE })
let federation: TestFederation

before(async () => {
  federation = await TestFederation.start({ members: ['east', 'west'], clock, nodes: 1 })
  await federation.client.create(namespace, { metadata: { name: SPACE } })
})
after(() => federation?.stop())

const has = (cluster: string, name: string, colour: string) => async () =>
  (await federation.member(cluster).client.get(configMap, name, SPACE)).data?.colour === colour

test('who changes a copy back each time is met with patience, and not for ever', async () => {
  const { client } = federation
  const { client: east } = federation.member('east')
  await client.create(configMap, settings('quarrel', 'red'))
  await until('placed', has('east', 'quarrel', 'red'))
  let changes = 0
  const fromMs = clock.monotonicMs()
  let isOver = false
  const quarrel = (async () => {
    while (!isOver) {
      const { data } = await east.get(configMap, 'quarrel', SPACE)
      if (data?.colour === 'red') {
        changes++
        await east.patch(configMap, at('quarrel'), 'merge', { data: { colour: 'blue' } })
      } else await new Promise(resolve => setTimeout(resolve, 2))
    }
  })()
  await sleep(clock, 50_000)
  isOver = true
  await quarrel
  // One window of a minute more than there can have been, for those who are late.
  const windows = Math.ceil((clock.monotonicMs() - fromMs) / 60_000) + 1
  assert.ok(changes >= 5 && changes <= 11 * windows, `${changes} rounds in ${windows} windows`)
  await until('repaired in the end', has('east', 'quarrel', 'red'))
})

test('a cluster that refuses a copy is told of, and the others are none the worse', async () => {
  const { client } = federation
  const { client: west } = federation.member('west')
  await west.create(resourceQuota, {
    metadata: { name: 'none', namespace: SPACE },
    spec: { hard: { 'count/deployments.apps': '0' } },
  } as object)
  await until('counted', async () => {
    const { status } = await west.get(resourceQuota, 'none', SPACE)
    return status.hard !== undefined && Object.keys(status.hard).length > 0
  })
  await client.create(deployment, web('refused', 4, {}))
  await until('two run', async () => {
    const { status } = await client.get(deployment, 'refused', SPACE)
    return status.readyReplicas === 2
  })
  await until('told', async () =>
    (await client.list(event, { namespace: SPACE })).items.some(
      ({ reason, message = '' }) =>
        reason === 'CreateInClusterFailed' && /cluster west: .*exceeded quota/.test(message),
    ),
  )
  await west.delete(resourceQuota, { name: 'none', namespace: SPACE })
  await until('four run', async () => {
    const { status } = await client.get(deployment, 'refused', SPACE)
    return status.readyReplicas === 4
  })
  await client.delete(deployment, at('refused'))
})

test('what is in the namespace default is placed; the namespace itself is each cluster’s own', async () => {
  const { client } = federation
  await client.create(configMap, { metadata: { name: 'here', namespace: 'default' } })
  const { client: east } = federation.member('east')
  await until('placed', async () => (await east.get(configMap, 'here', 'default')).kind !== '')
  const { metadata } = await east.get(namespace, 'default')
  assert.equal(metadata.labels?.['federation.kubernetes.io/placed-by'], undefined)
})

test('other credentials count as soon as they are there, wrong ones leave the cluster away', async () => {
  const { client } = federation
  const condition = async (name: string) => {
    const profile = await client.get(clusterProfile, 'east', 'federation-system')
    const { conditions = [] } = (profile as unknown as ClusterProfile).status ?? {}
    return conditions.find(({ type }) => type === name)?.status
  }
  const profile = await client.get(clusterProfile, 'east', 'federation-system')
  const name = secretOf(profile as unknown as ClusterProfile)?.name ?? ''
  const use = (kubeconfig: string) =>
    client.patch(secret, { name, namespace: 'federation-system' }, 'merge', {
      data: { kubeconfig: Buffer.from(kubeconfig).toString('base64') },
    })
  await use('nobody')
  await until('away', async () => (await condition('Offline')) === 'True')
  await client.create(configMap, settings('late', 'red'))
  await until('in the west', has('west', 'late', 'red'))
  await use('east')
  await until('back', async () => (await condition('Ready')) === 'True')
  await until('placed', has('east', 'late', 'red'))
})

test('a cluster may leave and come back: what was placed there stays, and is looked after again', async () => {
  const { client } = federation
  await client.create(deployment, web('one', 6, {}))
  const share = async (cluster: string) =>
    (await federation.member(cluster).client.get(deployment, 'one', SPACE)).spec.replicas
  await until('three', async () => (await share('west')) === 3 && (await share('east')) === 3)
  await unjoin(client, 'west')
  await until('six in the east', async () => (await share('east')) === 6)
  assert.equal(await share('west'), 3)
  await client.patch(deployment, at('one'), 'merge', { spec: { replicas: 4 } })
  await until('four in the east', async () => (await share('east')) === 4)
  await assert.rejects(unjoin(client, 'west'), UserError)
  const again = { name: 'west', kubeconfig: 'west', server: 'https://west' }
  await join(client, clock, again)
  await assert.rejects(join(client, clock, again), /has joined already/)
  await assert.rejects(join(client, clock, { ...again, name: 'No Name' }), UserError)
  await until(
    'four in all',
    async () => ((await share('east')) ?? 0) + ((await share('west')) ?? 0) === 4,
  )
  await sleep(clock, 10_000)
  assert.equal(((await share('east')) ?? 0) + ((await share('west')) ?? 0), 4)
})

test('a host that is killed and begins anew moves nothing', async () => {
  const { client } = federation
  await client.create(deployment, web('two', 8, {}))
  const generations = async () =>
    Promise.all(
      ['east', 'west'].map(async cluster => {
        const { client: member } = federation.member(cluster)
        return (await member.get(deployment, 'two', SPACE)).metadata.generation
      }),
    )
  await until(
    'all run',
    async () => (await client.get(deployment, 'two', SPACE)).status.readyReplicas === 8,
  )
  await sleep(clock, 10_000)
  const before = await generations()
  // One cluster is slow to be reached again.
  const { way } = federation.member('west')
  way.cut()
  await federation.restartHost()
  await sleep(clock, 20_000)
  way.mend()
  await until('all well', () => federation.isWell())
  await sleep(clock, 10_000)
  assert.deepEqual(await generations(), before)
})

test('what is deleted while the host is away is not forgotten', async () => {
  const { client } = federation
  await client.create(configMap, settings('brief', 'red'))
  await until('placed', has('west', 'brief', 'red'))
  const { way } = federation.member('west')
  way.cut()
  await client.delete(configMap, at('brief'))
  await federation.restartHost()
  way.mend()
  await until('gone', async () => {
    try {
      await federation.member('west').client.get(configMap, 'brief', SPACE)
      return false
    } catch (error) {
      return isStatus(error, 'NotFound')
    }
  })
})
