/** A kubelet with plugins of devices, over a machine in memory and time that is moved by hand. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { node as nodeKind } from '#api/core/v1/node.ts'
import { pod as podKind } from '#api/core/v1/pod/pod.ts'
import type { ContainerConfig } from '#kubelet'
import { rest, type TestCluster } from '../../simulation/testing/hollow-cluster.ts'
import { eventsOf, statusOf, withCluster } from '../../simulation/testing/pod-views.ts'
import { GrpcError, grpcCode } from '../cri/grpc.ts'
import { createMemorySockets, type MemorySockets } from '../testing/memory-sockets.ts'
import { RESOURCE, TestPlugin } from './testing/test-plugin.ts'

const amounts = async ({ client }: TestCluster) => {
  const { status } = await client.get(nodeKind, 'n1')
  return [status?.capacity?.[RESOURCE], status?.allocatable?.[RESOURCE]]
}
const limits = (count: number) => ({ resources: { limits: { [RESOURCE]: String(count) } } })
const container = (name: string, count: number, more: object = {}) => ({
  ...{ name, image: 'x' },
  ...limits(count),
  ...more,
})

interface Started {
  readonly cluster: TestCluster
  readonly net: MemorySockets
  /** What containers were made with, by name. */
  readonly made: Map<string, ContainerConfig>
  start(): Promise<{ stop(): Promise<void> }>
}

async function withKubelet(work: (started: Started) => Promise<void>): Promise<void> {
  await withCluster(async cluster => {
    const net = createMemorySockets()
    const node = cluster.node()
    const made = new Map<string, ContainerConfig>()
    const runtime = {
      ...node.runtime,
      createContainer: (id: string, config: ContainerConfig, sandbox: never) => {
        made.set(config.name, config)
        return node.runtime.createContainer(id, config, sandbox)
      },
    }
    const start = () => cluster.kubelet({ ...node, runtime }, { grpcSockets: net.sockets })
    await work({ cluster, net, made, start })
  })
}

test('counts devices on the Node as their plugin tells them, and as it goes', () =>
  withKubelet(async ({ cluster, net, start }) => {
    await start()
    const plugin = new TestPlugin(net)
    await plugin.register()
    assert.deepEqual(await amounts(cluster), ['2', '2'])
    plugin.devices = { a: 'Healthy', b: 'Unhealthy', c: 'Healthy' }
    plugin.tell()
    await rest()
    assert.deepEqual(await amounts(cluster), ['3', '2'])
    plugin.die()
    await rest()
    assert.deepEqual(await amounts(cluster), ['3', '0'], 'it may come back')
    await cluster.clock.advance(4 * 60_000)
    assert.deepEqual(await amounts(cluster), ['3', '0'])
    await cluster.clock.advance(61_000)
    assert.deepEqual(await amounts(cluster), ['0', '0'])
    await plugin.register()
    assert.deepEqual(await amounts(cluster), ['3', '2'])
  }))

test('a container gets what the plugin says, beside what its pod says', () =>
  withKubelet(async ({ cluster, net, made, start }) => {
    await start()
    await new TestPlugin(net).register()
    const env = [{ name: 'GPUS', value: 'mine' }]
    await cluster.createPod('web', { containers: [container('c', 1, { env })] })
    await cluster.clock.advance(2_000)
    const config = made.get('c')
    assert.ok(config)
    const named = config.env.filter(({ name }) => name === 'GPUS')
    assert.deepEqual(
      named.map(({ value }) => value),
      ['a', 'mine'],
      'the last one counts',
    )
    assert.deepEqual(config.devices, [
      { containerPath: '/dev/a', hostPath: '/dev/a', permissions: 'rw' },
    ])
    assert.ok(config.mounts.some(({ containerPath }) => containerPath === '/gpu/a'))
    assert.equal(config.annotations['example.com/gpus'], 'a')
    assert.deepEqual(statusOf(await cluster.pod('web')).allocatedResourcesStatus, [
      { name: RESOURCE, resources: [{ resourceID: 'a', health: 'Healthy' }] },
    ])
  }))

