import assert from 'node:assert/strict'
import { test } from 'node:test'
import { containerState, containersOf } from './containers.ts'
import {
  type AnyObject,
  eventText,
  needsALook,
  nodeProblems,
  podTone,
  workloadProblem,
} from './health.ts'
import { toneOfCell, toneOfCondition, toneOfWord } from './tone.ts'
import { bytesText, coresText, nodeUsage, percentOf, podUsage } from './usage.ts'

const object = (more: object, metadata: object = {}) =>
  ({ metadata: { name: 'x', ...metadata }, ...more }) as AnyObject

test('nodes: not ready, under pressure, cordoned', () => {
  const conditions = (ready: string, pressure: string) => [
    { type: 'Ready', status: ready, reason: 'KubeletNotReady', message: 'no runtime' },
    { type: 'DiskPressure', status: pressure },
  ]
  assert.deepEqual(
    nodeProblems(object({ status: { conditions: conditions('True', 'False') } })),
    [],
  )
  const [down] = nodeProblems(object({ status: { conditions: conditions('Unknown', 'False') } }))
  assert.equal(down?.text, 'not ready: KubeletNotReady: no runtime')
  const both = nodeProblems(
    object({ spec: { unschedulable: true }, status: { conditions: conditions('True', 'True') } }),
  )
  assert.deepEqual(
    both.map(({ tone }) => tone),
    ['bad', 'busy'],
  )
  // A node that nobody has told of anything is not ready.
  assert.equal(nodeProblems(object({})).length, 1)
})

test('workloads that are not as wanted', () => {
  const problem = (kind: string, spec: object, status: object, metadata = {}) =>
    workloadProblem(object({ spec, status }, metadata), kind)?.text
  assert.equal(
    problem('Deployment', { replicas: 2 }, { availableReplicas: 2, updatedReplicas: 2 }),
    undefined,
  )
  assert.equal(problem('Deployment', { replicas: 2 }, { availableReplicas: 1 }), '1 of 2 available')
  assert.equal(
    problem('Deployment', {}, { availableReplicas: 1, updatedReplicas: 0 }),
    '0 of 1 updated',
  )
  const stuck = {
    conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }],
  }
  assert.equal(problem('Deployment', { replicas: 2 }, stuck), 'ProgressDeadlineExceeded')
  assert.equal(problem('StatefulSet', { replicas: 3 }, { readyReplicas: 1 }), '1 of 3 ready')
  assert.equal(
    problem('DaemonSet', {}, { desiredNumberScheduled: 3, numberReady: 2 }),
    'ready on 2 of 3 nodes',
  )
  assert.equal(
    problem(
      'Job',
      {},
      { conditions: [{ type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded' }] },
    ),
    'BackoffLimitExceeded',
  )
  assert.equal(
    problem('ReplicaSet', { replicas: 1 }, {}, { ownerReferences: [{ uid: 'u' }] }),
    undefined,
  )
  assert.equal(problem('PersistentVolumeClaim', {}, { phase: 'Lost' }), 'its volume is lost')
  assert.equal(problem('Backup', {}, {}), undefined)
})

test('pods by their words; what starts has a minute', () => {
  assert.equal(podTone('Running', '2/2'), 'good')
  assert.equal(podTone('Running', '1/2'), 'busy')
  assert.equal(podTone('CrashLoopBackOff', '0/1'), 'bad')
  assert.equal(podTone('Completed', '0/1'), 'quiet')
  assert.equal(podTone('Init:0/1', '0/1'), 'busy')
  assert.equal(podTone('Init:CrashLoopBackOff', '0/1'), 'bad')
  assert.equal(podTone('SomethingNew', '0/1'), 'busy')
  const now = Date.parse('2026-01-01T00:02:00Z')
  assert.equal(needsALook('busy', '2026-01-01T00:01:30Z', now), false)
  assert.equal(needsALook('busy', '2026-01-01T00:00:30Z', now), true)
  assert.equal(needsALook('bad', '2026-01-01T00:01:59Z', now), true)
})

test('words and conditions', () => {
  assert.equal(toneOfWord('Ready,SchedulingDisabled'), 'busy')
  assert.equal(toneOfWord('NotReady'), 'bad')
  assert.equal(toneOfCell('Name', 'Failed'), 'plain')
  assert.equal(toneOfCell('Type', 'Warning', 'Event'), 'bad')
  assert.equal(toneOfCell('Type', 'ClusterIP', 'Service'), 'plain')
  assert.equal(toneOfCondition({ type: 'MemoryPressure', status: 'False' }), 'good')
  assert.equal(toneOfCondition({ type: 'MemoryPressure', status: 'True' }), 'bad')
  assert.equal(toneOfCondition({ type: 'Ready', status: 'False', reason: 'PodCompleted' }), 'quiet')
  assert.equal(toneOfCondition({ type: 'Ready', status: 'Unknown' }), 'busy')
})

test('containers: what they wait for, how they ended, which sort they are', () => {
  const pod = object({
    spec: {
      containers: [{ name: 'a', image: 'i' }, { name: 'b' }],
      initContainers: [{ name: 's', restartPolicy: 'Always' }, { name: 'n' }],
    },
    status: {
      containerStatuses: [
        {
          name: 'a',
          restartCount: 3,
          state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off' } },
          lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } },
        },
        { name: 'b', ready: true, state: { running: { startedAt: '2026-01-01T00:00:00Z' } } },
      ],
    },
  })
  const containers = containersOf(pod)
  assert.deepEqual(
    containers.map(({ name, role }) => `${name}${role && ` ${role}`}`),
    ['a', 'b', 's sidecar', 'n init'],
  )
  const states = containers.map(containerState)
  assert.deepEqual(states[0], {
    text: 'CrashLoopBackOff',
    tone: 'bad',
    message: 'back-off Last: OOMKilled, exit code 137.',
    since: '',
  })
  assert.equal(states[1]?.tone, 'good')
  assert.equal(states[3]?.text, 'Not started')
})

