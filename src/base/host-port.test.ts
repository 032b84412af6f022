import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hostPort, localUrl } from './host-port.ts'

test('only addresses of IPv6 stand in brackets before a port', () => {
  assert.equal(hostPort('fd00::1', 443), '[fd00::1]:443')
  assert.equal(hostPort('10.0.0.1', '443'), '10.0.0.1:443')
  assert.equal(hostPort('example.com', 80), 'example.com:80')
})

test('who listens everywhere is found on the loopback', () => {
  assert.equal(localUrl('0.0.0.0', 6443), 'https://127.0.0.1:6443')
  assert.equal(localUrl('::', 6443), 'https://[::1]:6443')
  assert.equal(localUrl('fd00::2', 6443), 'https://[fd00::2]:6443')
  assert.equal(localUrl('192.0.2.7', 1), 'https://192.0.2.7:1')
})