test('a pod that is bound where too few devices are left is turned away', () =>
  withKubelet(async ({ cluster, net, start }) => {
    await start()
    const plugin = new TestPlugin(net)
    await plugin.register()
    await cluster.createPod('first', { containers: [container('c', 1)] })
    await cluster.clock.advance(1_000)
    await cluster.createPod('second', { containers: [container('c', 2)] })
    await cluster.clock.advance(2_000)
    const { status } = await cluster.pod('second')
    assert.equal(status?.phase, 'Failed')
    assert.equal(status?.reason, 'UnexpectedAdmissionError')
    const words =
      'Allocate failed due to requested number of devices unavailable for example.com/gpu. Requested: 2, Available: 1, which is unexpected'
    assert.equal(status?.message, `Pod was rejected: ${words}`)
    assert.deepEqual(await eventsOf(cluster, 'second'), [
      `Warning UnexpectedAdmissionError ${words}`,
    ])
    plugin.devices = { a: 'Unhealthy', b: 'Unhealthy' }
    plugin.tell()
    await rest()
    assert.equal(
      statusOf(await cluster.pod('first')).allocatedResourcesStatus?.[0]?.resources?.[0]?.health,
      'Unhealthy',
    )
  }))

test('a container that ended keeps what was last said of its devices', () =>
  withKubelet(async ({ cluster, net, start }) => {
    await start()
    await new TestPlugin(net).register()
    const command = ['sh', '-c', 'sleep 1; exit 3']
    await cluster.createPod('web', {
      restartPolicy: 'Never',
      containers: [container('c', 1, { command })],
    })
    await cluster.clock.advance(5_000)
    const pod = await cluster.pod('web')
    assert.equal(pod.status?.phase, 'Failed')
    assert.equal(statusOf(pod).allocatedResourcesStatus?.[0]?.resources?.[0]?.health, 'Healthy')
  }))

test('what a plugin refuses is said as its caller in Go would say it, and its devices are free again', () =>
  withKubelet(async ({ cluster, net, start }) => {
    await start()
    let refuses = true
    const plugin = new TestPlugin(net, {
      allocate: () => {
        if (refuses) throw new GrpcError(grpcCode.internal, 'broken')
      },
    })
    await plugin.register()
    await cluster.createPod('first', { containers: [container('c', 2)] })
    await cluster.clock.advance(2_000)
    const { status } = await cluster.pod('first')
    assert.equal(
      status?.message,
      'Pod was rejected: Allocate failed due to rpc error: code = Internal desc = broken, which is unexpected',
    )
    refuses = false
    await cluster.createPod('second', { containers: [container('c', 2)] })
    await cluster.clock.advance(2_000)
    assert.equal((await cluster.pod('second')).status?.phase, 'Running')
  }))

test('init containers leave their devices to those after them, sidecars keep theirs', () =>
  withKubelet(async ({ cluster, net, start }) => {
    await start()
    const plugin = new TestPlugin(net)
    await plugin.register()
    const init = container('init', 1, { command: ['true'] })
    const sidecar = container('sidecar', 1, { restartPolicy: 'Always' })
    await cluster.createPod('web', {
      initContainers: [init, sidecar],
      containers: [container('c', 1)],
    })
    await cluster.clock.advance(2_000)
    assert.deepEqual(plugin.asked, [['a'], ['a'], ['b']])
  }))

test('of two pods that come at once and have no room beside each other, one stays', () =>
  withKubelet(async ({ cluster, net, start }) => {
    await start()
    await new TestPlugin(net).register()
    const resources = { requests: { cpu: '3' }, limits: { [RESOURCE]: '1' } }
    const spec = { containers: [{ name: 'c', image: 'x', resources }] }
    await Promise.all([cluster.createPod('a', spec), cluster.createPod('b', spec)])
    await cluster.clock.advance(3_000)
    const phases = ['a', 'b'].map(async name => {
      const { status } = await cluster.pod(name)
      return status?.reason ?? status?.phase
    })
    assert.deepEqual((await Promise.all(phases)).toSorted(), ['OutOfcpu', 'Running'])
    const limits = { [RESOURCE]: '1' }
    await cluster.createPod('c', { containers: [{ name: 'c', image: 'x', resources: { limits } }] })
    await cluster.clock.advance(2_000)
    assert.equal((await cluster.pod('c')).status?.phase, 'Running', 'the other device is free')
  }))

