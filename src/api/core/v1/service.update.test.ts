/** Services that change: what is kept, what goes, and what is told of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ServiceSpec } from './service.schema.ts'
import { service } from './service.ts'
import { defaulted, lines, updated } from './testing.ts'

const ports = [{ port: 80, protocol: 'TCP', targetPort: 80, nodePort: 30_080 }]
const base = {
  type: 'NodePort',
  ports,
  clusterIP: '10.96.0.7',
  clusterIPs: ['10.96.0.7'],
  ipFamilies: ['IPv4'],
  ipFamilyPolicy: 'SingleStack',
}
const stored = (spec: object = {}, status: object = {}) =>
  defaulted(service, { spec: { ...base, ...spec }, status })

/** What is told of a change, in the order in which it is. */
function told(change: object, before: object = {}): string[] {
  const previous = stored(before)
  const next = updated(service, previous, { spec: { ...previous.spec, ...change } })
  return lines([...service.validateUpdate(next, previous), ...service.validate(next, previous)])
}

const changed = (change: Partial<ServiceSpec>, before: object = {}, status: object = {}) => {
  const previous = stored(before, status)
  return updated(service, previous, { spec: { ...previous.spec, ...change } })
}

test('an address left out in one of its places stays in both', () => {
  const { spec } = changed({ clusterIP: '' })
  assert.deepEqual([spec.clusterIP, spec.clusterIPs], ['10.96.0.7', ['10.96.0.7']])
})

test('another address is told before what else is wrong', () => {
  const moved = { clusterIP: '10.96.0.8', clusterIPs: ['10.96.0.8'], sessionAffinity: 'x' }
  assert.deepEqual(told(moved), [
    'spec.clusterIPs[0]: Invalid value: ["10.96.0.8"]: may not change once set',
    'spec.sessionAffinity: Unsupported value: "x": supported values: "ClientIP", "None"',
  ])
})

test('addresses and families that make no sense are told alone', () => {
  const wrong = { clusterIP: 'x', clusterIPs: ['x'], sessionAffinity: 'x' }
  assert.deepEqual(told(wrong), [
    'spec.clusterIPs[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
  ])
  assert.deepEqual(told({ ipFamilies: ['x'] }), [
    'spec.ipFamilies[0]: Unsupported value: "x": supported values: "IPv4", "IPv6"',
  ])
  const headless = { type: 'ClusterIP', clusterIP: 'None', clusterIPs: ['None'], ports: [] }
  assert.deepEqual(told({ clusterIPs: ['None', 'None'] }, headless), [
    `spec.clusterIPs: Invalid value: ["None","None"]: 'None' must be the first and only value`,
  ])
})

test('ports of nodes stay where no more of them are allocated', () => {
  const { spec } = changed(
    { allocateLoadBalancerNodePorts: false },
    { type: 'LoadBalancer', allocateLoadBalancerNodePorts: true },
  )
  assert.equal(spec.ports?.[0]?.nodePort, 30_080)
  assert.equal(changed({ type: 'ClusterIP' }).spec.ports?.[0]?.nodePort, undefined)
})

test('a policy for traffic from outside goes with the way in, unless it is new', () => {
  assert.equal(changed({ type: 'ClusterIP' }).spec.externalTrafficPolicy, undefined)
  assert.deepEqual(told({ type: 'x' }), [
    'spec.type: Unsupported value: "x": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
  ])
  const inside = { type: 'ClusterIP', ports: [{ port: 80 }] }
  assert.deepEqual(told({ externalTrafficPolicy: 'Local' }, inside), [
    'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services',
  ])
})

test('what a load balancer said of itself goes with it', () => {
  const status = { loadBalancer: { ingress: [{ ip: '10.9.0.3' }] } }
  const balanced = { type: 'LoadBalancer' }
  assert.deepEqual(changed({}, balanced, status).status.loadBalancer.ingress?.length, 1)
  assert.deepEqual(changed({ type: 'NodePort' }, balanced, status).status.loadBalancer, {})
})

test('the port for health checks stays once it is given', () => {
  const checked = {
    type: 'LoadBalancer',
    externalTrafficPolicy: 'Local',
    healthCheckNodePort: 30_001,
  }
  assert.deepEqual(told({ healthCheckNodePort: 65_536 }, checked), [
    'spec.healthCheckNodePort: Forbidden: field is immutable',
    'spec.healthCheckNodePort: Invalid value: 65536: must be between 1 and 65535, inclusive',
  ])
})
