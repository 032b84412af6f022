import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Pod, pod as podKind } from '#api/core/v1/pod/pod.ts'
import { rest } from '../testing/hollow-cluster.ts'
import { at, conditionOf, eventsOf, sh, statusOf, web, withCluster } from '../testing/pod-views.ts'

test('a container that keeps failing waits longer each time', () =>
  withCluster(async cluster => {
    await cluster.kubelet(cluster.node())
    await cluster.createPod('crash', {
      containers: [{ name: 'c', image: 'busybox', command: sh('echo no; exit 3') }],
    })
    await cluster.clock.advance(100)
    const first = await cluster.pod('crash')
    // The first restart is at once, the second waits ten seconds.
    assert.equal(statusOf(first).restartCount, 1)
    assert.equal(first.status?.phase, 'Running')
    assert.deepEqual(statusOf(first).state, {
      waiting: {
        reason: 'CrashLoopBackOff',
        message: `back-off 10s restarting failed container=c pod=crash_default(${first.metadata.uid})`,
      },
    })
    assert.equal(statusOf(first).lastState?.terminated?.exitCode, 3)
    assert.equal(conditionOf(first, 'Ready')?.reason, 'ContainersNotReady')
    await cluster.clock.advance(10_000)
    assert.equal(statusOf(await cluster.pod('crash')).restartCount, 2)
    await cluster.clock.advance(19_000)
    assert.equal(statusOf(await cluster.pod('crash')).restartCount, 2)
    await cluster.clock.advance(2_000)
    assert.equal(statusOf(await cluster.pod('crash')).restartCount, 3)
    const events = await eventsOf(cluster, 'crash')
    assert.ok(
      events.includes(
        `Warning BackOff Back-off restarting failed container c in pod crash_default(${first.metadata.uid})`,
      ),
      events.join('\n'),
    )
  }))

test('restart policies decide how a pod ends', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    await cluster.kubelet(node)
    const ends = (name: string, restartPolicy: string, code: number) =>
      cluster.createPod(name, {
        restartPolicy,
        containers: [{ name: 'c', image: 'busybox', command: sh(`sleep 1; exit ${code}`) }],
      })
    await ends('well', 'Never', 0)
    await ends('unwell', 'Never', 2)
    await ends('once', 'OnFailure', 0)
    await ends('again', 'OnFailure', 1)
    await cluster.clock.advance(5_000)
    const phase = async (name: string) => (await cluster.pod(name)).status?.phase
    assert.equal(await phase('well'), 'Succeeded')
    assert.equal(await phase('unwell'), 'Failed')
    assert.equal(await phase('once'), 'Succeeded')
    assert.equal(await phase('again'), 'Running')
    const well = await cluster.pod('well')
    assert.equal(statusOf(well).state.terminated?.reason, 'Completed')
    assert.equal(conditionOf(well, 'Ready')?.reason, 'PodCompleted')
    // The address is free again, the record of the run stays for its logs.
    assert.equal((await node.runtime.listPodSandboxes()).filter(({ ready }) => ready).length, 1)
  }))

test('init containers run one after the other, sidecars stay, then come the others', () =>
  withCluster(async cluster => {
    await cluster.kubelet(cluster.node())
    await cluster.createPod('init', {
      restartPolicy: 'Never',
      initContainers: [
        { name: 'one', image: 'busybox', command: sh('sleep 2') },
        { name: 'side', image: 'busybox', restartPolicy: 'Always' },
        { name: 'two', image: 'busybox', command: sh('sleep 2') },
      ],
      containers: [{ name: 'main', image: 'busybox', command: sh('sleep 5') }],
    })
    const states = async () => {
      const { status } = await cluster.pod('init')
      const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
      const words = all.map(({ state }) => Object.keys(state)[0]?.[0])
      return `${status?.phase} ${words.join('')}`
    }
    await rest()
    assert.equal(await states(), 'Pending rwww')
    assert.equal(
      (await cluster.pod('init')).status?.containerStatuses?.[0]?.state.waiting?.reason,
      'PodInitializing',
    )
    await cluster.clock.advance(2_500)
    assert.equal(await states(), 'Pending trrw')
    await cluster.clock.advance(2_000)
    assert.equal(await states(), 'Running trtr')
    await cluster.clock.advance(5_000)
    assert.equal(await states(), 'Succeeded tttt')
  }))

test('an init container that fails for good fails the pod', () =>
  withCluster(async cluster => {
    await cluster.kubelet(cluster.node())
    await cluster.createPod('init', {
      restartPolicy: 'Never',
      initContainers: [{ name: 'one', image: 'busybox', command: sh('exit 1') }],
      containers: [web],
    })
    await cluster.clock.advance(1_000)
    const pod = await cluster.pod('init')
    assert.equal(pod.status?.phase, 'Failed')
    assert.equal(statusOf(pod).state.waiting?.reason, 'PodInitializing')
  }))

