import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lease } from '#api/coordination/v1/lease.ts'
import { configMap } from '#api/core/v1/config-map.ts'
import { node as nodeKind } from '#api/core/v1/node.ts'
import { type Pod, pod as podKind } from '#api/core/v1/pod/pod.ts'
import { rest } from '../testing/hollow-cluster.ts'
import { at, conditionOf, eventsOf, sh, statusOf, web, withCluster } from '../testing/pod-views.ts'

test('a kubelet registers its node and renews its lease', () =>
  withCluster(async cluster => {
    await cluster.kubelet(cluster.node())
    const node = await cluster.client.get(nodeKind, 'n1')
    assert.equal(node.metadata.labels?.['kubernetes.io/hostname'], 'n1')
    assert.equal(node.status?.capacity?.pods, '110')
    assert.equal(node.status?.nodeInfo?.containerRuntimeVersion, 'hollow://1.0.0')
    const ready = node.status?.conditions?.find(({ type }) => type === 'Ready')
    assert.equal(ready?.status, 'True')

    const first = await cluster.client.get(lease, 'n1', 'kube-node-lease')
    assert.equal(first.spec?.holderIdentity, 'n1')
    assert.equal(first.metadata.ownerReferences?.[0]?.uid, node.metadata.uid)
    await cluster.clock.advance(60_000)
    const later = await cluster.client.get(lease, 'n1', 'kube-node-lease')
    const age = cluster.clock.now() - Date.parse(later.spec?.renewTime ?? '')
    assert.ok(age >= 0 && age < 10_000, `${age} ms old`)
    const unchanged = await cluster.client.get(nodeKind, 'n1')
    assert.equal(unchanged.metadata.resourceVersion, node.metadata.resourceVersion)
    await cluster.clock.advance(300_000)
    const heartbeat = await cluster.client.get(nodeKind, 'n1')
    assert.notEqual(heartbeat.metadata.resourceVersion, node.metadata.resourceVersion)
  }))

test('kubelets of one process renew their leases in common ticks, which are cheap to store', () =>
  withCluster(async cluster => {
    const names = ['n1', 'n2', 'n3', 'n4']
    for (const nodeName of names)
      await cluster.kubelet(cluster.node({ hostname: nodeName }), { nodeName })
    await cluster.clock.advance(60_000)
    const renewals = await Promise.all(
      names.map(async name => {
        const { spec } = await cluster.client.get(lease, name, 'kube-node-lease')
        return Date.parse(spec?.renewTime ?? '')
      }),
    )
    const [first = 0] = renewals
    for (const each of renewals) assert.equal(Math.abs(each - first) % 500, 0, `${renewals}`)
  }))

test('a pod runs, says so, and goes when it is deleted', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    await cluster.kubelet(node)
    await cluster.createPod('web', { containers: [web] })
    await rest()
    const running = await cluster.pod('web')
    assert.equal(running.status?.phase, 'Running')
    assert.equal(running.status?.podIP, '10.0.1.2')
    assert.equal(running.status?.hostIP, '10.1.0.1')
    assert.equal(conditionOf(running, 'Ready')?.status, 'True')
    assert.equal(statusOf(running).ready, true)
    assert.deepEqual(await eventsOf(cluster, 'web'), [
      'Normal Created Container created',
      'Normal Pulled Successfully pulled image "nginx" in 0ms (0ms including waiting). Image size: 1000000 bytes.',
      'Normal Pulling Pulling image "nginx"',
      'Normal Started Container started',
    ])

    await cluster.client.delete(podKind, at('web'))
    await rest()
    await assert.rejects(cluster.pod('web'), { reason: 'NotFound' })
    assert.deepEqual(await node.runtime.listPodSandboxes(), [])
    assert.deepEqual(await node.runtime.listContainers(), [])
    assert.deepEqual(await node.hostAccess.files.names('/var/log/pods'), [])
    assert.deepEqual(await node.hostAccess.files.names('/var/lib/kubelet/pods'), [])
  }))

