/** How a node divides its processors among pods, seen from its runtime. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pod as podKind } from '#api/core/v1/pod/pod.ts'
import { silentLog } from '#base/log.ts'
import { type DivisionWanted, divideMachine, type LinuxResources } from '#kubelet'
import { rest, type TestCluster } from '../testing/hollow-cluster.ts'
import { at, withCluster } from '../testing/pod-views.ts'

const WANTED: DivisionWanted = {
  cpuManagerPolicy: 'static',
  cpuManagerPolicyOptions: new Map(),
  memoryManagerPolicy: 'None',
  reservedMemory: new Map(),
  topologyManagerPolicy: 'none',
  topologyManagerScope: 'container',
  reservedCpus: [],
}
/** Two sockets of two processors. */
const topology = {
  cpus: [0, 1, 2, 3].map(id => ({ id, core: id, socket: id >> 1, node: id >> 1 })),
  nodes: [0, 1].map(id => ({ id, memoryBytes: 8 * 2 ** 30, hugePages: {} })),
}
const FILE = '/var/lib/kubelet/cpu_manager_state'

async function start(cluster: TestCluster, wanted: Partial<DivisionWanted> = {}) {
  const node = cluster.node()
  const created = new Map<string, LinuxResources>()
  const updates: string[] = []
  const { createContainer, updateContainerResources } = node.runtime
  node.runtime.createContainer = async (sandboxId, config, sandbox) => {
    created.set(sandbox.name, config.resources)
    return createContainer(sandboxId, config, sandbox)
  }
  const nameOf = async (id: string) =>
    (await node.runtime.containerStatus(id))?.labels['io.kubernetes.pod.name']
  node.runtime.updateContainerResources = async (id, resources) => {
    updates.push(`${await nameOf(id)} ${resources.cpusetCpus}`)
    return updateContainerResources(id, resources)
  }
  const { files } = node.hostAccess
  const run = async () => {
    const division = await divideMachine(
      { ...WANTED, ...wanted },
      { topology, files, directory: '/var/lib/kubelet', reserved: { cpu: '500m' }, log: silentLog },
    )
    return cluster.kubelet(node, { division, rootDirectory: '/var/lib/kubelet' })
  }
  const told = async () => {
    const { defaultCpuSet, entries = {} } = JSON.parse(
      new TextDecoder().decode(await files.read(FILE)),
    )
    return [defaultCpuSet, Object.values(entries)]
  }
  return { node, created, updates, run, told, files }
}

const container = (cpu: string, more: object = {}) => ({
  name: 'c',
  image: 'i',
  resources: { requests: { cpu, memory: '1Gi' }, limits: { cpu, memory: '1Gi' } },
  ...more,
})

test('a pod that asks for whole processors has them alone, the others make room at once and get them back', () =>
  withCluster(async cluster => {
    const { created, updates, run, told } = await start(cluster)
    await run()
    await cluster.createPod('shared', { containers: [{ name: 'c', image: 'i' }] })
    await rest()
    assert.equal(created.get('shared')?.cpusetCpus, '0-3')
    await cluster.createPod('alone', { containers: [container('2')] })
    await rest()
    const resources = created.get('alone')
    assert.equal(resources?.cpusetCpus, '2-3', 'a whole socket')
    assert.equal(resources?.cpuQuota, undefined, 'no quota of what is its own')
    assert.equal(resources?.cpuShares, 2048)
    assert.ok(updates.includes('shared 0-1'), updates.join())
    assert.deepEqual(await told(), ['0-1', [{ c: '2-3' }]])
    await cluster.client.delete(podKind, at('alone'))
    await cluster.clock.advance(40_000)
    assert.equal(updates.at(-1), 'shared 0-3')
    assert.deepEqual(await told(), ['0-3', []])
  }))

