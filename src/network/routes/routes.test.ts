import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Node } from '#api/core/v1/node.ts'
import { ownOf, peersOf } from './peers.ts'
import { planRoutes, type Reach, type RouteMode } from './route-plan.ts'

const V4 = { isIpv6: false }
const CLUSTER = '10.244.0.0/16'
const OWN = { podCidr: '10.244.0.0/24', address: '192.168.1.1' }

interface Facts {
  readonly podCidr?: string
  readonly address?: string
  readonly created?: number
}

const nodeOf = (name: string, { podCidr, address, created = 1 }: Facts) =>
  ({
    metadata: { name, creationTimestamp: `2026-01-01T00:00:0${created}Z` },
    spec: podCidr === undefined ? {} : { podCIDR: podCidr },
    status: {
      addresses: [
        { type: 'Hostname', address: name },
        ...(address === undefined ? [] : [{ type: 'InternalIP', address }]),
      ],
    },
  }) as unknown as Node

test('a node without a range or an address is not there yet', () => {
  assert.equal(ownOf(undefined, V4), undefined)
  assert.equal(ownOf(nodeOf('a', { podCidr: '10.244.0.0/24' }), V4), undefined)
  assert.equal(ownOf(nodeOf('a', { address: '192.168.1.1' }), V4), undefined)
  const whole = nodeOf('a', { podCidr: '10.244.0.0/24', address: '192.168.1.1' })
  assert.deepEqual(ownOf(whole, V4), OWN)
})

test('ranges and addresses are as the kernel shows them, however they were written', () => {
  const odd = nodeOf('odd', { podCidr: '10.244.3.0/024', address: '192.168.1.3' })
  const own = { podCidr: 'fd00:0:0:1::/64', address: 'fd01::1' }
  assert.deepEqual(peersOf([odd], OWN, CLUSTER), [
    { nodeName: 'odd', podCidr: '10.244.3.0/24', address: '192.168.1.3' },
  ])
  const long = nodeOf('long', { podCidr: 'FD00:0:0:2:0::/64', address: 'FD01:0::2' })
  assert.deepEqual(peersOf([long], own, 'fd00::/48'), [
    { nodeName: 'long', podCidr: 'fd00:0:0:2::/64', address: 'fd01::2' },
  ])
  assert.deepEqual(ownOf(long, { isIpv6: true }), {
    podCidr: 'fd00:0:0:2::/64',
    address: 'fd01::2',
  })
})

const CLAIMS: readonly (readonly [what: string, node: Facts])[] = [
  ['everything', { podCidr: '0.0.0.0/0', address: '192.168.1.9' }],
  ['more than the cluster has', { podCidr: '10.0.0.0/8', address: '192.168.1.9' }],
  ['what is not the cluster’s', { podCidr: '8.8.8.0/24', address: '192.168.1.9' }],
  ['the range of this node', { podCidr: '10.244.0.0/24', address: '192.168.1.9' }],
  ['a part of it', { podCidr: '10.244.0.128/25', address: '192.168.1.9' }],
  ['the range of an older node', { podCidr: '10.244.1.0/25', address: '192.168.1.9', created: 2 }],
  ['what is no range', { podCidr: '10.244.1.0', address: '192.168.1.9' }],
  ['an address of IPv6', { podCidr: '10.244.9.0/24', address: 'fd00::1' }],
  ['the loopback', { podCidr: '10.244.9.0/24', address: '127.0.0.1' }],
  ['a link alone', { podCidr: '10.244.9.0/24', address: '169.254.0.9' }],
  ['an address of many', { podCidr: '10.244.9.0/24', address: '239.0.0.9' }],
  ['this machine', { podCidr: '10.244.9.0/24', address: OWN.address }],
  ['an address of a pod', { podCidr: '10.244.9.0/24', address: '10.244.1.7' }],
]

for (const [what, claim] of CLAIMS)
  test(`a node that claims ${what} gets no traffic`, () => {
    const good = nodeOf('good', { podCidr: '10.244.1.0/24', address: '192.168.1.2' })
    const peers = peersOf([nodeOf('claiming', claim), good], OWN, CLUSTER)
    assert.deepEqual(
      peers.map(({ nodeName }) => nodeName),
      ['good'],
    )
  })

const PEERS = [
  { nodeName: 'near', podCidr: '10.244.1.0/24', address: '192.168.1.2' },
  { nodeName: 'far', podCidr: '10.244.2.0/24', address: '192.168.2.2' },
  { nodeName: 'unknown', podCidr: '10.244.3.0/24', address: '192.168.3.2' },
]
const REACH = new Map<string, Reach>([
  ['192.168.1.2', { device: 'eth0', isNeighbour: true }],
  ['192.168.2.2', { device: 'eth1', isNeighbour: false }],
])
const plan = (mode: RouteMode) =>
  planRoutes({
    ...{ own: OWN, peers: PEERS, reach: REACH, mode },
    ...{ tunnelDevice: 'vx-proa', clusterCidr: CLUSTER },
  })

