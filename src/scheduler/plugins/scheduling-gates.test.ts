import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { createManualClock } from '#client/testing/manual-clock.ts'
import { actions, type ClusterEvent, type EventInterest } from '../framework/cluster-event.ts'
import { SchedulingQueue } from '../queue/scheduling-queue.ts'
import { podInfoOf } from '../state/pod-info.ts'
import { nodeOf, podOf } from '../testing/world.ts'
import { schedulingGates } from './scheduling-gates.ts'

const GATED = 500
const gated = (name: string, ...gates: string[]): Pod =>
  podOf(name, { schedulingGates: gates.map(gate => ({ name: gate })) } as never)

function setUp() {
  const spent = { preEnqueue: 0, hints: 0, moves: 0 }
  const plugin = schedulingGates()
  const counted = (interest: EventInterest): EventInterest => ({
    ...interest,
    hint(pod, event) {
      spent.hints++
      return interest.hint?.(pod, event) ?? true
    },
  })
  const interests = plugin.events?.().map(counted)
  const clock = createManualClock()
  const queue = new SchedulingQueue({
    clock,
    compare: () => 0,
    preEnqueue(pod) {
      spent.preEnqueue++
      return plugin.preEnqueue?.(pod)
    },
    interestsOf: () => interests,
    onMove: () => spent.moves++,
  })
  return { queue, spent, clock }
}

test('pods with gates cost nothing: no attempt, no question, no timer, whatever happens', async () => {
  const { queue, spent, clock } = setUp()
  for (let i = 0; i < GATED; i++) queue.set(podInfoOf(gated(`g${i}`, 'a', 'b')))
  assert.deepEqual(queue.lengths, { active: 0, backoff: 0, gated: GATED, unschedulable: 0 })
  const before = { ...spent }
  assert.equal(before.preEnqueue, GATED, 'each is asked once, when it comes')
  const node: Node = nodeOf('n1')
  const events: readonly ClusterEvent[] = [
    { resource: 'Node', action: actions.add, label: 'NodeAdd', next: node },
    { resource: 'Node', action: actions.updateNodeTaint, label: '', previous: node, next: node },
    { resource: 'AssignedPod', action: actions.delete, label: '', previous: podOf('p') },
    { resource: 'UnscheduledPod', action: actions.add, label: '', next: podOf('p') },
    { resource: 'ResourceClaim', action: actions.updateOther, label: '' },
    { resource: 'PersistentVolume', action: actions.add, label: '' },
  ]
  for (let round = 0; round < 100; round++) for (const event of events) queue.happened(event)
  // Long enough for everything that is tried again only because time has passed.
  await clock.advance(3_600_000)
  assert.deepEqual(spent, before)
  assert.equal(queue.take(), undefined)
})

test('the last gate that goes lets its pod in, and nobody else', () => {
  const { queue, spent } = setUp()
  for (let i = 0; i < GATED; i++) queue.set(podInfoOf(gated(`g${i}`, 'a', 'b')))
  const asked = spent.preEnqueue
  queue.set(podInfoOf(gated('g7', 'b')))
  assert.equal(queue.take(), undefined)
  queue.set(podInfoOf(gated('g7')))
  assert.equal(queue.take()?.info.uid, 'g7')
  assert.equal(queue.take(), undefined)
  assert.ok(spent.preEnqueue - asked <= 3, `${spent.preEnqueue - asked} questions for one pod`)
})

test('the refusal names the gates', () => {
  const status = schedulingGates().preEnqueue?.(podInfoOf(gated('p', 'x.example/a', 'b')))
  assert.deepEqual(status?.reasons, ['waiting for scheduling gates: [x.example/a b]'])
  assert.equal(schedulingGates().preEnqueue?.(podInfoOf(gated('p'))), undefined)
})
