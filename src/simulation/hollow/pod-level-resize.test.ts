/** Pods that have resources as a whole, which are changed while they run. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Pod, pod as podKind } from '#api/core/v1/pod/pod.ts'
import type { ContainerRuntime } from '#kubelet'
import { rest, type TestCluster } from '../testing/hollow-cluster.ts'
import { at, conditionOf, statusOf, web, withCluster } from '../testing/pod-views.ts'

const MEBIBYTE = 1024 ** 2
const amounts = (cpu: string, memory: string) => ({
  requests: { cpu, memory },
  limits: { cpu, memory },
})
/** One container with a limit of cpu of its own, and one with nothing. */
const own = { requests: { cpu: '200m' }, limits: { cpu: '200m' } }
const whole = (cpu: string, memory = '64Mi') => ({
  resources: amounts(cpu, memory),
  containers: [
    { ...web, resources: own },
    { ...web, name: 'side' },
  ],
})

async function resize({ client }: TestCluster, name: string, spec: object): Promise<void> {
  await client.patch(podKind, at(name), 'strategic', { spec } as Partial<Pod>, {
    subresource: 'resize',
  })
  await rest()
}

async function cgroupOf(runtime: ContainerRuntime, name: string) {
  const containers = await runtime.listContainers()
  const running = containers.find(c => c.name === name && c.state === 'running')
  const status = await runtime.containerStatus(running?.id ?? '')
  const { cpuShares, cpuQuota, memoryLimitBytes } = status?.resources ?? {}
  return [cpuShares, cpuQuota, memoryLimitBytes]
}

test('containers may use what their pod may, where they have no limits of their own', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    await cluster.kubelet(node)
    await cluster.createPod('whole', whole('500m'))
    await rest()
    assert.deepEqual(await cgroupOf(node.runtime, 'web'), [204, 20_000, 64 * MEBIBYTE])
    assert.deepEqual(await cgroupOf(node.runtime, 'side'), [512, 50_000, 64 * MEBIBYTE])
    const before = await cluster.pod('whole')
    assert.equal(before.status?.qosClass, 'Guaranteed')
    assert.deepEqual(before.status?.resources, amounts('500m', '64Mi'))
    assert.deepEqual(before.status?.allocatedResources, { cpu: '500m', memory: '64Mi' })

    await resize(cluster, 'whole', whole('1', '128Mi'))
    assert.deepEqual(await cgroupOf(node.runtime, 'web'), [204, 20_000, 128 * MEBIBYTE])
    assert.deepEqual(await cgroupOf(node.runtime, 'side'), [1024, 100_000, 128 * MEBIBYTE])
    const pod = await cluster.pod('whole')
    assert.deepEqual(pod.status?.resources, amounts('1', '128Mi'))
    assert.deepEqual(pod.status?.allocatedResources, { cpu: '1', memory: '128Mi' })
    assert.equal(conditionOf(pod, 'PodResizeInProgress'), undefined)
    assert.equal(conditionOf(pod, 'PodResizePending'), undefined)
    assert.deepEqual(statusOf(pod, 0).resources, own)
    assert.deepEqual([statusOf(pod, 0).restartCount, statusOf(pod, 1).restartCount], [0, 0])
  }))

test('what a pod requests as a whole counts for its place, and waits for more across a restart', () =>
  withCluster(async cluster => {
    const node = cluster.node({ cpuMillis: 4000 })
    let kubelet = await cluster.kubelet(node)
    await cluster.createPod('grows', whole('1'))
    await cluster.createPod('goes', whole('2'))
    await cluster.createPod('late', whole('2'))
    await rest()
    const { reason, message } = (await cluster.pod('late')).status ?? {}
    assert.equal(reason, 'OutOfcpu')
    assert.match(message ?? '', /requested: 2000, used: 3000, capacity: 4000/)

    await resize(cluster, 'grows', whole('3'))
    const waits = async () => {
      const pod = await cluster.pod('grows')
      const { reason, message } = conditionOf(pod, 'PodResizePending') ?? {}
      assert.deepEqual(
        [reason, message],
        [
          'Deferred',
          "Node didn't have enough resource: cpu, requested: 3000, used: 2000, capacity: 4000",
        ],
      )
      assert.deepEqual(pod.status?.resources, amounts('1', '64Mi'))
      assert.deepEqual(pod.status?.allocatedResources, { cpu: '1', memory: '64Mi' })
      const [, quota] = await cgroupOf(node.runtime, 'side')
      assert.equal(quota, 100_000)
    }
    await waits()
    await kubelet.stop()
    kubelet = await cluster.kubelet(node)
    await waits()
    await cluster.client.delete(podKind, at('goes'), { gracePeriodSeconds: 0 })
    await cluster.clock.advance(5_000)
    const pod = await cluster.pod('grows')
    assert.equal(conditionOf(pod, 'PodResizePending'), undefined)
    assert.deepEqual(pod.status?.resources, amounts('3', '64Mi'))
    assert.deepEqual(await cgroupOf(node.runtime, 'side'), [3072, 300_000, 64 * MEBIBYTE])
  }))

test('what the runtime refuses is told as it was, and is not forgotten', () =>
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
    await cluster.createPod('grows', whole('1', '128Mi'))
    await rest()
    await resize(cluster, 'grows', whole('2', '64Mi'))
    const failing = await cluster.pod('grows')
    assert.equal(conditionOf(failing, 'PodResizeInProgress')?.reason, 'Error')
    assert.deepEqual(failing.status?.allocatedResources, { cpu: '2', memory: '64Mi' })
    assert.deepEqual(failing.status?.resources, amounts('1', '128Mi'))
    // What was set aside outlives the kubelet, though no status tells its limits.
    await kubelet.stop()
    refuses = false
    await cluster.kubelet({ ...node, runtime })
    await cluster.clock.advance(11_000)
    const done = await cluster.pod('grows')
    assert.equal(conditionOf(done, 'PodResizeInProgress'), undefined)
    assert.deepEqual(done.status?.resources, amounts('2', '64Mi'))
    assert.deepEqual(await cgroupOf(node.runtime, 'side'), [2048, 200_000, 64 * MEBIBYTE])
  }))
