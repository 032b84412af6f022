/** The decisions of a resize: what is set aside, whether it fits, what containers are given. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Container, Pod } from '../pod-types.ts'
import type { ObservedPod } from '../pods/observed-pod.ts'
import type { ContainerStatus, LinuxResources } from '../runtime.ts'
import { actualResources, changesOf, takesMemory } from './actual.ts'
import { allocationOf, isAllocated, toldAllocation, withAllocation } from './allocation.ts'
import { judgeResize } from './judge.ts'
import { ResizeState, resizeBetween } from './resize-state.ts'

const MEMORY = 16 * 1024 ** 3

const container = (name: string, cpu: string, memory = '64Mi', more: object = {}) =>
  ({
    name,
    image: 'i',
    resources: { requests: { cpu, memory }, limits: { cpu, memory } },
    ...more,
  }) as unknown as Container

const podOf = (containers: readonly Container[], more: object = {}) =>
  ({
    metadata: { name: 'p', namespace: 'n', uid: 'u', generation: 2 },
    spec: { containers },
    ...more,
  }) as unknown as Pod

const runOf = (name: string, resources: LinuxResources | undefined, state = 'running') =>
  ({ id: `${name}-id`, name, attempt: 0, state, resources }) as unknown as ContainerStatus

const observed = (...containers: ContainerStatus[]) =>
  ({ containers, sandboxes: [] }) as unknown as ObservedPod

const runs = (cpu: number, mebibytes: number): LinuxResources => ({
  cpuShares: Math.floor((cpu * 1024) / 1000),
  cpuPeriod: 100_000,
  cpuQuota: cpu * 100,
  memoryLimitBytes: mebibytes * 1024 ** 2,
})

test('a pod has what was set aside for it in place of what it asks for', () => {
  const before = podOf([container('a', '100m'), container('b', '1')])
  const asked = podOf([container('a', '200m'), container('b', '1000m')])
  const allocation = allocationOf(before)
  assert.equal(isAllocated(asked, allocation), false)
  const allocated = withAllocation(asked, allocation)
  assert.deepEqual(allocated.spec?.containers[0]?.resources, before.spec?.containers[0]?.resources)
  assert.equal(withAllocation(before, allocation), before, 'the same pod where nothing differs')
  assert.equal(
    isAllocated(podOf([container('a', '0.1'), container('b', '1000m')]), allocation),
    true,
  )
})

test('init containers are resized, those that end as well as those that go on', () => {
  const pod = (cpu: string) =>
    podOf([container('a', '1')], {
      spec: {
        initContainers: [
          container('setup', cpu),
          container('side', cpu, '64Mi', { restartPolicy: 'Always' }),
        ],
        containers: [container('a', '1')],
      },
    })
  const { spec } = withAllocation(pod('2'), allocationOf(pod('1')))
  const cpus = spec?.initContainers?.map(({ resources }) => resources?.requests?.cpu)
  assert.deepEqual(cpus, ['1', '1'])
})

test('a change of anything but resources begins no resize', () => {
  const pod = podOf([container('a', '1')])
  assert.equal(resizeBetween(pod, podOf([container('a', '1', '64Mi', { image: 'j' })])), undefined)
  assert.ok(resizeBetween(pod, podOf([container('a', '2')])))
})

test('what a status tells was set aside, whatever the pod asks for since', () => {
  const told = podOf([container('a', '2'), container('b', '1')], {
    status: {
      containerStatuses: [
        {
          name: 'a',
          allocatedResources: { cpu: '1', memory: '64Mi' },
          resources: { limits: { cpu: '1' } },
        },
        { name: 'b' },
      ],
    },
  })
  assert.deepEqual(toldAllocation(told), {
    a: { requests: { cpu: '1', memory: '64Mi' }, limits: { cpu: '1' } },
    b: container('b', '1').resources,
  })
})

test('more than the node has is infeasible, more than is left is deferred, less always fits', () => {
  const judge = (cpu: number, memory: number, takenByAll = 3000) =>
    judgeResize({
      asked: { cpu, memory, 'ephemeral-storage': 0 },
      before: { cpu: 1000, memory: 100, 'ephemeral-storage': 0 },
      taken: { cpu: takenByAll, memory: 100, 'ephemeral-storage': 0 },
      allocatable: { cpu: '4', memory: '1000' },
    })
  assert.equal(judge(2000, 1000), undefined, 'its own place is free for it')
  assert.deepEqual(judge(2001, 1000), {
    reason: 'Deferred',
    message: "Node didn't have enough resource: cpu, requested: 2001, used: 2000, capacity: 4000",
  })
  assert.deepEqual(judge(4001, 100), {
    reason: 'Infeasible',
    message: "Node didn't have enough capacity: cpu, requested: 4001, capacity: 4000",
  })
  assert.deepEqual(judge(1000, 1001), {
    reason: 'Infeasible',
    message: "Node didn't have enough capacity: memory, requested: 1001, capacity: 1000",
  })
  assert.equal(judge(900, 100, 6000), undefined, 'less, on a node that has too much')
})

test('containers are changed that run with something else, who gives memory back first', () => {
  const pod = podOf([
    container('grows', '200m', '128Mi'),
    container('stays', '100m'),
    container('shrinks', '100m', '32Mi'),
    container('ended', '200m'),
    container('unknown', '200m'),
  ])
  const changes = changesOf(
    pod,
    observed(
      runOf('grows', runs(100, 64)),
      runOf('stays', runs(100, 64)),
      runOf('shrinks', runs(100, 64)),
      runOf('ended', runs(100, 64), 'exited'),
      runOf('unknown', undefined),
    ),
    MEMORY,
  )
  assert.deepEqual(
    changes.map(({ container: { name }, restart }) => [name, restart]),
    [
      ['shrinks', false],
      ['grows', false],
    ],
  )
  assert.deepEqual(changes.map(takesMemory), [true, false])
  const { cpuShares, cpuQuota, memoryLimitBytes } = changes[1]?.wanted ?? {}
  assert.deepEqual([cpuShares, cpuQuota, memoryLimitBytes], [204, 20_000, 128 * 1024 ** 2])
})

test('a container starts anew where its policy for what changes says so', () => {
  const policies = (cpu: string, memory: string) => ({
    resizePolicy: [
      { resourceName: 'cpu', restartPolicy: cpu },
      { resourceName: 'memory', restartPolicy: memory },
    ],
  })
  const restarts = (cpu: string, memory: string, policy: object) => {
    const pod = podOf([container('a', cpu, memory, policy)])
    return changesOf(pod, observed(runOf('a', runs(100, 64))), MEMORY)[0]?.restart
  }
  const onMemory = policies('NotRequired', 'RestartContainer')
  assert.equal(restarts('200m', '64Mi', onMemory), false)
  assert.equal(restarts('200m', '65Mi', onMemory), true)
  assert.equal(restarts('200m', '64Mi', policies('RestartContainer', 'NotRequired')), true)
  assert.equal(restarts('100m', '64Mi', policies('RestartContainer', 'NotRequired')), undefined)
})

test('the status tells what a container has until it has what was set aside', () => {
  const pod = podOf([container('a', '200m', '128Mi')])
  const told = (resources: LinuxResources) => {
    const [only] = pod.spec?.containers ?? []
    assert.ok(only)
    return actualResources(pod, only, runOf('a', resources), MEMORY)
  }
  assert.deepEqual(told(runs(200, 128)), pod.spec?.containers[0]?.resources)
  assert.deepEqual(told(runs(100, 64)), {
    requests: { cpu: '100m', memory: '128Mi' },
    limits: { cpu: '100m', memory: '64Mi' },
  })
  assert.deepEqual(told({ cpuShares: 2 }), { requests: { memory: '128Mi' }, limits: {} })
})

test('conditions say since when and for which generation, and news is told once', () => {
  const state = new ResizeState({})
  const pod = podOf([container('a', '1')])
  const deferred = { reason: 'Deferred', message: 'full' } as const
  assert.equal(state.postpone(deferred, pod, 1000), true)
  assert.equal(state.postpone(deferred, pod, 2000), false)
  assert.deepEqual(state.conditions(), [
    {
      type: 'PodResizePending',
      observedGeneration: 2,
      status: 'True',
      lastTransitionTime: '1970-01-01T00:00:01Z',
      reason: 'Deferred',
      message: 'full',
    },
  ])
  state.accept(pod, 3000)
  assert.equal(
    state.fail('no', { ...pod, metadata: { ...pod.metadata, generation: 3 } }, 4000),
    true,
  )
  const { type, reason, observedGeneration } = state.conditions()[0] ?? {}
  assert.deepEqual([type, reason, observedGeneration], ['PodResizeInProgress', 'Error', 2])
  const next = new ResizeState({})
  next.adopt({ conditions: [...state.conditions()] } as NonNullable<Pod['status']>)
  assert.deepEqual(next.conditions(), state.conditions(), 'a new kubelet goes on there')
  assert.equal(state.complete(), 2)
  assert.equal(state.complete(), undefined)
})
