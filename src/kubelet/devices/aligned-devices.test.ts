/** Devices, processors and memory of containers come from the same memory nodes, on a machine of two. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '#base/log.ts'
import { type ContainerConfig, type DivisionWanted, divideMachine } from '#kubelet'
import { rest, type TestCluster } from '../../simulation/testing/hollow-cluster.ts'
import { withCluster } from '../../simulation/testing/pod-views.ts'
import { createMemorySockets } from '../testing/memory-sockets.ts'
import { RESOURCE, TestPlugin } from './testing/test-plugin.ts'

const WANTED: DivisionWanted = {
  cpuManagerPolicy: 'static',
  cpuManagerPolicyOptions: new Map(),
  memoryManagerPolicy: 'None',
  reservedMemory: new Map(),
  topologyManagerPolicy: 'single-numa-node',
  topologyManagerScope: 'container',
  reservedCpus: [],
}
/** Two sockets of four processors; the first one is reserved. */
const topology = {
  cpus: [0, 1, 2, 3, 4, 5, 6, 7].map(id => ({ id, core: id, socket: id >> 2, node: id >> 2 })),
  nodes: [0, 1].map(id => ({ id, memoryBytes: 8 * 2 ** 30, hugePages: {} })),
}

interface Started {
  readonly cluster: TestCluster
  readonly plugin: TestPlugin
  /** Processors and devices of a container that was made. */
  had(name: string): [cpus: string | undefined, devices: string | undefined]
  restart(): Promise<void>
}

async function withPlugin(
  nodesOf: Readonly<Record<string, readonly number[]>>,
  wanted: Partial<DivisionWanted>,
  work: (started: Started) => Promise<void>,
): Promise<void> {
  await withCluster(async cluster => {
    const net = createMemorySockets()
    const node = cluster.node({ cpuMillis: 8000 })
    const { files } = node.hostAccess
    const made = new Map<string, ContainerConfig>()
    const runtime = {
      ...node.runtime,
      createContainer: (id: string, config: ContainerConfig, sandbox: never) => {
        made.set(config.name, config)
        return node.runtime.createContainer(id, config, sandbox)
      },
    }
    const start = async () => {
      const division = await divideMachine(
        { ...WANTED, ...wanted },
        { topology, files, directory: '/var/lib/kubelet', reserved: { cpu: '1' }, log: silentLog },
      )
      return cluster.kubelet({ ...node, runtime }, { grpcSockets: net.sockets, division })
    }
    let kubelet = await start()
    const plugin = new TestPlugin(net)
    plugin.devices = Object.fromEntries(Object.keys(nodesOf).map(id => [id, 'Healthy']))
    plugin.nodesOf = nodesOf
    await plugin.register()
    await work({
      cluster,
      plugin,
      had(name) {
        const config = made.get(name)
        const gpus = config?.env.find(({ name }) => name === 'GPUS')?.value
        return [config?.resources.cpusetCpus, gpus]
      },
      async restart() {
        await kubelet.stop()
        kubelet = await start()
        await plugin.register()
      },
    })
  })
}

const container = (name: string, cpu: number, devices: number) => {
  const amounts = {
    ...(cpu > 0 ? { cpu: String(cpu), memory: '64Mi' } : {}),
    ...(devices > 0 ? { [RESOURCE]: String(devices) } : {}),
  }
  return { name, image: 'x', resources: { requests: amounts, limits: amounts } }
}
const create = async (cluster: TestCluster, name: string, ...containers: object[]) => {
  await cluster.createPod(name, { containers })
  await rest()
  const { status } = await cluster.pod(name)
  return [status?.phase, status?.reason, status?.message]
}
const RUNS = ['Running', undefined, undefined]

test('processors come from where the only free devices are', () =>
  withPlugin({ a: [1], b: [1], c: [0] }, {}, async ({ cluster, had, restart }) => {
    assert.deepEqual(await create(cluster, 'one', container('one', 2, 1)), RUNS)
    assert.deepEqual(had('one'), ['1-2', 'c'])
    // One processor is left beside it, but no device.
    assert.deepEqual(await create(cluster, 'two', container('two', 1, 2)), RUNS)
    assert.deepEqual(had('two'), ['4', 'a,b'])
    const [, reason] = await create(cluster, 'none', container('none', 1, 1))
    assert.equal(reason, 'TopologyAffinityError', 'no device is left anywhere')
    await restart()
    assert.equal((await cluster.pod('two')).status?.phase, 'Running')
  }))

test('who can’t have all from one node is refused, and leaves nothing taken', () =>
  withPlugin({ a: [0], b: [1] }, {}, async ({ cluster, had, plugin }) => {
    assert.deepEqual(await create(cluster, 'both', container('both', 1, 2)), [
      'Failed',
      'TopologyAffinityError',
      'Pod was rejected: Resources cannot be allocated with Topology locality',
    ])
    assert.deepEqual(plugin.asked, [], 'the plugin is not asked for what is not to be')
    assert.deepEqual(await create(cluster, 'four', container('four', 4, 1)), RUNS)
    assert.deepEqual(had('four'), ['4-7', 'b'], 'the other node has three left')
    assert.deepEqual(await create(cluster, 'last', container('last', 3, 1)), RUNS)
    assert.deepEqual(had('last'), ['1-3', 'a'])
  }))

test('each container finds what those before it have left', () =>
  withPlugin({ a: [0], b: [0], c: [1], d: [1] }, {}, async ({ cluster, had }) => {
    const two = [container('first', 3, 1), container('second', 3, 1)]
    assert.deepEqual(await create(cluster, 'pod', ...two), RUNS)
    assert.deepEqual(had('first'), ['1-3', 'a'])
    assert.deepEqual(had('second'), ['4-6', 'c'])
  }))

test('all containers of a pod from one node, where that is wanted of pods', () =>
  withPlugin(
    { a: [0], b: [1], c: [1] },
    { topologyManagerScope: 'pod' },
    async ({ cluster, had }) => {
      const two = [container('first', 1, 1), container('second', 1, 1)]
      assert.deepEqual(await create(cluster, 'pod', ...two), RUNS)
      assert.deepEqual(had('first'), ['4', 'b'])
      assert.deepEqual(had('second'), ['5', 'c'])
    },
  ))

test('where it is only better, who can’t have it runs all the same', () =>
  withPlugin(
    { a: [0], b: [1] },
    { topologyManagerPolicy: 'best-effort' },
    async ({ cluster, had }) => {
      assert.deepEqual(await create(cluster, 'both', container('both', 1, 2)), RUNS)
      assert.equal(had('both')[1], 'a,b')
    },
  ))

test('a plugin that refuses leaves processors to others, and one that says nothing of places is as before', () =>
  withPlugin({ a: [1] }, {}, async ({ cluster, plugin, had }) => {
    plugin.refuses = true
    const [phase, reason] = await create(cluster, 'refused', container('refused', 4, 1))
    assert.deepEqual([phase, reason], ['Failed', 'UnexpectedAdmissionError'])
    plugin.refuses = false
    plugin.nodesOf = {}
    plugin.tell()
    await rest()
    assert.deepEqual(await create(cluster, 'again', container('again', 4, 1)), RUNS)
    assert.deepEqual(had('again'), ['4-7', 'a'])
  }))
