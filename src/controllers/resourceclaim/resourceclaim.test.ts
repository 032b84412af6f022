/** Claims through the API: made of a template for a pod, reserved, freed when it ends. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { event } from '#api/core/v1/event.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { kinds } from '#api/kinds.ts'
import { resourceClaim } from '#api/resource/v1/resource-claim.ts'
import { resourceClaimTemplate } from '#api/resource/v1/resource-claim-template.ts'
import { podGroup } from '#api/scheduling/v1alpha2/pod-group.ts'
import { startTestCluster, type TestCluster } from '../testing/test-cluster.ts'

const namespace = 'default'
const OPTIONS = {
  controllers: { enabled: 'resourceclaim-controller,serviceaccount-controller' },
  scheduler: false,
  runPods: false,
}
const devices = { requests: [{ name: 'one', exactly: { deviceClassName: 'gpu' } }] }
const result = { request: 'one', driver: 'gpu.example.com', pool: 'p', device: 'd' }
const allocation = { devices: { results: [result] } }
const FINALIZER = 'resource.kubernetes.io/delete-protection'

const makePod = (
  { client }: TestCluster,
  name: string,
  resourceClaims: object[],
  nodeName?: string,
) =>
  client.create(pod, {
    metadata: { name, namespace },
    spec: { containers: [{ name: 'c', image: 'i' }], resourceClaims, nodeName },
  } as never)

const account = ({ client, until }: TestCluster) =>
  until('the account', async () => (await client.getPath(ACCOUNT).catch(() => undefined)) as object)
const ACCOUNT = '/api/v1/namespaces/default/serviceaccounts/default'

const allocate = async ({ client }: TestCluster, name: string) => {
  const claim = await client.get(resourceClaim, name, namespace)
  const metadata = { ...claim.metadata, finalizers: [FINALIZER] }
  const guarded = await client.update(resourceClaim, { ...claim, metadata })
  await client.update(resourceClaim, { ...guarded, status: { allocation } } as never, {
    subresource: 'status',
  })
}

test('a pod of templates gets claims, holds them, and gives them back at its end', async () => {
  await using cluster = await startTestCluster(OPTIONS)
  const { client, until } = cluster
  await account(cluster)
  const entries = ['gpu', 'nic'].map(name => ({ name, resourceClaimTemplateName: 'template' }))
  await makePod(cluster, 'user', entries)
  const told = await until('the missing template told', async () =>
    (await client.list(event, { namespace })).items.find(
      ({ reason }) => reason === 'FailedResourceClaimCreation',
    ),
  )
  assert.equal(
    told.message,
    'PodResourceClaim gpu: resource claim template "template": resourceclaimtemplate.resource.k8s.io "template" not found',
  )
  await client.create(resourceClaimTemplate, {
    metadata: { name: 'template', namespace },
    spec: { metadata: { labels: { made: 'so' } }, spec: { devices } },
  } as never)
  const statuses = await until('both claims in the status', async () => {
    const { status } = await client.get(pod, 'user', namespace)
    return status.resourceClaimStatuses?.length === 2 ? status.resourceClaimStatuses : undefined
  })
  const user = await client.get(pod, 'user', namespace)
  assert.ok(
    user.metadata.managedFields?.some(
      ({ manager, operation }) => manager === 'ResourceClaimController' && operation === 'Apply',
    ),
  )
  const { items } = await client.list(resourceClaim, { namespace })
  assert.equal(items.length, 2, 'one for each entry, and no more')
  for (const { metadata } of items) {
    assert.equal(metadata.ownerReferences?.[0]?.uid, user.metadata.uid)
    assert.equal(metadata.labels?.made, 'so')
  }
  const claim = statuses[0]?.resourceClaimName ?? ''
  await allocate(cluster, claim)
  await client.createSubresource(pod, { name: 'user', namespace }, 'binding', {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name: 'user', namespace },
    target: { kind: 'Node', name: 'node-1' },
  })
  await until('the reservation', async () => {
    const { status } = await client.get(resourceClaim, claim, namespace)
    return status.reservedFor?.[0]?.uid === user.metadata.uid
  })
  const bound = await client.get(pod, 'user', namespace)
  await client.update(
    pod,
    { ...bound, status: { ...bound.status, phase: 'Succeeded' } },
    { subresource: 'status' },
  )
  await until('all claims deleted', async () => {
    return (await client.list(resourceClaim, { namespace })).items.length === 0
  })
})

test('a claim of its own outlives the pods that used it, without its devices', async () => {
  await using cluster = await startTestCluster(OPTIONS)
  const { client, until } = cluster
  await account(cluster)
  await client.create(resourceClaim, {
    metadata: { name: 'shared', namespace },
    spec: { devices },
  } as never)
  await allocate(cluster, 'shared')
  const entry = { name: 'gpu', resourceClaimName: 'shared' }
  for (const name of ['first', 'second']) await makePod(cluster, name, [entry], 'node-1')
  const users = async () => {
    const { status } = await client.get(resourceClaim, 'shared', namespace)
    return (status.reservedFor ?? []).map(({ name }) => name).toSorted()
  }
  await until('both reserved', async () => (await users()).length === 2)
  await client.delete(pod, { name: 'first', namespace }, { gracePeriodSeconds: 0 })
  await until('one is left', async () => (await users()).join() === 'second')
  assert.ok((await client.get(resourceClaim, 'shared', namespace)).status.allocation)
  await client.delete(pod, { name: 'second', namespace }, { gracePeriodSeconds: 0 })
  const freed = await until('the devices given back', async () => {
    const found = await client.get(resourceClaim, 'shared', namespace)
    return found.metadata.finalizers ? undefined : found
  })
  assert.deepEqual([freed.status.allocation, freed.status.reservedFor], [undefined, undefined])
})

test('the pods of a group share the claim that was made for it, which is the group’s as long as it is there', async () => {
  const controllers = { ...OPTIONS.controllers, kinds: () => kinds }
  const featureGates = new Map([['AllAlpha', true]])
  await using cluster = await startTestCluster({ ...OPTIONS, controllers, featureGates })
  const { client, until } = cluster
  await account(cluster)
  const resourceClaims = [{ name: 'gpu', resourceClaimTemplateName: 'template' }]
  const makeMember = (name: string) =>
    client.create(pod, {
      metadata: { name, namespace },
      spec: {
        schedulingGroup: { podGroupName: 'g' },
        containers: [{ name: 'c', image: 'i' }],
        resourceClaims,
        nodeName: 'node-1',
      },
    } as never)
  await makeMember('first')
  const { metadata } = await client.create(podGroup, {
    metadata: { name: 'g', namespace },
    spec: { schedulingPolicy: { gang: { minCount: 2 } }, resourceClaims },
  } as never)
  await client.create(resourceClaimTemplate, {
    metadata: { name: 'template', namespace },
    spec: { spec: { devices } },
  } as never)
  await makeMember('second')
  const claim = await until('the claim told to both', async () => {
    const { items } = await client.list(pod, { namespace })
    const [one, other] = items.map(
      ({ status }) => status.resourceClaimStatuses?.[0]?.resourceClaimName,
    )
    return one !== undefined && one === other ? one : undefined
  })
  assert.equal((await client.list(resourceClaim, { namespace })).items.length, 1)
  const owned = await client.get(resourceClaim, claim, namespace)
  assert.equal(owned.metadata.ownerReferences?.[0]?.uid, metadata.uid)
  await allocate(cluster, claim)
  const users = async () =>
    (await client.get(resourceClaim, claim, namespace)).status.reservedFor ?? []
  await until('the reservation', async () => (await users()).length > 0)
  const reservation = { apiGroup: 'scheduling.k8s.io', resource: 'podgroups', name: 'g' }
  assert.deepEqual(await users(), [{ ...reservation, uid: metadata.uid }])
  for (const name of ['first', 'second'])
    await client.delete(pod, { name, namespace }, { gracePeriodSeconds: 0 })
  await client.delete(podGroup, { name: 'g', namespace })
  await until('the devices given back', async () => {
    const found = await client.get(resourceClaim, claim, namespace)
    return !found.status.allocation && !found.metadata.finalizers
  })
})
