/** Pods that take more of a node's disk than they may. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { podDirectory } from '../../kubelet/containers/hosts-mount.ts'
import { rest } from '../testing/hollow-cluster.ts'
import { conditionOf, eventsOf, sh, withCluster } from '../testing/pod-views.ts'

const KIBIBYTE = 1024
const volumeOf = (uid = '', name = 'scratch') =>
  `/var/lib/kubelet/pods/${uid}/volumes/kubernetes.io~empty-dir/${name}`

const scratchPod = (sizeLimit: string) => ({
  containers: [
    {
      name: 'c',
      image: 'busybox',
      command: sh('sleep 1000'),
      volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }],
    },
  ],
  terminationGracePeriodSeconds: 600,
  volumes: [{ name: 'scratch', emptyDir: { sizeLimit } }],
})

test('a pod whose emptyDir holds too much is evicted, with a second to end', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    await cluster.kubelet(node)
    const greedy = await cluster.createPod('greedy', scratchPod('10Ki'))
    await cluster.createPod('modest', scratchPod('20Ki'))
    await rest()
    const { files } = node.hostAccess
    await files.write(`${volumeOf(greedy.metadata.uid)}/a`, new Uint8Array(10 * KIBIBYTE))
    await cluster.clock.advance(20_000)
    assert.equal((await cluster.pod('greedy')).status?.phase, 'Running', 'full is not too much')
    await files.write(`${volumeOf(greedy.metadata.uid)}/deep/b`, new Uint8Array(1))
    await cluster.clock.advance(15_000)
    const { status } = await cluster.pod('greedy')
    const message = 'Usage of EmptyDir volume "scratch" exceeds the limit "10Ki". '
    assert.equal(status?.phase, 'Failed')
    assert.equal(status?.reason, 'Evicted')
    assert.equal(status?.message, message)
    assert.equal(conditionOf(await cluster.pod('greedy'), 'DisruptionTarget'), undefined)
    assert.ok((await eventsOf(cluster, 'greedy')).includes(`Warning Evicted ${message}`))
    assert.equal(await files.facts(volumeOf(greedy.metadata.uid)), undefined)
    assert.equal((await cluster.pod('modest')).status?.phase, 'Running')
  }))

test('a pod that can not be measured keeps no other from being evicted', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    await cluster.kubelet(node)
    const odd = await cluster.createPod('odd', scratchPod('10Ki'))
    const greedy = await cluster.createPod('greedy', scratchPod('10Ki'))
    await rest()
    const { files } = node.hostAccess
    await files.write(`${volumeOf(greedy.metadata.uid)}/a`, new Uint8Array(11 * KIBIBYTE))
    const { usage } = files
    files.usage = async path => {
      if (path.includes(odd.metadata.uid ?? '-')) throw new Error('EIO')
      return usage(path)
    }
    await cluster.clock.advance(20_000)
    assert.equal((await cluster.pod('greedy')).status?.reason, 'Evicted')
    assert.equal((await cluster.pod('odd')).status?.phase, 'Running')
  }))

test('what a container wrote and logged counts, and is told', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    let bytes = 1000
    node.runtime.containerStats = async () =>
      (await node.runtime.listContainers()).map(({ id }) => ({
        containerId: id,
        cpuUsageNanoseconds: 0,
        memoryWorkingSetBytes: 0,
        timestamp: 0,
        writableLayer: { bytes, inodes: 3 },
      }))
    const kubelet = await cluster.kubelet(node)
    const limits = { 'ephemeral-storage': '10Ki' }
    const script = 'echo hello; sleep 1000'
    const container = { name: 'c', image: 'busybox', command: sh(script), resources: { limits } }
    await cluster.createPod('writer', { containers: [container] })
    await rest()
    await cluster.clock.advance(20_000)
    const { body } = await kubelet.transport.request({ method: 'GET', path: '/stats/summary' })
    assert.ok(body.kind === 'bytes')
    const [pod] = JSON.parse(Buffer.from(body.bytes).toString()).pods
    const [stats] = pod.containers
    assert.equal(stats.rootfs.usedBytes, 1000)
    assert.ok(stats.logs.usedBytes > 0 && stats.logs.capacityBytes > 0)
    assert.equal(pod['ephemeral-storage'].usedBytes, 1000 + stats.logs.usedBytes)
    bytes = 10 * KIBIBYTE - stats.logs.usedBytes
    await cluster.clock.advance(15_000)
    assert.equal((await cluster.pod('writer')).status?.phase, 'Running')
    bytes++
    await cluster.clock.advance(15_000)
    const { status } = await cluster.pod('writer')
    assert.equal(status?.reason, 'Evicted')
    assert.match(status?.message ?? '', /exceeds the total limit of containers 10Ki\. $/)
  }))

test('where no pod has a limit no directory is walked through', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    let walks = 0
    const { usage } = node.hostAccess.files
    node.hostAccess.files.usage = path => {
      walks++
      return usage(path)
    }
    await cluster.kubelet(node)
    const { volumes, ...spec } = scratchPod('1')
    const pod = await cluster.createPod('free', {
      ...spec,
      volumes: volumes.map(({ name }) => ({ name, emptyDir: {} })),
    })
    await rest()
    await cluster.clock.advance(60_000)
    assert.equal((await cluster.pod('free')).status?.phase, 'Running')
    assert.ok(
      await node.hostAccess.files.facts(podDirectory('/var/lib/kubelet', pod.metadata.uid ?? '')),
    )
    assert.equal(walks, 0)
  }))