test('what starts at once costs one write of its status, what takes its time a second before', () =>
  withCluster(async cluster => {
    const node = cluster.node({ hostname: 'n2', podCidr: '10.0.2.0/24', sandboxLatencyMs: 500 })
    await cluster.kubelet(cluster.node())
    await cluster.kubelet(node, { nodeName: 'n2' })
    const { transport } = cluster
    const { request } = transport
    const phases: string[] = []
    transport.request = asked => {
      const name = /pods\/(.*)\/status$/.exec(asked.path)?.[1]
      if (asked.method === 'PUT' && name) phases.push(`${name} ${(asked.body as Pod).status.phase}`)
      return request(asked)
    }
    await cluster.createPod('quick', { containers: [web] })
    await rest()
    assert.deepEqual(phases.splice(0), ['quick Running'])
    await cluster.createPod('slow', { nodeName: 'n2', containers: [web] })
    await cluster.clock.advance(1_000)
    assert.deepEqual(phases.splice(0), ['slow Pending', 'slow Running'])
    // Nothing else is ever said of what goes on as it is.
    await cluster.client.patch(podKind, at('quick'), 'merge', { metadata: { labels: { a: 'b' } } })
    await cluster.clock.advance(120_000)
    assert.deepEqual(phases, [])
  }))

test('a kubelet that restarts adopts what runs and kills what nobody wants', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    const before = await cluster.kubelet(node)
    await cluster.createPod('stays', { containers: [web] })
    await cluster.createPod('goes', { terminationGracePeriodSeconds: 0, containers: [web] })
    await cluster.createPod('done', {
      restartPolicy: 'Never',
      containers: [{ name: 'c', image: 'busybox', command: sh('exit 0') }],
    })
    await cluster.clock.advance(1_000)
    const id = statusOf(await cluster.pod('stays')).containerID
    await before.stop()
    assert.equal((await node.runtime.listContainers()).filter(c => c.state === 'running').length, 2)

    await cluster.client.delete(podKind, at('goes'), { gracePeriodSeconds: 0 })
    await assert.rejects(cluster.pod('goes'), { reason: 'NotFound' })
    const { files } = node.hostAccess
    await files.write('/var/lib/kubelet/pods/forgotten/volumes/x', new Uint8Array())
    await cluster.kubelet(node)
    await cluster.clock.advance(30_000)
    assert.equal((await files.names('/var/lib/kubelet/pods')).includes('forgotten'), false)
    const pod = await cluster.pod('stays')
    assert.equal(statusOf(pod).containerID, id)
    assert.equal(statusOf(pod).restartCount, 0)
    assert.equal(conditionOf(pod, 'Ready')?.status, 'True')
    assert.equal((await cluster.pod('done')).status?.phase, 'Succeeded')
    const containers = await node.runtime.listContainers()
    assert.deepEqual(containers.map(c => `${c.name} ${c.state}`).sort(), [
      'c exited',
      'web running',
    ])
  }))

test('images that cannot be had', () =>
  withCluster(async cluster => {
    await cluster.kubelet(cluster.node({ isMissing: image => image.startsWith('missing') }))
    await cluster.createPod('pull', { containers: [{ name: 'c', image: 'missing:1' }] })
    await cluster.createPod('never', {
      containers: [{ name: 'c', image: 'missing:1', imagePullPolicy: 'Never' }],
    })
    await cluster.createPod('name', { containers: [{ name: 'c', image: 'No Such Image' }] })
    await rest()
    const waiting = async (name: string) => statusOf(await cluster.pod(name)).state.waiting
    assert.deepEqual(await waiting('pull'), {
      reason: 'ErrImagePull',
      message: 'missing:1: not found',
    })
    assert.deepEqual(await waiting('never'), {
      reason: 'ErrImageNeverPull',
      message: 'Container image "missing:1" is not present with pull policy of Never',
    })
    assert.equal((await waiting('name'))?.reason, 'InvalidImageName')
    await cluster.clock.advance(5_000)
    assert.deepEqual(await waiting('pull'), {
      reason: 'ImagePullBackOff',
      message: 'Back-off pulling image "missing:1": ErrImagePull: missing:1: not found',
    })
    assert.equal((await cluster.pod('pull')).status?.phase, 'Pending')
  }))

