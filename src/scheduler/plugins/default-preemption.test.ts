import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { StatusError } from '#api/machinery/status.ts'
import type { Extender } from '../framework/extender.ts'
import { podInfoOf } from '../state/pod-info.ts'
import { createRecordingClient } from '../testing/recording-client.ts'
import { asking, createWorld, nodeOf, podOf, type WorldOptions } from '../testing/world.ts'

const settle = () => new Promise<void>(resolve => setImmediate(resolve))
const important = (cpu: string, more: object = {}) =>
  podInfoOf(podOf('p', { ...asking(cpu), priority: 10, schedulerName: 's', ...more } as never))

function lowPod(name: string, cpu: string, priority = 0, more: Partial<Pod> = {}): Pod {
  const pod = podOf(name, { ...asking(cpu), priority }, { app: name })
  return { ...pod, ...more } as Pod
}

function world(
  nodes: readonly string[],
  pods: readonly (readonly [string, Pod])[],
  options: WorldOptions = {},
) {
  const client = createRecordingClient()
  const made = createWorld({ client, ...options })
  for (const name of nodes) made.state.setNode(nodeOf(name))
  for (const [node, pod] of pods)
    made.state.setPod({ ...pod, spec: { ...pod.spec, nodeName: node } } as Pod)
  const gone = () => client.written.filter(({ verb }) => verb === 'delete').map(({ name }) => name)
  return { ...made, client, gone }
}

test('less important pods go with a condition and an event, and the node is kept for the pod', async () => {
  const { postFilter, client, preemptionFigures } = world(['n1'], [['n1', lowPod('x', '3')]])
  assert.deepEqual(await postFilter(important('2')), {
    code: 'Success',
    message: '',
    nominatedNode: 'n1',
  })
  await settle()
  const [patch, removal, event] = client.written
  assert.deepEqual(patch?.body, {
    metadata: { uid: 'x' },
    status: {
      '$setElementOrder/conditions': [{ type: 'DisruptionTarget' }],
      conditions: [
        {
          type: 'DisruptionTarget',
          status: 'True',
          reason: 'PreemptionByScheduler',
          message: 's: preempting to accommodate a higher priority pod',
          lastTransitionTime: '2026-01-01T00:00:00Z',
        },
      ],
    },
  })
  assert.deepEqual(removal, { verb: 'delete', kind: 'Pod', name: 'x', options: { uid: 'x' } })
  const { reason, message, type, action } = (event?.body ?? {}) as Record<string, string>
  assert.deepEqual(
    [type, reason, message, action],
    ['Normal', 'Preempted', 'Preempted by pod p on node n1', 'Preempting'],
  )
  assert.equal(preemptionFigures.attempts, 1)
  assert.deepEqual(preemptionFigures.victimCounts, [1, 1, 1, 1, 1, 1, 1, 1])
})

test('who may not preempt is told why', async () => {
  const full = world(['n1'], [['n1', lowPod('x', '3')]])
  const { message, nominatedNode } = await full.postFilter(
    important('2', { preemptionPolicy: 'Never' }),
  )
  assert.match(message, /preemption: not eligible due to preemptionPolicy=Never\.$/)
  assert.equal(nominatedNode, undefined)
  assert.deepEqual(full.gone(), [])
})

test('equal priority is safe, and a hope that came to nothing is taken back', async () => {
  const { postFilter, gone } = world(
    ['n1', 'n2'],
    [
      ['n1', lowPod('x', '3', 10)],
      ['n2', lowPod('y', '3', 11)],
    ],
  )
  assert.deepEqual(await postFilter(important('2')), {
    code: 'Unschedulable',
    message:
      'no new claims to deallocate, preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod.',
    nominatedNode: '',
  })
  assert.deepEqual(gone(), [])
})

test('where even all less important pods are not enough, the filter’s reason counts', async () => {
  const { postFilter } = world(
    ['n1', 'n2'],
    [
      ['n1', lowPod('x', '1')],
      ['n1', lowPod('z', '2', 20)],
      ['n2', lowPod('y', '1')],
    ],
  )
  const { message } = await postFilter(important('5'))
  assert.match(message, /0\/2 nodes are available: 2 Preemption is not helpful for scheduling\.$/)
  const { message: first } = await postFilter(important('4'))
  assert.equal(first, '', 'n2 can be freed')
})

