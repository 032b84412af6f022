/** API server, controllers and scheduler in one process: what a user sees of them together. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Deployment, deployment } from '#api/apps/v1/deployment.ts'
import { replicaSet } from '#api/apps/v1/replica-set.ts'
import { configMap } from '#api/core/v1/config-map.ts'
import { endpoints } from '#api/core/v1/endpoints.ts'
import { event } from '#api/core/v1/event.ts'
import { namespace } from '#api/core/v1/namespace.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { service } from '#api/core/v1/service.ts'
import { serviceAccount } from '#api/core/v1/service-account.ts'
import { endpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { isStatus } from '#api/machinery/status.ts'
import { startTestCluster, type TestCluster } from './testing/test-cluster.ts'

const NAMESPACE = 'default'

function web(replicas: number, image = 'web:1', more: object = {}): Partial<Deployment> {
  const labels = { app: 'web' }
  const containers = [{ name: 'web', image, ports: [{ name: 'http', containerPort: 8080 }] }]
  return {
    metadata: { name: 'web', namespace: NAMESPACE },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers } },
      ...more,
    },
  } as unknown as Partial<Deployment>
}

const pods = async ({ client }: TestCluster) =>
  (await client.list(pod, { namespace: NAMESPACE, labelSelector: 'app=web' })).items

const complete = async ({ client }: TestCluster, replicas: number) => {
  const { status, metadata } = await client.get(deployment, 'web', NAMESPACE)
  return (
    status.observedGeneration === metadata.generation &&
    (status.updatedReplicas ?? 0) === replicas &&
    (status.availableReplicas ?? 0) === replicas &&
    (status.replicas ?? 0) === replicas
  )
}

const gone = async (get: Promise<unknown>) => {
  try {
    await get
    return false
  } catch (error) {
    if (isStatus(error, 'NotFound')) return true
    throw error
  }
}

test('a Deployment becomes a ReplicaSet, pods, bound pods; and rolls out, back, and away', async () => {
  await using cluster = await startTestCluster()
  const { client } = cluster
  await cluster.addNodes(['node-1', 'node-2'])
  await client.create(deployment, web(4))
  await cluster.until('4 available', () => complete(cluster, 4))
  const first = await pods(cluster)
  assert.equal(first.length, 4)
  assert.ok(first.every(({ spec }) => /^node-[12]$/.test(spec.nodeName ?? '')))
  assert.equal(new Set(first.map(({ spec }) => spec.nodeName)).size, 2, 'spread over both nodes')
  const created = await client.get(deployment, 'web', NAMESPACE)
  assert.equal(created.metadata.annotations?.['deployment.kubernetes.io/revision'], '1')
  assert.deepEqual(
    created.status.conditions
      ?.map(({ type, status, reason }) => `${type}=${status} ${reason}`)
      .sort(),
    ['Available=True MinimumReplicasAvailable', 'Progressing=True NewReplicaSetAvailable'],
  )

  await client.patch(deployment, { name: 'web', namespace: NAMESPACE }, 'strategic', {
    spec: { template: { spec: { containers: [{ name: 'web', image: 'web:2' }] } } },
  })
  await cluster.until('the roll-out', () => complete(cluster, 4))
  await cluster.until('only new pods', async () =>
    (await pods(cluster)).every(({ spec }) => spec.containers[0]?.image === 'web:2'),
  )
  const sets = (await client.list(replicaSet, { namespace: NAMESPACE })).items
  assert.deepEqual(sets.map(({ spec }) => spec.replicas).sort(), [0, 4])

  const scaled = await client.get(deployment, 'web', NAMESPACE)
  await client.update(deployment, { ...scaled, spec: { ...scaled.spec, replicas: 2 } })
  await cluster.until('2 available', () => complete(cluster, 2))

  await client.delete(
    deployment,
    { name: 'web', namespace: NAMESPACE },
    {
      propagationPolicy: 'Background',
    },
  )
  await cluster.until('no pods', async () => (await pods(cluster)).length === 0)
  await cluster.until(
    'no sets',
    async () => (await client.list(replicaSet, { namespace: NAMESPACE })).items.length === 0,
  )
  const reasons = (await client.list(event, { namespace: NAMESPACE })).items.map(
    ({ reason, involvedObject }) => `${involvedObject.kind} ${reason}`,
  )
  for (const expected of [
    'Deployment ScalingReplicaSet',
    'ReplicaSet SuccessfulCreate',
    'ReplicaSet SuccessfulDelete',
    'Pod Scheduled',
  ])
    assert.ok(reasons.includes(expected), `${expected} is missing in ${[...new Set(reasons)]}`)
})

test('a delete in the foreground waits for pods; orphans stay', async () => {
  await using cluster = await startTestCluster()
  const { client } = cluster
  await cluster.addNodes(['node-1'])
  await client.create(deployment, web(2))
  await cluster.until('2 available', () => complete(cluster, 2))
  const at = { name: 'web', namespace: NAMESPACE }
  await client.delete(deployment, at, { propagationPolicy: 'Orphan' })
  await cluster.until('the Deployment gone', () => gone(client.get(deployment, 'web', NAMESPACE)))
  const [orphan] = (await client.list(replicaSet, { namespace: NAMESPACE })).items
  assert.ok(orphan)
  assert.deepEqual(orphan.metadata.ownerReferences ?? [], [])
  assert.equal((await pods(cluster)).length, 2)

  // A new Deployment of the same template takes the set in again.
  await client.create(deployment, web(2))
  await cluster.until('adoption', async () => {
    const set = await client.get(replicaSet, orphan.metadata.name ?? '', NAMESPACE)
    return set.metadata.ownerReferences?.[0]?.name === 'web'
  })
  await client.delete(deployment, at, { propagationPolicy: 'Foreground' })
  await cluster.until('the Deployment gone', () => gone(client.get(deployment, 'web', NAMESPACE)))
  assert.equal((await pods(cluster)).length, 0, 'pods go first')
})

test('of owners in a circle none waits for ever: a delete in the foreground takes all', async () => {
  await using cluster = await startTestCluster()
  const { client } = cluster
  const names = ['a', 'b', 'c']
  const at = (name: string) => ({ name, namespace: NAMESPACE })
  const uids = new Map<string, string>()
  for (const name of names) {
    const { metadata } = await client.create(configMap, { metadata: at(name) })
    uids.set(name, metadata.uid ?? '')
  }
  for (const [name, owner] of [
    ['a', 'c'],
    ['b', 'a'],
    ['c', 'b'],
  ] as const) {
    const reference = { apiVersion: 'v1', kind: 'ConfigMap', name: owner, uid: uids.get(owner) }
    const ownerReferences = [{ ...reference, blockOwnerDeletion: true }]
    await client.patch(configMap, at(name), 'merge', { metadata: { ownerReferences } })
  }
  await client.delete(configMap, at('a'), { propagationPolicy: 'Foreground' })
  await cluster.until('all gone', async () => {
    const { items } = await client.list(configMap, { namespace: NAMESPACE })
    return items.every(({ metadata }) => !names.includes(metadata.name ?? ''))
  })
})

test('a Service tells the ready pods that it selects, in slices and in Endpoints', async () => {
  await using cluster = await startTestCluster()
  const { client } = cluster
  await cluster.addNodes(['node-1'])
  await client.create(service, {
    metadata: { name: 'web', namespace: NAMESPACE },
    spec: {
      selector: { app: 'web' },
      clusterIP: '10.96.0.7',
      clusterIPs: ['10.96.0.7'],
      ports: [{ name: 'http', port: 80, targetPort: 'http', protocol: 'TCP' }],
    },
  } as never)
  await client.create(deployment, web(3))
  const slice = await cluster.until('three endpoints', async () => {
    const { items } = await client.list(endpointSlice, { namespace: NAMESPACE })
    return items.find(
      ({ endpoints: found }) =>
        found.length === 3 && found.every(({ conditions }) => conditions.ready),
    )
  })
  assert.equal(slice.metadata.labels?.['kubernetes.io/service-name'], 'web')
  assert.deepEqual(slice.ports, [{ name: 'http', port: 8080, protocol: 'TCP' }])
  await cluster.until('three addresses', async () => {
    const found = await client.get(endpoints, 'web', NAMESPACE).catch(() => undefined)
    return found?.subsets?.[0]?.addresses?.length === 3
  })
  const [victim] = await pods(cluster)
  await client.delete(pod, { name: victim?.metadata.name ?? '', namespace: NAMESPACE })
  await cluster.until('the replacement', async () => {
    const { items } = await client.list(endpointSlice, { namespace: NAMESPACE })
    const all = items.flatMap(({ endpoints: found }) => found)
    return (
      all.length === 3 && all.every(({ targetRef }) => targetRef?.name !== victim?.metadata.name)
    )
  })
})

test('a namespace is furnished, and emptied when it is deleted', async () => {
  await using cluster = await startTestCluster({ controllers: { certificateAuthority: 'PEM' } })
  const { client } = cluster
  await cluster.addNodes(['node-1'])
  await client.create(namespace, { metadata: { name: 'shop' } })
  await cluster.until(
    'its account',
    async () => !(await gone(client.get(serviceAccount, 'default', 'shop'))),
  )
  await cluster.until(
    'its CA',
    async () => !(await gone(client.get(configMap, 'kube-root-ca.crt', 'shop'))),
  )
  await client.create(deployment, {
    ...web(3),
    metadata: { name: 'web', namespace: 'shop' },
  } as Partial<Deployment>)
  await cluster.until(
    '3 pods',
    async () => (await client.list(pod, { namespace: 'shop' })).items.length === 3,
  )
  await client.delete(namespace, { name: 'shop' })
  await cluster.until('the namespace gone', () => gone(client.get(namespace, 'shop')))
  assert.equal((await client.list(pod, { namespace: 'shop' })).items.length, 0)
  assert.equal((await client.list(deployment, { namespace: 'shop' })).items.length, 0)
})

test('a pod that fits nowhere says why, and is placed when room comes', async () => {
  await using cluster = await startTestCluster()
  const { client } = cluster
  await cluster.addNodes(['small'], { cpu: '1' })
  await client.create(pod, {
    metadata: { name: 'big', namespace: NAMESPACE },
    spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '2' } } }] },
  } as never)
  const refused = await cluster.until('the refusal', async () => {
    const { status } = await client.get(pod, 'big', NAMESPACE)
    const found = status.conditions?.find(({ reason }) => reason === 'Unschedulable')
    // A node that has just come is not ready yet.
    return found?.message?.includes('taint') ? undefined : found
  })
  assert.match(
    refused.message ?? '',
    /^0\/1 nodes are available: 1 Insufficient cpu\. .*preemption: 0\/1 nodes are available: 1 Preemption is not helpful for scheduling\.$/,
  )
  await cluster.addNodes(['large'], { cpu: '4' })
  await cluster.until('its place', async () => {
    const { spec } = await client.get(pod, 'big', NAMESPACE)
    return spec.nodeName === 'large'
  })
  const texts = (await client.list(event, { namespace: NAMESPACE })).items.map(
    ({ reason, message }) => `${reason}: ${message}`,
  )
  assert.ok(texts.includes('Scheduled: Successfully assigned default/big to large'))
  assert.ok(texts.some(text => text.startsWith('FailedScheduling: 0/1 nodes are available')))
})

test('a gated pod waits until its gates are opened', async () => {
  await using cluster = await startTestCluster()
  const { client } = cluster
  await cluster.addNodes(['node-1'])
  const spec = {
    schedulingGates: [{ name: 'example.com/wait' }],
    containers: [{ name: 'c', image: 'i' }],
  }
  const at = { name: 'gated', namespace: NAMESPACE }
  await client.create(pod, { metadata: at, spec } as never)
  await cluster.until('the condition', async () => {
    const { status } = await client.get(pod, 'gated', NAMESPACE)
    return status.conditions?.some(({ reason }) => reason === 'SchedulingGated')
  })
  assert.equal((await client.get(pod, 'gated', NAMESPACE)).spec.nodeName ?? '', '')
  await client.patch(pod, at, 'json', [{ op: 'remove', path: '/spec/schedulingGates' }])
  await cluster.until('its place', async () => {
    const { spec } = await client.get(pod, 'gated', NAMESPACE)
    return spec.nodeName === 'node-1'
  })
})
