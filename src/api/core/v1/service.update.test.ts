/** Services that change: what is kept, what goes, and what is told of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ServiceSpec } from './service.schema.ts'
import { updatedService, wrongOf } from './service.testing.ts'
import { service } from './service.ts'
import { settleService } from './service.update.ts'
import { defaulted, lines } from './testing.ts'

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
  return lines(wrongOf({ spec: { ...previous.spec, ...change } }, previous))
}

const changed = (change: Partial<ServiceSpec>, before: object = {}, status: object = {}) => {
  const previous = stored(before, status)
  return updatedService(previous, { spec: { ...previous.spec, ...change } })
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

test('the second address may not change either: nobody allocated what is put in its place', () => {
  const both = {
    type: 'ClusterIP',
    ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
    clusterIPs: ['10.96.0.7', 'fd00::7'],
    ipFamilies: ['IPv4', 'IPv6'],
    ipFamilyPolicy: 'RequireDualStack',
  }
  const cluster = ['IPv4', 'IPv6'] as const
  const previous = stored(both)
  const draft = defaulted(service, {
    spec: { ...previous.spec, clusterIPs: ['10.96.0.7', 'fd00::8'] },
  })
  assert.deepEqual(settleService(draft, previous, cluster), [])
  assert.deepEqual(lines(service.validateUpdate(draft, previous)), [
    'spec.clusterIPs[1]: Invalid value: ["10.96.0.7","fd00::8"]: may not change once set',
  ])
})

test('a family that may not change is shown as it is; without addresses it may', () => {
  const ports = [{ port: 80, protocol: 'TCP', targetPort: 80 }]
  const headless = { type: 'ClusterIP', ports, clusterIP: 'None', clusterIPs: ['None'] }
  const previous = stored(headless)
  const draft = defaulted(service, { spec: { ...previous.spec, ipFamilies: ['IPv6'] } })
  assert.deepEqual(lines(service.validateUpdate(draft, previous)), [])
  const other = defaulted(service, { spec: { ...stored().spec, ipFamilies: ['IPv6'] } })
  assert.deepEqual(lines(service.validateUpdate(other, stored())), [
    'spec.ipFamilies[0]: Invalid value: ["IPv6"]: may not change once set',
  ])
})

test('both addresses go with the type that has none, also where only the list is left out', () => {
  const both = { clusterIPs: ['10.96.0.7', 'fd00::7'], ipFamilies: ['IPv4', 'IPv6'] }
  const external = { type: 'ExternalName', externalName: 'a.example' } as const
  const { spec } = changed({ ...external, clusterIPs: [] }, both)
  assert.deepEqual([spec.clusterIP, spec.clusterIPs], [undefined, undefined])
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

test('what is wrong with families is told before anything else', () => {
  const many = { ipFamilies: ['IPv4', 'IPv6'], sessionAffinity: 'x' }
  const inOne = `"SingleStack": must be 'RequireDualStack' or 'PreferDualStack'`
  assert.deepEqual(told(many), [
    `spec.ipFamilyPolicy: Invalid value: ${inOne} when multiple IP families are specified`,
  ])
  assert.deepEqual(told({ ...many, ipFamilyPolicy: 'PreferDualStack' }), [
    'spec.ipFamilies[1]: Invalid value: "IPv6": not configured on this cluster',
  ])
  assert.deepEqual(told({ ipFamilyPolicy: 'RequireDualStack', sessionAffinity: 'x' }), [
    'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
  ])
  const second = { clusterIPs: ['10.96.0.7', 'fd00::7'], ipFamilyPolicy: 'PreferDualStack' }
  assert.deepEqual(told(second), [
    'spec.clusterIPs[1]: Invalid value: ["10.96.0.7","fd00::7"]: IPv6 is not configured on this cluster',
  ])
})

const headless = {
  type: 'ClusterIP',
  clusterIP: 'None',
  clusterIPs: ['None'],
  ipFamilies: ['IPv4', 'IPv6'],
  ipFamilyPolicy: 'RequireDualStack',
  ports: [{ port: 80 }],
}

test('the second family goes with who says that one is wanted, and not otherwise', () => {
  assert.deepEqual(changed({ ipFamilyPolicy: 'SingleStack' }, headless).spec.ipFamilies, ['IPv4'])
  assert.deepEqual(told({ ipFamilies: ['IPv4'] }, headless), [
    `spec.ipFamilyPolicy: Invalid value: "RequireDualStack": must be 'SingleStack' to release the secondary IP family`,
  ])
})

test('who would like both families keeps what there is', () => {
  const preferred = { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'PreferDualStack' }
  assert.deepEqual(told({ sessionAffinity: 'x' }, preferred), [
    'spec.sessionAffinity: Unsupported value: "x": supported values: "ClientIP", "None"',
  ])
})

test('ports of nodes follow the names of ports', () => {
  const moved = changed({ ports: [{ port: 81, protocol: 'UDP', targetPort: 80 }] })
  assert.equal(moved.spec.ports?.[0]?.nodePort, 30_080)
  const renamed = changed({ ports: [{ name: 'a', port: 80, protocol: 'TCP', targetPort: 80 }] })
  assert.equal(renamed.spec.ports?.[0]?.nodePort, undefined)
})

test('what was changed at the same time as the type does not go in silence', () => {
  const external = { type: 'ExternalName', externalName: 'a.example' }
  assert.deepEqual(told({ ...external, ipFamilyPolicy: 'PreferDualStack' }), [
    'spec.ipFamilyPolicy: Forbidden: may not be set for ExternalName services',
  ])
  const balanced = {
    type: 'LoadBalancer',
    externalTrafficPolicy: 'Local',
    healthCheckNodePort: 30_001,
  }
  const wrong =
    "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
  assert.deepEqual(
    told({ externalTrafficPolicy: 'Cluster', healthCheckNodePort: 30_002 }, balanced).slice(0, 1),
    [`spec.healthCheckNodePort: Invalid value: 30002: ${wrong}`],
  )
})

test('a class of load balancers that has no place is told first, and once more with the rest', () => {
  const why = "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'"
  assert.deepEqual(told({ loadBalancerClass: 'x.org/y', sessionAffinity: 'x' }), [
    why,
    'spec.sessionAffinity: Unsupported value: "x": supported values: "ClientIP", "None"',
    why,
  ])
})
