import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod, PodStatus } from '../pod-types.ts'
import type { ObservedPod } from '../pods/observed-pod.ts'
import type { ContainerStatus } from '../runtime.ts'
import { type PodStatusInput, podStatusOf } from './pod-status.ts'
import { qosClassOf } from './qos.ts'
import { sameJson } from './status-writer.ts'

const NOW = Date.parse('2026-05-01T12:00:00Z')
const podWith = (spec: object, status: PodStatus = {}): Pod =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'ns', uid: 'u', generation: 3 },
    spec: { restartPolicy: 'Always', ...spec },
    status,
  }) as unknown as Pod

const run = (name: string, state: ContainerStatus['state'], more: Partial<ContainerStatus> = {}) =>
  ({
    id: `${name}${more.attempt ?? 0}`,
    sandboxId: 's',
    name,
    attempt: 0,
    state,
    createdAt: NOW - 2000,
    startedAt: NOW - 1000,
    finishedAt: state === 'exited' ? NOW : 0,
    exitCode: 0,
    reason: '',
    message: '',
    image: 'i',
    imageRef: 'sha256:1',
    logPath: '',
    mounts: [],
    labels: {},
    annotations: {},
    ...more,
  }) as ContainerStatus

const sandbox = {
  id: 's',
  ready: true,
  createdAt: 1,
  name: 'p',
  namespace: 'ns',
  uid: 'u',
  attempt: 0,
  labels: {},
  annotations: {},
  ips: ['10.0.0.7'],
}

function statusOf(
  pod: Pod,
  containers: readonly ContainerStatus[],
  more: Partial<PodStatusInput> = {},
) {
  const observed: ObservedPod = {
    uid: 'u',
    name: 'p',
    namespace: 'ns',
    sandboxes: [sandbox],
    containers,
  }
  return podStatusOf({
    pod,
    observed,
    now: NOW,
    hostIps: ['10.1.0.1'],
    verdictOf: () => ({ started: true, ready: true, failed: undefined }),
    waitingOf: () => undefined,
    messageOf: ({ message }) => message,
    terminal: false,
    failure: undefined,
    ...more,
  })
}

const a = { name: 'a', image: 'i' }
const b = { name: 'b', image: 'i' }
const condition = (status: PodStatus, type: string) =>
  status.conditions?.find(other => other.type === type)

test('phases', () => {
  const two = podWith({ containers: [a, b] })
  const phase = (pod: Pod, runs: ContainerStatus[], more: Partial<PodStatusInput> = {}) =>
    statusOf(pod, runs, more).phase
  assert.equal(phase(two, []), 'Pending')
  assert.equal(phase(two, [run('a', 'running')]), 'Pending')
  assert.equal(phase(two, [run('a', 'running'), run('b', 'running')]), 'Running')
  assert.equal(phase(two, [run('a', 'running'), run('b', 'exited')]), 'Running')
  const never = podWith({ restartPolicy: 'Never', containers: [a, b] })
  const ended = [run('a', 'exited'), run('b', 'exited', { exitCode: 1 })]
  // Over for its containers, but the sandbox and sidecars are still being stopped.
  assert.equal(phase(never, ended), 'Running')
  assert.equal(phase(never, ended, { terminal: true }), 'Failed')
  assert.equal(
    phase(never, [run('a', 'exited'), run('b', 'exited')], { terminal: true }),
    'Succeeded',
  )
  const init = podWith({ initContainers: [b], containers: [a] })
  assert.equal(phase(init, [run('b', 'running')]), 'Pending')
  assert.equal(
    phase(podWith({ containers: [a] }, { phase: 'Failed' }), [run('a', 'running')]),
    'Failed',
  )
})

