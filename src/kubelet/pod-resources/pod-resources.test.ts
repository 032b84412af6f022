import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFigureBook, figuresText } from '#base/figures.ts'
import { silentLog } from '#base/log.ts'
import { createManualClock } from '#client/testing/manual-clock.ts'
import type { DevicePlugins } from '../devices/device-plugins.ts'
import { divideMachine } from '../division/division.ts'
import { container, GIBIBYTE, machineOf, podOf } from '../division/testing/machines.ts'
import type { DynamicResources } from '../dra/dynamic-resources.ts'
import type { Files } from '../host-access.ts'
import type { KubeletContext } from '../options.ts'
import type { PodWorker } from '../pods/pod-worker.ts'
import * as messages from './messages.ts'
import { methodsOf } from './pod-resources.ts'

const SERVICE = '/v1.PodResourcesLister'
const NOTHING = new Uint8Array(0)

/** A divided machine with one pod that has two processors and a device, and one that has ended. */
async function world() {
  const files = {
    read: async () => undefined,
    write: async () => {},
    makeDirectory: async () => {},
  } as unknown as Files
  const topology = machineOf({ sockets: 1, nodesPerSocket: 1, coresPerNode: 4, threads: 1 })
  const division = await divideMachine(
    {
      ...{ cpuManagerPolicy: 'static', cpuManagerPolicyOptions: new Map(), reservedCpus: [0] },
      ...{ memoryManagerPolicy: 'Static', reservedMemory: new Map([[0, { memory: GIBIBYTE }]]) },
      ...{ topologyManagerPolicy: 'none', topologyManagerScope: 'container' },
    },
    { topology, files, directory: '/k', reserved: { memory: '1Gi' }, log: silentLog },
  )
  const pod = podOf('a', [container('c', '2', '3Gi'), container('d', '500m', '1Gi')], {
    initContainers: [container('i', '1')],
  })
  division.admit(pod)
  const ended = { ...podOf('b', [container('c', '1')]), status: { phase: 'Succeeded' } }
  const given = { ids: ['gpu0'], numaNodeOf: new Map([['gpu0', 0]]) }
  const clock = createManualClock()
  const figures = createFigureBook()
  const methods = methodsOf({
    context: { clock, options: { division, figures } } as unknown as KubeletContext,
    sockets: {} as never,
    devices: {
      devicesOf: (_: string, name: string) => new Map(name === 'c' ? [['v/gpu', given]] : []),
      healthyDevices: () => new Map([['v/gpu', [{ id: 'gpu0', healthy: true, numaNodes: [0] }]]]),
    } as unknown as DevicePlugins,
    dynamicResources: { resourcesOf: () => [] } as unknown as DynamicResources,
    workers: () =>
      [pod, ended].map(each => ({ pod: each, mode: 'running' })) as unknown as PodWorker[],
  })
  const ask = (method: string, request: Uint8Array = NOTHING) =>
    methods[method]?.(request) ?? assert.fail(method)
  return { ask, clock, figures }
}

const node0 = { topology: { nodes: [{ id: 0 }] } }

test('who has which devices, processors and memory is told of containers that stay, in pods that are not over', async () => {
  const { ask } = await world()
  const { podResources } = messages.listResponse.decode(await ask(`${SERVICE}/List`))
  assert.deepEqual(
    podResources.map(({ name }) => name),
    ['a'],
  )
  const [c, d] = podResources[0]?.containers ?? []
  assert.deepEqual(c?.cpuIds, [1, 2])
  assert.deepEqual(
    c?.memory?.map(({ memoryType, size }) => [memoryType, size]),
    [['memory', 3 * GIBIBYTE]],
  )
  assert.deepEqual(c?.devices?.[0]?.deviceIds, ['gpu0'])
  assert.deepEqual(d?.cpuIds, [])
  assert.equal(podResources[0]?.containers?.length, 2)
  const request = messages.getRequest.encode({ podName: 'a', podNamespace: 'default' })
  const got = messages.getResponse.decode(await ask(`${SERVICE}/Get`, request))
  assert.deepEqual(got.podResources, podResources[0])
  await assert.rejects(
    ask(`${SERVICE}/Get`, messages.getRequest.encode({ podName: 'b', podNamespace: 'default' })),
    { message: 'pod b in namespace default not found' },
  )
})

test('what may be had is told whether somebody has it or not', async () => {
  const { ask } = await world()
  const told = await ask(`${SERVICE}/GetAllocatableResources`)
  const { cpuIds, memory, devices } = messages.allocatableResponse.decode(told)
  assert.deepEqual(cpuIds, [1, 2, 3])
  assert.deepEqual(
    memory.map(({ memoryType, size }) => [memoryType, size]),
    [['memory', 7 * GIBIBYTE]],
  )
  assert.equal(JSON.stringify(devices[0]?.topology), JSON.stringify(node0.topology))
})

test('requests are counted by the version that was asked for, and limited', async () => {
  const { ask, clock, figures } = await world()
  await ask('/v1alpha1.PodResourcesLister/List')
  for (let again = 0; again < 9; again++) await ask(`${SERVICE}/List`)
  await assert.rejects(ask(`${SERVICE}/List`), { message: 'rejected by rate limit' })
  await clock.advance(10)
  await ask(`${SERVICE}/List`)
  const text = figuresText([figures.source])
  for (const line of ['"v1alpha1"} 1', '"v1"} 10'])
    assert.ok(
      text.includes(`kubelet_pod_resources_endpoint_requests_total{server_api_version=${line}`),
      text,
    )
})
