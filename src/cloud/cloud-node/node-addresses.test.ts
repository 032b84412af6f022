import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Node } from '#api/core/v1/node.ts'
import type { NodeAddress } from '../provider.ts'
import { addressesFor, PROVIDED_NODE_IP, sameAddresses } from './node-addresses.ts'

const read = (text: string): NodeAddress[] =>
  text
    .split(' ')
    .filter(Boolean)
    .map(each => {
      const [type = '', address = ''] = each.split('=')
      return { type, address } as NodeAddress
    })
const show = (addresses: readonly NodeAddress[]) =>
  addresses.map(({ type, address }) => `${type}=${address}`).join(' ')

const node = (wish: string | undefined, own = 'InternalIP=10.0.0.9 Hostname=host') =>
  ({
    metadata: {
      name: 'n',
      ...(wish === undefined ? {} : { annotations: { [PROVIDED_NODE_IP]: wish } }),
    },
    status: { addresses: read(own) },
  }) as unknown as Node

const told = 'InternalIP=10.0.0.1 InternalIP=10.0.0.2 ExternalIP=192.0.2.1'
const given = (wish: string | undefined, from = told) => show(addressesFor(node(wish), read(from)))

test('the cloud’s addresses stand as they are told, with the node’s host name where it tells none', () => {
  assert.equal(given(undefined), `${told} Hostname=host`)
  assert.equal(given(undefined, 'Hostname=cloud'), 'Hostname=cloud')
})

test('a wish comes first and alone of its type', () => {
  assert.equal(given('10.0.0.2'), 'InternalIP=10.0.0.2 ExternalIP=192.0.2.1 Hostname=host')
  assert.equal(
    given('192.0.2.1'),
    'ExternalIP=192.0.2.1 InternalIP=10.0.0.1 InternalIP=10.0.0.2 Hostname=host',
  )
  const both = 'InternalIP=10.0.0.1 InternalIP=fd00:0::1 InternalIP=10.0.0.2'
  assert.equal(
    given('fd00::1,10.0.0.2', both),
    'InternalIP=fd00:0::1 InternalIP=10.0.0.2 Hostname=host',
  )
})

test('a wish that the cloud does not know is refused, and one that is no address', () => {
  assert.throws(
    () => given('10.0.0.3'),
    /^Error: failed to get node address from cloud provider that matches ip: 10\.0\.0\.3$/,
  )
  assert.throws(() => given('nonsense'), /failed to parse node IP "nonsense"/)
  assert.throws(() => given(''), /failed to parse node IP ""/)
})

test('types may stand in any order, addresses of one type may not', () => {
  const same = (one: string, other: string) => sameAddresses(read(one), read(other))
  assert.ok(same('InternalIP=1 ExternalIP=2', 'ExternalIP=2 InternalIP=1'))
  assert.ok(!same('InternalIP=1 InternalIP=2', 'InternalIP=2 InternalIP=1'))
  assert.ok(!same('InternalIP=1', 'InternalIP=1 ExternalIP=2'))
  assert.ok(!same('InternalIP=1', 'ExternalIP=1'))
  assert.ok(same('', ''))
})
