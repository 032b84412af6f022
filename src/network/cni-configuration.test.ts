import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cniConfiguration } from './cni-configuration.ts'
import { hostAddressOf } from './network.ts'

test('the configuration routes each pod over a link of its own, out of the node’s range', () => {
  const text = cniConfiguration({
    name: 'proa',
    podCidr: '10.244.3.0/24',
    addressDirectory: '/data/cni',
  })
  const { cniVersion, name, plugins } = JSON.parse(text)
  assert.deepEqual([cniVersion, name, plugins.length], ['1.0.0', 'proa', 1])
  const [ptp] = plugins
  assert.equal(ptp.type, 'ptp')
  assert.equal(
    ptp.ipMasq,
    false,
    'masquerading is the proxy’s, since the plugin would need iptables',
  )
  assert.deepEqual(ptp.ipam.ranges, [[{ subnet: '10.244.3.0/24' }]])
  assert.equal(ptp.ipam.dataDir, '/data/cni')
})

test('pods reach their host under the first address of the range', () => {
  assert.equal(hostAddressOf('10.244.3.0/24'), '10.244.3.1')
})
