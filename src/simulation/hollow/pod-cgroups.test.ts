/** The cgroups of pods, on a machine that only remembers them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pod as podKind } from '#api/core/v1/pod/pod.ts'
import type { Cgroups, LinuxResources } from '#kubelet'
import { rest, type TestCluster } from '../testing/hollow-cluster.ts'
import { at, eventsOf, sh, withCluster } from '../testing/pod-views.ts'

const MEBIBYTE = 2 ** 20

function rememberedCgroups() {
  const groups = new Map<string, LinuxResources>()
  const state = { failure: '', busy: 0 }
  const cgroups: Cgroups = {
    problem: async () => undefined,
    async apply(path, limits) {
      if (state.failure) throw new Error(state.failure)
      groups.set(path, limits)
    },
    async remove(path) {
      if (state.busy-- > 0) return false
      groups.delete(path)
      return true
    },
    names: async path =>
      [...groups.keys()]
        .filter(each => each.startsWith(`${path}/`))
        .map(each => each.slice(path.length + 1))
        .filter(name => !name.includes('/')),
    processes: async () => [],
  }
  return { groups, state, cgroups }
}

function start(cluster: TestCluster) {
  const remembered = rememberedCgroups()
  const node = cluster.node()
  const parents: string[] = []
  const { runPodSandbox } = node.runtime
  node.runtime.runPodSandbox = config => {
    if (remembered.groups.has(config.cgroupParent)) parents.push(config.cgroupParent)
    return runPodSandbox(config)
  }
  Object.assign(node.hostAccess, { cgroups: remembered.cgroups })
  return {
    ...remembered,
    node,
    parents,
    run: () => cluster.kubelet(node, { cgroupRoot: '/kubepods' }),
  }
}

const container = (cpu: string, memory: string) => ({
  name: 'web',
  image: 'nginx',
  command: sh('sleep 10000'),
  resources: { requests: { cpu, memory }, limits: { cpu, memory } },
})

test('a pod has its cgroup before its sandbox, and none after its end', () =>
  withCluster(async cluster => {
    const { groups, state, parents, run } = start(cluster)
    await run()
    assert.deepEqual(groups.get('/kubepods'), { cpuShares: 4096 })
    const { metadata } = await cluster.createPod('web', {
      containers: [container('500m', '64Mi')],
    })
    const requests = { cpu: '250m' }
    const other = { ...container('1', '1Mi'), resources: { requests } }
    const burstable = await cluster.createPod('other', { containers: [other] })
    await rest()
    const path = `/kubepods/pod${metadata.uid}`
    const burstablePath = `/kubepods/burstable/pod${burstable.metadata.uid}`
    assert.deepEqual(parents.toSorted(), [path, burstablePath].toSorted())
    assert.deepEqual(groups.get(path), {
      cpuShares: 512,
      cpuPeriod: 100_000,
      cpuQuota: 50_000,
      memoryLimitBytes: 64 * MEBIBYTE,
    })
    assert.deepEqual(groups.get('/kubepods/burstable'), { cpuShares: 256 })
    state.busy = 3
    await cluster.client.delete(podKind, at('web'))
    await cluster.client.delete(podKind, at('other'))
    await cluster.clock.advance(40_000)
    assert.deepEqual(
      [...groups.keys()].filter(each => each.includes('/pod')),
      [],
    )
    assert.deepEqual(groups.get('/kubepods/burstable'), { cpuShares: 2 })
  }))

test('a resize changes the pod’s cgroup as well', () =>
  withCluster(async cluster => {
    const { groups, run, node } = start(cluster)
    await run()
    const pod = await cluster.createPod('web', { containers: [container('1', '64Mi')] })
    await rest()
    const path = `/kubepods/pod${pod.metadata.uid}`
    const duringUpdate: (LinuxResources | undefined)[] = []
    const { updateContainerResources } = node.runtime
    node.runtime.updateContainerResources = (id, resources) => {
      duringUpdate.push(groups.get(path))
      return updateContainerResources(id, resources)
    }
    const resize = async (cpu: string, memory: string) => {
      const { resources } = container(cpu, memory)
      const spec = { containers: [{ name: 'web', resources }] }
      await cluster.client.patch(
        podKind,
        at('web'),
        'strategic',
        { spec },
        { subresource: 'resize' },
      )
      await cluster.clock.advance(2_000)
      return groups.get(path)
    }
    const grown = await resize('2', '32Mi')
    assert.equal(duringUpdate[0]?.cpuQuota, 200_000, 'before its containers are given more')
    assert.equal(duringUpdate[0]?.memoryLimitBytes, 64 * MEBIBYTE, 'after they gave it back')
    assert.equal(grown?.cpuQuota, 200_000)
    assert.equal(grown?.memoryLimitBytes, 32 * MEBIBYTE)
  }))

test('where a cgroup cannot be made the pod waits, and it is told', () =>
  withCluster(async cluster => {
    const { state, run } = start(cluster)
    await run()
    state.failure = 'no space left on device'
    await cluster.createPod('web', { containers: [container('1', '64Mi')] })
    await rest()
    assert.equal((await cluster.pod('web')).status?.phase, 'Pending')
    const told =
      'Warning FailedCreatePodContainer unable to ensure pod container exists: no space left on device'
    assert.ok((await eventsOf(cluster, 'web')).includes(told))
    state.failure = ''
    await cluster.clock.advance(5_000)
    assert.equal((await cluster.pod('web')).status?.phase, 'Running')
  }))

test('cgroups of pods that went while no kubelet ran are removed by the next', () =>
  withCluster(async cluster => {
    const { groups, run } = start(cluster)
    const kubelet = await run()
    const pod = await cluster.createPod('web', { containers: [container('1', '64Mi')] })
    await rest()
    await kubelet.stop()
    for (const path of ['/kubepods/podgone', '/kubepods/burstable/podgone']) groups.set(path, {})
    await run()
    assert.deepEqual(
      [...groups.keys()].filter(each => each.includes('/pod')),
      [`/kubepods/pod${pod.metadata.uid}`],
    )
  }))
