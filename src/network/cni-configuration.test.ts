import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cniConfiguration, podCidrIn } from './cni-configuration.ts'

const network = { name: 'proa', podCidr: '10.244.3.0/24', addressDirectory: '/var/lib/proa/cni' }

test('routes each pod, and hands out addresses of the range', () => {
  const { name, plugins } = JSON.parse(cniConfiguration(network))
  assert.equal(name, 'proa')
  assert.equal(plugins.length, 1)
  assert.equal(plugins[0].type, 'ptp')
  assert.deepEqual(plugins[0].ipam.ranges, [[{ subnet: '10.244.3.0/24' }]])
  assert.equal(plugins[0].ipam.dataDir, '/var/lib/proa/cni')
  assert.equal('mtu' in plugins[0], false)
  assert.equal(JSON.parse(cniConfiguration({ ...network, mtu: 1400 })).plugins[0].mtu, 1400)
})

test('with two ranges a pod has an address of each, and a way out for each', () => {
  const podCidr = '10.244.3.0/24,fd00:10:244:3::/64'
  const [{ ipam }] = JSON.parse(cniConfiguration({ ...network, podCidr })).plugins
  assert.deepEqual(ipam.ranges, [[{ subnet: '10.244.3.0/24' }], [{ subnet: 'fd00:10:244:3::/64' }]])
  assert.deepEqual(ipam.routes, [{ dst: '0.0.0.0/0' }, { dst: '::/0' }])
})

test('a restart reads its range back; other texts have none', () => {
  assert.equal(podCidrIn(cniConfiguration(network)), '10.244.3.0/24')
  const both = cniConfiguration({ ...network, podCidr: '10.244.3.0/24,fd00:10:244:3::/64' })
  assert.equal(podCidrIn(both), '10.244.3.0/24,fd00:10:244:3::/64')
  assert.equal(podCidrIn('{"plugins": []}'), undefined)
})
