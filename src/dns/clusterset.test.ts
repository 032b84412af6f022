import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { ServiceImport } from '#api/multicluster/v1beta1/service-import.ts'
import { type ClusterView, resolve } from './records.ts'

const imports: Record<string, ServiceImport> = {
  'shop/web': imported('web', {
    type: 'ClusterSetIP',
    ips: ['10.96.0.40', 'fd00::40'],
    ports: [
      { name: 'http', port: 80, protocol: 'TCP' },
      { name: 'quic', port: 80, protocol: 'UDP' },
    ],
  }),
  'shop/plain': imported('plain', {
    type: 'ClusterSetIP',
    ips: ['10.96.0.41'],
    ports: [{ port: 1 }],
  }),
  'shop/new': imported('new', { type: 'ClusterSetIP', ports: [] }),
  'shop/db': imported('db', { type: 'Headless', ports: [{ name: 'sql', port: 5432 }] }),
  'shop/idle': imported('idle', { type: 'Headless', ports: [] }),
}
const slices: Record<string, EndpointSlice[]> = {
  'shop/db': [
    slice('east', [
      { addresses: ['10.1.0.5'], hostname: 'db-0', conditions: { ready: true } },
      { addresses: ['10.1.0.6'], hostname: 'db-1', conditions: { ready: false } },
    ]),
    slice('west', [
      { addresses: ['10.2.0.5'], hostname: 'db-0', conditions: { ready: true } },
      { addresses: ['10.2.0.7'], conditions: {} },
    ]),
  ],
}
const view: ClusterView = {
  zone: 'cluster.local',
  service: () => undefined,
  slices: () => [],
  servicesByIp: () => [],
  slicesByIp: ip =>
    (slices['shop/db'] ?? []).filter(({ endpoints = [] }) =>
      endpoints.some(({ addresses }) => addresses.includes(ip)),
    ),
  hasNamespace: name => name === 'shop',
  clusterset: () => ({
    hasNamespace: name => name === 'shop',
    serviceImport: (namespace, name) => imports[`${namespace}/${name}`],
    slices: (namespace, name) => slices[`${namespace}/${name}`] ?? [],
  }),
}

test('an imported service has its clusterset IP, and no name for the part of one cluster', () => {
  assert.deepEqual(ask('web.shop.svc.clusterset.local', 'A'), ['10.96.0.40'])
  assert.deepEqual(ask('WEB.shop.svc.ClusterSet.local.', 'AAAA'), ['fd00::40'])
  assert.equal(exists('east.web.shop.svc.clusterset.local', 'A'), false)
  assert.equal(exists('other.shop.svc.clusterset.local', 'A'), false)
  assert.equal(exists('web.gone.svc.clusterset.local', 'A'), false)
  assert.equal(exists('shop.svc.clusterset.local', 'A'), true)
  assert.deepEqual(ask('new.shop.svc.clusterset.local', 'A'), [])
  assert.equal(exists('new.shop.svc.clusterset.local', 'A'), true)
  assert.equal(exists('web.shop.svc.cluster.local', 'A'), false, 'the local zone is not touched')
})

test('its ports are SRV records, each once', () => {
  const record = { priority: 0, weight: 100, port: 80, target: 'web.shop.svc.clusterset.local' }
  assert.deepEqual(ask('web.shop.svc.clusterset.local', 'SRV'), [record])
  assert.deepEqual(ask('_quic._udp.web.shop.svc.clusterset.local', 'SRV'), [record])
  assert.equal(exists('_quic._tcp.web.shop.svc.clusterset.local', 'SRV'), false)
  assert.equal(exists('_._tcp.plain.shop.svc.clusterset.local', 'SRV'), false)
})

test('a headless one has all ready endpoints, each by the cluster that it is in', () => {
  assert.deepEqual(ask('db.shop.svc.clusterset.local', 'A'), ['10.1.0.5', '10.2.0.5', '10.2.0.7'])
  assert.deepEqual(ask('db-0.west.db.shop.svc.clusterset.local', 'A'), ['10.2.0.5'])
  assert.deepEqual(ask('10-2-0-7.west.db.shop.svc.clusterset.local', 'A'), ['10.2.0.7'])
  assert.equal(exists('db-1.east.db.shop.svc.clusterset.local', 'A'), false)
  assert.equal(exists('east.db.shop.svc.clusterset.local', 'A'), true, 'names are below it')
  assert.equal(exists('idle.shop.svc.clusterset.local', 'A'), false, 'nothing is ready')
  const targets = ask('_sql._tcp.db.shop.svc.clusterset.local', 'SRV') as { target: string }[]
  assert.deepEqual(
    targets.map(({ target }) => target),
    [
      'db-0.east.db.shop.svc.clusterset.local',
      'db-0.west.db.shop.svc.clusterset.local',
      '10-2-0-7.west.db.shop.svc.clusterset.local',
    ],
  )
  assert.deepEqual(ask('5.0.2.10.in-addr.arpa', 'PTR'), ['db-0.west.db.shop.svc.clusterset.local'])
  assert.equal(resolve(view, '6.0.1.10.in-addr.arpa', 'PTR'), undefined, 'not ready')
})

test('the zone tells its version, and is nobody’s where nothing is imported', () => {
  assert.deepEqual(ask('dns-version.clusterset.local', 'TXT'), [['1.0.0']])
  const without = { ...view, clusterset: () => undefined }
  assert.equal(resolve(without, 'web.shop.svc.clusterset.local', 'A'), undefined)
  assert.equal(resolve(view, 'xclusterset.local', 'A'), undefined)
})

function ask(name: string, type: string): unknown[] {
  return (resolve(view, name, type)?.answers ?? []).map(({ data }) => data)
}

function exists(name: string, type: string): boolean | undefined {
  return resolve(view, name, type)?.exists
}

function imported(name: string, spec: object): ServiceImport {
  return { metadata: { name, namespace: 'shop' }, spec } as unknown as ServiceImport
}

function slice(cluster: string, endpoints: object[]): EndpointSlice {
  const labels = {
    'multicluster.kubernetes.io/service-name': 'db',
    'multicluster.kubernetes.io/source-cluster': cluster,
  }
  return {
    addressType: 'IPv4',
    metadata: { name: `db-${cluster}`, namespace: 'shop', labels },
    ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }],
    endpoints,
  } as unknown as EndpointSlice
}
