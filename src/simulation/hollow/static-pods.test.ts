/** Pods that a node runs by itself, and what the API shows of them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { node as nodeKind } from '#api/core/v1/node.ts'
import { pod as podKind } from '#api/core/v1/pod/pod.ts'
import { isStatus } from '#api/machinery/status.ts'
import { rest, type TestCluster } from '../testing/hollow-cluster.ts'
import { sh, withCluster } from '../testing/pod-views.ts'

const DIRECTORY = '/etc/kubernetes/manifests'
const options = { staticPodPath: DIRECTORY }

const manifest = (command: string, more = '', name = 'web') =>
  Buffer.from(`apiVersion: v1
kind: Pod
metadata:
  name: ${name}
  labels: { app: web }
spec:
  terminationGracePeriodSeconds: 5
  containers:
  - { name: c, image: busybox, command: ${JSON.stringify(sh(command))} }
${more}`)

/** Names of containers that run, with their commands' last word. */
const running = async (node: ReturnType<TestCluster['node']>) =>
  (await node.runtime.listContainers()).filter(({ state }) => state === 'running')

const isGone = (cluster: TestCluster, name: string) =>
  assert.rejects(cluster.pod(name), error => isStatus(error, 'NotFound'))

test('runs what the manifest says, and the API shows it as the node’s own', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    const { files } = node.hostAccess
    await files.makeDirectory(DIRECTORY)
    await files.write(`${DIRECTORY}/web.yaml`, manifest('sleep 1000'))
    await files.write(`${DIRECTORY}/.web.yaml.swp`, manifest('sleep 1', '', 'hidden'))
    await files.write(`${DIRECTORY}/broken.yaml`, Buffer.from('kind: ['))
    const kubelet = await cluster.kubelet(node, options)
    await cluster.clock.advance(3_000)
    const { metadata, spec, status } = await cluster.pod('web-n1')
    const owner = await cluster.client.get(nodeKind, 'n1')
    assert.deepEqual(metadata.ownerReferences, [
      { apiVersion: 'v1', kind: 'Node', name: 'n1', uid: owner.metadata.uid, controller: true },
    ])
    assert.equal(
      metadata.annotations?.['kubernetes.io/config.mirror'],
      metadata.annotations?.['kubernetes.io/config.hash'],
    )
    assert.deepEqual(metadata.labels, { app: 'web' })
    assert.equal(spec?.nodeName, 'n1')
    assert.equal(status?.phase, 'Running')
    assert.equal(status?.containerStatuses?.[0]?.ready, true)
    assert.equal((await running(node)).length, 1)
    const logs = await kubelet.transport.request({
      method: 'GET',
      path: '/containerLogs/default/web-n1/c',
    })
    assert.equal(logs.status, 200)
  }))

test('who deletes the mirror gets another, and nothing stops', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    await node.hostAccess.files.write(`${DIRECTORY}/web.yaml`, manifest('sleep 1000'))
    await cluster.kubelet(node, options)
    await cluster.clock.advance(3_000)
    const before = await cluster.pod('web-n1')
    const [container] = await running(node)
    await cluster.client.delete(podKind, { name: 'web-n1', namespace: 'default' })
    await cluster.clock.advance(5_000)
    const after = await cluster.pod('web-n1')
    assert.notEqual(after.metadata.uid, before.metadata.uid)
    assert.equal(after.metadata.deletionTimestamp, undefined)
    assert.equal(after.status?.phase, 'Running')
    assert.equal(after.status?.startTime, before.status?.startTime)
    assert.equal((await running(node))[0]?.id, container?.id)
  }))

test('another manifest replaces the pod once the former one has ended, and none ends it', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    const { files } = node.hostAccess
    await files.write(`${DIRECTORY}/web.yaml`, manifest('sleep 1000'))
    await cluster.kubelet(node, options)
    await cluster.clock.advance(3_000)
    const before = await cluster.pod('web-n1')
    await files.write(`${DIRECTORY}/web.yaml`, manifest('sleep 2000').subarray(0, 60))
    await cluster.clock.advance(3_000)
    assert.equal((await cluster.pod('web-n1')).metadata.uid, before.metadata.uid, 'half a file')
    await files.write(`${DIRECTORY}/web.yaml`, manifest('sleep 2000'))
    await cluster.clock.advance(2_000)
    assert.equal((await running(node)).length, 1)
    await cluster.clock.advance(10_000)
    const after = await cluster.pod('web-n1')
    assert.notEqual(after.metadata.uid, before.metadata.uid)
    assert.deepEqual(after.spec?.containers[0]?.command, sh('sleep 2000'))
    assert.equal(after.status?.phase, 'Running')
    assert.equal((await running(node)).length, 1)

    await files.removeTree(`${DIRECTORY}/web.yaml`)
    await cluster.clock.advance(10_000)
    await isGone(cluster, 'web-n1')
    assert.equal((await node.runtime.listContainers()).length, 0)
    assert.deepEqual(await files.names('/var/lib/kubelet/pods'), [])
  }))

