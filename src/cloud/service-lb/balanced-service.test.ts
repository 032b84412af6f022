import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Node } from '#api/core/v1/node.ts'
import type { Service } from '#api/core/v1/service.ts'
import { defaultLoadBalancerName } from '../provider.ts'
import { namesTold } from './balanced-nodes.ts'
import { FINALIZER, needsCleanup, needsUpdate } from './balanced-service.ts'

const service = (spec: object = {}, metadata: object = {}) =>
  ({
    metadata: { name: 'web', uid: 'u', ...metadata },
    spec: { type: 'LoadBalancer', ports: [{ port: 80, protocol: 'TCP' }], ...spec },
  }) as unknown as Service

test('changes that a load balancer has to be told of', () => {
  const changes = [
    { type: 'NodePort' },
    { ports: [{ port: 81, protocol: 'TCP' }] },
    { ports: [{ port: 80, protocol: 'UDP' }] },
    { ports: [{ port: 80, protocol: 'TCP', nodePort: 30_000 }] },
    { ports: [{ port: 80, protocol: 'TCP', name: 'http' }] },
    { sessionAffinity: 'ClientIP' },
    { sessionAffinityConfig: { clientIP: { timeoutSeconds: 9 } } },
    { loadBalancerIP: '192.0.2.1' },
    { loadBalancerSourceRanges: ['192.0.2.0/24'] },
    { externalIPs: ['192.0.2.1'] },
    { externalTrafficPolicy: 'Local' },
    { healthCheckNodePort: 30_001 },
    { ipFamilies: ['IPv4', 'IPv6'] },
  ]
  for (const change of changes)
    assert.ok(needsUpdate(service(change), service()), JSON.stringify(change))
  assert.ok(needsUpdate(service({}, { annotations: { a: 'b' } }), service()))
  assert.ok(needsUpdate(service({}, { uid: 'v' }), service()))
})

test('changes that mean nothing to it', () => {
  const targets = { ports: [{ port: 80, protocol: 'TCP', targetPort: 8080 }] }
  for (const change of [{ selector: { a: 'b' } }, { publishNotReadyAddresses: true }, targets])
    assert.ok(!needsUpdate(service(change), service()), JSON.stringify(change))
  assert.ok(!needsUpdate(service({}, { labels: { a: 'b' } }), service()))
  const reordered = { annotations: { b: '1', a: '2' } }
  assert.ok(!needsUpdate(service({}, { annotations: { a: '2', b: '1' } }), service({}, reordered)))
  const inside = { type: 'ClusterIP' }
  assert.ok(!needsUpdate(service({ ...inside, externalIPs: ['192.0.2.1'] }), service(inside)))
})

test('what has a finalizer and should not is cleaned up; a Service with a class is not, as long as it lives', () => {
  const kept = { finalizers: [FINALIZER] }
  assert.ok(!needsCleanup(service({}, kept)))
  assert.ok(!needsCleanup(service({ type: 'ClusterIP' })))
  assert.ok(needsCleanup(service({ type: 'ClusterIP' }, kept)))
  assert.ok(needsCleanup(service({}, { ...kept, deletionTimestamp: '2026-01-01T00:00:00Z' })))
  assert.ok(!needsCleanup(service({ loadBalancerClass: 'x/y' }, kept)))
})

test('a load balancer is named by the UID, cut to 32 letters', () => {
  const uid = '0a1b2c3d-0000-4000-8000-123456789abc'
  assert.equal(defaultLoadBalancerName(service({}, { uid })), 'a0a1b2c3d000040008000123456789ab')
})

test('of many nodes twenty are named', () => {
  const nodes = Array.from({ length: 22 }, (_, i) => ({ metadata: { name: `n${i}` } })) as Node[]
  assert.match(namesTold(nodes), /^\[n0 n1 .* n19 <2 more>\]$/)
  assert.equal(namesTold(nodes.slice(0, 2)), '[n0 n1]')
})
