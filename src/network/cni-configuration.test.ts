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

test('a restart reads its range back; other texts have none', () => {
  assert.equal(podCidrIn(cniConfiguration(network)), '10.244.3.0/24')
  assert.equal(podCidrIn('{"plugins": []}'), undefined)
})