test('begins, restarts and ends pods while the API is away', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    const { files } = node.hostAccess
    await files.write(`${DIRECTORY}/web.yaml`, manifest('sleep 1000'))
    cluster.transport.away = true
    await cluster.kubelet(node, options)
    await cluster.clock.advance(3_000)
    const [first] = await running(node)
    assert.ok(first)
    await node.runtime.stopContainer(first.id, 0)
    await cluster.clock.advance(20_000)
    const [second] = await running(node)
    assert.ok(second && second.id !== first.id)
    await files.write(`${DIRECTORY}/web.yaml`, manifest('sleep 2000'))
    await cluster.clock.advance(10_000)
    const [third] = await running(node)
    assert.ok(third && third.id !== second.id)
    await files.removeTree(`${DIRECTORY}/web.yaml`)
    await files.write(`${DIRECTORY}/other.yaml`, manifest('sleep 3000', '', 'other'))
    await cluster.clock.advance(10_000)
    assert.equal((await running(node)).length, 1)
    cluster.transport.away = false
    await cluster.clock.advance(60_000)
    await isGone(cluster, 'web-n1')
    assert.equal((await cluster.pod('other-n1')).status?.phase, 'Running')
  }))

test('a kubelet that starts anew goes on with what runs, and ends what has no manifest any more', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    const { files } = node.hostAccess
    await files.write(`${DIRECTORY}/a.yaml`, manifest('sleep 1000', '', 'a'))
    await files.write(`${DIRECTORY}/b.yaml`, manifest('sleep 1000', '', 'b'))
    const kubelet = await cluster.kubelet(node, options)
    await cluster.clock.advance(3_000)
    const kept = await cluster.pod('a-n1')
    const before = new Set((await running(node)).map(({ id }) => id))
    assert.equal(before.size, 2)
    await kubelet.stop()
    await files.removeTree(`${DIRECTORY}/b.yaml`)
    await cluster.kubelet(node, options)
    await cluster.clock.advance(10_000)
    const after = await running(node)
    assert.equal(after.length, 1)
    assert.ok(before.has(after[0]?.id ?? ''))
    assert.equal((await cluster.pod('a-n1')).metadata.uid, kept.metadata.uid)
    await isGone(cluster, 'b-n1')
  }))

test('one that ends for good is shown so, and does not come back', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    await node.hostAccess.files.write(
      `${DIRECTORY}/once.yaml`,
      manifest('exit 3', '  restartPolicy: Never', 'once'),
    )
    await cluster.kubelet(node, options)
    await cluster.clock.advance(10_000)
    const { status } = await cluster.pod('once-n1')
    assert.equal(status?.phase, 'Failed')
    assert.equal(status?.containerStatuses?.[0]?.state.terminated?.exitCode, 3)
    await rest()
    assert.equal((await running(node)).length, 0)
  }))

test('a directory that cannot be read keeps the node from nothing else', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    const { files } = node.hostAccess
    let isClosed = true
    const { factsOfTarget } = files
    files.factsOfTarget = async path => {
      if (isClosed && path === DIRECTORY) throw new Error('EACCES')
      return factsOfTarget(path)
    }
    await files.write(`${DIRECTORY}/web.yaml`, manifest('sleep 1000'))
    await cluster.kubelet(node, options)
    await cluster.createPod('usual', {
      containers: [{ name: 'c', image: 'busybox', command: sh('sleep 1000') }],
    })
    await cluster.clock.advance(3_000)
    assert.equal((await cluster.pod('usual')).status?.phase, 'Running')
    isClosed = false
    await cluster.clock.advance(3_000)
    assert.equal((await cluster.pod('web-n1')).status?.phase, 'Running')
  }))

test('a pod of the API that only says to be static is none', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    await cluster.kubelet(node, options)
    await cluster.createPod(
      'sly',
      { containers: [{ name: 'c', image: 'busybox', command: sh('sleep 1000') }] },
      { annotations: { 'kubernetes.io/config.source': 'file' } },
    )
    await cluster.clock.advance(3_000)
    const { spec } = await cluster.pod('sly')
    assert.equal(spec?.priority ?? 0, 0)
    await cluster.client.delete(podKind, { name: 'sly', namespace: 'default' })
    await cluster.clock.advance(40_000)
    await isGone(cluster, 'sly')
  }))