test('who can not have them is turned away, and holds nothing', () =>
  withCluster(async cluster => {
    const { run, told } = await start(cluster)
    const kubelet = await run()
    await cluster.createPod('one', { containers: [container('2')] })
    await cluster.createPod('many', { containers: [container('1'), container('1', { name: 'd' })] })
    await rest()
    const { status } = await cluster.pod('many')
    assert.equal(status?.phase, 'Failed')
    assert.equal(status?.reason, 'UnexpectedAdmissionError')
    assert.equal(
      status?.message,
      'Pod was rejected: Allocate failed due to not enough cpus available to satisfy request: requested=1, available=0, which is unexpected',
    )
    assert.deepEqual(await told(), ['0-1', [{ c: '2-3' }]])
    const { body } = await kubelet.transport.request({ method: 'GET', path: '/metrics' })
    const text = body.kind === 'bytes' ? Buffer.from(body.bytes).toString() : ''
    for (const line of [
      'kubelet_cpu_manager_pinning_requests_total 3',
      'kubelet_cpu_manager_pinning_errors_total 1',
      'kubelet_cpu_manager_shared_pool_size_millicores 2000',
      'kubelet_cpu_manager_exclusive_cpu_allocation_count 2',
      'kubelet_admission_rejections_total{reason="UnexpectedAdmissionError"} 1',
      'kubelet_topology_manager_admission_requests_total 2',
      'kubelet_desired_pods{static=""} 2',
    ])
      assert.ok(text.includes(`${line}\n`), line)
  }))

test('a kubelet that starts anew knows who has what, and what went meanwhile is free', () =>
  withCluster(async cluster => {
    const { run, told, updates, created } = await start(cluster)
    const first = await run()
    await cluster.createPod('stays', { containers: [container('1')] })
    await cluster.createPod('goes', { containers: [container('1')] })
    await rest()
    const [, entries] = await told()
    assert.deepEqual(entries, [{ c: '1' }, { c: '2' }])
    await first.stop()
    await cluster.client.delete(podKind, at('goes'), { gracePeriodSeconds: 0 })
    await run()
    await cluster.clock.advance(15_000)
    assert.deepEqual(await told(), ['0,2-3', [{ c: '1' }]])
    assert.ok(updates.includes('stays 1'), 'told again, since nobody knows what the first one said')
    await cluster.createPod('comes', { containers: [container('2')] })
    await rest()
    assert.equal(created.get('comes')?.cpusetCpus, '2-3')
  }))

test('a change of the policy is refused until the file is gone', () =>
  withCluster(async cluster => {
    const { run, files } = await start(cluster)
    const running = await run()
    await running.stop()
    const other = await start(cluster, { cpuManagerPolicy: 'none' })
    const bytes = (await files.read(FILE)) ?? new Uint8Array()
    await other.files.makeDirectory('/var/lib/kubelet')
    await other.files.write(FILE, bytes)
    await assert.rejects(other.run(), {
      message: `start cpu manager error: could not restore state from checkpoint: configured policy "none" differs from state checkpoint policy "static", please drain this node and delete the CPU manager checkpoint file "${FILE}" before restarting Kubelet`,
    })
    await other.files.removeTree(FILE)
    await other.run()
  }))

test('a container that would have to lie across sockets is refused where they have to lie together', () =>
  withCluster(async cluster => {
    const { run } = await start(cluster, { topologyManagerPolicy: 'single-numa-node' })
    await run()
    await cluster.createPod('fits', { containers: [container('2')] })
    await cluster.createPod('across', { containers: [container('2')] })
    await rest()
    assert.equal((await cluster.pod('fits')).status?.phase, 'Running')
    const { status } = await cluster.pod('across')
    assert.equal(status?.reason, 'TopologyAffinityError')
    assert.equal(
      status?.message,
      'Pod was rejected: Resources cannot be allocated with Topology locality',
    )
  }))

test('Guaranteed pods can not be resized there, and keep their processors', () =>
  withCluster(async cluster => {
    const { run, updates } = await start(cluster)
    await run()
    await cluster.createPod('alone', { containers: [container('1')] })
    await rest()
    const spec = { containers: [{ name: 'c', resources: container('2').resources }] }
    await cluster.client.patch(
      podKind,
      at('alone'),
      'strategic',
      { spec },
      { subresource: 'resize' },
    )
    await cluster.clock.advance(30_000)
    const { status } = await cluster.pod('alone')
    const pending = status?.conditions?.find(({ type }) => type === 'PodResizePending')
    assert.deepEqual(
      [pending?.reason, pending?.message],
      [
        'Infeasible',
        'Resize is infeasible for Guaranteed Pods alongside CPU Manager policy "static"',
      ],
    )
    assert.deepEqual(status?.containerStatuses?.[0]?.resources?.limits, { cpu: '1', memory: '1Gi' })
    assert.ok(
      updates.every(update => !update.endsWith('undefined')),
      updates.join(),
    )
  }))
