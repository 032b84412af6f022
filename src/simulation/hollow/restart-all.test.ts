/** Pods whose containers all start anew, in place, when one ends as its rule says. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pod as podKind } from '#api/core/v1/pod/pod.ts'
import type { ContainerRuntime } from '#kubelet'
import { rest } from '../testing/hollow-cluster.ts'
import { at, conditionOf, eventsOf, sh, statusOf, withCluster } from '../testing/pod-views.ts'

const rule = (...values: number[]) => ({
  restartPolicy: 'Never',
  restartPolicyRules: [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values } }],
})
const container = (name: string, script: string, more: object = {}) => ({
  ...{ name, image: 'busybox', command: sh(script) },
  ...more,
})

/** One that ends after a minute, a quiet one, one that is over at once, before them an init container and a sidecar. */
const worker = {
  restartPolicy: 'Never',
  initContainers: [
    container('prepare', 'echo ready'),
    container('side', 'sleep infinity', { restartPolicy: 'Always' }),
  ],
  containers: [
    container('main', 'sleep 60; exit 88', rule(88)),
    container('other', 'sleep infinity', {
      lifecycle: { preStop: { sleep: { seconds: 20 } } },
    }),
    container('done', 'exit 0'),
  ],
}
/** Nobody knows when. */
const REMOVED = {
  terminated: {
    ...{ exitCode: 137, startedAt: null, finishedAt: null },
    reason: 'RestartingAllContainers',
    message: 'The container is removed because RestartAllContainers in place',
  },
}

test('all containers start anew in their sandbox, those that were over, too', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    await cluster.kubelet(node)
    await cluster.createPod('worker', worker)
    await rest()
    const before = await cluster.pod('worker')
    assert.equal(conditionOf(before, 'AllContainersRestarting')?.status, 'False')
    const sandboxes = async () => (await node.runtime.listPodSandboxes()).map(({ id }) => id)
    const [sandbox] = await sandboxes()

    await cluster.clock.advance(62_000)
    await rest()
    const after = await cluster.pod('worker')
    const { status } = after
    assert.equal(conditionOf(after, 'AllContainersRestarting')?.status, 'False')
    assert.equal(conditionOf(after, 'Initialized')?.status, 'True')
    assert.equal(status?.phase, 'Running')
    assert.equal(status?.podIP, before.status?.podIP)
    assert.deepEqual(await sandboxes(), [sandbox])
    const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
    assert.deepEqual(
      all.map(({ name, restartCount, lastState }) => [name, restartCount, lastState]),
      ['prepare', 'side', 'main', 'other', 'done'].map(name => [name, 1, REMOVED]),
    )
    assert.ok(statusOf(after, 0).state.running)
    assert.ok(statusOf(after, 1).state.running)
    assert.equal(statusOf(after, 2).state.terminated?.exitCode, 0)
    assert.equal(status?.initContainerStatuses?.[0]?.state.terminated?.exitCode, 0)
    assert.equal((await node.runtime.listContainers()).length, 5, 'former runs are gone')
    assert.ok((await eventsOf(cluster, 'worker')).includes('Normal Killing killing'))
  }))

test('who keeps ending waits for its back-off, behind those that start before it', () =>
  withCluster(async cluster => {
    await cluster.kubelet(cluster.node())
    await cluster.createPod('loop', {
      restartPolicy: 'Never',
      initContainers: [container('prepare', 'echo ready')],
      containers: [container('main', 'exit 88', rule(88))],
    })
    await rest()
    await cluster.clock.advance(5_000)
    const waits = await cluster.pod('loop')
    assert.equal(statusOf(waits).restartCount, 2)
    assert.equal(statusOf(waits).state.waiting?.reason, 'CrashLoopBackOff')
    assert.equal(waits.status?.initContainerStatuses?.[0]?.state.terminated?.exitCode, 0)
    assert.equal(waits.status?.phase, 'Running')
    await cluster.clock.advance(10_000)
    assert.equal(statusOf(await cluster.pod('loop')).restartCount, 3)
  }))

test('an init container has those before it run again; without a rule for its end the pod fails', () =>
  withCluster(async cluster => {
    await cluster.kubelet(cluster.node())
    const pod = (code: number) => ({
      restartPolicy: 'Never',
      initContainers: [
        container('first', 'echo one'),
        container('second', `exit ${code}`, rule(88)),
      ],
      containers: [container('main', 'sleep infinity')],
    })
    await cluster.createPod('again', pod(88))
    await cluster.createPod('fails', pod(87))
    await rest()
    await cluster.clock.advance(3_000)
    const { status } = await cluster.pod('again')
    assert.equal(status?.phase, 'Pending')
    assert.deepEqual(
      status?.initContainerStatuses?.map(({ restartCount }) => restartCount),
      [2, 2],
    )
    const fails = await cluster.pod('fails')
    assert.equal(fails.status?.phase, 'Failed')
    assert.equal(fails.status?.initContainerStatuses?.[0]?.restartCount, 0)
  }))

test('a kubelet that dies on the way finds the rest to do by the condition', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    let refuses = true
    const removed: string[] = []
    const runtime: ContainerRuntime = {
      ...node.runtime,
      async removeContainer(id) {
        // The first to be removed is the one by whose end all of it began.
        if (refuses && removed.length > 0) throw new Error('busy')
        removed.push(id)
        return node.runtime.removeContainer(id)
      },
    }
    const kubelet = await cluster.kubelet({ ...node, runtime })
    await cluster.createPod('two', {
      restartPolicy: 'Never',
      containers: [container('main', 'sleep 60; exit 88', rule(88)), container('done', 'exit 0')],
    })
    await rest()
    await cluster.clock.advance(61_000)
    const half = await cluster.pod('two')
    const { status, reason, message } = conditionOf(half, 'AllContainersRestarting') ?? {}
    assert.deepEqual(
      [status, reason, message],
      ['True', 'RestartAllContainersStarted', 'container exited with restart policy rule'],
    )
    assert.equal(removed.length, 1)
    await kubelet.stop()
    refuses = false
    await cluster.kubelet({ ...node, runtime })
    await cluster.clock.advance(5_000)
    const after = await cluster.pod('two')
    assert.equal(conditionOf(after, 'AllContainersRestarting')?.status, 'False')
    assert.deepEqual([statusOf(after, 0).restartCount, statusOf(after, 1).restartCount], [1, 1])
    assert.ok(statusOf(after, 0).state.running)
    assert.equal(removed.length, 2)
  }))

test('a pod that is deleted meanwhile ends, and ephemeral containers are left alone', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    await cluster.kubelet(node)
    await cluster.createPod('two', {
      containers: [
        container('main', 'sleep 60; exit 88', { ...rule(88), restartPolicy: 'Always' }),
        container('other', 'sleep infinity'),
      ],
    })
    await rest()
    await cluster.client.patch(
      podKind,
      at('two'),
      'strategic',
      { spec: { ephemeralContainers: [container('look', 'exit 88')] } } as never,
      { subresource: 'ephemeralcontainers' },
    )
    await rest()
    await cluster.clock.advance(62_000)
    const pod = await cluster.pod('two')
    assert.equal(statusOf(pod, 1).restartCount, 1)
    assert.equal(pod.status?.ephemeralContainerStatuses?.[0]?.state.terminated?.exitCode, 88)
    assert.equal(pod.status?.ephemeralContainerStatuses?.[0]?.restartCount, 0)
    await cluster.clock.advance(60_000)
    await cluster.client.delete(podKind, at('two'))
    await rest()
    await cluster.clock.advance(40_000)
    assert.deepEqual(await node.runtime.listContainers(), [])
  }))
