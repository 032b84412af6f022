import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { type ClusterView, resolve } from './records.ts'

const web = service('web', {
  clusterIP: '10.96.0.7',
  clusterIPs: ['10.96.0.7'],
  ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
})
const db = service('db', {
  clusterIP: 'None',
  clusterIPs: ['None'],
  ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }],
})
const both = service('both', {
  clusterIP: '10.96.0.8',
  clusterIPs: ['10.96.0.8', 'fd00:10:96::8'],
  ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
})
const plain = service('plain', {
  clusterIP: '10.96.0.9',
  ports: [
    { port: 53, protocol: 'TCP' },
    { name: 'udp', port: 53, protocol: 'UDP' },
  ],
})
const outside = service('outside', { type: 'ExternalName', externalName: 'example.org' })
const slice = (service: string, more: object) =>
  ({
    ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4' },
    metadata: {
      ...{ name: service, namespace: 'default' },
      labels: { 'kubernetes.io/service-name': service },
    },
    ...more,
  }) as unknown as EndpointSlice
const webSlice = slice('web', { endpoints: [{ addresses: ['10.244.1.1'], hostname: 'web-0' }] })
const namesSlices = [
  slice('names', { addressType: 'FQDN', endpoints: [{ addresses: ['host.example.org'] }] }),
  slice('names', { endpoints: [{ addresses: ['10.244.2.1'] }] }),
]
const headless = (name: string) => service(name, { clusterIP: 'None', clusterIPs: ['None'] })
const others = [
  ...[headless('empty'), headless('names')],
  service('address', { type: 'ExternalName', externalName: '192.0.2.1' }),
  service('dotted', { type: 'ExternalName', externalName: 'example.org.' }),
]
const dbSlice = {
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  addressType: 'IPv4',
  metadata: { name: 'db-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'db' } },
  ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }],
  endpoints: [
    { addresses: ['10.244.0.5'], hostname: 'db-0', conditions: { ready: true } },
    { addresses: ['10.244.0.6'], conditions: { ready: true } },
    { addresses: ['10.244.0.9'], hostname: 'db-9', conditions: { ready: false } },
  ],
} as unknown as EndpointSlice

test('a service has its address, a headless one those of its ready endpoints', () => {
  assert.deepEqual(ask('web.default.svc.cluster.local', 'A'), ['10.96.0.7'])
  assert.deepEqual(ask('WEB.Default.svc.cluster.local.', 'A'), ['10.96.0.7'])
  assert.deepEqual(ask('db.default.svc.cluster.local', 'A'), ['10.244.0.5', '10.244.0.6'])
  assert.deepEqual(ask('db-0.db.default.svc.cluster.local', 'A'), ['10.244.0.5'])
  assert.deepEqual(ask('10-244-0-6.db.default.svc.cluster.local', 'A'), ['10.244.0.6'])
  assert.deepEqual(ask('outside.default.svc.cluster.local', 'A'), ['example.org'])
  assert.deepEqual(ask('10-1-2-3.default.pod.cluster.local', 'A'), ['10.1.2.3'])
})

test('ports have SRV records that name their target', () => {
  assert.deepEqual(ask('_http._tcp.web.default.svc.cluster.local', 'SRV'), [
    { priority: 0, weight: 100, port: 80, target: 'web.default.svc.cluster.local' },
  ])
  const targets = ask('_sql._tcp.db.default.svc.cluster.local', 'SRV').map(
    data => (data as { target: string }).target,
  )
  assert.deepEqual(targets, [
    'db-0.db.default.svc.cluster.local',
    '10-244-0-6.db.default.svc.cluster.local',
  ])
  assert.equal(answer('_none._tcp.web.default.svc.cluster.local', 'SRV')?.exists, false)
  assert.equal(answer('_._tcp.plain.default.svc.cluster.local', 'SRV')?.exists, false)
  assert.equal(ask('plain.default.svc.cluster.local', 'SRV').length, 1, 'each record once')
})

test('addresses lead back to names', () => {
  assert.deepEqual(ask('7.0.96.10.in-addr.arpa', 'PTR'), ['web.default.svc.cluster.local'])
  assert.deepEqual(ask('5.0.244.10.in-addr.arpa', 'PTR'), ['db-0.db.default.svc.cluster.local'])
  assert.equal(answer('1.1.1.1.in-addr.arpa', 'PTR'), undefined)
  for (const name of ['1.1.1.in-addr.arpa', '256.1.1.1.in-addr.arpa', '1.ip6.arpa', 'ip6.arpa'])
    assert.equal(answer(name, 'PTR'), undefined, name)
})

