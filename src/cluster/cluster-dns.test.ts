import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endpoints } from '#api/core/v1/endpoints.ts'
import { service } from '#api/core/v1/service.ts'
import { endpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { kinds } from '#api/kinds.ts'
import { createApiServer } from '#apiserver'
import { silentLog as log } from '#base/log.ts'
import { createClient } from '#client/api-client.ts'
import { systemClock as clock } from '#host/clock.ts'
import { systemRandom as random } from '#host/random.ts'
import { createMemoryStore } from '#store/memory/memory-store.ts'
import { clusterDnsAddress, ensureClusterDns } from './cluster-dns.ts'
import { identities } from './identities.ts'
import { upstreamsOf } from './machine-dns.ts'

const at = ['kube-dns', 'kube-system'] as const

test('the DNS Service has the tenth address and leads to the servers; what somebody changed is put right', async () => {
  const store = createMemoryStore({ clock, log })
  const serviceClusterIpRange = '10.98.0.0/16'
  const server = createApiServer({ store, kinds, clock, random, log, serviceClusterIpRange })
  await server.ready()
  const client = createClient(server.transportFor(identities.admin))
  try {
    await ensureClusterDns(client, { serviceClusterIpRange, addresses: ['10.99.0.1'] })
    const made = await client.get(service, ...at)
    assert.equal(made.spec.clusterIP, '10.98.0.10')
    assert.equal(made.spec.selector, undefined)
    assert.deepEqual(
      made.spec.ports?.map(({ name, port, protocol }) => [name, port, protocol]),
      [
        ['dns', 53, 'UDP'],
        ['dns-tcp', 53, 'TCP'],
      ],
    )
    const addresses = async () => [
      (await client.get(endpoints, ...at)).subsets?.flatMap(({ addresses = [] }) =>
        addresses.map(({ ip }) => ip),
      ),
      (await client.get(endpointSlice, ...at)).endpoints.flatMap(({ addresses }) => addresses),
    ]
    assert.deepEqual(await addresses(), [['10.99.0.1'], ['10.99.0.1']])

    await client.patch(service, { name: at[0], namespace: at[1] }, 'merge', {
      metadata: { annotations: { kept: 'yes' } },
      spec: { ports: [{ name: 'dns', port: 54, protocol: 'UDP' }] },
    })
    await ensureClusterDns(client, { serviceClusterIpRange, addresses: ['10.99.0.2'] })
    const mended = await client.get(service, ...at)
    assert.deepEqual(mended.spec.ports, made.spec.ports)
    assert.equal(mended.metadata.annotations?.kept, 'yes')
    assert.deepEqual(await addresses(), [['10.99.0.2'], ['10.99.0.2']])

    const elsewhere = { serviceClusterIpRange, addresses: ['10.99.0.2'], port: 5353 }
    await ensureClusterDns(client, elsewhere)
    const { subsets } = await client.get(endpoints, ...at)
    const { ports } = await client.get(endpointSlice, ...at)
    for (const told of [subsets?.[0]?.ports, ports])
      assert.deepEqual(
        told?.map(({ name, port, protocol }) => [name, port, protocol]),
        [
          ['dns', 5353, 'UDP'],
          ['dns-tcp', 5353, 'TCP'],
        ],
      )
    assert.deepEqual((await client.get(service, ...at)).spec.ports, made.spec.ports)
  } finally {
    await server.stop()
    await store.close()
  }
})

test('the address follows the range', () => {
  assert.equal(clusterDnsAddress('10.96.0.0/12'), '10.96.0.10')
})

test('names outside are never asked of ourselves', () => {
  const config = { servers: ['10.99.0.1', '192.0.2.53'], searches: [], options: [] }
  assert.deepEqual(upstreamsOf(config, ['10.99.0.1', '10.98.0.10']), [
    { address: '192.0.2.53', port: 53 },
  ])
})
