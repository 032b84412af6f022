/** Pods whose resources are changed while they run. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Node, node as nodeKind } from '#api/core/v1/node.ts'
import { type Pod, pod as podKind } from '#api/core/v1/pod/pod.ts'
import type { ContainerRuntime } from '#kubelet'
import { rest, type TestCluster } from '../testing/hollow-cluster.ts'
import { at, conditionOf, eventsOf, statusOf, web, withCluster } from '../testing/pod-views.ts'

const amounts = (cpu: string, memory = '64Mi') => ({
  requests: { cpu, memory },
  limits: { cpu, memory },
})
const having = (cpu: string, memory = '64Mi', more: object = {}) => ({
  containers: [{ ...web, ...more, resources: amounts(cpu, memory) }],
})

async function resize({ client }: TestCluster, name: string, spec: object): Promise<void> {
  await client.patch(podKind, at(name), 'strategic', { spec } as Partial<Pod>, {
    subresource: 'resize',
  })
  await rest()
}

async function cgroupOf(runtime: ContainerRuntime, name = 'web') {
  const containers = await runtime.listContainers()
  const running = containers.find(c => c.name === name && c.state === 'running')
  const status = await runtime.containerStatus(running?.id ?? '')
  const { cpuShares, cpuQuota, memoryLimitBytes } = status?.resources ?? {}
  return [cpuShares, cpuQuota, memoryLimitBytes]
}

const MEBIBYTE = 1024 ** 2

test('a running container is given what its pod asks for now', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    await cluster.kubelet(node)
    await cluster.createPod('grows', having('500m'))
    await rest()
    await resize(cluster, 'grows', having('1', '128Mi'))
    assert.deepEqual(await cgroupOf(node.runtime), [1024, 100_000, 128 * MEBIBYTE])
    const pod = await cluster.pod('grows')
    assert.deepEqual(statusOf(pod).resources, amounts('1', '128Mi'))
    assert.deepEqual(statusOf(pod).allocatedResources, { cpu: '1', memory: '128Mi' })
    assert.equal(statusOf(pod).restartCount, 0)
    assert.equal(conditionOf(pod, 'PodResizePending'), undefined)
    assert.equal(conditionOf(pod, 'PodResizeInProgress'), undefined)
    const told = JSON.stringify({
      containers: [{ name: 'web', resources: pod.spec?.containers[0]?.resources }],
      generation: 2,
    })
    assert.deepEqual(
      (await eventsOf(cluster, 'grows')).filter(event => event.includes('Resize')),
      [
        `Normal ResizeCompleted Pod resize completed: ${told}`,
        `Normal ResizeStarted Pod resize started: ${told}`,
      ],
    )
  }))

test('a container starts anew where its policy says so, however soon again', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    await cluster.kubelet(node)
    const resizePolicy = [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }]
    await cluster.createPod('anew', having('1', '64Mi', { resizePolicy }))
    await rest()
    await resize(cluster, 'anew', having('1', '128Mi'))
    await resize(cluster, 'anew', having('1', '64Mi'))
    assert.equal(statusOf(await cluster.pod('anew')).restartCount, 2)
    await resize(cluster, 'anew', having('2', '64Mi'))
    assert.equal(statusOf(await cluster.pod('anew')).restartCount, 2, 'cpu needs no restart')
    assert.deepEqual(await cgroupOf(node.runtime), [2048, 200_000, 64 * MEBIBYTE])
    const events = await eventsOf(cluster, 'anew')
    assert.ok(events.includes('Normal Killing Container web resize requires restart'))
  }))

test('what runs before the others is given what it asks for now, too', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    await cluster.kubelet(node)
    const spec = (cpu: string) => ({
      initContainers: [{ ...web, name: 'first', resources: amounts(cpu) }],
      ...having('1'),
    })
    await cluster.createPod('begins', spec('500m'))
    await rest()
    assert.deepEqual((await cgroupOf(node.runtime, 'first'))[1], 50_000)
    await resize(cluster, 'begins', { initContainers: spec('250m').initContainers })
    assert.deepEqual((await cgroupOf(node.runtime, 'first'))[1], 25_000)
    const pod = await cluster.pod('begins')
    assert.deepEqual(pod.status?.initContainerStatuses?.[0]?.resources, amounts('250m'))
    assert.equal(conditionOf(pod, 'PodResizeInProgress'), undefined)
  }))

test('a request of memory alone is a change of memory for that policy', () =>
  withCluster(async cluster => {
    await cluster.kubelet(cluster.node())
    const resizePolicy = [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }]
    const asking = (memory: string) => ({
      containers: [
        { ...web, resizePolicy, resources: { requests: { memory }, limits: { memory: '1Gi' } } },
      ],
    })
    await cluster.createPod('burst', asking('64Mi'))
    await rest()
    await resize(cluster, 'burst', asking('128Mi'))
    const pod = await cluster.pod('burst')
    assert.equal(statusOf(pod).restartCount, 1)
    assert.equal(statusOf(pod).resources?.requests?.memory, '128Mi')
    assert.equal(conditionOf(pod, 'PodResizeInProgress'), undefined)
  }))

test('sidecars are resized, too', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    await cluster.kubelet(node)
    const side = (cpu: string) => ({
      initContainers: [{ ...web, name: 'side', restartPolicy: 'Always', resources: amounts(cpu) }],
    })
    await cluster.createPod('two', { ...side('500m'), ...having('1') })
    await rest()
    await resize(cluster, 'two', side('1'))
    assert.deepEqual(await cgroupOf(node.runtime, 'side'), [1024, 100_000, 64 * MEBIBYTE])
  }))

test('what does not fit now waits for others to leave, across a restart of the kubelet', () =>
  withCluster(async cluster => {
    const node = cluster.node({ cpuMillis: 4000 })
    let kubelet = await cluster.kubelet(node)
    await cluster.createPod('grows', having('1'))
    await cluster.createPod('goes', having('2'))
    await rest()
    await resize(cluster, 'grows', having('3'))
    const waits = async () => {
      const pod = await cluster.pod('grows')
      const { reason, message, observedGeneration } = conditionOf(pod, 'PodResizePending') ?? {}
      assert.deepEqual(
        [reason, message, observedGeneration],
        [
          'Deferred',
          "Node didn't have enough resource: cpu, requested: 3000, used: 2000, capacity: 4000",
          2,
        ],
      )
      assert.equal(statusOf(pod).allocatedResources?.cpu, '1')
      assert.deepEqual(statusOf(pod).resources, amounts('1'))
      assert.deepEqual((await cgroupOf(node.runtime))[0], 1024)
    }
    await waits()
    await kubelet.stop()
    kubelet = await cluster.kubelet(node)
    await waits()
    // It holds no more than it was given.
    await cluster.createPod('small', having('1'))
    await rest()
    assert.equal((await cluster.pod('small')).status?.phase, 'Running')
    await cluster.client.delete(podKind, at('small'), { gracePeriodSeconds: 0 })
    await cluster.client.delete(podKind, at('goes'), { gracePeriodSeconds: 0 })
    await cluster.clock.advance(5_000)
    const pod = await cluster.pod('grows')
    assert.equal(conditionOf(pod, 'PodResizePending'), undefined)
    assert.deepEqual(statusOf(pod).resources, amounts('3'))
    assert.deepEqual((await cgroupOf(node.runtime))[0], 3072)
    const deferred = (await eventsOf(cluster, 'grows')).filter(e => e.includes('ResizeDeferred'))
    assert.equal(deferred.length, 1)
  }))

test('what the node never has is refused, and taken back all is as before', () =>
  withCluster(async cluster => {
    const node = cluster.node({ cpuMillis: 4000 })
    await cluster.kubelet(node)
    await cluster.createPod('grows', having('1'))
    await rest()
    // The API, which would refuse it, knows the node as it was before it became smaller.
    const status = { allocatable: { cpu: '8', memory: '16Gi' } }
    const larger = { status } as unknown as Partial<Node>
    await cluster.client.patch(nodeKind, { name: 'n1' }, 'merge', larger, { subresource: 'status' })
    await resize(cluster, 'grows', having('5'))
    const { reason, message } = conditionOf(await cluster.pod('grows'), 'PodResizePending') ?? {}
    assert.deepEqual(
      [reason, message],
      ['Infeasible', "Node didn't have enough capacity: cpu, requested: 5000, capacity: 4000"],
    )
    await resize(cluster, 'grows', having('1'))
    const pod = await cluster.pod('grows')
    assert.equal(conditionOf(pod, 'PodResizePending'), undefined)
    assert.deepEqual(statusOf(pod).resources, amounts('1'))
    const events = (await eventsOf(cluster, 'grows')).filter(event => event.includes('Resize'))
    assert.equal(events.length, 1)
    assert.match(
      events[0] ?? '',
      /^Warning ResizeInfeasible Pod resize Infeasible: \{.*"error":"Node/,
    )
  }))

test('what the runtime refuses is in progress with its error, and tried again', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    let refuses = true
    const runtime: ContainerRuntime = {
      ...node.runtime,
      updateContainerResources: (id, resources) =>
        refuses
          ? Promise.reject(new Error('device or resource busy'))
          : node.runtime.updateContainerResources(id, resources),
    }
    const kubelet = await cluster.kubelet({ ...node, runtime })
    await cluster.createPod('grows', having('1', '128Mi'))
    await rest()
    await resize(cluster, 'grows', having('2', '64Mi'))
    const failing = await cluster.pod('grows')
    const { reason, message } = conditionOf(failing, 'PodResizeInProgress') ?? {}
    assert.deepEqual([reason, message], ['Error', 'device or resource busy'])
    assert.equal(statusOf(failing).allocatedResources?.cpu, '2')
    assert.deepEqual(statusOf(failing).resources?.limits, { cpu: '1', memory: '128Mi' })
    // What was set aside outlives the kubelet, though no status tells its limits.
    await kubelet.stop()
    refuses = false
    await cluster.kubelet({ ...node, runtime })
    await cluster.clock.advance(11_000)
    const done = await cluster.pod('grows')
    assert.equal(conditionOf(done, 'PodResizeInProgress'), undefined)
    assert.deepEqual(statusOf(done).resources, amounts('2', '64Mi'))
    const names = (await eventsOf(cluster, 'grows')).map(event => event.split(' ')[1])
    assert.deepEqual(
      names.filter(name => name?.startsWith('Resize')),
      ['ResizeCompleted', 'ResizeStarted', 'ResizeError'],
    )
  }))

test('memory in use is not taken away', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    let used = 100 * MEBIBYTE
    const runtime: ContainerRuntime = {
      ...node.runtime,
      containerStats: async () =>
        (await node.runtime.listContainers()).map(({ id }) => ({
          containerId: id,
          cpuUsageNanoseconds: 0,
          memoryWorkingSetBytes: used,
          timestamp: 0,
        })),
    }
    await cluster.kubelet({ ...node, runtime })
    await cluster.createPod('full', having('1', '128Mi'))
    await rest()
    await resize(cluster, 'full', having('1', '64Mi'))
    const { reason, message } = conditionOf(await cluster.pod('full'), 'PodResizeInProgress') ?? {}
    assert.equal(reason, 'Error')
    assert.equal(
      message,
      'attempting to set container "web" memory limit (67108864) below current usage (104857600)',
    )
    assert.deepEqual((await cgroupOf(node.runtime))[2], 128 * MEBIBYTE)
    used = MEBIBYTE
    await cluster.clock.advance(11_000)
    assert.deepEqual((await cgroupOf(node.runtime))[2], 64 * MEBIBYTE)
  }))

test('a file of what was set aside that says something else breaks nothing', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    let kubelet = await cluster.kubelet(node)
    await cluster.createPod('grows', having('500m'))
    await rest()
    await resize(cluster, 'grows', having('1'))
    const uid = (await cluster.pod('grows')).metadata.uid
    const { files } = node.hostAccess
    const path = `/var/lib/kubelet/pods/${uid}/allocation.json`
    assert.ok(await files.read(path))
    let cpu = 1
    for (const told of [
      'null',
      '[]',
      '"web"',
      '7',
      '{"web":null}',
      '{"web":"much"}',
      '{"web":{"requests":["1"]}}',
      '{"web":{"requests":{"cpu":2}}}',
      '{"web":{"limits":{"cpu":"two"}}}',
      '{"web":',
    ]) {
      await kubelet.stop()
      await files.write(path, Buffer.from(told))
      kubelet = await cluster.kubelet(node)
      await rest()
      cpu = 3 - cpu
      await resize(cluster, 'grows', having(String(cpu)))
      assert.equal((await cgroupOf(node.runtime))[0], cpu * 1024, told)
      const { message } = conditionOf(await cluster.pod('grows'), 'PodResizeInProgress') ?? {}
      assert.equal(message, undefined, told)
    }
  }))

test('resizes are counted under upstream’s names', () =>
  withCluster(async cluster => {
    const node = cluster.node({ cpuMillis: 4000 })
    let refuses = false
    const runtime: ContainerRuntime = {
      ...node.runtime,
      updateContainerResources: (id, resources) =>
        refuses
          ? Promise.reject(new Error('device or resource busy'))
          : node.runtime.updateContainerResources(id, resources),
    }
    const kubelet = await cluster.kubelet({ ...node, runtime })
    const figures = async () => {
      const { body } = await kubelet.transport.request({ method: 'GET', path: '/metrics' })
      assert.ok(body.kind === 'bytes')
      return Buffer.from(body.bytes)
        .toString()
        .split('\n')
        .filter(line => /resize/.test(line) && !/^#|_bucket|_sum/.test(line))
        .map(line => line.replace('kubelet_', ''))
        .toSorted()
    }
    assert.deepEqual(await figures(), ['pod_in_progress_resizes 0'])
    const bare = { containers: [{ ...web, resources: { requests: { cpu: '1' } } }] }
    await cluster.createPod('grows', bare)
    await cluster.createPod('goes', having('2'))
    await rest()

    // More than is left; then less and something new, which fits.
    const cpuOf = (cpu: string, more = {}) => ({
      containers: [{ ...web, resources: { requests: { cpu, ...more } } }],
    })
    await resize(cluster, 'grows', cpuOf('3'))
    assert.deepEqual(await figures(), [
      'container_requested_resizes_total{resource="cpu",requirement="requests",operation="increase"} 1',
      'pod_in_progress_resizes 0',
      'pod_pending_resizes{reason="deferred"} 1',
    ])
    await resize(cluster, 'grows', cpuOf('500m', { memory: '64Mi' }))
    const before = [
      'container_requested_resizes_total{resource="cpu",requirement="requests",operation="decrease"} 1',
      'container_requested_resizes_total{resource="cpu",requirement="requests",operation="increase"} 1',
      'container_requested_resizes_total{resource="memory",requirement="requests",operation="add"} 1',
      'pod_deferred_accepted_resizes_total{retry_trigger="pod_updated"} 1',
      'pod_in_progress_resizes 0',
      'pod_resize_duration_milliseconds_count{success="true"} 1',
    ]
    assert.deepEqual(await figures(), before)

    // What the runtime refuses stays in progress.
    refuses = true
    await resize(cluster, 'goes', having('1'))
    const failing = await figures()
    assert.ok(failing.includes('pod_in_progress_resizes 1'))
    assert.ok(failing.includes('pod_resize_duration_milliseconds_count{success="false"} 1'))
    refuses = false
    await cluster.clock.advance(11_000)
    assert.ok((await figures()).includes('pod_in_progress_resizes 0'))

    // Those that wait are served as others take less, or go.
    await resize(cluster, 'goes', having('2'))
    await resize(cluster, 'grows', cpuOf('3', { memory: '64Mi' }))
    await resize(cluster, 'goes', having('1'))
    await resize(cluster, 'grows', cpuOf('4', { memory: '64Mi' }))
    await cluster.client.delete(podKind, at('goes'), { gracePeriodSeconds: 0 })
    await cluster.clock.advance(5_000)
    const late = (await figures()).filter(line => line.includes('accepted'))
    assert.deepEqual(late, [
      'pod_deferred_accepted_resizes_total{retry_trigger="pod_resized"} 1',
      'pod_deferred_accepted_resizes_total{retry_trigger="pod_updated"} 1',
      'pod_deferred_accepted_resizes_total{retry_trigger="pods_removed"} 1',
    ])

    // The API, which would refuse it, knows the node as it was before it became smaller.
    const status = { allocatable: { cpu: '8', memory: '16Gi' } }
    const larger = { status } as unknown as Partial<Node>
    await cluster.client.patch(nodeKind, { name: 'n1' }, 'merge', larger, { subresource: 'status' })
    await resize(cluster, 'grows', cpuOf('5', { memory: '64Mi' }))
    const last = await figures()
    assert.ok(last.includes('pod_pending_resizes{reason="infeasible"} 1'))
    assert.ok(
      last.includes(
        'pod_infeasible_resizes_total{reason_detail="insufficient_node_allocatable"} 1',
      ),
    )
    const usage = await kubelet.transport.request({ method: 'GET', path: '/metrics/resource' })
    assert.ok(usage.body.kind === 'bytes')
    assert.match(Buffer.from(usage.body.bytes).toString(), /^node_cpu_usage_seconds_total /m)
  }))
