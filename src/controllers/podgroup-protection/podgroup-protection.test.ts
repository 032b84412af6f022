/** A group of pods goes when its last pod has ended. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pod } from '#api/core/v1/pod/pod.ts'
import { kinds } from '#api/kinds.ts'
import { isStatus } from '#api/machinery/status.ts'
import { podGroup } from '#api/scheduling/v1alpha2/pod-group.ts'
import { startTestCluster, type TestCluster } from '../testing/test-cluster.ts'

const namespace = 'default'
const FINALIZER = 'scheduling.k8s.io/podgroup-protection'
const OPTIONS = {
  controllers: {
    enabled: 'podgroup-protection-controller,serviceaccount-controller',
    kinds: () => kinds,
  },
  featureGates: new Map([['GenericWorkload', true]]),
  scheduler: false,
  runPods: false,
}
const ACCOUNT = '/api/v1/namespaces/default/serviceaccounts/default'

const makeGroup = ({ client }: TestCluster, name: string) =>
  client.create(podGroup, {
    metadata: { name, namespace },
    spec: { schedulingPolicy: { gang: { minCount: 2 } } },
  } as never)

const makeMember = ({ client }: TestCluster, name: string) =>
  client.create(pod, {
    metadata: { name, namespace },
    spec: {
      schedulingGroup: { podGroupName: 'g' },
      containers: [{ name: 'c', image: 'i' }],
      nodeName: 'node-1',
    },
  } as never)

const finalizersOf = async ({ client }: TestCluster, name: string) =>
  (await client.get(podGroup, name, namespace)).metadata.finalizers ?? []

const gone = ({ client, until }: TestCluster, name: string) =>
  until(`${name} gone`, async () => {
    try {
      await client.get(podGroup, name, namespace)
      return false
    } catch (error) {
      if (isStatus(error, 'NotFound')) return true
      throw error
    }
  })

test('a group stays until its last pod is finished or gone; one without pods goes at once', async () => {
  await using cluster = await startTestCluster(OPTIONS)
  const { client, until } = cluster
  await until(
    'the account',
    async () => (await client.getPath(ACCOUNT).catch(() => undefined)) as object,
  )
  await makeGroup(cluster, 'g')
  await makeGroup(cluster, 'empty')
  for (const name of ['first', 'second']) await makeMember(cluster, name)
  await until('the protection', async () => (await finalizersOf(cluster, 'g')).includes(FINALIZER))
  assert.deepEqual(await finalizersOf(cluster, 'empty'), [], 'nobody uses it')
  for (const name of ['g', 'empty']) await client.delete(podGroup, { name, namespace })
  await gone(cluster, 'empty')

  await client.delete(pod, { name: 'first', namespace }, { gracePeriodSeconds: 0 })
  await new Promise(resolve => setTimeout(resolve, 50))
  const kept = await client.get(podGroup, 'g', namespace)
  assert.ok(kept.metadata.deletionTimestamp)
  assert.deepEqual(kept.metadata.finalizers, [FINALIZER])
  const status = { phase: 'Succeeded' }
  await client.patch(
    pod,
    { name: 'second', namespace },
    'merge',
    { status },
    { subresource: 'status' },
  )
  await gone(cluster, 'g')
})
