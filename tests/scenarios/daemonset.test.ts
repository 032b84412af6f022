/** A DaemonSet on hollow nodes: one pod each, rolled with and without a surge, and rolled back. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { controllerRevision } from '#api/apps/v1/controller-revision.ts'
import { type DaemonSet, daemonSet } from '#api/apps/v1/daemon-set.ts'
import { node } from '#api/core/v1/node.ts'
import { type Cluster, startCluster } from '#index'
import { eventOn, podsOf, running, until } from './hollow-workloads.ts'

const at = { name: 'log', namespace: 'default' }
const labels = { app: 'log' }

const create = ({ client }: Cluster) =>
  client.create(daemonSet, {
    metadata: at,
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'c', image: 'log:1' }] },
      },
    },
  } as unknown as Partial<DaemonSet>)

const change = ({ client }: Cluster, spec: object) =>
  client.patch(daemonSet, at, 'strategic', { spec })
const image = (name: string) => ({
  template: { spec: { containers: [{ name: 'c', image: name }] } },
})
const nodesOf = async (cluster: Cluster) =>
  (await podsOf(cluster, 'log')).map(({ spec }) => spec.nodeName).sort()

const settled = ({ client }: Cluster) =>
  until('the status', async () => {
    const { status, metadata } = await client.get(daemonSet, 'log', 'default')
    const { desiredNumberScheduled: desired } = status
    return (
      status.observedGeneration === metadata.generation &&
      status.numberAvailable === desired &&
      status.updatedNumberScheduled === desired &&
      status
    )
  })

test('three nodes have a pod each, through updates and back', { timeout: 600_000 }, async () => {
  const cluster = await startCluster({ nodes: { kind: 'hollow', count: 3 } })
  try {
    const { client } = cluster
    await create(cluster)
    await running(cluster, 'log', 3, 'log:1')
    const nodes = (await client.list(node)).items.map(({ metadata }) => metadata.name).sort()
    assert.deepEqual(await nodesOf(cluster), nodes)
    assert.match(await eventOn(cluster, 'log', 'SuccessfulCreate'), /^Created pod: log-/)

    await change(cluster, image('log:2'))
    await running(cluster, 'log', 3, 'log:2')
    assert.deepEqual(await nodesOf(cluster), nodes)
    const status = await settled(cluster)
    assert.equal(status.numberUnavailable, undefined)

    const rollingUpdate = { maxSurge: 1, maxUnavailable: 0 }
    await change(cluster, { updateStrategy: { rollingUpdate }, ...image('log:3') })
    await running(cluster, 'log', 3, 'log:3')

    const revisions = (await client.list(controllerRevision, { namespace: 'default' })).items
    const first = revisions.find(({ revision }) => revision === 1)
    assert.ok(first)
    // As `kubectl rollout undo` does: the revision is a patch.
    await client.patch(daemonSet, at, 'strategic', first.data as object)
    await running(cluster, 'log', 3, 'log:1')
    await settled(cluster)

    const taints = [{ key: 'own', effect: 'NoExecute' as const }]
    const name = nodes[0] ?? ''
    await client.patch(node, { name }, 'merge', { spec: { taints } })
    await until('two pods', async () => {
      const rest = await nodesOf(cluster)
      return rest.length === 2 && !rest.includes(name)
    })
    await client.delete(daemonSet, at, { propagationPolicy: 'Background' })
    await until('nothing left', async () => (await podsOf(cluster, 'log')).length === 0)
  } finally {
    await cluster.stop()
  }
})
