import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inOrderOfNode } from './pod-addresses.ts'

test('a pod has the address of its node’s first family first', () => {
  const both = ['10.244.0.5', 'fd00::5']
  assert.deepEqual(inOrderOfNode(both, ['192.0.2.1', '2001:db8::1']), both)
  assert.deepEqual(inOrderOfNode(both, ['2001:db8::1', '192.0.2.1']), ['fd00::5', '10.244.0.5'])
  assert.deepEqual(inOrderOfNode(both, ['2001:db8::1']), ['fd00::5', '10.244.0.5'])
  assert.deepEqual(inOrderOfNode(['10.244.0.5'], ['2001:db8::1']), ['10.244.0.5'])
  assert.deepEqual(inOrderOfNode([], []), [])
})