test('devices are free again when their pod has gone', () =>
  withKubelet(async ({ cluster, net, start }) => {
    await start()
    await new TestPlugin(net).register()
    await cluster.createPod('first', { containers: [container('c', 2)] })
    await cluster.clock.advance(2_000)
    const at = { name: 'first', namespace: 'default' }
    await cluster.client.delete(podKind, at, { gracePeriodSeconds: 1 })
    await cluster.clock.advance(5_000)
    await cluster.createPod('second', { containers: [container('c', 2)] })
    await cluster.clock.advance(2_000)
    assert.equal((await cluster.pod('second')).status?.phase, 'Running')
  }))

test('a kubelet that starts anew knows who has which devices, and counts none before their plugin comes', () =>
  withKubelet(async ({ cluster, net, made, start }) => {
    const kubelet = await start()
    const plugin = new TestPlugin(net)
    await plugin.register()
    await cluster.createPod('first', { containers: [container('c', 1)] })
    await cluster.clock.advance(2_000)
    await kubelet.stop()
    await start()
    await cluster.clock.advance(1_000)
    assert.deepEqual(await amounts(cluster), ['0', '0'])
    assert.equal((await cluster.pod('first')).status?.phase, 'Running')
    await plugin.register()
    assert.deepEqual(await amounts(cluster), ['2', '2'])
    await cluster.createPod('second', { containers: [container('d', 1)] })
    await cluster.clock.advance(2_000)
    assert.equal(made.get('d')?.env.find(({ name }) => name === 'GPUS')?.value, 'b')
    assert.deepEqual(plugin.asked, [['a'], ['b']], 'what was given is not asked for again')
  }))

test('asks a plugin what it would like, and tells it before each start where it wishes so', () =>
  withKubelet(async ({ cluster, net, start }) => {
    await start()
    let starts = 0
    const plugin = new TestPlugin(net, {
      prefer: available => available.toReversed().slice(0, 1),
      preStart: () => {
        starts++
        if (starts === 1) throw new GrpcError(grpcCode.unknown, 'not yet')
      },
    })
    await plugin.register()
    await cluster.createPod('web', { containers: [container('c', 1)] })
    await cluster.clock.advance(500)
    const waiting = statusOf(await cluster.pod('web')).state?.waiting
    assert.equal(waiting?.reason, 'CreateContainerConfigError')
    assert.equal(
      waiting?.message,
      'device plugin PreStartContainer rpc failed with err: rpc error: code = Unknown desc = not yet',
    )
    await cluster.clock.advance(3_000)
    assert.equal((await cluster.pod('web')).status?.phase, 'Running')
    assert.deepEqual(plugin.asked, [['b']])
    assert.equal(starts, 2)
  }))

test('refuses plugins that it can not deal with', () =>
  withKubelet(async ({ net, start }) => {
    await start()
    await assert.rejects(new TestPlugin(net).register('v1'), {
      message:
        'requested API version "v1" is not supported by kubelet. Supported version is ["v1beta1"]',
    })
    await assert.rejects(new TestPlugin(net, { resource: 'cpu' }).register(), {
      message: 'the ResourceName "cpu" is invalid',
    })
    await assert.rejects(new TestPlugin(net, {}, '../x').register(), /must be the name of a socket/)
  }))

test('a damaged file of devices keeps nobody from starting', () =>
  withKubelet(async ({ cluster, net, start }) => {
    const kubelet = await start()
    await new TestPlugin(net).register()
    await kubelet.stop()
    const node = cluster.node()
    await node.hostAccess.files.makeDirectory('/var/lib/kubelet/device-plugins')
    await node.hostAccess.files.write(
      '/var/lib/kubelet/device-plugins/kubelet_internal_checkpoint',
      Buffer.from('{"Data":{},"Checksum":1}'),
    )
    await cluster.kubelet(node, { grpcSockets: net.sockets })
    await new TestPlugin(net).register()
    assert.deepEqual(await amounts(cluster), ['2', '2'])
  }))
