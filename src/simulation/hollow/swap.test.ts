/** A machine with swap whose control groups can limit it: what containers may have of it, and what is told. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { node as nodeKind } from '#api/core/v1/node.ts'
import { type Pod, pod as podKind } from '#api/core/v1/pod/pod.ts'
import type { ContainerConfig, HostAccess, KubeletOptions } from '#kubelet'
import { rest, type TestCluster } from '../testing/hollow-cluster.ts'
import { at, eventsOf, web, withCluster } from '../testing/pod-views.ts'

const GIBIBYTE = 2 ** 30
const MEBIBYTE = 2 ** 20

/** Figures of a group, of which only these matter here. */
const figures = (swapBytes: number, swapAvailableBytes: number | undefined) => ({
  cpu: { usageNanoseconds: 1 },
  memory: { workingSetBytes: 1, swapBytes, swapAvailableBytes },
  pids: { processIds: [] },
})

async function start(cluster: TestCluster, options: Partial<KubeletOptions> = {}) {
  const node = cluster.node()
  const made = new Map<string, ContainerConfig>()
  const updated: unknown[] = []
  const { runtime } = node
  const create = runtime.createContainer.bind(runtime)
  runtime.createContainer = async (sandboxId, config, sandbox) => {
    made.set(sandbox.name, config)
    return create(sandboxId, config, sandbox)
  }
  const update = runtime.updateContainerResources.bind(runtime)
  runtime.updateContainerResources = async (id, resources) => {
    updated.push(resources.unified)
    await update(id, resources)
  }
  const cgroups = {
    apply: async () => {},
    remove: async () => true,
    names: async () => [],
    processes: async () => [],
    problem: async () => undefined,
    version: async () => 2,
    limitsSwap: async () => true,
    figures: async (path: string) =>
      path === '/' ? undefined : figures(10 * MEBIBYTE, 30 * MEBIBYTE),
  } as unknown as NonNullable<HostAccess['cgroups']>
  const facts = {
    ...node.hostAccess.facts,
    memoryBytes: 16 * GIBIBYTE,
    swapBytes: 8 * GIBIBYTE,
  }
  const usage = () => ({
    ...{ cpuUsageNanoseconds: 1, memoryWorkingSetBytes: 1, timestamp: cluster.clock.now() },
    ...{ swapUsageBytes: GIBIBYTE, swapAvailableBytes: 7 * GIBIBYTE },
  })
  const hostAccess = { ...node.hostAccess, facts, cgroups, usage }
  const kubelet = await cluster.kubelet(
    { ...node, hostAccess },
    { cgroupRoot: '/proa', ...options },
  )
  const read = async (path: string) => {
    const { body } = await kubelet.transport.request({ method: 'GET', path })
    return body.kind === 'bytes' ? Buffer.from(body.bytes).toString() : ''
  }
  return { made, updated, read }
}

const requesting = (memory: string) => ({
  containers: [{ ...web, resources: { requests: { memory } } }],
})

test('containers of Burstable pods have their part of it, where it is wanted so', () =>
  withCluster(async cluster => {
    const { made } = await start(cluster, { swapBehavior: 'LimitedSwap' })
    await cluster.createPod('burstable', requesting('2Gi'))
    await cluster.createPod('besteffort', { containers: [web] })
    await rest()
    await cluster.clock.advance(2_000)
    assert.deepEqual(
      ['burstable', 'besteffort'].map(name => made.get(name)?.resources.unified),
      [{ 'memory.swap.max': String(GIBIBYTE) }, { 'memory.swap.max': '0' }],
    )
    const { status } = await cluster.client.get(nodeKind, 'n1')
    assert.deepEqual(status.nodeInfo?.swap, { capacity: 8 * GIBIBYTE })
  }))

test('what there is and what is used is told', () =>
  withCluster(async cluster => {
    const { made, read } = await start(cluster)
    await cluster.createPod('pod', requesting('2Gi'))
    await rest()
    await cluster.clock.advance(2_000)
    assert.deepEqual(made.get('pod')?.resources.unified, { 'memory.swap.max': '0' })
    const { node, pods } = JSON.parse(await read('/stats/summary'))
    assert.deepEqual(
      [node.swap.swapUsageBytes, node.swap.swapAvailableBytes],
      [GIBIBYTE, 7 * GIBIBYTE],
    )
    for (const { swap } of [pods[0], pods[0].containers[0]])
      assert.deepEqual(
        [swap.swapUsageBytes, swap.swapAvailableBytes],
        [10 * MEBIBYTE, 30 * MEBIBYTE],
      )
    const text = await read('/metrics/resource')
    const labels = '{container="web",namespace="default",pod="pod"}'
    assert.ok(text.includes(`container_swap_limit_bytes${labels} ${40 * MEBIBYTE} `), text)
    assert.ok(text.includes(`node_swap_usage_bytes ${GIBIBYTE} `))
    assert.ok(
      text.includes(`pod_swap_usage_bytes{namespace="default",pod="pod"} ${10 * MEBIBYTE} `),
    )
  }))

test('memory of a container with swap is not changed while it runs', () =>
  withCluster(async cluster => {
    const { updated, read } = await start(cluster, { swapBehavior: 'LimitedSwap' })
    await cluster.createPod('fixed', requesting('2Gi'))
    await cluster.createPod('free', {
      containers: [{ ...web, resources: { requests: { cpu: '1' } } }],
    })
    await rest()
    await cluster.clock.advance(2_000)
    const resize = async (name: string, requests: object) => {
      const spec = { containers: [{ name: 'web', resources: { requests } }] }
      await cluster.client.patch(podKind, at(name), 'strategic', { spec } as Partial<Pod>, {
        subresource: 'resize',
      })
      await rest()
    }
    await resize('fixed', { memory: '4Gi' })
    const events = await eventsOf(cluster, 'fixed')
    assert.ok(
      events.some(event =>
        /ResizeInfeasible.*In-place resize of containers with swap is not supported\./.test(event),
      ),
      events.join('\n'),
    )
    assert.match(
      await read('/metrics'),
      /^kubelet_pod_infeasible_resizes_total\{reason_detail="swap_limitation"\} 1$/m,
    )
    await resize('free', { cpu: '2' })
    assert.deepEqual(updated, [{ 'memory.swap.max': '0' }])
  }))