test('a victim that is leaving already keeps the pod from more of them', async () => {
  const leaving = lowPod('x', '3', 0, {
    status: {
      conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' }],
    },
  } as never)
  const { postFilter, gone, nominator, state } = world(
    ['n1', 'n2'],
    [
      ['n1', { ...leaving, metadata: { ...leaving.metadata, deletionTimestamp: 'now' } } as never],
      ['n2', lowPod('y', '3')],
    ],
  )
  const pod = important('2')
  nominator.add(pod, 'n1')
  const { message } = await postFilter(pod)
  assert.match(
    message,
    /preemption: not eligible due to a terminating pod on the nominated node\.$/,
  )
  state.setNode(nodeOf('n1', { spec: { unschedulable: true } }))
  assert.equal((await postFilter(pod)).nominatedNode, 'n2', 'nothing helps on the first any more')
  await settle()
  assert.deepEqual(gone(), ['y'])
})

test('the node is chosen by budgets, then priorities, then numbers, then start times', async () => {
  const started = (name: string, cpu: string, priority: number, startTime: string) =>
    lowPod(name, cpu, priority, { status: { startTime } } as never)
  const cases: readonly [string, [string, Pod][], string[]][] = [
    [
      'lowest highest priority',
      [
        ['n1', lowPod('a', '3', 5)],
        ['n2', lowPod('b', '3', 4)],
      ],
      ['b'],
    ],
    [
      'smallest sum',
      [
        ['n1', lowPod('a', '2', 5)],
        ['n1', lowPod('b', '2', 5)],
        ['n2', lowPod('c', '4', 5)],
      ],
      ['c'],
    ],
    [
      'latest start',
      [
        ['n1', started('a', '3', 5, '2026-01-01T00:00:01Z')],
        ['n2', started('b', '3', 5, '2026-01-01T00:00:02Z')],
      ],
      ['b'],
    ],
    [
      'the less important, and of those the younger, goes',
      [
        ['n1', started('a', '2', 5, '2026-01-01T00:00:02Z')],
        ['n1', started('b', '2', 5, '2026-01-01T00:00:01Z')],
      ],
      ['a'],
    ],
  ]
  for (const [what, pods, expected] of cases) {
    const nodes = [...new Set(pods.map(([node]) => node))]
    const { postFilter, gone } = world(nodes, pods)
    const cpu = what === 'smallest sum' ? '4' : '2'
    await postFilter(important(cpu))
    await settle()
    assert.deepEqual(gone(), expected, what)
  }
})

test('a budget keeps pods where others can go instead', async () => {
  const budget = (name: string, disruptionsAllowed: number, disrupted: object = {}) => ({
    metadata: { name, namespace: 'a' },
    spec: { selector: { matchLabels: { app: name } } },
    status: { disruptionsAllowed, disruptedPods: disrupted },
  })
  const pods: [string, Pod][] = [
    ['n1', lowPod('x', '3', 1)],
    ['n2', lowPod('y', '3', 5)],
  ]
  const kept = world(['n1', 'n2'], pods, { objects: { poddisruptionbudgets: [budget('x', 0)] } })
  await kept.postFilter(important('2'))
  await settle()
  assert.deepEqual(kept.gone(), ['y'])
  for (const harmless of [budget('x', 1), budget('x', 0, { x: 'now' })]) {
    const open = world(['n1', 'n2'], pods, { objects: { poddisruptionbudgets: [harmless] } })
    await open.postFilter(important('2'))
    await settle()
    assert.deepEqual(open.gone(), ['x'])
  }
  const needed = world(['n1'], pods.slice(0, 1), {
    objects: { poddisruptionbudgets: [budget('x', 0)] },
  })
  await needed.postFilter(important('2'))
  await settle()
  assert.deepEqual(needed.gone(), ['x'], 'budgets are kept as far as possible, no further')
})

test('less important pods lose their hope for the node and look elsewhere', async () => {
  const { postFilter, nominator, activated, client } = world(['n1'], [['n1', lowPod('x', '3')]])
  const [lower, higher] = [podInfoOf(lowPod('l', '1')), podInfoOf(lowPod('h', '1', 99))]
  nominator.add(lower, 'n1')
  nominator.add(higher, 'n1')
  await postFilter(important('2'))
  await settle()
  assert.deepEqual(
    nominator.on('n1').map(({ uid }) => uid),
    ['h'],
  )
  assert.deepEqual(
    activated.map(({ uid }) => uid),
    ['l'],
  )
  const cleared = client.written.find(({ name }) => name === 'l')
  assert.deepEqual(cleared?.body, { metadata: { uid: 'l' }, status: { nominatedNodeName: null } })
})

test('room that was freed for an important pod is not for less important ones', async () => {
  const { nominator, attempt } = world(['n1'], [])
  nominator.add(important('3'), 'n1')
  assert.ok('failure' in attempt(podInfoOf(lowPod('l', '2'))))
  assert.ok('node' in attempt(podInfoOf(lowPod('h', '2', 99))))
})

