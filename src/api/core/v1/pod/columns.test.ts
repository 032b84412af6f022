import assert from 'node:assert/strict'
import { test } from 'node:test'
import { created, rowOf } from '../testing.ts'
import { type Pod, pod } from './pod.ts'

const minutesAgo = (minutes: number) =>
  new Date(Date.parse('2026-01-01T01:00:00Z') - minutes * 60_000).toISOString()

const status = (name: string, fields: object = {}) => ({
  name,
  state: {},
  lastState: {},
  ready: false,
  restartCount: 0,
  image: '',
  imageID: '',
  ...fields,
})
const running = (name: string, fields: object = {}) =>
  status(name, { ready: true, started: true, state: { running: {} }, ...fields })

function shown(spec: object, state: object, metadata: object = {}) {
  const object = created(pod, {
    metadata: { name: 'web', creationTimestamp: minutesAgo(5), ...metadata },
    spec: { containers: [{ name: 'a', image: 'x:1' }], ...spec },
  })
  const { Ready, Status, Restarts } = rowOf(pod, { ...object, status: state } as Pod)
  return `${Ready} ${Status} ${Restarts}`
}

const init = { initContainers: [{ name: 'i', image: 'x:1' }] }
const sidecar = { initContainers: [{ name: 's', image: 'x:1', restartPolicy: 'Always' }] }
const initialized = { type: 'Initialized', status: 'True' }
const ready = { type: 'Ready', status: 'True' }

const pods: [string, string, object, object, object?][] = [
  ['pending', '0/1 Pending 0', {}, { phase: 'Pending' }],
  [
    'gated',
    '0/1 SchedulingGated 0',
    {},
    {
      phase: 'Pending',
      conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }],
    },
  ],
  [
    'creating',
    '0/1 ContainerCreating 0',
    {},
    {
      phase: 'Pending',
      containerStatuses: [status('a', { state: { waiting: { reason: 'ContainerCreating' } } })],
    },
  ],
  ['running', '1/1 Running 0', {}, { phase: 'Running', containerStatuses: [running('a')] }],
  [
    'crashing',
    '0/1 CrashLoopBackOff 3 (2m ago)',
    {},
    {
      phase: 'Running',
      containerStatuses: [
        status('a', {
          restartCount: 3,
          state: { waiting: { reason: 'CrashLoopBackOff' } },
          lastState: { terminated: { exitCode: 1, finishedAt: minutesAgo(2) } },
        }),
      ],
    },
  ],
  [
    'completed',
    '0/1 Completed 0',
    {},
    {
      phase: 'Succeeded',
      containerStatuses: [
        status('a', { state: { terminated: { exitCode: 0, reason: 'Completed' } } }),
      ],
    },
  ],
  [
    'ended without a reason',
    '0/1 ExitCode:3 0',
    {},
    {
      phase: 'Failed',
      containerStatuses: [status('a', { state: { terminated: { exitCode: 3 } } })],
    },
  ],
  [
    'killed',
    '0/1 Signal:9 0',
    {},
    {
      phase: 'Failed',
      containerStatuses: [status('a', { state: { terminated: { exitCode: 137, signal: 9 } } })],
    },
  ],
  [
    'one completed, one running',
    '1/2 NotReady 0',
    {
      containers: [
        { name: 'a', image: 'x:1' },
        { name: 'b', image: 'x:1' },
      ],
    },
    {
      phase: 'Running',
      containerStatuses: [
        status('a', { state: { terminated: { exitCode: 0, reason: 'Completed' } } }),
        running('b'),
      ],
    },
  ],
  [
    'one completed, pod ready',
    '1/2 Running 0',
    {
      containers: [
        { name: 'a', image: 'x:1' },
        { name: 'b', image: 'x:1' },
      ],
    },
    {
      phase: 'Running',
      conditions: [ready],
      containerStatuses: [
        status('a', { state: { terminated: { exitCode: 0, reason: 'Completed' } } }),
        running('b'),
      ],
    },
  ],
  ['evicted', '0/1 Evicted 0', {}, { phase: 'Failed', reason: 'Evicted' }],
  [
    'initializing',
    '0/1 Init:0/1 0',
    init,
    { phase: 'Pending', initContainerStatuses: [status('i', { state: { running: {} } })] },
  ],
  [
    'init failed',
    '0/1 Init:Error 2 (3m ago)',
    init,
    {
      phase: 'Pending',
      initContainerStatuses: [
        status('i', {
          restartCount: 2,
          state: { terminated: { exitCode: 1, reason: 'Error' } },
          lastState: { terminated: { exitCode: 1, finishedAt: minutesAgo(3) } },
        }),
      ],
    },
  ],
  [
    'init crashing',
    '0/1 Init:CrashLoopBackOff 0',
    init,
    {
      phase: 'Pending',
      initContainerStatuses: [status('i', { state: { waiting: { reason: 'CrashLoopBackOff' } } })],
    },
  ],
  [
    'init done, restarts of init no longer count',
    '1/1 Running 0',
    init,
    {
      phase: 'Running',
      conditions: [initialized],
      initContainerStatuses: [
        status('i', { restartCount: 4, state: { terminated: { exitCode: 0 } } }),
      ],
      containerStatuses: [running('a')],
    },
  ],
  [
    'sidecar counts',
    '2/2 Running 1 (1m ago)'.replace('1m', '60s'),
    sidecar,
    {
      phase: 'Running',
      conditions: [initialized],
      initContainerStatuses: [
        running('s', {
          restartCount: 1,
          lastState: { terminated: { exitCode: 1, finishedAt: minutesAgo(1) } },
        }),
      ],
      containerStatuses: [running('a')],
    },
  ],
  [
    'terminating',
    '1/1 Terminating 0',
    {},
    { phase: 'Running', containerStatuses: [running('a')] },
    { deletionTimestamp: minutesAgo(0) },
  ],
  [
    'deleted after its end',
    '0/1 Completed 0',
    {},
    {
      phase: 'Succeeded',
      containerStatuses: [
        status('a', { state: { terminated: { exitCode: 0, reason: 'Completed' } } }),
      ],
    },
    { deletionTimestamp: minutesAgo(0) },
  ],
  [
    'node lost',
    '0/1 Unknown 0',
    {},
    { phase: 'Running', reason: 'NodeLost' },
    { deletionTimestamp: minutesAgo(0) },
  ],
]
for (const [name, expected, spec, state, metadata] of pods)
  test(`kubectl get shows a pod that is ${name}`, () => {
    assert.equal(shown(spec, state, metadata), expected)
  })

test('-o wide adds address, node, nominated node and readiness gates', () => {
  const object = created(pod, {
    spec: {
      nodeName: 'n1',
      containers: [{ name: 'a', image: 'x:1' }],
      readinessGates: [{ conditionType: 'x.io/a' }, { conditionType: 'x.io/b' }],
    },
  })
  object.status = {
    podIPs: [{ ip: '10.0.0.7' }],
    conditions: [{ type: 'x.io/a', status: 'True' }],
  }
  const row = rowOf(pod, object)
  assert.equal(row.IP, '10.0.0.7')
  assert.equal(row.Node, 'n1')
  assert.equal(row['Nominated Node'], '<none>')
  assert.equal(row['Readiness Gates'], '1/2')
  assert.deepEqual(
    pod.columns.map(({ name, priority = 0 }) => `${name}${priority ? '*' : ''}`).join(' '),
    'Name Ready Status Restarts Age IP* Node* Nominated Node* Readiness Gates*',
  )
})
