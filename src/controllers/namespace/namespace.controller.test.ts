/** Namespaces are emptied in order, over a real API server. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configMap } from '#api/core/v1/config-map.ts'
import { namespace } from '#api/core/v1/namespace.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { serviceAccount } from '#api/core/v1/service-account.ts'
import { isStatus } from '#api/machinery/status.ts'
import { createManualClock } from '#client/testing/manual-clock.ts'
import { startTestCluster, type TestCluster } from '../testing/test-cluster.ts'

const FINALIZER = 'example.com/held'
const PLACE = 'space'

/** A namespace with pods that are held, and a ConfigMap. */
async function fill({ client }: TestCluster, pods: readonly string[]): Promise<void> {
  await client.create(namespace, { metadata: { name: PLACE } })
  await client.create(serviceAccount, { metadata: { name: 'default', namespace: PLACE } })
  await client.create(configMap, { metadata: { name: 'settings', namespace: PLACE } })
  for (const name of pods)
    await client.create(pod, {
      metadata: { name, namespace: PLACE, finalizers: [FINALIZER] },
      spec: { containers: [{ name: 'c', image: 'i' }], nodeName: 'node-1' },
    } as never)
}

async function release({ client }: TestCluster, name: string): Promise<void> {
  const { metadata, ...found } = await client.get(pod, name, PLACE)
  await client.update(pod, { ...found, metadata: { ...metadata, finalizers: [] } })
}

/** Pods end only when the test says so, and time goes on only when it is told to: how slow the machine is does not matter. */
async function startAlone() {
  const clock = createManualClock()
  const cluster = await startTestCluster({
    clock,
    controllers: { enabled: 'namespace-controller' },
    scheduler: false,
    runPods: false,
  })
  /** As `until`, while time stands still but for the shortest waits. */
  const soon: TestCluster['until'] = (what, condition) =>
    cluster.until(what, async () => {
      await clock.advance(5)
      return condition()
    })
  return { clock, cluster, soon }
}

const isGone = async ({ client }: TestCluster) => {
  try {
    await client.get(namespace, PLACE)
    return false
  } catch (error) {
    return isStatus(error, 'NotFound')
  }
}

test('everything else in a namespace stays until its last pod is gone, and the namespace says so', async () => {
  const { clock, cluster, soon } = await startAlone()
  await using _ = cluster
  const { client } = cluster
  await cluster.addNodes(['node-1'])
  await fill(cluster, ['first', 'last'])
  await client.delete(namespace, { name: PLACE })
  const conditions = await soon('what is left is told', async () => {
    const { status } = await client.get(namespace, PLACE)
    return status.phase === 'Terminating' ? status.conditions : undefined
  })
  assert.deepEqual(
    conditions.map(({ status, reason, message }) => [status, reason, message]),
    [
      ['False', 'ResourcesDiscovered', 'All resources successfully discovered'],
      ['False', 'ParsedGroupVersions', 'All legacy kube types successfully parsed'],
      [
        'False',
        'ContentDeleted',
        'All content successfully deleted, may be waiting on finalization',
      ],
      [
        'True',
        'SomeResourcesRemain',
        'Some resources are remaining: pods. has 2 resource instances',
      ],
      [
        'True',
        'SomeFinalizersRemain',
        `Some content in the namespace has finalizers remaining: ${FINALIZER} in 2 resource instances`,
      ],
    ],
  )
  for (const name of ['first', 'last'])
    assert.ok(
      (await client.get(pod, name, PLACE)).metadata.deletionTimestamp,
      `${name} was deleted`,
    )
  await client.get(configMap, 'settings', PLACE)

  const isPodGone = async (name: string) => {
    const { items } = await client.list(pod, { namespace: PLACE })
    return items.every(({ metadata }) => metadata.name !== name)
  }
  const end = async (name: string) => {
    // As a node's agent does when a pod has ended; then only the finalizer holds it.
    await client.delete(pod, { name, namespace: PLACE }, { gracePeriodSeconds: 0 })
    await release(cluster, name)
    await soon(`${name} is gone`, () => isPodGone(name))
  }
  await end('first')
  await clock.advance(1_000)
  await client.get(configMap, 'settings', PLACE)
  // The watch tells of the last pod; the estimate would let the namespace wait for 16 s.
  const fromMs = clock.monotonicMs()
  await end('last')
  await soon('the namespace is gone', () => isGone(cluster))
  const { items } = await client.list(configMap, { namespace: PLACE })
  assert.equal(items.length, 0)
  assert.ok(clock.monotonicMs() - fromMs < 8_000, 'it was woken')
})

test('while pods are waited for, the server is left alone', async () => {
  const { clock, cluster, soon } = await startAlone()
  await using _ = cluster
  const { client } = cluster
  await cluster.addNodes(['node-1'])
  await fill(cluster, ['held'])
  await client.delete(namespace, { name: PLACE })
  await soon('what is left is told', async () => {
    const { status } = await client.get(namespace, PLACE)
    return status.conditions?.length === 5
  })
  const reconciles = () => cluster.controllers.controllers[0]?.counts.reconciles
  await clock.advance(300)
  const before = reconciles()
  assert.ok(before)
  await clock.advance(10_000)
  assert.equal(reconciles(), before)
})
