import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Service } from '#api/core/v1/service.ts'
import type { ServiceCidr } from '#api/networking/v1/service-cidr.ts'
import { addressFindings, portFindings } from './service-findings.ts'

const serviceOf = (name: string, clusterIPs: readonly string[], ...nodePorts: number[]) =>
  ({
    metadata: { name, namespace: 'a', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { clusterIPs, ports: nodePorts.map(nodePort => ({ nodePort })) },
  }) as unknown as Service
const ranges = [['10.0.0.0/24', 'fd00::/112'], ['10.1.0.0/24']].map(
  cidrs => ({ spec: { cidrs } }) as unknown as ServiceCidr,
)
const lines = (found: ReturnType<typeof addressFindings>) =>
  found.map(({ about, reason, message }) => `${about.metadata.name} ${reason}: ${message}`)

test('addresses that two services have, or that are in no range, are told of', () => {
  const services = [
    serviceOf('c', ['10.1.0.7']),
    serviceOf('b', ['10.0.0.5', 'fd00::5']),
    serviceOf('a', ['10.0.0.5']),
    serviceOf('d', ['192.168.0.1', 'fd01::1']),
    serviceOf('headless', ['None']),
    serviceOf('broadcast', ['10.0.0.255']),
  ]
  assert.deepEqual(lines(addressFindings(services, ranges)), [
    'b ClusterIPAlreadyAllocated: Cluster IP [IPv4]:10.0.0.5 was assigned to multiple services; please recreate service',
    'broadcast ClusterIPOutOfRange: Cluster IP [IPv4]: 10.0.0.255 is not within any configured Service CIDR; please recreate service',
    'd ClusterIPOutOfRange: Cluster IP [IPv4]: 192.168.0.1 is not within any configured Service CIDR; please recreate service',
    'd ClusterIPOutOfRange: Cluster IP [IPv6]: fd01::1 is not within any configured Service CIDR; please recreate service',
  ])
})

test('ports that two services have, or that are in no range, are told of', () => {
  const services = [
    serviceOf('a', [], 30_001, 30_001),
    serviceOf('b', [], 30_002, 30_001),
    serviceOf('c', [], 29_999, 0),
  ]
  assert.deepEqual(lines(portFindings(services, { first: 30_000, last: 32_767 })), [
    'b PortAlreadyAllocated: Port 30001 was assigned to multiple services; please recreate service',
    'c PortOutOfRange: Port 29999 is not within the port range 30000-32767; please recreate service',
  ])
})

test('of services that share ports, all but one are told of, in whatever order they come', () => {
  const numbers = fc.array(fc.integer({ min: 30_000, max: 30_003 }), { maxLength: 6 })
  fc.assert(
    fc.property(numbers, ports => {
      const services = ports.map((port, at) => serviceOf(`s${at}`, [], port))
      const found = portFindings(services, { first: 30_000, last: 32_767 })
      assert.equal(found.length, ports.length - new Set(ports).size)
      assert.deepEqual(
        lines(portFindings(services.toReversed(), { first: 30_000, last: 32_767 })),
        lines(found),
      )
    }),
  )
})
