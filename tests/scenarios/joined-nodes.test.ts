/** Nodes that joined a cluster in one process: the API reaches their kubelets where their objects say that they are. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { node as nodeKind } from '#api/core/v1/node.ts'
import { type ClusterOptions, startCluster } from '#index'

const status = {
  addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
  daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
}

/** What a request for the kubelet's health on a node says whose object tells an address that no node may have. */
async function answerOf(nodes: ClusterOptions['nodes'] & {}): Promise<string> {
  await using cluster = await startCluster({ nodes })
  const { client, transport } = cluster
  const metadata = { name: 'joined' }
  await client.create(nodeKind, { apiVersion: 'v1', kind: 'Node', metadata })
  await client.patch(nodeKind, metadata, 'merge', { status }, { subresource: 'status' })
  const { status: code, body } = await transport.request({
    method: 'GET',
    path: '/api/v1/nodes/joined/proxy/healthz',
    headers: { accept: 'application/json' },
  })
  return `${code} ${body.kind === 'bytes' ? Buffer.from(body.bytes) : JSON.stringify(body)}`
}

test('a joined node is looked for, and its address judged', async () => {
  assert.match(await answerOf({ kind: 'none' }), /^503 .*not a node's: 127\.0\.0\.1/)
})

test('beside hollow nodes none is looked for: whoever makes a Node object there means no machine', async () => {
  assert.doesNotMatch(await answerOf({ kind: 'hollow', count: 1 }), /127\.0\.0\.1/)
})
