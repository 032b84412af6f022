/** Nodes that are labelled while their kubelets run: pods that ask for the label are welcome at once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { node } from '#api/core/v1/node.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { startCluster } from '#index'
import { until } from './hollow-workloads.ts'

test('a pod that asks for a label runs where the node was labelled a moment ago', async () => {
  const cluster = await startCluster({ nodes: { kind: 'hollow', count: 1 } })
  try {
    const { client } = cluster
    const name = await until(
      'the node',
      async () => (await client.list(node)).items[0]?.metadata.name,
    )
    const labels = { disk: 'ssd' }
    const create = (called: string, spec: object) =>
      client.create(pod, {
        metadata: { name: called, namespace: 'default' },
        spec: { ...spec, containers: [{ name: 'c', image: 'web:1' }] },
      } as never)
    const phase = (of: string) =>
      until(`${of} to be more than pending`, async () => {
        const { status } = await client.get(pod, of, 'default')
        return status.phase !== 'Pending' && `${status.phase} ${status.reason ?? ''}`.trim()
      })
    await client.patch(node, { name }, 'merge', { metadata: { labels } })
    await create('labelled', { nodeSelector: labels })
    assert.equal(await phase('labelled'), 'Running')
    // Whoever passes by the scheduler is still judged.
    await create('astray', { nodeName: name, nodeSelector: { disk: 'tape' } })
    assert.equal(await phase('astray'), 'Failed NodeAffinity')
  } finally {
    await cluster.stop()
  }
})
