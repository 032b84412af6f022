import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Node } from '#api/core/v1/node.ts'
import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { showOutcome } from '../testing/state-scenarios.ts'
import { type BalancerWorld, reconcile } from './service-lb.reconcile.ts'

const node = (name: string, ip: string, more: { ready?: string; labels?: object } = {}) =>
  ({
    metadata: { name, labels: more.labels ?? {} },
    status: {
      addresses: [
        { type: 'InternalIP', address: ip },
        { type: 'Hostname', address: name },
      ],
      conditions: [{ type: 'Ready', status: more.ready ?? 'True' }],
    },
  }) as unknown as Node

const service = (name: string, spec: object = {}, more: object = {}) =>
  ({
    metadata: { name, namespace: 'd', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { type: 'LoadBalancer', ports: [{ port: 80, protocol: 'TCP' }], ...spec },
    status: { loadBalancer: {} },
    ...more,
  }) as unknown as Service

const nodes = [node('b', '10.0.0.2'), node('a', '10.0.0.1')]

function told(asked: Service, world: Partial<BalancerWorld> = {}): string[] {
  const outcome = reconcile(asked, {
    nodes,
    services: [asked],
    slicesOf: () => [],
    takenPorts: () => new Set(),
    ...world,
  })
  return [...showOutcome(outcome, undefined)]
}

const given = (...ips: string[]) =>
  `patch Service web {"status":{"loadBalancer":{"ingress":[${ips.map(ip => `{"ip":"${ip}","ipMode":"VIP"}`).join(',')}]}}}`
const ENSURED = 'event Normal EnsuredLoadBalancer: Ensured load balancer'
const failed = (why: string) =>
  `event Warning SyncLoadBalancerFailed: Error syncing load balancer: failed to ensure load balancer: ${why}`

test('a Service gets the addresses of all ready nodes, in the order of their names', () => {
  assert.deepEqual(told(service('web')), [given('10.0.0.1', '10.0.0.2'), ENSURED])
  const ingress = ['10.0.0.1', '10.0.0.2'].map(ip => ({ ip, ipMode: 'VIP' }))
  assert.deepEqual(told(service('web', {}, { status: { loadBalancer: { ingress } } })), ['nothing'])
  const world = {
    nodes: [
      ...nodes,
      node('c', '10.0.0.3', { ready: 'Unknown' }),
      node('d', '10.0.0.4', {
        labels: { 'node.kubernetes.io/exclude-from-external-load-balancers': '' },
      }),
    ],
  }
  assert.deepEqual(told(service('web'), world), [given('10.0.0.1', '10.0.0.2'), ENSURED])
})

test('others’ Services are left alone', () => {
  assert.deepEqual(told(service('web', { type: 'NodePort' })), ['nothing'])
  assert.deepEqual(told(service('web', { loadBalancerClass: 'acme.com/lb' })), ['nothing'])
  assert.equal(told(service('web', { loadBalancerClass: 'proa/node' })).length, 2)
})

test('where a cloud has load balancers, only who names ours gets one, and only those are rivals', () => {
  const byClassOnly = true
  assert.deepEqual(told(service('web'), { byClassOnly }), ['nothing'])
  const ours = service('web', { loadBalancerClass: 'proa/node' })
  const older = {
    metadata: { name: 'older', namespace: 'd', creationTimestamp: '2025-01-01T00:00:00Z' },
  }
  const services = [ours, service('older', {}, older)]
  assert.equal(told(ours, { byClassOnly, services })[0], given('10.0.0.1', '10.0.0.2'))
  assert.match(told(ours, { services })[0] ?? '', /Service d\/older has port 80\/TCP/)
})

test('one that keeps clients’ addresses gets those nodes that have a ready endpoint', () => {
  const slice = {
    endpoints: [
      { nodeName: 'a', conditions: { ready: false } },
      { nodeName: 'b', conditions: { ready: true } },
    ],
  } as unknown as EndpointSlice
  const asked = service('web', { externalTrafficPolicy: 'Local' })
  assert.deepEqual(told(asked, { slicesOf: () => [slice] }), [given('10.0.0.2'), ENSURED])
  assert.deepEqual(told(asked), ['nothing'])
})

test('of two that want a port the older one has it, and the other is told', () => {
  const older = service(
    'older',
    {},
    {
      metadata: { name: 'older', namespace: 'd', creationTimestamp: '2025-01-01T00:00:00Z' },
    },
  )
  const younger = service('web')
  const services = [younger, older]
  const why = failed('Service d/older has port 80/TCP of the nodes')
  assert.deepEqual(told(younger, { services }), [why, 'again after 30000 ms'])
  const udp = service('web', { ports: [{ port: 80, protocol: 'UDP' }] })
  assert.deepEqual(told(udp, { services: [udp, older] }).at(-1), ENSURED)
})

test('no program of a machine loses its port', () => {
  const takenPorts = (name: string) => new Set(name === 'a' ? ['80/TCP'] : ['80/UDP'])
  assert.deepEqual(told(service('web'), { takenPorts }), [
    given('10.0.0.2'),
    ENSURED,
    'again after 30000 ms',
  ])
  const everywhere = () => new Set(['80/TCP'])
  const before = { status: { loadBalancer: { ingress: [{ ip: '10.0.0.2', ipMode: 'VIP' }] } } }
  assert.deepEqual(told(service('web', {}, before), { takenPorts: everywhere }), [
    'patch Service web {"status":{"loadBalancer":{"ingress":null}}}',
    failed('a program of node a listens on port 80/TCP'),
    'again after 30000 ms',
  ])
})

test('a Service with both families gets an address of each, in its order, where the node has one', () => {
  const both = node('a', '10.0.0.1')
  both.status.addresses?.push({ type: 'InternalIP', address: '2001:db8::1' })
  const world = { nodes: [both, node('b', '10.0.0.2')] }
  const of = (...ipFamilies: string[]) => told(service('web', { ipFamilies }), world)
  assert.deepEqual(of('IPv6', 'IPv4'), [given('2001:db8::1', '10.0.0.1', '10.0.0.2'), ENSURED])
  assert.deepEqual(of('IPv4'), [given('10.0.0.1', '10.0.0.2'), ENSURED])
  assert.deepEqual(of('IPv6'), [given('2001:db8::1'), ENSURED])
})
