/** How pods end: who is told when, and how long they are given. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pod as podKind } from '#api/core/v1/pod/pod.ts'
import { rest, type TestCluster } from '../testing/hollow-cluster.ts'
import { at, conditionOf, eventsOf, sh, statusOf, web, withCluster } from '../testing/pod-views.ts'
import type { HollowNode } from './hollow-node.ts'

/** What happens, with the second at which it does; containers take all the time that they are given, or end after so many seconds. */
function listened({ runtime, hostAccess }: HollowNode, cluster: TestCluster, takes = 1000) {
  const story: string[] = []
  let startMs = cluster.clock.monotonicMs()
  const say = (words: string) =>
    story.push(`${Math.floor((cluster.clock.monotonicMs() - startMs) / 1000)} ${words}`)
  const stop = runtime.stopContainer.bind(runtime)
  runtime.stopContainer = async (id, seconds) => {
    const name = (await runtime.containerStatus(id))?.name
    say(`${name} is told, and given ${seconds}`)
    const delayMs = Math.min(seconds, takes) * 1000
    await new Promise<void>(resolve => void cluster.clock.after(delayMs, resolve))
    await stop(id, seconds)
  }
  hostAccess.network.http = async ({ path }) => {
    say(`hook ${path}`)
    return { ok: true, output: '' }
  }
  const anew = () => {
    story.length = 0
    startMs = cluster.clock.monotonicMs()
  }
  return { story, anew }
}

const hook = (name: string) => ({
  lifecycle: { preStop: { httpGet: { port: 80, path: `/${name}` } } },
})

test('hooks of sidecars do not wait for their turn, but their signals do, as long as the grace lasts', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    await cluster.kubelet(node)
    const sidecar = (name: string) => ({ ...web, name, restartPolicy: 'Always', ...hook(name) })
    await cluster.createPod('web', {
      terminationGracePeriodSeconds: 30,
      initContainers: [sidecar('one'), sidecar('two')],
      containers: [{ ...web, ...hook('main') }],
    })
    await rest()
    const { story } = listened(node, cluster, 5)
    await cluster.client.delete(podKind, at('web'))
    for (let second = 0; second < 20; second++) await cluster.clock.advance(1_000)
    assert.deepEqual(story.slice(0, 3).sort(), ['0 hook /main', '0 hook /one', '0 hook /two'])
    assert.deepEqual(story.slice(3), [
      `0 ${web.name} is told, and given 30`,
      '5 two is told, and given 25',
      '10 one is told, and given 20',
    ])
    const killed = (await eventsOf(cluster, 'web')).filter(each => / Killing /.test(each))
    assert.equal(killed.length, 3)
  }))

test('who has no grace has its hooks begun and a signal in time all the same', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    const { story, anew } = listened(node, cluster)
    await cluster.kubelet(node)
    for (const [name, grace, gracePeriodSeconds] of [
      ['none', 0, undefined],
      ['forced', 30, 0],
      ['late', 1, undefined],
    ] as const) {
      await cluster.createPod(name, {
        terminationGracePeriodSeconds: grace,
        containers: [{ ...web, ...hook('main') }],
      })
      await rest()
      anew()
      await cluster.client.delete(
        podKind,
        at(name),
        gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds },
      )
      for (let second = 0; second < 5; second++) await cluster.clock.advance(1_000)
      assert.deepEqual(story, ['0 hook /main', `0 ${web.name} is told, and given 2`], name)
      assert.deepEqual(await node.runtime.listContainers(), [], name)
    }
  }))

test('while an image is pulled the pod says that its sandbox is there', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    node.runtime.imageStatus = async () => undefined
    node.runtime.pullImage = () => new Promise(() => {})
    await cluster.kubelet(node)
    await cluster.createPod('web', { containers: [web] })
    await cluster.clock.advance(1_000)
    const pod = await cluster.pod('web')
    assert.equal(statusOf(pod).state.waiting?.reason, 'ContainerCreating')
    assert.equal(conditionOf(pod, 'PodReadyToStartContainers')?.status, 'True')
    assert.ok(pod.status?.podIP)
  }))

test('there is an event for each reason for which an image is not there', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    node.runtime.imageStatus = async () => undefined
    await cluster.kubelet(node)
    await cluster.createPod('never', { containers: [{ ...web, imagePullPolicy: 'Never' }] })
    await cluster.createPod('wrong', { containers: [{ ...web, image: 'A:::' }] })
    await cluster.clock.advance(1_000)
    for (const [name, reason] of [
      ['never', 'ErrImageNeverPull'],
      ['wrong', 'InvalidImageName'],
    ] as const)
      assert.ok((await eventsOf(cluster, name)).includes(`Warning Failed Error: ${reason}`), name)
  }))

test('a pod that ends amid a back-off tells of the run before the last, too', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    await cluster.kubelet(node)
    await cluster.createPod('crash', {
      activeDeadlineSeconds: 15,
      containers: [{ name: 'c', image: 'busybox', command: sh('exit 3') }],
    })
    await cluster.clock.advance(12_000)
    const waiting = statusOf(await cluster.pod('crash'))
    assert.equal(waiting.state.waiting?.reason, 'CrashLoopBackOff')
    assert.equal((await node.runtime.listContainers()).length, 2)
    await cluster.clock.advance(5_000)
    const { state, lastState, restartCount } = statusOf(await cluster.pod('crash'))
    assert.deepEqual([state.terminated?.exitCode, lastState?.terminated?.exitCode], [3, 3])
    assert.notEqual(state.terminated?.containerID, lastState?.terminated?.containerID)
    assert.equal(restartCount, 2)
  }))

test('who is killed for being unwell waits for what its run before came to', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    node.hostAccess.network.http = async () => ({ ok: false, output: 'statuscode: 503' })
    await cluster.kubelet(node)
    const livenessProbe = { httpGet: { port: 80 }, periodSeconds: 1, failureThreshold: 2 }
    await cluster.createPod('ill', { containers: [{ ...web, livenessProbe }] })
    const restarts = async () => statusOf(await cluster.pod('ill')).restartCount
    await cluster.clock.advance(1_500)
    assert.equal(await restarts(), 1)
    await cluster.clock.advance(1_500)
    assert.equal(await restarts(), 2)
    await cluster.clock.advance(8_000)
    assert.equal(await restarts(), 2)
    await cluster.clock.advance(5_000)
    assert.equal(await restarts(), 3)
  }))