test('neighbours are reached straight, others through a tunnel', () => {
  const near = { podCidr: '10.244.1.0/24', gateway: '192.168.1.2', device: 'eth0' }
  const far = {
    ...{ podCidr: '10.244.2.0/24', gateway: '10.244.2.0', device: 'vx-proa' },
    ...{ address: '192.168.2.2', mac: '02:50:0a:f4:02:00' },
  }
  const { direct, tunnel } = plan('auto')
  assert.deepEqual(direct, [near])
  assert.deepEqual(tunnel, {
    ...{ device: 'vx-proa', identifier: tunnel?.identifier, underlying: ['eth1'] },
    ...{ mac: '02:50:0a:f4:00:00', source: '10.244.0.0', local: '192.168.1.1' },
    ends: [far],
  })
  assert.ok(tunnel && tunnel.identifier > 0 && tunnel.identifier < 2 ** 24)
  assert.deepEqual(plan('direct'), { clusterCidr: CLUSTER, direct: [near], tunnel: undefined })
  assert.deepEqual(plan('none'), { clusterCidr: CLUSTER, direct: [], tunnel: undefined })
  assert.deepEqual(
    plan('vxlan').tunnel?.ends.map(({ address }) => address),
    ['192.168.1.2', '192.168.2.2'],
  )
})

const CLUSTER6 = 'fd00:10:244::/56'

/** A node with both families, IPv4 first. */
const dualNode = (name: string, at: number, address = `2001:db8::${at}`) =>
  ({
    metadata: { name, creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: {
      podCIDR: `10.244.${at}.0/24`,
      podCIDRs: [`10.244.${at}.0/24`, `fd00:10:244:${at}::/64`],
    },
    status: {
      addresses: [
        { type: 'InternalIP', address: `192.168.1.${at}` },
        { type: 'InternalIP', address },
      ],
    },
  }) as unknown as Node

test('of a node with both families each has routes of its own', () => {
  const [one, two] = [dualNode('one', 1), dualNode('two', 2)]
  const own = ownOf(one, { isIpv6: true })
  assert.deepEqual(own, { podCidr: 'fd00:10:244:1::/64', address: '2001:db8::1' })
  assert.ok(own)
  assert.deepEqual(peersOf([two], own, CLUSTER6), [
    { nodeName: 'two', podCidr: 'fd00:10:244:2::/64', address: '2001:db8::2' },
  ])
  const own4 = ownOf(one, V4)
  assert.ok(own4)
  assert.deepEqual(peersOf([two], own4, CLUSTER), [
    { nodeName: 'two', podCidr: '10.244.2.0/24', address: '192.168.1.2' },
  ])
})

test('addresses of IPv6 that are not of one machine get no traffic', () => {
  const own = { podCidr: 'fd00:10:244:1::/64', address: '2001:db8::1' }
  for (const address of [
    '::1',
    '::',
    'fe80::1',
    'FEBF::1',
    'ff02::1',
    '::ffff:192.168.1.9',
    own.address,
    'fd00:10:244:7::9',
  ])
    assert.deepEqual(peersOf([dualNode('claiming', 2, address)], own, CLUSTER6), [], address)
  for (const address of ['fe00::1', 'fd00::f', '2001:db8::ff02'])
    assert.equal(peersOf([dualNode('good', 2, address)], own, CLUSTER6).length, 1, address)
})

test('tunnels of IPv6 are told apart by the last bits of ranges', () => {
  const ofNode = (at: number) => `fd00:10:244:${at.toString(16)}::/64`
  const { tunnel } = planRoutes({
    own: { podCidr: ofNode(0), address: '2001:db8::1' },
    peers: [{ nodeName: 'far', podCidr: ofNode(255), address: '2001:db9::2' }],
    reach: new Map([['2001:db9::2', { device: 'eth0', isNeighbour: false }]]),
    ...{ mode: 'auto', tunnelDevice: 'v6-proa', clusterCidr: CLUSTER6 },
  })
  assert.deepEqual(tunnel?.ends, [
    {
      ...{ podCidr: 'fd00:10:244:ff::/64', gateway: 'fd00:10:244:ff::', device: 'v6-proa' },
      ...{ address: '2001:db9::2', mac: '02:50:02:44:00:ff' },
    },
  ])
  assert.equal(tunnel?.mac, '02:50:02:44:00:00')
  assert.ok(tunnel && tunnel.identifier > 0 && tunnel.identifier < 2 ** 24)
})
