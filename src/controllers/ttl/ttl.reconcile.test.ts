import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Node } from '#api/core/v1/node.ts'
import { showOutcome } from '../testing/state-scenarios.ts'
import { reconcile, stepFor } from './ttl.reconcile.ts'

test('steps overlap on the way up and down', () => {
  const way = (counts: number[]) => {
    let step = 0
    return counts.map(count => {
      step = stepFor(count, step)
      return step
    })
  }
  assert.deepEqual(
    way([0, 100, 101, 500, 501, 1000, 1001, 2000, 2001]),
    [0, 0, 1, 1, 2, 2, 3, 3, 4],
  )
  assert.deepEqual(way([5000, 1800, 1799, 900, 899, 450, 449, 90, 89]), [4, 4, 3, 3, 2, 2, 1, 1, 0])
})

test('a node is told once', () => {
  const node = (annotations?: object) =>
    ({ metadata: { name: 'n1', ...(annotations ? { annotations } : {}) } }) as unknown as Node
  const told = (found: Node, step: number) => showOutcome(reconcile(found, step), undefined)
  assert.deepEqual(told(node(), 0), [
    'patch Node n1 {"metadata":{"annotations":{"node.alpha.kubernetes.io/ttl":"0"}}}',
  ])
  assert.deepEqual(told(node({ 'node.alpha.kubernetes.io/ttl': '0' }), 0), ['nothing'])
  assert.deepEqual(told(node({ 'node.alpha.kubernetes.io/ttl': '0' }), 4), [
    'patch Node n1 {"metadata":{"annotations":{"node.alpha.kubernetes.io/ttl":"300"}}}',
  ])
})