test('a pod ends when its time is over', () =>
  withCluster(async cluster => {
    await cluster.kubelet(cluster.node())
    await cluster.createPod('late', { activeDeadlineSeconds: 5, containers: [web] })
    await cluster.clock.advance(4_000)
    assert.equal((await cluster.pod('late')).status?.phase, 'Running')
    await cluster.clock.advance(2_000)
    const { status } = await cluster.pod('late')
    assert.equal(status?.phase, 'Failed')
    assert.equal(status?.reason, 'DeadlineExceeded')
  }))

test('a new image and an ephemeral container reach a running pod', () =>
  withCluster(async cluster => {
    await cluster.kubelet(cluster.node())
    await cluster.createPod('web', { containers: [web] })
    await rest()
    const before = await cluster.pod('web')
    await cluster.client.update(podKind, {
      ...before,
      spec: { ...before.spec, containers: [{ ...before.spec?.containers?.[0], image: 'nginx:2' }] },
    } as Pod)
    await rest()
    const after = await cluster.pod('web')
    assert.equal(statusOf(after).restartCount, 1)
    assert.equal(statusOf(after).image, 'nginx:2')
    assert.equal(statusOf(after).lastState?.terminated?.exitCode, 143)
    const looks = { name: 'look', image: 'busybox', command: sh('sleep 1; exit 5') }
    await cluster.client.update(
      podKind,
      { ...after, spec: { ...after.spec, ephemeralContainers: [looks] } } as unknown as Pod,
      { subresource: 'ephemeralcontainers' },
    )
    await cluster.clock.advance(3_000)
    const { status } = await cluster.pod('web')
    assert.equal(status?.ephemeralContainerStatuses?.[0]?.state.terminated?.exitCode, 5)
    assert.equal(status?.phase, 'Running')
  }))

test('a container is given its grace, and less when the delete is repeated with less', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    const asked: number[] = []
    const stop = node.runtime.stopContainer
    let end = () => {}
    node.runtime.stopContainer = async (id, seconds) => {
      asked.push(seconds)
      if (seconds > 5)
        await new Promise<void>(resolve => {
          end = resolve
        })
      else end()
      await stop(id, seconds)
    }
    await cluster.kubelet(node)
    await cluster.createPod('slow', {
      terminationGracePeriodSeconds: 60,
      containers: [{ ...web, lifecycle: { preStop: { sleep: { seconds: 10 } } } }],
    })
    await rest()
    await cluster.client.delete(podKind, at('slow'))
    await cluster.clock.advance(9_000)
    assert.deepEqual(asked, [])
    assert.equal((await cluster.pod('slow')).status?.phase, 'Running')
    await cluster.clock.advance(2_000)
    assert.deepEqual(asked, [50])
    await cluster.client.delete(podKind, at('slow'), { gracePeriodSeconds: 2 })
    await rest()
    // Two seconds from the first delete on are over, and the least that anybody gets remains.
    assert.deepEqual(asked.slice(0, 2), [50, 2])
    await cluster.clock.advance(2_000)
    await assert.rejects(cluster.pod('slow'), { reason: 'NotFound' })
  }))

test('a kubelet that stops does not wait for the grace of its pods', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    node.runtime.stopContainer = () => new Promise(() => {})
    const kubelet = await cluster.kubelet(node)
    await cluster.createPod('slow', { containers: [web] })
    await rest()
    await cluster.client.delete(podKind, at('slow'))
    await rest()
    let stopped = false
    const stopping = kubelet.stop().then(() => {
      stopped = true
    })
    await cluster.clock.advance(3_000)
    assert.equal(stopped, true)
    await stopping
  }))

test('a pod that ends is hidden as soon as its readiness probe fails, though it takes its time', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    let isWell = true
    node.hostAccess.network.http = async () => ({ ok: isWell, output: 'statuscode: 503' })
    const stop = node.runtime.stopContainer
    node.runtime.stopContainer = async (id, seconds) => {
      await new Promise<void>(resolve => void cluster.clock.after(20_000, resolve))
      await stop(id, seconds)
    }
    await cluster.kubelet(node)
    const readinessProbe = {
      httpGet: { path: '/', port: 80 },
      periodSeconds: 1,
      failureThreshold: 1,
    }
    await cluster.createPod('slow', {
      terminationGracePeriodSeconds: 60,
      containers: [{ ...web, readinessProbe }],
    })
    await cluster.clock.advance(2_000)
    const isReady = async () => conditionOf(await cluster.pod('slow'), 'Ready')?.status
    await cluster.client.delete(podKind, at('slow'))
    await cluster.clock.advance(3_000)
    assert.equal(await isReady(), 'True')
    isWell = false
    await cluster.clock.advance(3_000)
    assert.equal(await isReady(), 'False')
    isWell = true
    await cluster.clock.advance(3_000)
    assert.equal(await isReady(), 'True')
    await cluster.clock.advance(15_000)
    await assert.rejects(cluster.pod('slow'), { reason: 'NotFound' })
  }))
