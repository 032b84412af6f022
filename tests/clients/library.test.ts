/** Proa inside somebody's own program: several clusters at once, and nothing left when they have stopped. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { deployment } from '#api/apps/v1/deployment.ts'
import { configMap } from '#api/core/v1/config-map.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { type Cluster, type NewObject, startCluster } from '#index'

const CLUSTERS = 5
const WAIT_MS = 60_000

const labels = { app: 'web' }
const web = {
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    replicas: 2,
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: { containers: [{ name: 'web', image: 'web:1' }] },
    },
  },
} satisfies NewObject<typeof deployment>

test('several clusters in one process, each with its own objects, stop without a trace', async () => {
  const before = process.getActiveResourcesInfo().sort()
  const clusters = await Promise.all(Array.from({ length: CLUSTERS }, () => startCluster()))
  await Promise.all(
    clusters.map(({ client }, index) =>
      client.create(configMap, {
        metadata: { name: `only-${index}`, namespace: 'default' },
      }),
    ),
  )
  await Promise.all(clusters.map(({ client }) => client.create(deployment, web)))
  await Promise.all(clusters.map(cluster => runs(cluster, 2)))
  for (const [index, { client }] of clusters.entries()) {
    const { items } = await client.list(configMap, { namespace: 'default' })
    const own = items.map(each => each.metadata.name).filter(name => name?.startsWith('only-'))
    assert.deepEqual(own, [`only-${index}`])
  }
  await Promise.all(clusters.map(cluster => cluster.stop()))
  assert.deepEqual(process.getActiveResourcesInfo().sort(), before)
})

test('await using stops a cluster that listens and whose pods are not finished', async () => {
  const before = process.getActiveResourcesInfo().sort()
  {
    await using cluster = await startCluster({ listen: { address: '127.0.0.1', port: 0 } })
    assert.match(cluster.url ?? '', /^https:\/\/127\.0\.0\.1:\d+$/)
    await cluster.client.create(deployment, web)
  }
  // A closed socket leaves Node's books with the next turn of its loop.
  await pause(0)
  assert.deepEqual(process.getActiveResourcesInfo().sort(), before)
})

test('stops twice, and at once after its start', async () => {
  const cluster = await startCluster()
  await Promise.all([cluster.stop(), cluster.stop()])
  await assert.rejects(
    cluster.client.create(configMap, { metadata: { name: 'late', namespace: 'default' } }),
  )
})

test('a start that is refused half-way leaves nothing behind', async () => {
  const before = process.getActiveResourcesInfo().sort()
  await assert.rejects(startCluster({ controllers: 'nope' }), /there is no controller "nope"/)
  await assert.rejects(startCluster({ node: { kind: 'none' } } as object), /did you mean nodes/)
  await pause(0)
  assert.deepEqual(process.getActiveResourcesInfo().sort(), before)
})

test('an object without a name or a namespace is asked for in vain, and nothing else happens instead', async () => {
  await using cluster = await startCluster({ nodes: { kind: 'none' } })
  const { client } = cluster
  await client.create(configMap, { metadata: { name: 'kept', namespace: 'default' } })
  await assert.rejects(client.delete(configMap, { name: '', namespace: 'default' }), {
    code: 400,
    message: 'resource name may not be empty: which of the configmaps is meant?',
  })
  await assert.rejects(client.get(configMap, '', 'default'), { code: 400 })
  await assert.rejects(client.get(configMap, 'kept'), {
    code: 404,
    message:
      'an empty namespace may not be set when a resource name is provided: configmaps "kept" of which one?',
  })
  await assert.rejects(client.create(configMap, { metadata: { name: 'lost' } }), {
    code: 400,
    message:
      'an empty namespace may not be set during creation: a ConfigMap needs metadata.namespace',
  })
  assert.equal((await client.get(configMap, 'kept', 'default')).metadata.name, 'kept')
})

async function runs({ client }: Cluster, count: number): Promise<void> {
  for (const started = performance.now(); performance.now() - started < WAIT_MS; await pause(10)) {
    const { items } = await client.list(pod, { namespace: 'default' })
    if (items.filter(each => each.status?.phase === 'Running').length === count) return
  }
  assert.fail(`${count} pods do not run after ${WAIT_MS} ms`)
}
