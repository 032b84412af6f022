/** Tainted devices through the API: by their driver, and by a rule. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { event } from '#api/core/v1/event.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { kinds } from '#api/kinds.ts'
import { resourceClaim } from '#api/resource/v1/resource-claim.ts'
import { resourceSlice } from '#api/resource/v1/resource-slice.ts'
import { deviceTaintRule } from '#api/resource/v1beta2/device-taint-rule.ts'
import { startTestCluster, type TestCluster } from '../testing/test-cluster.ts'

const namespace = 'default'
const DRIVER = 'gpu.example.com'
const OPTIONS = {
  controllers: {
    enabled: 'resourceclaim-controller,device-taint-eviction-controller,serviceaccount-controller',
    kinds: () => kinds,
  },
  scheduler: false,
  runPods: false,
}

const users = async ({ client, until }: TestCluster, names: readonly string[]) => {
  await until(
    'the account',
    async () => (await client.getPath(ACCOUNT).catch(() => undefined)) as object,
  )
  for (const name of names) {
    const requests = [{ name: 'one', exactly: { deviceClassName: 'gpu' } }]
    const made = await client.create(resourceClaim, {
      metadata: { name, namespace },
      spec: { devices: { requests } },
    } as never)
    const results = [{ request: 'one', driver: DRIVER, pool: 'p', device: name }]
    const status = { allocation: { devices: { results } } }
    await client.update(resourceClaim, { ...made, status } as never, { subresource: 'status' })
    await client.create(pod, {
      metadata: { name, namespace },
      spec: {
        nodeName: 'node-1',
        containers: [{ name: 'c', image: 'i' }],
        resourceClaims: [{ name: 'gpu', resourceClaimName: name }],
      },
    } as never)
    await until(`${name} reserved`, async () => {
      return (await client.get(resourceClaim, name, namespace)).status.reservedFor?.length === 1
    })
  }
}
const ACCOUNT = '/api/v1/namespaces/default/serviceaccounts/default'

const slice = (taints: object[]) =>
  ({
    metadata: { name: 'slice' },
    spec: {
      driver: DRIVER,
      pool: { name: 'p', generation: 1, resourceSliceCount: 1 },
      allNodes: true,
      devices: [{ name: 'bad', taints }, { name: 'good' }],
    },
  }) as never

const evicted = ({ client, until }: TestCluster, name: string) =>
  until(`${name} is evicted`, async () => {
    const found = await client.get(pod, name, namespace)
    return found.metadata.deletionTimestamp ? found : undefined
  })

test('pods leave devices that their driver taints, others stay', async () => {
  await using cluster = await startTestCluster(OPTIONS)
  const { client, until } = cluster
  await users(cluster, ['bad', 'good'])
  await client.create(resourceSlice, slice([{ key: 'broken', effect: 'NoExecute' }]))
  const found = await evicted(cluster, 'bad')
  const condition = found.status.conditions?.find(({ type }) => type === 'DisruptionTarget')
  assert.equal(condition?.reason, 'DeletionByDeviceTaintManager')
  const told = await until('the event', async () =>
    (await client.list(event, { namespace })).items.find(
      ({ reason }) => reason === 'DeviceTaintManagerEviction',
    ),
  )
  assert.deepEqual(
    [told.message, told.source?.component, told.involvedObject.name],
    ['Marking for deletion', 'device-taint-eviction-controller', 'bad'],
  )
  assert.equal((await client.get(pod, 'good', namespace)).metadata.deletionTimestamp, undefined)
})

test('a rule tells what it would do, and does it once it says so', async () => {
  await using cluster = await startTestCluster(OPTIONS)
  const { client, until } = cluster
  await users(cluster, ['bad', 'good'])
  await client.create(resourceSlice, slice([]))
  const deviceSelector = { driver: DRIVER, device: 'bad' }
  const taint = { key: 'example.com/broken', effect: 'None' }
  const rule = await client.create(deviceTaintRule, {
    metadata: { name: 'rule' },
    spec: { deviceSelector, taint },
  } as never)
  const condition = await until('a report', async () => {
    return (await client.get(deviceTaintRule, 'rule')).status.conditions?.[0]
  })
  assert.deepEqual([condition.status, condition.reason], ['False', 'NoEffect'])
  assert.match(
    condition.message ?? '',
    /^1 published device selected\. 1 allocated device selected\. 1 pod would be evicted in 1 namespace if /,
  )
  await client.patch(deviceTaintRule, { name: 'rule' }, 'merge', {
    spec: { taint: { effect: 'NoExecute' } },
  })
  await evicted(cluster, 'bad')
  const after = await until('another report', async () => {
    const { metadata, status } = await client.get(deviceTaintRule, 'rule')
    const [told] = status.conditions ?? []
    return told?.observedGeneration === metadata.generation ? told : undefined
  })
  assert.notEqual(after.reason, 'NoEffect')
  assert.ok(rule.metadata.uid)
  assert.equal((await client.get(pod, 'good', namespace)).metadata.deletionTimestamp, undefined)
})
