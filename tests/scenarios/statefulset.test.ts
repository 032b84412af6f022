/** A StatefulSet on hollow nodes: scaled up and down, rolled, and its pods found again under their names. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { controllerRevision } from '#api/apps/v1/controller-revision.ts'
import { type StatefulSet, statefulSet } from '#api/apps/v1/stateful-set.ts'
import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import { type Cluster, startCluster } from '#index'
import { eventOn, isReady, podsOf, running, until } from './hollow-workloads.ts'

const at = { name: 'db', namespace: 'default' }
const labels = { app: 'db' }

const create = ({ client }: Cluster, replicas: number) =>
  client.create(statefulSet, {
    metadata: at,
    spec: {
      replicas,
      serviceName: 'db',
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'c', image: 'db:1' }] },
      },
    },
  } as unknown as Partial<StatefulSet>)

const change = ({ client }: Cluster, spec: object) =>
  client.patch(statefulSet, at, 'strategic', { spec })
const image = (name: string) => ({
  template: { spec: { containers: [{ name: 'c', image: name }] } },
})
const names = async (cluster: Cluster) =>
  (await podsOf(cluster, 'db')).map(({ metadata }) => metadata.name)

test('a set of three is scaled up and down and rolled in order', { timeout: 600_000 }, async () => {
  const cluster = await startCluster({ nodes: { kind: 'hollow', count: 3 } })
  try {
    const { client } = cluster
    const created: string[] = []
    const watch = await client.watch(pod, { namespace: 'default' })
    const unsubscribe = watch.subscribe({
      next({ type, object }) {
        if (type === 'ADDED') created.push((object as Pod).metadata.name ?? '')
      },
      end() {},
    })

    await create(cluster, 3)
    const first = await running(cluster, 'db', 3, 'db:1')
    assert.deepEqual(created, ['db-0', 'db-1', 'db-2'])
    assert.deepEqual(
      first.map(({ metadata: { labels: found } }) => found?.['apps.kubernetes.io/pod-index']),
      ['0', '1', '2'],
    )
    assert.equal(
      await eventOn(cluster, 'db', 'SuccessfulCreate'),
      'Create Pod db-0 in StatefulSet db successful',
    )

    await change(cluster, { replicas: 5 })
    await running(cluster, 'db', 5, 'db:1')
    await change(cluster, { replicas: 3 })
    await until('three pods', async () => (await names(cluster)).length === 3)
    assert.deepEqual(await names(cluster), ['db-0', 'db-1', 'db-2'])

    created.length = 0
    await change(cluster, image('db:2'))
    await running(cluster, 'db', 3, 'db:2')
    assert.deepEqual(created, ['db-2', 'db-1', 'db-0'], 'from the highest down')
    const { status } = await until('the end of the update', async () => {
      const found = await client.get(statefulSet, 'db', 'default')
      return found.status.currentRevision === found.status.updateRevision && found
    })
    assert.equal(status.updatedReplicas, 3)
    const revisions = (await client.list(controllerRevision, { namespace: 'default' })).items
    assert.deepEqual(revisions.map(({ revision }) => revision).sort(), [1, 2])

    const before = (await podsOf(cluster, 'db'))[1]?.metadata.uid
    await client.delete(pod, { name: 'db-1', namespace: 'default' })
    await until('db-1 again', async () =>
      (await podsOf(cluster, 'db')).some(
        each => each.metadata.name === 'db-1' && each.metadata.uid !== before && isReady(each),
      ),
    )

    await client.delete(statefulSet, at, { propagationPolicy: 'Foreground' })
    await until('nothing left', async () => (await names(cluster)).length === 0)
    unsubscribe()
  } finally {
    await cluster.stop()
  }
})