test('configuration reaches containers as variables and files, and files follow changes', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    await cluster.kubelet(node)
    await cluster.createConfigMap('settings', { color: 'blue', 'a.conf': 'x=1' })
    const pod = await cluster.createPod('uses', {
      containers: [
        {
          ...web,
          env: [
            { name: 'COLOR', valueFrom: { configMapKeyRef: { name: 'settings', key: 'color' } } },
            { name: 'SAID', value: 'it is $(COLOR), $(NOT_KNOWN), $$(COLOR)' },
            { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
          ],
          volumeMounts: [{ name: 'conf', mountPath: '/etc/conf' }],
        },
      ],
      volumes: [
        { name: 'conf', configMap: { name: 'settings', items: [{ key: 'a.conf', path: 'd/a' }] } },
      ],
    })
    await rest()
    const [container] = await node.runtime.listContainers()
    assert.ok(container)
    const { stdout } = await node.runtime.execSync(container.id, ['env'], 1)
    const lines = new TextDecoder().decode(stdout).split('\n')
    assert.ok(lines.includes('COLOR=blue'))
    assert.ok(lines.includes('SAID=it is blue, $(NOT_KNOWN), $(COLOR)'))
    assert.ok(lines.includes('IP=10.0.1.2'))
    const path = `/var/lib/kubelet/pods/${pod.metadata.uid}/volumes/kubernetes.io~configmap/conf/d/a`
    const read = async () => new TextDecoder().decode(await node.hostAccess.files.read(path))
    assert.equal(await read(), 'x=1')
    const stored = await cluster.client.get(configMap, 'settings', 'default')
    await cluster.client.update(configMap, { ...stored, data: { 'a.conf': 'x=2', color: 'red' } })
    await rest()
    assert.equal(await read(), 'x=2')
  }))

test('a container whose configuration is missing waits for it', () =>
  withCluster(async cluster => {
    await cluster.kubelet(cluster.node())
    await cluster.createPod('waits', {
      containers: [{ ...web, envFrom: [{ configMapRef: { name: 'later' } }] }],
    })
    await rest()
    assert.deepEqual(statusOf(await cluster.pod('waits')).state.waiting, {
      reason: 'CreateContainerConfigError',
      message: 'configmap "later" not found',
    })
    await cluster.createConfigMap('later', { a: '1' })
    await cluster.clock.advance(3_000)
    assert.equal((await cluster.pod('waits')).status?.phase, 'Running')
  }))

test('a node refuses what it cannot hold, and says nothing else of it', () =>
  withCluster(async cluster => {
    const node = cluster.node({ cpuMillis: 1000 })
    const kubelet = await cluster.kubelet(node, { maxPods: 3 })
    const asks = (name: string, cpu: string) =>
      cluster.createPod(name, {
        containers: [{ ...web, resources: { requests: { cpu } } }],
      })
    await asks('fits', '600m')
    await rest()
    await asks('big', '500m')
    await cluster.createPod('elsewhere', { containers: [web], nodeSelector: { disk: 'ssd' } })
    await rest()
    const big = await cluster.pod('big')
    assert.equal(big.status?.phase, 'Failed')
    assert.equal(big.status?.reason, 'OutOfcpu')
    assert.equal(
      big.status?.message,
      "Pod was rejected: Node didn't have enough resource: cpu, requested: 500, used: 600, capacity: 1000",
    )
    assert.equal((await cluster.pod('elsewhere')).status?.reason, 'NodeAffinity')
    assert.equal((await cluster.pod('fits')).status?.phase, 'Running')
    const told = ['message', 'observedGeneration', 'phase', 'qosClass', 'reason', 'startTime']
    assert.deepEqual(Object.keys(big.status ?? {}).sort(), told)
    await kubelet.stop()
    await cluster.kubelet(node, { maxPods: 3 })
    await cluster.clock.advance(2_000)
    assert.deepEqual((await cluster.pod('big')).status, big.status)
  }))

