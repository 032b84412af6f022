/** Who is left out of slices, and kept in them, by the controller over a real server. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { event } from '#api/core/v1/event.ts'
import { node } from '#api/core/v1/node.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { service } from '#api/core/v1/service.ts'
import { serviceAccount } from '#api/core/v1/service-account.ts'
import { endpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { startTestCluster } from '../testing/test-cluster.ts'

test('pods of a node that is not there are left out and told, until it is back', async () => {
  const enabled = 'endpointslice-controller,serviceaccount-controller'
  await using cluster = await startTestCluster({ controllers: { enabled }, runPods: false })
  const { client } = cluster
  await cluster.addNodes(['a', 'b'])
  await cluster.until(
    'an account',
    async () => (await client.list(serviceAccount, { namespace: 'default' })).items.length > 0,
  )
  for (const name of ['web', 'open'])
    await client.create(service, {
      metadata: { name, namespace: 'default' },
      spec: {
        ports: [{ port: 80 }],
        selector: { app: 'web' },
        publishNotReadyAddresses: name === 'open',
      },
    } as never)
  for (const [index, nodeName] of ['a', 'b'].entries()) {
    const at = { name: `on-${nodeName}`, namespace: 'default' }
    await client.create(pod, {
      metadata: { ...at, labels: { app: 'web' } },
      spec: { nodeName, containers: [{ name: 'c', image: 'i' }] },
    } as never)
    const podIPs = [{ ip: `10.0.0.${index}` }]
    const conditions = [{ type: 'Ready', status: 'True' }]
    const status = { phase: 'Running', podIP: podIPs[0]?.ip, podIPs, conditions }
    await client.patch(pod, at, 'merge', { status }, { subresource: 'status' })
  }
  const behind = async (name: string) => {
    const { items } = await client.list(endpointSlice, {
      namespace: 'default',
      labelSelector: `kubernetes.io/service-name=${name}`,
    })
    return items
      .flatMap(({ endpoints }) => endpoints.map(({ targetRef }) => targetRef?.name))
      .sort()
      .join()
  }
  const both = 'on-a,on-b'
  for (const name of ['web', 'open'])
    await cluster.until('both', async () => (await behind(name)) === both)
  await client.delete(node, { name: 'b' })
  // Slices are looked at again when something is told of pods, as upstream's are.
  await client.patch(pod, { name: 'on-a', namespace: 'default' }, 'merge', {
    metadata: { labels: { more: 'x' } },
  })
  await cluster.until('one', async () => (await behind('web')) === 'on-a')
  assert.equal(await behind('open'), both)
  const told = await cluster.until('the event', async () =>
    (await client.list(event, { namespace: 'default' })).items.find(
      ({ reason }) => reason === 'FailedToUpdateEndpointSlices',
    ),
  )
  assert.equal(
    told.message,
    'Error updating Endpoint Slices for Service default/web: skipping Pod on-b for Service default/web: Node b Not Found',
  )
  await cluster.addNodes(['b'])
  await cluster.until('both again', async () => (await behind('web')) === both)
})