test('what of a pod did not run by its end is told as lost, once its turn had come', () => {
  const waitingOf = () => ({ reason: 'ErrImageNeverPull', message: 'no' })
  const reasons = (pod: Pod, runs: ContainerStatus[], more: Partial<PodStatusInput> = {}) =>
    statusOf(pod, runs, {
      waitingOf,
      terminal: true,
      wasAdmitted: true,
      ...more,
    }).containerStatuses?.map(({ state }) => state.terminated?.reason ?? state.waiting?.reason)
  const two = podWith({ restartPolicy: 'Never', containers: [a, b] })
  const ran = [run('a', 'exited')]
  assert.deepEqual(reasons(two, ran), ['Completed', 'ContainerStatusUnknown'])
  assert.deepEqual(reasons(two, [run('a', 'created')]), [
    'ContainerStatusUnknown',
    'ContainerStatusUnknown',
  ])
  const waits = ['ErrImageNeverPull', 'ErrImageNeverPull']
  assert.deepEqual(reasons(two, [], { terminal: false }), waits)
  assert.deepEqual(reasons(two, [], { wasAdmitted: false }), waits)
  const init = { restartPolicy: 'Never', initContainers: [{ ...a, name: 'i' }], containers: [a, b] }
  assert.deepEqual(reasons(podWith(init), [run('i', 'exited', { exitCode: 1 })]), waits)
  assert.deepEqual(reasons(podWith(init), ran), ['Completed', 'ContainerStatusUnknown'])
})

