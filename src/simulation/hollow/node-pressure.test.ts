/** Nodes that run short of memory or disk. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { node as nodeKind } from '#api/core/v1/node.ts'
import type { KubeletOptions } from '#kubelet'
import { rest, type TestCluster } from '../testing/hollow-cluster.ts'
import { conditionOf, eventsOf, sh, withCluster } from '../testing/pod-views.ts'

const MEBIBYTE = 2 ** 20
const GIBIBYTE = 2 ** 30

async function start(cluster: TestCluster, options: Partial<KubeletOptions> = {}) {
  const node = cluster.node()
  const state = { memory: GIBIBYTE, disk: 50 * GIBIBYTE, uses: new Map<string, number>() }
  const { files } = node.hostAccess
  const { read } = files
  files.read = async (path, limit) =>
    path === '/proc/meminfo'
      ? Buffer.from(`MemTotal:  16777216 kB\nMemAvailable:   ${state.memory / 1024} kB\n`)
      : read(path, limit)
  files.space = async () => ({
    ...{ capacityBytes: 100 * GIBIBYTE, availableBytes: state.disk },
    ...{ inodes: 1000, inodesFree: 900 },
  })
  node.runtime.containerStats = async () =>
    (await node.runtime.listContainers()).map(({ id, labels }) => ({
      ...{ containerId: id, cpuUsageNanoseconds: 0, timestamp: 0 },
      memoryWorkingSetBytes: state.uses.get(labels['io.kubernetes.pod.name'] ?? '') ?? 0,
    }))
  await cluster.kubelet(node, {
    evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '5%' },
    ...options,
  })
  const nodeCondition = async (type: string) => {
    const { status } = await cluster.client.get(nodeKind, 'n1')
    return status.conditions?.find(condition => condition.type === type)
  }
  return { node, state, nodeCondition }
}

const podSpec = (memory?: string) => ({
  terminationGracePeriodSeconds: 600,
  containers: [
    {
      name: 'c',
      image: 'busybox',
      command: sh('sleep 100000'),
      ...(memory && { resources: { requests: { memory } } }),
    },
  ],
})

test('memory that runs out costs the greediest pod its place, one at a time, and no newcomer gets one', () =>
  withCluster(async cluster => {
    const { state, nodeCondition } = await start(cluster)
    await cluster.createPod('modest', podSpec('500Mi'))
    await cluster.createPod('greedy', podSpec())
    await rest()
    state.uses.set('modest', 400 * MEBIBYTE)
    state.uses.set('greedy', 300 * MEBIBYTE)
    await cluster.clock.advance(20_000)
    assert.equal((await nodeCondition('MemoryPressure'))?.status, 'False')
    state.memory = 99 * MEBIBYTE
    await cluster.clock.advance(11_000)
    state.memory = 400 * MEBIBYTE
    const { status } = await cluster.pod('greedy')
    const message =
      'The node was low on resource: memory. Threshold quantity: 100Mi, available: 99Mi. ' +
      'Container c was using 300Mi, request is 0, has larger consumption of memory. '
    assert.deepEqual(
      [status?.phase, status?.reason, status?.message],
      ['Failed', 'Evicted', message],
    )
    const disruption = conditionOf(await cluster.pod('greedy'), 'DisruptionTarget')
    assert.deepEqual(
      [disruption?.status, disruption?.reason, disruption?.message],
      ['True', 'TerminationByKubelet', message],
    )
    assert.ok((await eventsOf(cluster, 'greedy')).includes(`Warning Evicted ${message}`))
    assert.equal((await cluster.pod('modest')).status?.phase, 'Running')
    const { status: under, reason } = (await nodeCondition('MemoryPressure')) ?? {}
    assert.deepEqual([under, reason], ['True', 'KubeletHasInsufficientMemory'])
    await cluster.createPod('late', podSpec())
    await cluster.createPod('asking', podSpec('1Mi'))
    await rest()
    const late = (await cluster.pod('late')).status
    assert.deepEqual([late?.phase, late?.reason], ['Failed', 'Evicted'])
    assert.equal(late?.message, 'Pod was rejected: The node had condition: [MemoryPressure]. ')
    assert.equal((await cluster.pod('asking')).status?.phase, 'Running')
    // The condition stays for a while, lest pods come and go in turns.
    await cluster.clock.advance(4 * 60_000)
    assert.equal((await nodeCondition('MemoryPressure'))?.status, 'True')
    await cluster.clock.advance(2 * 60_000)
    assert.equal((await nodeCondition('MemoryPressure'))?.status, 'False')
  }))

test('an image that can not be removed, and a name that is none, keep no pod from going', () =>
  withCluster(async cluster => {
    const { node, state } = await start(cluster)
    const images = ['stuck', 'old'].map(name => ({
      ...{ id: name, repoTags: [name], repoDigests: [`${name}@sha256:0`], sizeBytes: 1 },
    }))
    const removed: string[] = []
    node.runtime.listImages = async () => images
    node.runtime.removeImage = async name => {
      if (name === 'stuck') throw new Error('it is in use')
      removed.push(name)
    }
    const { imageStatus } = node.runtime
    node.runtime.imageStatus = async name => {
      if (name === 'A:::') throw new Error('invalid reference format')
      return imageStatus(name)
    }
    await cluster.createPod('goes', podSpec())
    await cluster.createPod('wrong', { containers: [{ name: 'c', image: 'A:::' }] })
    await rest()
    state.disk = 4 * GIBIBYTE
    await cluster.clock.advance(31_000)
    assert.ok(removed.includes('old'))
    const reasons = ['goes', 'wrong'].map(async name => (await cluster.pod(name)).status?.reason)
    assert.ok((await Promise.all(reasons)).includes('Evicted'))
  }))

test('a full disk costs images that nobody uses first, and pods only where that is not enough', () =>
  withCluster(async cluster => {
    const { node, state, nodeCondition } = await start(cluster)
    const image = (name: string, digests: readonly string[]) => ({
      ...{ id: name, repoTags: [name], repoDigests: digests, sizeBytes: 1 },
    })
    const images = new Map([
      ['old', image('old', ['old@sha256:0'])],
      ['loaded', image('loaded', [])],
    ])
    node.runtime.listImages = async () => [...images.values()]
    node.runtime.removeImage = async name => {
      images.delete(name)
      state.disk = 20 * GIBIBYTE
    }
    await cluster.createPod('stays', podSpec())
    await rest()
    state.disk = 4 * GIBIBYTE
    await cluster.clock.advance(11_000)
    assert.deepEqual([...images.keys()], ['loaded'])
    assert.equal((await cluster.pod('stays')).status?.phase, 'Running')
    assert.equal((await nodeCondition('DiskPressure'))?.reason, 'KubeletHasDiskPressure')
    state.disk = 4 * GIBIBYTE
    await cluster.clock.advance(11_000)
    const { status } = await cluster.pod('stays')
    assert.equal(status?.reason, 'Evicted')
    assert.match(status?.message ?? '', /low on resource: ephemeral-storage\. Threshold.*: 5Gi, /)
  }))

test('a soft threshold waits, and gives pods time to end', () =>
  withCluster(async cluster => {
    const { state, nodeCondition } = await start(cluster, {
      eviction: {
        soft: { 'memory.available': '500Mi' },
        softGraceMs: { 'memory.available': 60_000 },
        maximumPodGraceSeconds: 40,
        minimumReclaim: {},
        transitionMs: 30_000,
      },
    })
    await cluster.createPod('goes', {
      ...podSpec(),
      containers: [
        { name: 'c', image: 'busybox', command: sh("trap '' TERM; while true; do sleep 1; done") },
      ],
    })
    await rest()
    state.memory = 400 * MEBIBYTE
    await cluster.clock.advance(31_000)
    assert.equal((await nodeCondition('MemoryPressure'))?.status, 'True', 'that is told at once')
    assert.equal((await cluster.pod('goes')).status?.phase, 'Running')
    await cluster.clock.advance(40_000)
    assert.ok((await eventsOf(cluster, 'goes')).some(event => / Evicted /.test(event)))
    state.memory = GIBIBYTE
    await cluster.clock.advance(50_000)
    const { status } = await cluster.pod('goes')
    assert.deepEqual([status?.phase, status?.reason], ['Failed', 'Evicted'])
    await cluster.clock.advance(30_000)
    assert.equal((await nodeCondition('MemoryPressure'))?.status, 'False', 'after its own time')
  }))

test('images go before the disk is full, and those that nobody used for long', () =>
  withCluster(async cluster => {
    const images = new Map(
      ['first', 'second'].map(id => [
        id,
        { id, repoTags: [id], repoDigests: [`${id}@sha256:0`], sizeBytes: 3 * GIBIBYTE },
      ]),
    )
    const { node, state } = await start(cluster, {
      imageCollection: {
        ...{ highPercent: 85, lowPercent: 80 },
        ...{ minimumAgeMs: 120_000, maximumAgeMs: 3_600_000 },
      },
    })
    node.runtime.listImages = async () => [...images.values()]
    node.runtime.removeImage = async name => {
      images.delete(name)
      state.disk += 3 * GIBIBYTE
    }
    await cluster.clock.advance(301_000)
    state.disk = 17 * GIBIBYTE
    await cluster.clock.advance(600_000)
    assert.equal(images.size, 2, 'there is room')
    state.disk = 15 * GIBIBYTE
    await cluster.clock.advance(301_000)
    assert.equal(images.size, 0, 'two are needed for 20 percent')
    images.set('third', {
      id: 'third',
      repoTags: [],
      repoDigests: ['third@sha256:0'],
      sizeBytes: 1,
    })
    state.disk = 50 * GIBIBYTE
    await cluster.clock.advance(3_000_000)
    assert.equal(images.size, 1)
    await cluster.clock.advance(1_300_000)
    assert.equal(images.size, 0, 'it is old')
  }))
