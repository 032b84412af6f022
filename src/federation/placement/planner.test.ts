import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type PlanRequest, planReplicas } from './planner.ts'
import { DEFAULT_PREFERENCES, type Preferences, parsePreferences } from './preferences.ts'

const plan = (
  replicas: number,
  preferences: Preferences,
  clusters: string,
  more: { current?: Record<string, number>; capacity?: Record<string, number> } = {},
) => {
  const request: PlanRequest = {
    replicas,
    preferences,
    clusters: clusters.split(''),
    current: new Map(Object.entries(more.current ?? {})),
    capacity: new Map(Object.entries(more.capacity ?? {})),
    key: 'shop/web',
  }
  const { replicas: planned, overflow } = planReplicas(request)
  return {
    planned: Object.fromEntries([...planned].sort()),
    overflow: Object.fromEntries([...overflow].sort()),
  }
}
const wish = (rebalance: boolean, clusters: Record<string, [number, number, number?]>) =>
  parsePreferences(
    JSON.stringify({
      rebalance,
      clusters: Object.fromEntries(
        Object.entries(clusters).map(([name, [weight, minReplicas, maxReplicas]]) => [
          name,
          { weight, minReplicas, ...(maxReplicas === undefined ? {} : { maxReplicas }) },
        ]),
      ),
    }),
  )

test('without a wish all clusters are alike', () => {
  assert.deepEqual(plan(9, DEFAULT_PREFERENCES, 'abc').planned, { a: 3, b: 3, c: 3 })
  const { planned } = plan(50, DEFAULT_PREFERENCES, 'abc')
  assert.deepEqual(Object.values(planned).sort(), [16, 17, 17])
  assert.deepEqual(plan(9, DEFAULT_PREFERENCES, '').planned, {})
  assert.deepEqual(plan(0, DEFAULT_PREFERENCES, 'ab').planned, { a: 0, b: 0 })
})

test('weights, minima and maxima', () => {
  const weighted = wish(true, { a: [1, 0], b: [2, 0] })
  assert.deepEqual(plan(60, weighted, 'ab').planned, { a: 20, b: 40 })
  assert.deepEqual(plan(50, weighted, 'ab').planned, { a: 16, b: 34 })
  assert.deepEqual(plan(10, weighted, 'abc').planned, { a: 3, b: 7, c: 0 }, 'c is not named')
  assert.deepEqual(plan(50, wish(true, { '*': [0, 2] }), 'abc').planned, { a: 2, b: 2, c: 2 })
  assert.deepEqual(plan(50, wish(true, { '*': [1, 0, 2] }), 'abc').planned, { a: 2, b: 2, c: 2 })
  assert.deepEqual(
    plan(60, wish(true, { a: [1, 0, 10], b: [1, 0], c: [1, 0, 21] }), 'abc').planned,
    {
      a: 10,
      b: 29,
      c: 21,
    },
  )
  assert.deepEqual(plan(60, wish(true, { a: [1, 0], '*': [0, 0] }), 'ab').planned, { a: 60, b: 0 })
})

test('who cannot all have their minimum: the heavier ones first', () => {
  const heavy = wish(true, { a: [10, 10], b: [1, 10], c: [2, 10] })
  assert.deepEqual(plan(18, heavy, 'abc').planned, { a: 10, b: 0, c: 8 })
})

test('what runs stays unless it may be moved', () => {
  const current = { a: 10, b: 0, c: 0 }
  assert.deepEqual(plan(18, wish(false, { '*': [1, 0] }), 'abc', { current }).planned.a, 10)
  assert.deepEqual(plan(18, wish(true, { '*': [1, 0] }), 'abc', { current }).planned, {
    a: 6,
    b: 6,
    c: 6,
  })
})

test('without room the replicas go elsewhere, and are missed where they should be', () => {
  const capacity = { a: 2 }
  const moved = plan(9, wish(true, { '*': [1, 0] }), 'abc', { capacity })
  assert.equal(moved.planned.a, 2)
  assert.deepEqual(Object.values(moved.planned).sort(), [2, 3, 4])
  assert.deepEqual(moved.overflow, { a: 1 })
  assert.deepEqual(plan(9, wish(false, { '*': [1, 0] }), 'abc', { capacity }).overflow, {})
  const none = { a: 1, b: 1, c: 1 }
  const { planned, overflow } = plan(9, wish(false, { '*': [1, 0] }), 'abc', { capacity: none })
  assert.deepEqual(planned, { a: 1, b: 1, c: 1 })
  assert.ok(Object.values(overflow).every(count => count <= 6))
})

test('one replica each of many workloads does not go to the same cluster', () => {
  const chosen = new Set<string>()
  for (let at = 0; at < 40; at++) {
    const request = { replicas: 1, preferences: DEFAULT_PREFERENCES, clusters: ['a', 'b', 'c'] }
    const empty = { current: new Map<string, number>(), capacity: new Map<string, number>() }
    for (const [name, count] of planReplicas({ ...request, ...empty, key: `shop/w${at}` }).replicas)
      if (count > 0) chosen.add(name)
  }
  assert.equal(chosen.size, 3)
})

test('wishes that cannot be read are told', () => {
  for (const [text, why] of [
    ['{', /no JSON/],
    ['[]', /no JSON object/],
    ['{"rebalance":1}', /rebalance/],
    ['{"clusters":[]}', /clusters/],
    ['{"clusters":{"a":{"weight":-1}}}', /clusters\["a"\]\.weight/],
    ['{"clusters":{"a":{"minReplicas":1.5}}}', /minReplicas/],
    ['{"clusters":{"*":{"maxReplicas":"1"}}}', /maxReplicas/],
  ] as const)
    assert.throws(() => parsePreferences(text), why, text)
})