test('what a deleted pod waited for is not told any more', () => {
  const waitingOf = () => ({ reason: 'ErrImageNeverPull', message: 'no' })
  const pod = podWith({ initContainers: [{ ...a, name: 'i' }], containers: [a] })
  const deleted = {
    ...pod,
    metadata: { ...pod.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
  }
  const reasons = (pod: Pod, runs: ContainerStatus[] = []) => {
    const { initContainerStatuses = [], containerStatuses = [] } = statusOf(pod, runs, {
      waitingOf,
    })
    return [...initContainerStatuses, ...containerStatuses].map(
      ({ state }) => state.waiting?.reason ?? state.terminated?.reason,
    )
  }
  assert.deepEqual(reasons(pod), ['ErrImageNeverPull', 'ErrImageNeverPull'])
  assert.deepEqual(reasons(deleted), ['PodInitializing', 'PodInitializing'])
  const ended = [run('i', 'exited', { exitCode: 1 })]
  assert.deepEqual(reasons(pod, ended), ['ErrImageNeverPull', 'ErrImageNeverPull'])
  assert.deepEqual(reasons(deleted, ended), ['Error', 'PodInitializing'])
})

test('a container between two runs', () => {
  const pod = podWith({ containers: [a] })
  const crash = { reason: 'CrashLoopBackOff', message: 'back-off 10s …' }
  const runs = [
    run('a', 'exited', { attempt: 2, exitCode: 1, message: 'oh' }),
    run('a', 'exited', { attempt: 1 }),
  ]
  const [status] = statusOf(pod, runs, { waitingOf: () => crash }).containerStatuses ?? []
  assert.deepEqual(status?.state, { waiting: crash })
  assert.equal(status?.lastState?.terminated?.message, 'oh')
  assert.equal(status?.lastState?.terminated?.reason, 'Error')
  assert.equal(status?.restartCount, 2)
  const [running] =
    statusOf(pod, [run('a', 'running', { attempt: 3 }), ...runs]).containerStatuses ?? []
  assert.equal(running?.lastState?.terminated?.exitCode, 1)
  assert.equal(running?.ready, true)
})

test('runs that were collected live on in the API', () => {
  const ended = { exitCode: 4, reason: 'Error', containerID: 'containerd://old' }
  const previous = {
    name: 'a',
    state: { terminated: ended },
    lastState: {},
    ready: false,
    restartCount: 5,
    image: 'i',
    imageID: '',
  }
  const pod = podWith({ containers: [a] }, { containerStatuses: [previous] } as PodStatus)
  assert.deepEqual(statusOf(pod, []).containerStatuses?.[0]?.state, { terminated: ended })
  const next = statusOf(pod, [run('a', 'running', { attempt: 6 })]).containerStatuses?.[0]
  assert.deepEqual(next?.lastState, { terminated: ended })
  const own = { ...ended, exitCode: 0, containerID: 'containerd://a6' }
  const over = podWith({ containers: [a] }, {
    containerStatuses: [
      { ...previous, state: { terminated: own }, lastState: { terminated: ended } },
    ],
  } as PodStatus)
  const again = statusOf(over, [run('a', 'exited', { attempt: 6 })]).containerStatuses?.[0]
  assert.deepEqual(again?.lastState, { terminated: ended }, 'its own end is not the one before')
  const lost = podWith({ containers: [a] }, {
    containerStatuses: [{ ...previous, state: { running: {} }, containerID: 'containerd://x' }],
  } as PodStatus)
  const unknown = statusOf(lost, [], { terminal: true }).containerStatuses?.[0]?.state.terminated
  assert.deepEqual([unknown?.exitCode, unknown?.reason], [137, 'ContainerStatusUnknown'])
})

test('all containers that start anew are counted, and say why they were removed', () => {
  const rules = [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [88] } }]
  const all = { ...b, restartPolicy: 'Never', restartPolicyRules: rules }
  const status = (name: string, more: object) => ({
    ...{ name, state: { running: {} }, lastState: {}, ready: true, restartCount: 2 },
    ...{ image: 'i', imageID: '', containerID: `containerd://${name}`, started: true },
    ...more,
  })
  const pod = podWith({ containers: [a, all], initContainers: [{ ...a, name: 'i' }] }, {
    containerStatuses: [status('a', {}), status('b', { containerID: undefined })],
    initContainerStatuses: [status('i', { state: { terminated: { exitCode: 0 } } })],
  } as unknown as PodStatus)
  const removed = statusOf(pod, [], { restartOfAll: 'done' })
  const [first, second] = removed.containerStatuses ?? []
  const { restartCount, state, lastState, ready } = first ?? {}
  assert.deepEqual(
    [restartCount, ready, state?.waiting?.reason],
    [3, false, 'RestartingAllContainers'],
  )
  assert.deepEqual(
    [lastState?.terminated?.exitCode, lastState?.terminated?.reason],
    [137, 'RestartingAllContainers'],
  )
  assert.equal(removed.initContainerStatuses?.[0]?.restartCount, 3)
  assert.equal(second?.restartCount, 2, 'it had not started yet')
  const told = (more: Partial<PodStatusInput>) =>
    condition(statusOf(pod, [], more), 'AllContainersRestarting')?.status
  assert.deepEqual([told({ restartOfAll: 'running' }), told({})], ['True', 'False'])
  const over = statusOf({ ...pod, status: { phase: 'Failed' } }, [], { terminal: true })
  const { status: isRestarting, reason } = condition(over, 'AllContainersRestarting') ?? {}
  assert.deepEqual([isRestarting, reason], ['False', 'PodFailed'])
  assert.equal(
    condition(statusOf(podWith({ containers: [a] }), []), 'AllContainersRestarting'),
    undefined,
  )
  // Counted once, also where the next report comes before its start.
  const later = statusOf({ ...pod, status: removed }, []).containerStatuses?.[0]
  assert.equal(later?.restartCount, 3)
  assert.deepEqual(later?.lastState, lastState)
})

