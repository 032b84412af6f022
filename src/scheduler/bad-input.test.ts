/** Configurations that cannot work and nodes that make no sense: a clear word, and never a pod where it must not be. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Node } from '#api/core/v1/node.ts'
import { podInfoOf } from './state/pod-info.ts'
import { asking, createWorld, nodeOf, podOf } from './testing/world.ts'

test('plugins that cannot be had together, or at all, are named before anything starts', () => {
  const enabled = (...names: string[]) => ({ enabled: names.map(name => ({ name })) })
  const none = { disabled: [{ name: '*' }] }
  const cases: readonly [object, string][] = [
    [{ filter: enabled('Nope') }, 'profile default-scheduler: plugin "Nope" does not exist'],
    [{ multiPoint: enabled('Nope') }, 'profile default-scheduler: plugin "Nope" does not exist'],
    [
      { score: enabled('NodeName') },
      'profile default-scheduler: plugin "NodeName" does not take part in score',
    ],
    [
      { filter: enabled('NodeName', 'NodeName') },
      'plugin "NodeName" already registered as "filter"',
    ],
    [{ queueSort: none }, 'profile default-scheduler: at least one queue sort plugin is needed'],
    [{ bind: none }, 'profile default-scheduler: at least one bind plugin is needed'],
  ]
  for (const [plugins, message] of cases)
    assert.throws(() => createWorld({ profile: { plugins: plugins as never } }), {
      name: 'UserError',
      message,
    })
})

const amount = fc.integer({ min: -5, max: 5 })
const strange = fc.record({ cpu: amount, memory: amount, pods: amount, 'example.com/x': amount })

test('a node that claims less than nothing has nothing', () => {
  let [placed, refused] = [0, 0]
  fc.assert(
    fc.property(strange, amount, (allocatable, wanted) => {
      const { state, attempt } = createWorld()
      const node = nodeOf('n1')
      const texts = Object.entries(allocatable).map(([name, value]) => [name, String(value)])
      const status = { ...node.status, allocatable: Object.fromEntries(texts) }
      state.setNode({ ...node, status } as Node)
      const cpu = String(Math.max(0, wanted))
      const result = attempt(podInfoOf(podOf('p', asking(cpu, '0'))))
      const expected = [
        ...(allocatable.pods < 1 ? ['Too many pods'] : []),
        ...(wanted > Math.max(0, allocatable.cpu) ? ['Insufficient cpu'] : []),
      ]
      if ('node' in result) {
        placed++
        assert.deepEqual(expected, [])
      } else if ('failure' in result) {
        refused++
        const info = state.node('n1')
        assert.ok(info)
        assert.deepEqual(result.failure.statusOf(info).reasons, expected)
      } else assert.fail('an attempt comes to a verdict')
    }),
    { numRuns: 300 },
  )
  assert.ok(placed > 20 && refused > 20)
})

test('a node without status, labels or name of its own breaks nothing', () => {
  const { state, attempt } = createWorld()
  state.setNode({ metadata: { name: 'bare' }, spec: {}, status: {} } as Node)
  state.setNode(nodeOf('n1'))
  for (const spec of [{}, asking('1'), { nodeSelector: { a: 'b' } }]) {
    const result = attempt(podInfoOf(podOf('p', spec)))
    if ('node' in result) assert.equal(result.node.name, 'n1')
    else assert.ok('failure' in result)
  }
})