test('events, old ones and new ones', () => {
  const old = eventText({
    reason: 'BackOff',
    message: 'm',
    type: 'Warning',
    count: 7,
    lastTimestamp: '2026-01-01T00:00:00Z',
    involvedObject: { kind: 'Pod', name: 'p' },
  })
  assert.deepEqual(
    [old.count, old.isWarning, old.lastMs, old.regarding.name],
    [7, true, Date.parse('2026-01-01T00:00:00Z'), 'p'],
  )
  const series = eventText({
    eventTime: '2026-01-01T00:00:00Z',
    series: { count: 3, lastObservedTime: '2026-01-01T00:05:00Z' },
    lastTimestamp: null,
  })
  assert.deepEqual([series.count, series.lastMs], [3, Date.parse('2026-01-01T00:05:00Z')])
  assert.equal(eventText({}).count, 1)
})

test('usage of nodes that are measured', () => {
  const nodes = [
    object({ status: { allocatable: { cpu: '4', memory: '8Gi' } } }),
    object({ status: { allocatable: { cpu: '4' } } }, { name: 'unmeasured' }),
  ]
  const metrics = [object({ usage: { cpu: '1500m', memory: '1Gi' } })]
  const { total } = nodeUsage(nodes, metrics)
  assert.deepEqual(total, {
    used: { cpu: 1.5, memory: 2 ** 30 },
    all: { cpu: 4, memory: 8 * 2 ** 30 },
  })
  assert.equal(percentOf(total.used.cpu, total.all.cpu), 38)
  assert.equal(percentOf(1, 0), 0)
  assert.deepEqual(
    podUsage(
      object({
        containers: [{ usage: { cpu: '100m', memory: '1Mi' } }, { usage: { cpu: 'nonsense' } }],
      }),
    ),
    { cpu: 0.1, memory: 2 ** 20 },
  )
  assert.deepEqual(
    [coresText(0.25), coresText(12), bytesText(1536), bytesText(0), bytesText(12 * 2 ** 20)],
    ['250m', '12', '1.5 KiB', '0 B', '12 MiB'],
  )
})
