/** A machine that was switched off and on: what was in memory is gone, and what the kubelet had noted is on its disk. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { event as eventKind } from '#api/core/v1/event.ts'
import type { HollowNode } from '../hollow/hollow-node.ts'
import { rest } from '../testing/hollow-cluster.ts'
import { sh, web, withCluster } from '../testing/pod-views.ts'

/** Keeps what is mounted as a kernel does, with the sizes. */
function watchMounts({ hostAccess }: HollowNode): Map<string, number | undefined> {
  const mounted = new Map<string, number | undefined>()
  const { mounts } = hostAccess
  mounts.mountTmpfs = async (path, sizeBytes) => void mounted.set(path, sizeBytes)
  mounts.unmount = async path => void mounted.delete(path)
  mounts.mountedBelow = async directory =>
    [...mounted.keys()].filter(path => path === directory || path.startsWith(`${directory}/`))
  return mounted
}

test('a volume in memory is in memory after a reboot, too', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    const mounted = watchMounts(node)
    const kubelet = await cluster.kubelet(node)
    const volumeMounts = ['disk', 'memory'].map(name => ({ name, mountPath: `/${name}` }))
    await cluster.createPod('remembers', {
      containers: [{ ...web, volumeMounts }],
      volumes: [
        { name: 'disk', emptyDir: {} },
        { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
      ],
    })
    await rest()
    const before = [...mounted]
    assert.deepEqual(
      before.map(([path, sizeBytes]) => [path.split('/').at(-1), sizeBytes]),
      [['memory', 2 ** 20]],
    )
    await kubelet.stop()
    mounted.clear()
    await cluster.kubelet(node)
    await cluster.clock.advance(1_000)
    assert.deepEqual([...mounted], before)
  }))

test('a reboot is told of the node, a restart of the kubelet is not', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    const told = async () => {
      await rest()
      const { items } = await cluster.client.list(eventKind)
      return items.filter(({ involvedObject }) => involvedObject.kind === 'Node')
    }
    await (await cluster.kubelet(node)).stop()
    await (await cluster.kubelet(node)).stop()
    assert.deepEqual(await told(), [])
    const { facts } = node.hostAccess
    Object.assign(node.hostAccess, { facts: { ...facts, bootId: 'another' } })
    await cluster.kubelet(node)
    const events = await told()
    assert.deepEqual(
      events.map(({ type, reason, message }) => ({ type, reason, message })),
      [
        {
          type: 'Warning',
          reason: 'Rebooted',
          message: 'Node n1 has been rebooted, boot id: another',
        },
      ],
    )
  }))

/** Ends all that runs, as a power cut does, and counts how often each dead sandbox is asked to let go of its network. */
function watchSandboxes({ runtime }: HollowNode) {
  const dead = new Set<string>()
  const released: string[] = []
  const { listPodSandboxes, podSandboxStatus, stopPodSandbox } = runtime
  runtime.listPodSandboxes = async () =>
    (await listPodSandboxes()).map(one => ({ ...one, ready: one.ready && !dead.has(one.id) }))
  runtime.podSandboxStatus = async id => {
    const status = await podSandboxStatus(id)
    return status && { ...status, ready: status.ready && !dead.has(id) }
  }
  runtime.stopPodSandbox = async id => {
    if (dead.has(id)) released.push(id)
    await stopPodSandbox(id)
  }
  const cutPower = async () => {
    for (const { id } of await runtime.listContainers()) await runtime.stopContainer(id, 0)
    for (const { id } of await listPodSandboxes()) dead.add(id)
  }
  return { dead, released, cutPower }
}

test('addresses of sandboxes that died are given back, of pods that go on and of those that end by it', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    const { dead, released, cutPower } = watchSandboxes(node)
    const kubelet = await cluster.kubelet(node)
    await cluster.createPod('goes-on', { containers: [web] })
    await cluster.createPod('ends', {
      restartPolicy: 'Never',
      containers: [{ name: 'c', image: 'busybox', command: sh('sleep 100000') }],
    })
    await rest()
    await kubelet.stop()
    await cutPower()
    assert.equal(dead.size, 2)
    const again = await cluster.kubelet(node)
    await cluster.clock.advance(5_000)
    assert.deepEqual(released.toSorted(), [...dead].sort())
    const phase = async (name: string) => (await cluster.pod(name)).status?.phase
    assert.deepEqual([await phase('goes-on'), await phase('ends')], ['Running', 'Failed'])
    await again.stop()
    await cluster.kubelet(node)
    await cluster.clock.advance(5_000)
    assert.equal(released.length, 2, 'once is enough')
  }))
