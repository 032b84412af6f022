/** A machine that was switched off and on: what was in memory is gone, and what the kubelet had noted is on its disk. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { event as eventKind } from '#api/core/v1/event.ts'
import type { HollowNode } from '../hollow/hollow-node.ts'
import { rest } from '../testing/hollow-cluster.ts'
import { web, withCluster } from '../testing/pod-views.ts'

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
    await cluster.createPod('remembers', {
      containers: [web],
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
