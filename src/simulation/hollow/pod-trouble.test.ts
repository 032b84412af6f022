/** Single misfortunes that a kubelet has to get right, each by itself. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configMap } from '#api/core/v1/config-map.ts'
import { type Pod, pod as podKind } from '#api/core/v1/pod/pod.ts'
import { runtimeClass } from '#api/node/v1/runtime-class.ts'
import { rest } from '../testing/hollow-cluster.ts'
import { at, conditionOf, eventsOf, sh, statusOf, web, withCluster } from '../testing/pod-views.ts'

test('a pod that is deleted while its image is pulled neither waits for it nor starts', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    let pulled = () => {}
    const { pullImage, imageStatus } = node.runtime
    let isThere = false
    node.runtime.imageStatus = async image => (isThere ? imageStatus(image) : undefined)
    node.runtime.pullImage = async (image, auth) => {
      await new Promise<void>(resolve => {
        pulled = resolve
      })
      isThere = true
      return pullImage(image, auth)
    }
    await cluster.kubelet(node)
    await cluster.createPod('slow', { containers: [web] })
    await rest()
    await cluster.client.delete(podKind, at('slow'))
    await cluster.clock.advance(1_000)
    await assert.rejects(cluster.pod('slow'), { reason: 'NotFound' })
    pulled()
    await cluster.clock.advance(1_000)
    assert.deepEqual(await node.runtime.listContainers(), [])
    assert.deepEqual(await node.runtime.listPodSandboxes(), [])
  }))

test('a kubelet that stopped starts nothing more, whatever it had begun', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    let pulled = () => {}
    const { pullImage, imageStatus } = node.runtime
    let isThere = false
    node.runtime.imageStatus = async image => (isThere ? imageStatus(image) : undefined)
    node.runtime.pullImage = async (image, auth) => {
      await new Promise<void>(resolve => {
        pulled = resolve
      })
      return pullImage(image, auth)
    }
    const kubelet = await cluster.kubelet(node)
    await cluster.createPod('slow', { containers: [web] })
    await rest()
    await kubelet.stop()
    isThere = true
    pulled()
    const timers = cluster.clock.pending
    await cluster.clock.advance(60_000)
    assert.deepEqual(await node.runtime.listContainers(), [])
    assert.ok(cluster.clock.pending <= timers)
  }))

test('force cuts a preStop hook short', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    await cluster.kubelet(node)
    await cluster.createPod('slow', {
      terminationGracePeriodSeconds: 600,
      containers: [{ ...web, lifecycle: { preStop: { sleep: { seconds: 500 } } } }],
    })
    await rest()
    await cluster.client.delete(podKind, at('slow'))
    await cluster.clock.advance(1_000)
    assert.equal((await node.runtime.listContainers()).length, 1)
    await cluster.client.delete(podKind, at('slow'), { gracePeriodSeconds: 0 })
    await cluster.clock.advance(5_000)
    assert.deepEqual(await node.runtime.listContainers(), [])
    assert.deepEqual(await node.hostAccess.files.names('/var/lib/kubelet/pods'), [])
  }))

test('a pod that was called unready while its node was not heard of is ready again', () =>
  withCluster(async cluster => {
    await cluster.kubelet(cluster.node())
    await cluster.createPod('web', { containers: [web] })
    await rest()
    const pod = await cluster.pod('web')
    const conditions = pod.status?.conditions?.map(condition =>
      condition.type === 'Ready' ? { ...condition, status: 'False' } : condition,
    )
    await cluster.client.update(podKind, { ...pod, status: { ...pod.status, conditions } } as Pod, {
      subresource: 'status',
    })
    await rest()
    assert.equal(conditionOf(await cluster.pod('web'), 'Ready')?.status, 'True')
  }))

test('a volume whose ConfigMap went away keeps its files and holds no container back', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    const first = await cluster.kubelet(node)
    await cluster.createConfigMap('settings', { a: '1' })
    const pod = await cluster.createPod('uses', {
      containers: [
        {
          name: 'c',
          image: 'busybox',
          command: sh('sleep 100; exit 1'),
          volumeMounts: [{ name: 'v', mountPath: '/v' }],
        },
      ],
      volumes: [{ name: 'v', configMap: { name: 'settings' } }],
    })
    await rest()
    await cluster.client.delete(configMap, at('settings'))
    await cluster.clock.advance(101_000)
    assert.equal(statusOf(await cluster.pod('uses')).restartCount, 1)
    const events = await eventsOf(cluster, 'uses')
    const missing =
      'Warning FailedMount MountVolume.SetUp failed for volume "v" : configmap "settings" not found'
    assert.ok(events.includes(missing), events.join('\n'))
    // The next kubelet finds the files and does the same.
    await first.stop()
    await cluster.kubelet(node)
    await cluster.clock.advance(101_000)
    assert.equal(statusOf(await cluster.pod('uses')).restartCount, 2)
    const path = `/var/lib/kubelet/pods/${pod.metadata.uid}/volumes/kubernetes.io~configmap/v/a`
    assert.equal(new TextDecoder().decode(await node.hostAccess.files.read(path)), '1')
  }))

test('an emptyDir whose setting up was cut off is finished, one in use is left alone', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    const { files } = node.hostAccess
    const chmod = files.chmod
    files.chmod = async () => {
      throw new Error('the power is out')
    }
    const first = await cluster.kubelet(node)
    const pod = await cluster.createPod('uses', {
      containers: [{ ...web, volumeMounts: [{ name: 'v', mountPath: '/v' }] }],
      volumes: [{ name: 'v', emptyDir: {} }],
    })
    await rest()
    await first.stop()
    files.chmod = chmod
    const second = await cluster.kubelet(node)
    await rest()
    const path = `/var/lib/kubelet/pods/${pod.metadata.uid}/volumes/kubernetes.io~empty-dir/v`
    assert.equal((await files.facts(path))?.mode, 0o777)
    assert.equal((await cluster.pod('uses')).status?.phase, 'Running')
    await files.chmod(path, 0o700)
    await second.stop()
    await cluster.kubelet(node)
    await rest()
    assert.equal((await files.facts(path))?.mode, 0o700)
  }))

test('what runs keeps its place before what waits, whoever is listed first', () =>
  withCluster(async cluster => {
    const node = cluster.node({ cpuMillis: 1000 })
    const first = await cluster.kubelet(node)
    const asks = (name: string, cpu: string) =>
      cluster.createPod(name, { containers: [{ ...web, resources: { requests: { cpu } } }] })
    await asks('zebra', '800m')
    await rest()
    await first.stop()
    await asks('ape', '800m')
    await cluster.kubelet(node)
    await cluster.clock.advance(2_000)
    assert.equal((await cluster.pod('zebra')).status?.phase, 'Running')
    assert.equal((await cluster.pod('ape')).status?.reason, 'OutOfcpu')
  }))

test('a pod that is over and held by a finalizer is over for a new kubelet, too', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    const first = await cluster.kubelet(node)
    const c = { name: 'c', image: 'busybox', command: sh('exit 0') }
    await cluster.createPod(
      'done',
      { restartPolicy: 'Never', containers: [c] },
      { finalizers: ['example.com/held'] },
    )
    await cluster.clock.advance(1_000)
    await cluster.client.delete(podKind, at('done'))
    await cluster.clock.advance(1_000)
    await first.stop()
    const before = await cluster.pod('done')
    assert.equal(before.status?.phase, 'Succeeded')
    // Even where the runtime has lost every trace of it.
    for (const { id } of await node.runtime.listPodSandboxes())
      await node.runtime.removePodSandbox(id)
    await cluster.kubelet(node)
    await cluster.clock.advance(5_000)
    const after = await cluster.pod('done')
    assert.equal(after.status?.phase, 'Succeeded')
    assert.deepEqual(statusOf(after), statusOf(before))
    assert.deepEqual(await node.runtime.listContainers(), [])
    await cluster.client.update(podKind, {
      ...after,
      metadata: { ...after.metadata, finalizers: [] },
    } as Pod)
    await rest()
    await assert.rejects(cluster.pod('done'), { reason: 'NotFound' })
  }))

test('an unsure answer to making a sandbox makes no second one', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    const { runPodSandbox } = node.runtime
    let failures = 1
    node.runtime.runPodSandbox = async config => {
      const id = await runPodSandbox(config)
      if (failures-- > 0) throw new Error('deadline exceeded')
      return id
    }
    await cluster.kubelet(node, { relistMs: 600_000 })
    await cluster.createPod('web', { containers: [web] })
    await cluster.clock.advance(3_000)
    assert.equal((await cluster.pod('web')).status?.phase, 'Running')
    assert.equal((await node.runtime.listPodSandboxes()).length, 1)
  }))

test('a pod runs by the handler of its RuntimeClass, and not at all without one', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    const { runPodSandbox } = node.runtime
    const handlers: (string | undefined)[] = []
    node.runtime.runPodSandbox = (config, handler) => {
      handlers.push(handler)
      return runPodSandbox(config, handler)
    }
    const gone = { metadata: { name: 'gone' }, handler: 'gone' }
    await cluster.client.create(runtimeClass, gone as never)
    await cluster.client.create(runtimeClass, {
      metadata: { name: 'safe' },
      handler: 'kata',
    } as never)
    await cluster.createPod('lost', { containers: [web], runtimeClassName: 'gone' })
    await cluster.client.delete(runtimeClass, { name: 'gone' })
    await cluster.kubelet(node)
    await cluster.createPod('usual', { containers: [web] })
    await cluster.createPod('sealed', { containers: [web], runtimeClassName: 'safe' })
    await cluster.clock.advance(3_000)
    assert.deepEqual(handlers.toSorted(), ['kata', undefined])
    assert.equal((await cluster.pod('sealed')).status?.phase, 'Running')
    assert.equal((await cluster.pod('lost')).status?.phase, 'Pending')
    const told = await eventsOf(cluster, 'lost')
    const message = 'Failed to create pod sandbox: runtimeclasses.node.k8s.io "gone" not found'
    assert.ok(told.includes(`Warning FailedCreatePodSandBox ${message}`), told.join('\n'))
  }))

test('each token is renewed in its own time', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    const asked: string[] = []
    const client = cluster.client as { createSubresource: unknown }
    client.createSubresource = async (
      _kind: unknown,
      _at: unknown,
      _subresource: string,
      { spec }: { spec: { audiences: string[]; expirationSeconds: number } },
    ) => {
      asked.push(spec.audiences[0] ?? '')
      const end = cluster.clock.now() + spec.expirationSeconds * 1000
      return { status: { token: 't', expirationTimestamp: new Date(end).toISOString() } }
    }
    await cluster.kubelet(node)
    const source = (audience: string, expirationSeconds: number) => ({
      serviceAccountToken: { audience, expirationSeconds, path: audience },
    })
    await cluster.createPod('uses', {
      containers: [{ ...web, volumeMounts: [{ name: 'v', mountPath: '/v' }] }],
      volumes: [
        { name: 'v', projected: { sources: [source('short', 600), source('long', 7200)] } },
      ],
    })
    await cluster.clock.advance(1_500_000)
    const count = (audience: string) => asked.filter(other => other === audience).length
    assert.deepEqual([count('short'), count('long')], [4, 1])
  }))
