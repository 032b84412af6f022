import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Endpoints, endpoints } from '#api/core/v1/endpoints.ts'
import { service } from '#api/core/v1/service.ts'
import { type EndpointSlice, endpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { startTestCluster } from '../testing/test-cluster.ts'
import { reconcile } from './endpointslice-mirroring.reconcile.ts'

const AT = { name: 'db', namespace: 'default' }
const addresses = (...ips: string[]) => ips.map(ip => ({ ip }))
const ports = [{ name: 'sql', port: 5432, protocol: 'TCP' }]

function endpointsOf(subsets: object[], metadata: object = {}): Endpoints {
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { ...AT, uid: 'e', labels: { team: 'x' }, ...metadata },
    subsets,
  } as unknown as Endpoints
}

/** The slices after a look. */
function after(found: Endpoints | undefined, slices: EndpointSlice[] = []): EndpointSlice[] {
  const result = new Map(slices.map(slice => [slice.metadata.name, slice]))
  for (const [index, write] of reconcile({ endpoints: found, slices }).entries()) {
    if (write.verb === 'create') {
      const object = structuredClone(write.object) as unknown as EndpointSlice
      object.metadata.name = `made-${slices.length}-${index}`
      result.set(object.metadata.name, object)
    } else if (write.verb === 'update')
      result.set(write.object.metadata.name, write.object as unknown as EndpointSlice)
    else if (write.verb === 'delete') result.delete(write.object.metadata.name)
  }
  return [...result.values()]
}

test('each set of ports and family of addresses has a slice, with what is ready and what is not', () => {
  const found = endpointsOf(
    [
      {
        addresses: addresses('10.1.0.1', 'fd00::1'),
        notReadyAddresses: addresses('10.1.0.2'),
        ports,
      },
      { addresses: addresses('10.1.0.3'), ports },
      { addresses: addresses('10.1.0.3'), ports: [{ port: 80, protocol: 'TCP' }] },
    ],
    {
      annotations: {
        note: 'mine',
        'kubectl.kubernetes.io/last-applied-configuration': '{}',
      },
    },
  )
  const slices = after(found)
  assert.deepEqual(
    slices.map(({ addressType, ports: on, endpoints: to }) => [
      addressType,
      on?.[0]?.port,
      to.map(({ addresses: [ip], conditions }) => `${ip} ${conditions?.ready}`),
    ]),
    [
      ['IPv4', 5432, ['10.1.0.1 true', '10.1.0.2 false', '10.1.0.3 true']],
      ['IPv6', 5432, ['fd00::1 true']],
      ['IPv4', 80, ['10.1.0.3 true']],
    ],
  )
  assert.deepEqual(slices[0]?.metadata.labels, {
    team: 'x',
    'kubernetes.io/service-name': 'db',
    'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
  })
  assert.deepEqual(slices[0]?.metadata.annotations, { note: 'mine' })
  assert.deepEqual(reconcile({ endpoints: found, slices }), [], 'nothing new is nothing written')

  const changed = after(endpointsOf([{ addresses: addresses('10.1.0.9'), ports }]), slices)
  assert.deepEqual(
    changed.map(({ endpoints: to }) => to.map(({ addresses: [ip] }) => ip)),
    [['10.1.0.9']],
  )
  assert.deepEqual(after(undefined, changed), [])
})

test('a thousand addresses of a subset are mirrored, and the others told', () => {
  const ips = Array.from({ length: 1005 }, (_, i) => `10.1.${i >> 8}.${i & 255}`)
  const writes = reconcile({
    endpoints: endpointsOf([{ addresses: addresses(...ips), ports }]),
    slices: [],
  })
  const [create, event] = writes
  assert.ok(create?.verb === 'create' && event?.verb === 'event')
  assert.equal((create.object.endpoints as object[]).length, 1000)
  assert.equal(
    event.text.message,
    'A max of 1000 addresses can be mirrored to EndpointSlices per Endpoints subset. 5 addresses were skipped',
  )
})

test('Endpoints of a Service without a selector are mirrored as long as they may be', async () => {
  await using cluster = await startTestCluster()
  const { client } = cluster
  const mirrors = async () =>
    (await client.list(endpointSlice, { namespace: 'default' })).items.flatMap(slice =>
      slice.metadata.labels?.['kubernetes.io/service-name'] === 'db'
        ? slice.endpoints.map(({ addresses: [ip] }) => ip)
        : [],
    )
  await client.create(endpoints, {
    metadata: AT,
    subsets: [{ addresses: addresses('10.1.0.1'), ports }],
  } as never)
  await client.create(service, {
    metadata: AT,
    spec: { ports: [{ name: 'sql', port: 5432 }] },
  } as never)
  await cluster.until('the mirror', async () => (await mirrors())[0] === '10.1.0.1')
  await client.patch(endpoints, AT, 'merge', {
    subsets: [{ addresses: addresses('10.1.0.2'), ports }],
  })
  await cluster.until('the change', async () => (await mirrors())[0] === '10.1.0.2')
  const labels = { 'endpointslice.kubernetes.io/skip-mirror': 'true' }
  await client.patch(endpoints, AT, 'merge', { metadata: { labels } })
  await cluster.until('no mirror', async () => (await mirrors()).length === 0)
})

test('a Service that stops selecting keeps what was behind it, and its Endpoints are mirrored', async () => {
  await using cluster = await startTestCluster()
  const { client } = cluster
  await cluster.addNodes(['a'])
  await client.create(service, {
    metadata: AT,
    spec: { ports: [{ name: 'sql', port: 5432 }], selector: { app: 'db' } },
  } as never)
  const managers = async () =>
    (await client.list(endpointSlice, { namespace: 'default' })).items
      .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === 'db')
      .map(({ metadata }) => metadata.labels?.['endpointslice.kubernetes.io/managed-by'])
      .sort()
  const own = 'endpointslice-controller.k8s.io'
  await cluster.until('its slice', async () => (await managers())[0] === own)
  await cluster.until('its Endpoints', async () =>
    (await client.list(endpoints, { namespace: 'default' })).items.some(
      ({ metadata }) => metadata.name === 'db',
    ),
  )
  await client.patch(service, AT, 'merge', { spec: { selector: null } })
  // Who writes Endpoints may not have heard of it yet.
  await cluster.until('Endpoints by hand', async () => {
    const subsets = [{ addresses: addresses('10.1.0.1'), ports }]
    await client.patch(endpoints, AT, 'merge', { subsets })
    await new Promise(resolve => setTimeout(resolve, 20))
    return (await client.get(endpoints, AT.name, AT.namespace)).subsets?.length === 1
  })
  await cluster.until('the mirror', async () => (await managers()).length > 1)
  assert.deepEqual(await managers(), [own, 'endpointslicemirroring-controller.k8s.io'])
})