test('a service with both families has records of both, and is found by both addresses', () => {
  assert.deepEqual(ask('both.default.svc.cluster.local', 'A'), ['10.96.0.8'])
  assert.deepEqual(ask('both.default.svc.cluster.local', 'AAAA'), ['fd00:10:96::8'])
  assert.deepEqual(ask('web.default.svc.cluster.local', 'AAAA'), [])
  const nibbles = (text: string) => [...text].reverse().join('.')
  const name = `${nibbles('fd000010009600000000000000000008')}.ip6.arpa`
  assert.deepEqual(ask(name, 'PTR'), ['both.default.svc.cluster.local'])
  const other = `${nibbles('fd000010009600000000000000000009')}.ip6.arpa`
  assert.equal(answer(other, 'PTR'), undefined)
  assert.deepEqual(ask('fd00-10-244--5.default.pod.cluster.local', 'AAAA'), ['fd00:10:244::5'])
  assert.deepEqual(ask('fd00-10-244--5.default.pod.cluster.local', 'A'), [])
  assert.equal(answer('fd00-10-244.default.pod.cluster.local', 'AAAA')?.exists, false)
})

test('a name that is not there differs from one without that type, and from one that is not ours', () => {
  assert.equal(answer('gone.default.svc.cluster.local', 'A')?.exists, false)
  assert.equal(answer('web.elsewhere.svc.cluster.local', 'A')?.exists, false)
  assert.equal(answer('db-9.db.default.svc.cluster.local', 'A')?.exists, false)
  assert.deepEqual(answer('web.default.svc.cluster.local', 'AAAA'), {
    exists: true,
    answers: [],
    additionals: [],
  })
  assert.equal(answer('default.svc.cluster.local', 'A')?.exists, true)
  assert.equal(answer('example.org', 'A'), undefined)
  assert.equal(answer('notcluster.local', 'A'), undefined)
  assert.deepEqual(ask('dns-version.cluster.local', 'TXT'), [['1.1.0']])
})

test('a headless Service without ready endpoints has no name', () => {
  assert.equal(answer('empty.default.svc.cluster.local', 'A')?.exists, false)
  assert.equal(answer('db.default.svc.cluster.local', 'AAAA')?.exists, true)
})

test('endpoints of any Service have names, as those that are ready', () => {
  assert.deepEqual(ask('web-0.web.default.svc.cluster.local', 'A'), ['10.244.1.1'])
  assert.deepEqual(ask('1.1.244.10.in-addr.arpa', 'PTR'), ['web-0.web.default.svc.cluster.local'])
  assert.equal(answer('9.0.244.10.in-addr.arpa', 'PTR'), undefined, 'not ready')
  const [target] = ask('db-0.db.default.svc.cluster.local', 'SRV')
  assert.equal((target as { port: number }).port, 5432)
})

test('slices of names give no addresses, and an address is no name to lead to', () => {
  assert.deepEqual(ask('names.default.svc.cluster.local', 'A'), ['10.244.2.1'])
  assert.equal(answer('address.default.svc.cluster.local', 'A')?.exists, false)
  assert.deepEqual(ask('dotted.default.svc.cluster.local', 'CNAME'), ['example.org'])
})

test('only targets with ports have their addresses told with them', () => {
  const additionals = answer('names.default.svc.cluster.local', 'SRV')?.additionals
  assert.deepEqual(additionals, [])
})

function answer(name: string, type: string) {
  return resolve(view, name, type)
}

function ask(name: string, type: string): unknown[] {
  return answer(name, type)?.answers.map(record => record.data) ?? []
}

function service(name: string, spec: object): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'default' },
    spec,
  } as unknown as Service
}

const view: ClusterView = {
  zone: 'cluster.local',
  service: (namespace, name) =>
    [web, db, both, plain, outside, ...others].find(
      ({ metadata }) => metadata.name === name && namespace === 'default',
    ),
  slices: (_, name) => ({ db: [dbSlice], web: [webSlice], names: namesSlices })[name] ?? [],
  servicesByIp: ip => [web, both].filter(({ spec }) => spec.clusterIPs?.includes(ip)),
  slicesByIp: ip =>
    [dbSlice, webSlice].filter(({ endpoints = [] }) =>
      endpoints.some(({ addresses }) => addresses.includes(ip)),
    ),
  hasNamespace: name => name === 'default',
}
