import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Node } from '#api/core/v1/node.ts'
import type { NodeAddress, Route } from '../provider.ts'
import { clusterRanges, planRoutes } from './route-plan.ts'

const address = (text: string) => ({ type: 'InternalIP', address: text }) as NodeAddress
const node = (name: string, ranges: string[], at: string[] = []) =>
  ({
    metadata: { name, uid: `uid-${name}` },
    spec: { podCIDRs: ranges },
    status: { addresses: at.map(address) },
  }) as unknown as Node
const route = (targetNode: string, destinationCIDR: string, more: Partial<Route> = {}): Route => ({
  name: `r-${destinationCIDR}`,
  targetNode,
  destinationCIDR,
  ...more,
})

function plan(nodes: Node[], routes: Route[], ranges = '10.244.0.0/16,fd00:10::/56') {
  const { create, remove, isRemovedFirst } = planRoutes(nodes, routes, clusterRanges(ranges))
  return {
    create: create.map(
      ({ route: { targetNode, destinationCIDR } }) => `${destinationCIDR} ${targetNode}`,
    ),
    remove: remove.map(({ targetNode, destinationCIDR }) => `${destinationCIDR} ${targetNode}`),
    isRemovedFirst,
  }
}
const nothing = { create: [], remove: [], isRemovedFirst: false }

test('each range of a node gets a route, of both families', () => {
  const dual = node('a', ['10.244.1.0/24', 'fd00:10::1:0/120'])
  assert.deepEqual(plan([dual, node('b', [])], []), {
    ...nothing,
    create: ['10.244.1.0/24 a', 'fd00:10::1:0/120 a'],
  })
  assert.deepEqual(
    plan([dual], [route('a', '10.244.1.0/24'), route('a', 'fd00:10::1:0/120')]),
    nothing,
  )
})

test('routes of others’ ranges, of nodes that are gone, and into nothing are removed', () => {
  const routes = [
    route('gone', '10.244.1.0/24'),
    route('a', '10.244.9.0/24'),
    route('', '10.244.3.0/24'),
    route('a', '10.244.2.0/24', { blackhole: true }),
    route('gone', 'fd00:10:0:00ff::/64'),
  ]
  assert.deepEqual(plan([node('a', ['10.244.2.0/24'])], routes), {
    ...nothing,
    remove: routes.map(({ targetNode, destinationCIDR }) => `${destinationCIDR} ${targetNode}`),
  })
})

test('what lies outside the cluster is left alone; what reaches into it is not', () => {
  const outside = ['192.168.0.0/24', '10.245.0.0/16', 'fd00:10:0:0100::/64', 'nonsense', '10.1.1.1']
  assert.deepEqual(
    plan(
      [],
      outside.map(each => route('x', each)),
    ),
    nothing,
  )
  // Its last address alone is inside, and its first.
  const across = ['10.243.0.0/15', '10.244.255.0/23', 'fd00:0f::/28']
  const narrow = '10.244.255.255/32'
  assert.deepEqual(plan([], [route('x', across[0] ?? '')], narrow).remove, [])
  assert.deepEqual(plan([], [route('x', '10.244.255.0/24')], narrow).remove, ['10.244.255.0/24 x'])
  assert.deepEqual(plan([], [route('x', '10.240.0.0/13')], '10.247.255.255/32').remove, [
    '10.240.0.0/13 x',
  ])
  assert.deepEqual(
    plan([], [route('x', 'fd00::/16')], 'fd00:ffff:ffff:ffff:ffff:ffff:ffff:ff00/120').remove,
    ['fd00::/16 x'],
  )
})

test('where the cloud tells addresses, routes follow them, the old one first', () => {
  const moved = node('a', ['10.244.1.0/24'], ['10.0.0.2', '10.0.0.1'])
  const told = (...at: string[]) =>
    route('a', '10.244.1.0/24', { targetNodeAddresses: at.map(address) })
  assert.deepEqual(plan([moved], [told('10.0.0.1', '10.0.0.2')]), {
    ...nothing,
    isRemovedFirst: true,
  })
  assert.deepEqual(plan([moved], [told('10.0.0.7')]), {
    create: ['10.244.1.0/24 a'],
    remove: ['10.244.1.0/24 a'],
    isRemovedFirst: true,
  })
})

test('a range that is none is told of the flag', () => {
  for (const text of ['', 'nonsense', '10.0.0.0', '10.0.0.0/33', '10.0.0.0/8,11.0.0.0/8'])
    assert.throws(() => clusterRanges(text), { name: 'UserError', message: /^--cluster-cidr / })
})
