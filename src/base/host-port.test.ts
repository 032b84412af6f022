import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hostPort } from './host-port.ts'

test('only addresses of IPv6 stand in brackets before a port', () => {
  assert.equal(hostPort('fd00::1', 443), '[fd00::1]:443')
  assert.equal(hostPort('10.0.0.1', '443'), '10.0.0.1:443')
  assert.equal(hostPort('example.com', 80), 'example.com:80')
})
