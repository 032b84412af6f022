import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { CycleState } from '../framework/cycle-state.ts'
import { podInfoOf } from '../state/pod-info.ts'
import { createWorld, nodeOf, podOf } from '../testing/world.ts'

const gates = new Map([
  ['GenericWorkload', true],
  ['GangScheduling', true],
])

function setUp(minCount: number, count: number) {
  const pods = Array.from({ length: count }, (_, i) =>
    podOf(`p${i}`, { schedulingGroup: { podGroupName: 'g' } } as never),
  )
  const group = {
    metadata: { name: 'g', namespace: 'a' },
    spec: { schedulingPolicy: { gang: { minCount } } },
    status: {},
  }
  const world = createWorld({ gates, objects: { podgroups: [group], pods } })
  world.state.setNode(nodeOf('n1'))
  const node = world.state.node('n1')
  const plugin = world.profile.points.permit.find(({ name }) => name === 'GangScheduling')
  assert.ok(node && plugin)
  const infos = pods.map(podInfoOf)
  const cycle = new CycleState()
  /** Places a member as far as Permit; what became of it in the end. */
  const place = (i: number) => {
    const info = infos[i]
    assert.ok(info)
    plugin.reserve?.(cycle, info, node)
    const answer = plugin.permit(cycle, info, node)
    const held =
      answer?.status &&
      world.waitingPods.hold(info, 'n1', new Map([[plugin.name, answer.timeoutMs ?? 0]]))
    return { answer, held }
  }
  const lose = (i: number) => {
    const info = infos[i]
    assert.ok(info)
    plugin.unreserve?.(cycle, info, node)
    plugin.notPlaced?.(info, '')
  }
  return { ...world, plugin, infos, place, lose }
}

test('the first placed member brings the others to the front and waits five minutes at most', async () => {
  const { place, activated } = setUp(3, 4)
  const first = place(0)
  assert.deepEqual(first.answer, {
    status: {
      code: 'Wait',
      reasons: ['waiting for minCount pods from a gang to be scheduled'],
      plugin: 'GangScheduling',
    },
    timeoutMs: 300_000,
  })
  const names = () => activated.map(({ uid }) => uid)
  assert.deepEqual(names(), ['p1', 'p2', 'p3'])
  const second = place(1)
  assert.deepEqual(names(), ['p1', 'p2', 'p3'], 'once a round')
  assert.equal(place(2).answer, undefined)
  assert.deepEqual([await first.held, await second.held], [undefined, undefined])
  assert.equal(place(3).answer, undefined)
})

test('when the first has waited too long, all give their room back', async () => {
  const { place, lose, waitingPods } = setUp(3, 3)
  const [first, second] = [place(0), place(1)]
  waitingPods.get('p0')?.reject('GangScheduling', 'rejected due to timeout')
  assert.deepEqual((await first.held)?.reasons, ['rejected due to timeout'])
  lose(0)
  assert.deepEqual((await second.held)?.reasons, [
    'pod group is unschedulable, waiting for minCount pods from a gang to be scheduled, one or more plugins asked to wait and no plugin rejected pod',
  ])
})

test('a refused member ends the wait only where it is needed, and not while room is made for it', () => {
  const { place, plugin, infos, waitingPods } = setUp(2, 4)
  place(0)
  const refuse = (i: number, nominatedNode = '') =>
    infos[i] && plugin.notPlaced?.(infos[i], nominatedNode)
  refuse(1)
  refuse(2)
  assert.ok(waitingPods.get('p0'), 'the last one may still come')
  refuse(3, 'n1')
  assert.ok(waitingPods.get('p0'), 'somebody is evicted for it')
  refuse(3)
  assert.equal(waitingPods.get('p0'), undefined)
})

test('without the gate the plugin takes no part', () => {
  const { profile } = createWorld()
  assert.ok(!profile.points.permit.some(({ name }) => name === 'GangScheduling'))
})

test('a smaller gang, its group or another member are worth another try', () => {
  const { plugin, infos } = setUp(3, 2)
  const [member] = infos
  assert.ok(member)
  const helps = (resource: string, previous: object | undefined, next: object) =>
    plugin
      .events?.()
      .some(each => each.resource === resource && each.hint?.(member, { previous, next } as never))
  const group = (minCount: number, name = 'g') => ({
    metadata: { name, namespace: 'a' },
    spec: { schedulingPolicy: { gang: { minCount } } },
    status: {},
  })
  const other = (name: string) =>
    podOf('x', { schedulingGroup: { podGroupName: name } } as never) as Pod
  assert.deepEqual(
    [
      helps('PodGroup', undefined, group(3)),
      helps('PodGroup', group(3), group(2)),
      helps('PodGroup', group(3), group(4)),
      helps('PodGroup', undefined, group(3, 'h')),
      helps('UnscheduledPod', undefined, other('g')),
      helps('UnscheduledPod', undefined, other('h')),
      helps('AssignedPod', undefined, podOf('x')),
    ],
    [true, true, false, false, true, false, false],
  )
})