test('pods held by Permit are sent back instead of deleted', async () => {
  const { postFilter, waitingPods, gone, state } = world(['n1'], [])
  const held = podInfoOf(lowPod('x', '3'))
  state.assume(held, 'n1')
  const verdict = waitingPods.hold(held, 'n1', new Map([['Some', 1000]]))
  await postFilter(important('2'))
  assert.deepEqual(await verdict, {
    code: 'Unschedulable',
    reasons: ['preempted'],
    plugin: 'DefaultPreemption',
  })
  assert.deepEqual(gone(), [])
})

test('while victims are being evicted the pod stays out of the queue, and comes back if it was wanted', async () => {
  const { postFilter, client, profile, activated } = world(['n1'], [['n1', lowPod('x', '3')]])
  const gate = Promise.withResolvers<void>()
  client.until = gate.promise
  const pod = important('2')
  const [plugin] = profile.points.preEnqueue.filter(({ name }) => name === 'DefaultPreemption')
  await postFilter(pod)
  assert.deepEqual(plugin?.preEnqueue(pod)?.reasons, [
    'waiting for the preemption for this pod to be finished',
  ])
  assert.equal(plugin?.preEnqueue(podInfoOf(lowPod('other', '1'))), undefined)
  gate.resolve()
  await settle()
  assert.equal(plugin?.preEnqueue(pod), undefined)
  assert.deepEqual(
    activated.map(({ uid }) => uid),
    ['p'],
  )
})

test('a failed eviction has the pod tried again; a victim that is gone already is none', async () => {
  const failing = world(['n1'], [['n1', lowPod('x', '3')]])
  failing.client.error = new Error('no answer')
  await failing.postFilter(important('2'))
  await settle()
  assert.deepEqual(
    failing.activated.map(({ uid }) => uid),
    ['p'],
  )
  const late = world(['n1'], [['n1', lowPod('x', '3')]])
  late.client.error = new StatusError('NotFound', 'gone')
  await late.postFilter(important('2'))
  await settle()
  assert.deepEqual(late.activated, [])
})

test('without the gate for it, eviction is waited for and its failure is the answer', async () => {
  const gates = new Map([['SchedulerAsyncPreemption', false]])
  const { postFilter, client, gone } = world(['n1'], [['n1', lowPod('x', '3')]], { gates })
  assert.deepEqual(await postFilter(important('2')), {
    code: 'Success',
    message: '',
    nominatedNode: 'n1',
  })
  assert.deepEqual(gone(), ['x'])
  client.error = new Error('no answer')
  const { message, error } = await postFilter(important('2'))
  assert.match(message, /preemption: no answer/)
  assert.equal(error?.code, 'Error')
})

test('extenders strike nodes and change victims; one that fails stops it unless it may be ignored', async () => {
  const pods: [string, Pod][] = [
    ['n1', lowPod('x', '3', 1)],
    ['n2', lowPod('y', '3', 5)],
  ]
  const extender = (more: Partial<Extender>): Extender => ({
    name: 'e',
    weight: 1,
    ignorable: false,
    isInterested: () => true,
    preempt: async (_pod, victims) => new Map([...victims].filter(([node]) => node === 'n2')),
    ...more,
  })
  const run = async (extenders: Extender[]) => {
    const made = world(['n1', 'n2'], pods, { extenders })
    const { message } = await made.postFilter(important('2'))
    await settle()
    return [message.replace(/^.*, /, ''), ...made.gone()]
  }
  const fails = async () => {
    throw new Error('cannot say')
  }
  const nothing = async () => new Map([['n1', { pods: [], budgetViolations: 0 }]])
  assert.deepEqual(await run([extender({})]), ['', 'y'])
  assert.deepEqual(await run([extender({ isInterested: () => false })]), ['', 'x'])
  assert.deepEqual(await run([extender({ preempt: fails })]), ['preemption: cannot say'])
  assert.deepEqual(await run([extender({ preempt: fails, ignorable: true })]), ['', 'x'])
  assert.deepEqual(await run([extender({ preempt: nothing })]), [
    'preemption: expected at least one victim pod on node "n1"',
  ])
  assert.deepEqual(await run([extender({ preempt: nothing, ignorable: true })]), [
    'preemption: no candidate node for preemption',
  ])
})

test('arguments that cannot work are named', () => {
  const make = (args: object) =>
    createWorld({ profile: { pluginArgs: new Map([['DefaultPreemption', args]]) } })
  assert.throws(() => make({ minCandidateNodesPercentage: 101 }), /minCandidateNodesPercentage/)
  assert.throws(() => make({ minCandidateNodesAbsolute: -1 }), /not in valid range \[0, inf\)/)
  assert.throws(
    () => make({ minCandidateNodesAbsolute: 0, minCandidateNodesPercentage: 0 }),
    /cannot be zero at the same time/,
  )
  make({ minCandidateNodesAbsolute: 1, minCandidateNodesPercentage: 0 })
})
