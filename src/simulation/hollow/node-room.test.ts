/** What pods take of a node, and when they give it back. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Pod, pod as podKind } from '#api/core/v1/pod/pod.ts'
import { rest, type TestCluster } from '../testing/hollow-cluster.ts'
import { at, sh, web, withCluster } from '../testing/pod-views.ts'

const asks = (cpu: string, more: object = {}) => ({
  containers: [{ ...web, ...more, resources: { requests: { cpu } } }],
})

/** A pod that asks for so much and goes at once: how it was received tells what was left. */
async function fits(cluster: TestCluster, spec: object): Promise<boolean> {
  await cluster.createPod('probe', spec)
  await rest()
  const { status } = await cluster.pod('probe')
  await cluster.client.delete(podKind, at('probe'), { gracePeriodSeconds: 0 })
  await cluster.clock.advance(5_000)
  if (status?.phase === 'Failed') assert.match(status.reason ?? '', /^OutOf/)
  else assert.equal(status?.phase, 'Running')
  return status?.phase === 'Running'
}

test('what a pod asks for is taken until it is over', () =>
  withCluster(async cluster => {
    const node = cluster.node({ cpuMillis: 4000 })
    const kubelet = await cluster.kubelet(node)
    await cluster.createPod('stays', asks('1500m'))
    await cluster.createPod('ends', {
      restartPolicy: 'Never',
      ...asks('2', { command: sh('sleep 60') }),
    })
    await rest()
    assert.equal(await fits(cluster, asks('500m')), true)
    assert.equal(await fits(cluster, asks('501m')), false, 'all but 500m is taken')

    await cluster.clock.advance(60_000)
    assert.equal((await cluster.pod('ends')).status?.phase, 'Succeeded')
    assert.equal(await fits(cluster, asks('2500m')), true, 'a pod that is over takes nothing')
    assert.equal(await fits(cluster, asks('2501m')), false)

    await kubelet.stop()
    await cluster.kubelet(node)
    assert.equal(await fits(cluster, asks('2500m')), true, 'a new kubelet counts what it finds')
    assert.equal(await fits(cluster, asks('2501m')), false)

    await cluster.client.delete(podKind, at('stays'), { gracePeriodSeconds: 0 })
    await cluster.client.delete(podKind, at('ends'), { gracePeriodSeconds: 0 })
    await cluster.clock.advance(5_000)
    assert.equal(await fits(cluster, asks('4')), true, 'all of them are gone')
    assert.equal(await fits(cluster, asks('4001m')), false)
  }))

test('a pod that is resized takes what it asks for now', () =>
  withCluster(async cluster => {
    await cluster.kubelet(cluster.node({ cpuMillis: 4000 }))
    await cluster.createPod('grows', asks('1'))
    await rest()
    assert.equal(await fits(cluster, asks('3')), true)
    const containers = [{ name: 'web', resources: { requests: { cpu: '2' } } }]
    await cluster.client.patch(
      podKind,
      at('grows'),
      'strategic',
      { spec: { containers } } as Partial<Pod>,
      { subresource: 'resize' },
    )
    await rest()
    assert.equal(await fits(cluster, asks('2001m')), false)
    assert.equal(await fits(cluster, asks('2')), true)
  }))

test('pods have their places until they are over, and ports of the node as well', () =>
  withCluster(async cluster => {
    await cluster.kubelet(cluster.node(), { maxPods: 2 })
    const port = { ports: [{ containerPort: 80, hostPort: 80 }] }
    const isTaken = async () => {
      await cluster.createPod('second', { containers: [{ ...web, ...port }] })
      await rest()
      const { reason } = (await cluster.pod('second')).status ?? {}
      await cluster.client.delete(podKind, at('second'), { gracePeriodSeconds: 0 })
      await cluster.clock.advance(5_000)
      return reason
    }
    await cluster.createPod('ends', {
      restartPolicy: 'Never',
      containers: [{ ...web, ...port, command: sh('sleep 60') }],
    })
    await rest()
    assert.equal(await isTaken(), 'NodePorts')
    await cluster.createPod('stays', { containers: [web] })
    await rest()
    assert.equal(await isTaken(), 'OutOfpods')
    await cluster.clock.advance(60_000)
    assert.equal((await cluster.pod('ends')).status?.phase, 'Succeeded')
    assert.equal(await isTaken(), undefined)
  }))

test('who is deleted by force ends within seconds, whatever time it asked for, and holds no place', () =>
  withCluster(async cluster => {
    const node = cluster.node({ cpuMillis: 4000 })
    await cluster.kubelet(node)
    const slow = { lifecycle: { preStop: { sleep: { seconds: 60 } } } }
    await cluster.createPod('first', { ...asks('3', slow), terminationGracePeriodSeconds: 90 })
    await rest()
    await cluster.client.delete(podKind, at('first'), { gracePeriodSeconds: 0 })
    await cluster.createPod('second', asks('3'))
    await rest()
    assert.equal((await cluster.pod('second')).status?.phase, 'Running')
    await cluster.clock.advance(1_500)
    const running = (await node.runtime.listContainers()).filter(c => c.state === 'running')
    assert.equal(running.length, 1, 'the first has ended')
  }))
