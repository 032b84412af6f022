import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Plugin } from '../framework/plugin.ts'
import { SKIP } from '../framework/status.ts'
import { podInfoOf } from '../state/pod-info.ts'
import { createWorld, nodeOf, podOf } from '../testing/world.ts'

/** Scores by node, for pods that are not called shy; all pods are alike to it. */
function likes(name: string, scores: Readonly<Record<string, number>>, more: Partial<Plugin> = {}) {
  const plugin: Plugin = {
    name,
    sign: () => '',
    preScore: (_cycle, { pod }) => (pod.metadata.name?.startsWith('shy') ? SKIP : undefined),
    score: (_cycle, _pod, node) => scores[node.name] ?? 0,
    ...more,
  }
  return [name, () => plugin] as const
}

function worldOf(...plugins: (readonly [string, () => Plugin])[]) {
  const enabled = plugins.map(([name], i) => ({ name, weight: i + 1 }))
  const sets = { multiPoint: { enabled, disabled: [{ name: 'NodeResourcesFit' }] } }
  const ownPlugins = new Map(plugins)
  const world = createWorld({ ownPlugins, profile: { plugins: sets } })
  for (const name of ['a', 'b', 'c']) world.state.setNode(nodeOf(name))
  return (name: string) => {
    const result = world.attempt(podInfoOf(podOf(name)))
    return 'node' in result ? result.node.name : Object.keys(result)[0]
  }
}

test('sums that are kept count only the plugins that have something to say about the pod', () => {
  const chosenFor = worldOf(
    likes('One', { a: 10, b: 20 }, { preScore: () => undefined }),
    likes('Two', { a: 40, b: 20 }),
  )
  const names = ['p1', 'shy1', 'p2', 'p3', 'shy2']
  assert.deepEqual(names.map(chosenFor), ['a', 'b', 'a', 'a', 'b'])
})

test('scores are kept as the plugin gave them, not as they were brought into proportion for one pod', () => {
  // Turned around twice, they would be what they were.
  const turn = (scores: Float64Array) => scores.set(scores.map(score => 100 - score))
  const chosenFor = worldOf(
    likes('One', { a: 10, b: 20, c: 30 }, { normalize: (_cycle, _pod, scores) => turn(scores) }),
  )
  const names = ['p1', 'p2', 'shy1', 'p3']
  assert.deepEqual(
    names.map(chosenFor).filter((_, i) => names[i] !== 'shy1'),
    ['a', 'a', 'a'],
  )
})

test('a score that is out of range is told each time, kept or not', () => {
  const chosenFor = worldOf(likes('One', { b: 101 }))
  assert.deepEqual(['p1', 'p2'].map(chosenFor), ['status', 'status'])
})