test('conditions keep their times and say why', () => {
  const pod = podWith({ containers: [a], readinessGates: [{ conditionType: 'x/ok' }] })
  const first = statusOf(pod, [run('a', 'running')])
  assert.equal(condition(first, 'ContainersReady')?.status, 'True')
  assert.equal(condition(first, 'Ready')?.reason, 'ReadinessGatesNotReady')
  assert.equal(condition(first, 'Ready')?.observedGeneration, 3)
  const gate = { type: 'x/ok', status: 'True' }
  const conditions = [...(first.conditions ?? []), gate] as NonNullable<PodStatus['conditions']>
  const later = statusOf({ ...pod, status: { ...first, conditions } }, [run('a', 'running')], {
    now: NOW + 5000,
  })
  assert.equal(condition(later, 'Ready')?.status, 'True')
  assert.equal(condition(later, 'Ready')?.lastTransitionTime, '2026-05-01T12:00:05Z')
  assert.equal(condition(later, 'ContainersReady')?.lastTransitionTime, '2026-05-01T12:00:00Z')
  assert.ok(condition(later, 'x/ok'))
  assert.equal(later.podIP, '10.0.0.7')
  assert.equal(later.startTime, '2026-05-01T12:00:00Z')
})

test('quality of service', () => {
  const qos = (...resources: object[]) =>
    qosClassOf(
      podWith({ containers: resources.map((of, index) => ({ name: `c${index}`, resources: of })) }),
    )
  const full = { cpu: '1', memory: '1Gi' }
  assert.equal(qos({}), 'BestEffort')
  assert.equal(qos({ limits: full, requests: { cpu: '1000m', memory: '1Gi' } }), 'Guaranteed')
  assert.equal(qos({ limits: full }), 'Guaranteed')
  assert.equal(qos({ limits: full }, {}), 'Burstable')
  assert.equal(qos({ requests: { cpu: '1m' } }), 'Burstable')
})

test('equal as JSON', () => {
  assert.ok(sameJson({ a: 1, b: undefined, c: [{ d: 2 }] }, { c: [{ d: 2 }], a: 1 }))
  assert.ok(!sameJson({ a: [] }, { a: {} }))
  assert.ok(!sameJson({ a: [1] }, { a: [1, 2] }))
  // As the API shows a time that nobody set.
  assert.ok(sameJson({ a: 1, at: null }, { a: 1 }))
  assert.ok(!sameJson({ a: 1, at: null }, { a: 1, at: '' }))
  assert.ok(!sameJson({ a: {} }, { a: null }))
})

test('what became of mounts is told of every container, also of one that has yet to begin', () => {
  const mount = (mountPath: string, more: object = {}) => ({ name: 'v', mountPath, ...more })
  const readOnly = true
  const container = {
    name: 'a',
    volumeMounts: [
      mount('/a'),
      mount('/b', { readOnly, subPath: 's' }),
      mount('/c', { readOnly, recursiveReadOnly: 'IfPossible' }),
      mount('/d', { readOnly, recursiveReadOnly: 'Disabled' }),
      mount('/e', { recursiveReadOnly: 'Disabled' }),
    ],
  }
  const told = (mountsRecursively: boolean, runs: readonly ContainerStatus[] = []) => {
    const pod = podWith({ containers: [container, { name: 'b' }] })
    const [a, b] = statusOf(pod, runs, { mountsRecursively }).containerStatuses ?? []
    assert.equal(b?.volumeMounts, undefined)
    return a?.volumeMounts
  }
  const none = { readOnly, recursiveReadOnly: 'Disabled' }
  const shown = (of: object) => [
    mount('/a'),
    mount('/b', none),
    mount('/c', of),
    mount('/d', none),
    mount('/e'),
  ]
  assert.deepEqual(told(false), shown(none))
  assert.deepEqual(
    told(true, [run('a', 'running')]),
    shown({ readOnly, recursiveReadOnly: 'Enabled' }),
  )
})

test('of each container that can be resized resources are told, even where there are none', () => {
  const status = statusOf(
    podWith({ containers: [{ name: 'a' }], initContainers: [{ name: 'i' }] }),
    [run('i', 'exited'), run('a', 'running')],
  )
  assert.deepEqual(status.initContainerStatuses?.[0]?.resources, {})
  assert.deepEqual(status.containerStatuses?.[0]?.resources, {})
})
