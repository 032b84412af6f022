import assert from 'node:assert/strict'
import { test } from 'node:test'
import { linkOf } from './pod-gateways.ts'

test('the link of a pod is that of the route to it alone', () => {
  const own = { dst: 'fd00:10:244::5', dev: 'veth1', metric: 1024 }
  assert.equal(linkOf(JSON.stringify([own])), 'veth1')
  assert.equal(linkOf(JSON.stringify([{ dst: 'fd00:10:244::/64', dev: 'v6-proa' }, own])), 'veth1')
  // Of another machine's pods, or none at all.
  assert.equal(linkOf(JSON.stringify([{ dst: 'fd00:10:244:1::/64', dev: 'eth0' }])), undefined)
  assert.equal(linkOf('[]'), undefined)
  assert.equal(linkOf(''), undefined)
})
