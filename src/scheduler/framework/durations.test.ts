import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attempt } from '../cycle/attempt.ts'
import { podInfoOf } from '../state/pod-info.ts'
import { asking, createWorld, nodeOf, podOf } from '../testing/world.ts'
import { CycleState } from './cycle-state.ts'
import { measuredProfile, type Watch } from './durations.ts'

function world() {
  const { state, nominator, feasibleNodes, profile } = createWorld()
  for (const name of ['n1', 'n2']) state.setNode(nodeOf(name, { cpu: '2' }))
  const context = {
    snapshot: state,
    nominator,
    feasibleNodes,
    extenders: [],
    percentageOfNodesToScore: 0,
    choose: () => 0,
  }
  return { profile, context }
}

function recording() {
  const points: string[] = []
  const plugins: string[] = []
  let timeMs = 0
  const watch: Watch = {
    now: () => timeMs++,
    point: (name, code) => points.push(`${name} ${code}`),
    plugin: (plugin, point, code) => plugins.push(`${plugin} ${point} ${code}`),
  }
  return { watch, points, plugins }
}

test('an attempt with a watch tells what took how long, and comes to the same', () => {
  const { profile, context } = world()
  const { watch, points, plugins } = recording()
  const cycle = new CycleState()
  cycle.watch = watch
  const pod = podInfoOf(podOf('p', asking('1')))
  const result = attempt(context, measuredProfile(profile), cycle, pod)
  assert.deepEqual(result, attempt(context, profile, new CycleState(), pod))
  assert.deepEqual(points, [
    'PreFilter Success',
    'Filter Success',
    'PreScore Success',
    'Score Success',
  ])
  for (const told of [
    'NodeResourcesFit Filter Success',
    'NodeResourcesFit Score Success',
    'InterPodAffinity PreFilter Skip',
  ])
    assert.ok(plugins.includes(told), told)
})

test('a refusal is told with its code', () => {
  const { profile, context } = world()
  const { watch, plugins } = recording()
  const cycle = new CycleState()
  cycle.watch = watch
  const pod = podInfoOf(podOf('p', asking('5')))
  assert.ok('failure' in attempt(context, measuredProfile(profile), cycle, pod))
  assert.ok(plugins.includes('NodeResourcesFit Filter UnschedulableAndUnresolvable'))
})

test('an attempt without a watch is not measured, whoever asks the plugins', () => {
  const { profile, context } = world()
  const pod = podInfoOf(podOf('p', asking('1')))
  assert.ok('node' in attempt(context, measuredProfile(profile), new CycleState(), pod))
})