test('with the API away containers run on and crashed ones restart', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    await cluster.kubelet(node)
    await cluster.createPod('steady', { containers: [web] })
    await cluster.createPod('shaky', {
      containers: [{ name: 'c', image: 'busybox', command: sh('sleep 100; exit 1') }],
    })
    await rest()
    cluster.transport.away = true
    await cluster.clock.advance(150_000)
    const running = (await node.runtime.listContainers()).filter(c => c.state === 'running')
    assert.deepEqual(running.map(c => `${c.name} ${c.attempt}`).sort(), ['c 1', 'web 0'])
    cluster.transport.away = false
    await cluster.clock.advance(40_000)
    assert.equal(statusOf(await cluster.pod('shaky')).restartCount, 1)
    assert.equal(statusOf(await cluster.pod('steady')).restartCount, 0)
  }))

test('logs of the present and the previous run', () =>
  withCluster(async cluster => {
    const kubelet = await cluster.kubelet(cluster.node())
    await cluster.createPod('talks', {
      containers: [
        { name: 'c', image: 'busybox', command: sh('echo one; echo two; sleep 60; exit 1') },
      ],
    })
    await rest()
    const logs = async (query: string) => {
      const answer = await kubelet.transport.request({
        method: 'GET',
        path: `/containerLogs/default/talks/c${query}`,
      })
      if (answer.body.kind === 'bytes')
        return `${answer.status} ${new TextDecoder().decode(answer.body.bytes)}`
      const { body } = answer
      assert.equal(body.kind, 'stream')
      return new Promise<string>((resolve, reject) => {
        let text = ''
        if (body.kind !== 'stream') return
        body.stream.subscribe({
          next: bytes => {
            text += new TextDecoder().decode(bytes)
          },
          end: error => (error ? reject(error) : resolve(text)),
        })
      })
    }
    assert.equal(await logs(''), 'one\ntwo\n')
    assert.equal(await logs('?tailLines=1'), 'two\n')
    assert.equal(await logs('?timestamps=true&tailLines=1'), '2026-05-01T12:00:00.000000000Z two\n')
    assert.equal(await logs('?limitBytes=5'), 'one\nt')
    assert.equal(
      await logs('?previous=true'),
      '400 previous terminated container "c" in pod "talks" not found',
    )
    assert.match(await logs('?sinceSeconds=0'), /^400 /)
    await cluster.clock.advance(61_000)
    assert.equal(await logs('?previous=true'), 'one\ntwo\n')
  }))

test('a failing liveness probe restarts, a failing readiness probe only hides', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    let well = true
    node.hostAccess.network.http = async () => ({
      ok: well,
      output: 'HTTP probe failed with statuscode: 500',
    })
    await cluster.kubelet(node)
    const httpGet = { path: '/', port: 80 }
    await cluster.createPod('alive', {
      containers: [{ ...web, livenessProbe: { httpGet, periodSeconds: 1, failureThreshold: 3 } }],
    })
    await cluster.createPod('ready', {
      containers: [
        { ...web, readinessProbe: { httpGet, periodSeconds: 1, initialDelaySeconds: 2 } },
      ],
    })
    await rest()
    assert.equal(statusOf(await cluster.pod('alive')).ready, true)
    assert.equal(statusOf(await cluster.pod('ready')).ready, false)
    await cluster.clock.advance(2_500)
    assert.equal(statusOf(await cluster.pod('ready')).ready, true)
    well = false
    await cluster.clock.advance(3_500)
    well = true
    await cluster.clock.advance(1_000)
    assert.equal(statusOf(await cluster.pod('alive')).restartCount, 1)
    assert.equal(statusOf(await cluster.pod('ready')).restartCount, 0)
    const events = await eventsOf(cluster, 'alive')
    assert.ok(
      events.includes(
        'Warning Unhealthy Liveness probe failed: HTTP probe failed with statuscode: 500',
      ),
    )
    assert.ok(
      events.includes('Normal Killing Container web failed liveness probe, will be restarted'),
      events.join('\n'),
    )
  }))
