/** Pods with users of their own, and what else a kubelet can only have of containerd 2: strict groups, mounts that are read-only all the way down. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { configMap } from '#api/core/v1/config-map.ts'
import { event } from '#api/core/v1/event.ts'
import { namespace } from '#api/core/v1/namespace.ts'
import { node as nodeKind } from '#api/core/v1/node.ts'
import { type Pod, pod as podKind } from '#api/core/v1/pod/pod.ts'
import { secret } from '#api/core/v1/secret.ts'
import { serviceAccount } from '#api/core/v1/service-account.ts'
import { kinds } from '#api/kinds.ts'
import { runtimeClass } from '#api/node/v1/runtime-class.ts'
import { createApiServer } from '#apiserver'
import { silentLog } from '#base/log.ts'
import { createClient } from '#client/api-client.ts'
import { createInformers } from '#client/informers.ts'
import { systemClock as clock } from '#host/clock.ts'
import { systemLog } from '#host/log.ts'
import { machineCgroups } from '#host/machine/cgroups.ts'
import { systemRandom as random } from '#host/random.ts'
import { type ContainerRuntime, machineAccess, startKubelet } from '#kubelet'
import { createMemoryStore } from '#store/memory/memory-store.ts'
import { connectCri } from '../../src/kubelet/cri/cri.ts'
import { ensureImage } from '../../src/kubelet/cri/images.ts'
import { busyboxImage, busyboxTarball } from '../tools/busybox-image.ts'
import {
  containerdMissing,
  oldContainerd,
  type PrivateContainerd,
  startContainerd,
} from './private-containerd.ts'

const UNIT = 65_536
const log = process.env.DEBUG ? systemLog('debug') : silentLog
const reason = containerdMissing() || oldContainerd()
if (reason) console.log(`# skipped: ${reason}`)

async function eventually<T>(look: () => Promise<T | undefined | false>, ms = 20_000): Promise<T> {
  const deadline = performance.now() + ms
  for (;;) {
    const found = await look()
    if (found) return found
    if (performance.now() > deadline) throw new Error(`it did not come to pass within ${ms} ms`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

interface Kubelet {
  readonly runtime: ContainerRuntime
  ask(path: string, method?: 'GET' | 'POST'): Promise<string>
  stop(): Promise<void>
}

describe('users of their own', { skip: reason || false }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'proa-users-'))
  const onHost = join(directory, 'host-path')
  const cgroupRoot = `/${basename(directory)}`
  const server = createApiServer({ store: createMemoryStore(), kinds, clock, random, log })
  const client = createClient(
    server.transportFor({ name: 'admin', groups: ['system:masters', 'system:authenticated'] }),
  )
  let own: PrivateContainerd
  let kubelet: Kubelet

  async function start(): Promise<Kubelet> {
    const informers = createInformers(client, { clock, random, log })
    const { socketPath, snapshotter } = own.containerd
    const runtime = connectCri({ socketPath, snapshotter, clock, log })
    const running = startKubelet(
      { client, informers, clock, random, log },
      {
        ...{ nodeName: 'n1', runtime, cgroupRoot },
        hostAccess: await machineAccess(directory),
        rootDirectory: join(directory, 'kubelet'),
        podLogsDirectory: join(directory, 'logs'),
        nodeAddresses: ['127.0.0.1'],
        clusterDns: ['10.96.0.10'],
      },
    )
    await running.registered
    return {
      runtime,
      async ask(path, method = 'GET') {
        const { body } = await running.transport.request({ method, path })
        assert.equal(body.kind, 'bytes')
        return body.kind === 'bytes' ? Buffer.from(body.bytes).toString() : ''
      },
      async stop() {
        await running.stop()
        informers.stop()
        await runtime.close()
      },
    }
  }

  const create = (name: string, spec: object) =>
    client.create(podKind, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default' },
      spec: { nodeName: 'n1', terminationGracePeriodSeconds: 1, hostUsers: false, ...spec },
    } as Partial<Pod>)
  const container = (script: string, more: object = {}) => ({
    ...{ name: 'c', image: busyboxImage, imagePullPolicy: 'Never' },
    command: ['sh', '-c', script],
    ...more,
  })
  const eventsOf = async (name: string) =>
    (await client.list(event, { namespace: 'default' })).items
      .filter(({ involvedObject }) => involvedObject.name === name)
      .map(({ reason, message }) => `${reason}: ${message}`)
  const podThat = (name: string, is: (pod: Pod) => boolean | undefined) =>
    eventually(async () => {
      const pod = await client.get(podKind, name, 'default')
      return is(pod) && pod
    }).catch(async error => {
      const { status } = await client.get(podKind, name, 'default')
      const told = (await eventsOf(name)).join('\n')
      throw new Error(`${error}: ${JSON.stringify(status?.containerStatuses)}\n${told}`)
    })
  const running = (name: string) => podThat(name, ({ status }) => status?.phase === 'Running')
  const inPod = async (pod: Pod, script: string) => {
    const id = pod.status?.containerStatuses?.[0]?.containerID?.replace('containerd://', '') ?? ''
    const { stdout, stderr } = await kubelet.runtime.execSync(id, ['sh', '-c', script], 10)
    return Buffer.concat([stdout, stderr]).toString().trim()
  }
  const firstIdOf = async (pod: Pod) => {
    const [inside, outside, length] = (await inPod(pod, 'cat /proc/self/uid_map')).split(/\s+/)
    assert.deepEqual([inside, length], ['0', String(UNIT)])
    assert.equal(await inPod(pod, 'cat /proc/self/gid_map | tr -s " "'), `0 ${outside} ${UNIT}`)
    return Number(outside)
  }
  const fileOf = (pod: Pod) => join(directory, 'kubelet', 'pods', pod.metadata.uid ?? '', 'userns')
  const volumeOf = (pod: Pod, path: string) =>
    join(directory, 'kubelet', 'pods', pod.metadata.uid ?? '', 'volumes', path)
  const remove = async (pod: Pod) => {
    const { name = '' } = pod.metadata
    await client.delete(podKind, { name, namespace: 'default' })
    await eventually(async () => {
      const { items } = await client.list(podKind, { namespace: 'default' })
      return items.every(({ metadata }) => metadata.uid !== pod.metadata.uid)
    })
  }

  before(async () => {
    await server.ready()
    for (const name of ['default', 'kube-node-lease'])
      await client
        .create(namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
        .catch(() => {})
    const metadata = { name: 'default', namespace: 'default' }
    await client.create(serviceAccount, {
      ...{ apiVersion: 'v1', kind: 'ServiceAccount', metadata },
      automountServiceAccountToken: false,
    })
    await client.create(configMap, {
      ...{ apiVersion: 'v1', kind: 'ConfigMap', data: { greeting: 'hello' } },
      metadata: { name: 'files', namespace: 'default' },
    })
    await client.create(secret, {
      ...{ apiVersion: 'v1', kind: 'Secret', stringData: { word: 'hush' } },
      metadata: { name: 'files', namespace: 'default' },
    })
    mkdirSync(onHost)
    writeFileSync(join(onHost, 'theirs'), '')
    own = await startContainerd('198.18.31.0/24')
    kubelet = await start()
    await eventually(async () => (await kubelet.runtime.status()).networkReady)
    const { runtime } = kubelet
    const tarball = busyboxTarball() ?? Buffer.alloc(0)
    await ensureImage({ runtime, clock, ...own.containerd }, busyboxImage, () => tarball)
  })

  after(async () => {
    await kubelet?.stop()
    await server.stop()
    await own?.stop()
    await machineCgroups.remove(cgroupRoot)
    rmSync(directory, { recursive: true, force: true })
  })

  test('the node tells what its runtime can do', async () => {
    const { status } = await client.get(nodeKind, 'n1')
    const features = { recursiveReadOnlyMounts: true, userNamespaces: true }
    assert.deepEqual(status?.runtimeHandlers, [
      { name: '', features },
      { name: 'runc', features },
    ])
    assert.deepEqual(status?.features, { supplementalGroupsPolicy: true })
  })

  test('volumes are the pod’s own as it sees them, and nobody’s of the node’s', async () => {
    const volumes = [
      { name: 'empty', emptyDir: {} },
      { name: 'memory', emptyDir: { medium: 'Memory' } },
      { name: 'host', hostPath: { path: onHost } },
      { name: 'config', configMap: { name: 'files' } },
      { name: 'secret', secret: { secretName: 'files', defaultMode: 0o400 } },
      {
        name: 'projected',
        projected: {
          sources: [
            { configMap: { name: 'files' } },
            {
              downwardAPI: { items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }] },
            },
          ],
        },
      },
      { name: 'image', image: { reference: busyboxImage, pullPolicy: 'Never' } },
    ]
    const volumeMounts = [
      ...volumes.map(({ name }) => ({ name, mountPath: `/${name}` })),
      { name: 'image', mountPath: '/part', subPath: 'bin' },
      { name: 'empty', mountPath: '/deep', subPath: 'a/b' },
    ]
    const script = 'touch /empty/mine /host/mine /memory/mine /deep/mine; sleep 1000'
    await create('seen', {
      ...{ volumes, containers: [container(script, { volumeMounts })] },
      securityContext: { fsGroup: 3000 },
    })
    const pod = await running('seen')
    const first = await firstIdOf(pod)
    assert.ok(first >= UNIT)
    const [pid = ''] = /^\d+/.exec(await pidOf(pod)) ?? []
    assert.match(readFileSync(`/proc/${pid}/status`, 'utf8'), new RegExp(`^Uid:\t${first}\t`, 'm'))
    const owners = async (...paths: string[]) =>
      (await inPod(pod, `stat -Lc '%u:%g %n' ${paths.join(' ')}`)).split('\n')
    assert.deepEqual(
      await owners('/empty/mine', '/host/mine', '/memory/mine', '/deep/mine', '/host/theirs'),
      [
        ...['0:3000 /empty/mine', '0:0 /host/mine', '0:3000 /memory/mine'],
        ...['0:3000 /deep/mine', '0:0 /host/theirs'],
      ],
    )
    assert.deepEqual(
      await owners(
        '/config/greeting',
        '/secret/word',
        '/projected/name',
        '/image/bin/busybox',
        '/part/busybox',
      ),
      [
        ...['0:3000 /config/greeting', '0:3000 /secret/word', '0:3000 /projected/name'],
        ...['0:0 /image/bin/busybox', '0:0 /part/busybox'],
      ],
    )
    assert.deepEqual(await owners('/etc/hosts', '/dev/termination-log', '/etc/resolv.conf'), [
      ...['0:0 /etc/hosts', '0:0 /dev/termination-log', '0:0 /etc/resolv.conf'],
    ])
    assert.equal(await inPod(pod, 'cat /config/greeting /secret/word'), 'hellohush')
    // On disk they have the ids that the pod sees, which no range ever changes.
    for (const path of [
      join(onHost, 'mine'),
      volumeOf(pod, 'kubernetes.io~empty-dir/empty/mine'),
      volumeOf(pod, 'kubernetes.io~empty-dir/memory/mine'),
    ])
      assert.equal(statSync(path).uid, 0, path)
    await remove(pod)
  })

  async function pidOf(pod: Pod): Promise<string> {
    const id = pod.status?.containerStatuses?.[0]?.containerID?.replace('containerd://', '') ?? ''
    const file = join(
      own.dataDirectory,
      `containerd/state/io.containerd.runtime.v2.task/k8s.io/${id}/init.pid`,
    )
    return readFileSync(file, 'utf8')
  }

  test('each pod has its own range, also after a restart, until it is gone', async () => {
    const spec = { containers: [container('sleep 1000')] }
    await create('one', spec)
    await create('two', spec)
    await create('shared', { ...spec, hostUsers: true })
    const [one, two] = [await running('one'), await running('two')]
    const firsts = [await firstIdOf(one), await firstIdOf(two)]
    assert.deepEqual(
      firsts.toSorted((a, b) => a - b),
      [UNIT, 2 * UNIT],
    )
    const shared = await running('shared')
    assert.equal(await inPod(shared, 'tr -s " " < /proc/self/uid_map'), '0 0 4294967295')
    const mapping = [{ hostId: firsts[0], containerId: 0, length: UNIT }]
    assert.deepEqual(JSON.parse(readFileSync(fileOf(one), 'utf8')), {
      ...{ uidMappings: mapping, gidMappings: mapping },
    })
    await kubelet.stop()
    kubelet = await start()
    // A container that starts anew joins the users of its pod.
    process.kill(Number(await pidOf(one)), 'SIGKILL')
    const again = await podThat(
      'one',
      ({ status }) =>
        status?.containerStatuses?.[0]?.restartCount === 1 &&
        status.containerStatuses[0].state.running !== undefined,
    )
    assert.equal(await firstIdOf(again), firsts[0])
    await create('three', spec)
    assert.equal(await firstIdOf(await running('three')), 3 * UNIT)
    await remove(one)
    await create('four', spec)
    assert.equal(await firstIdOf(await running('four')), firsts[0])
    const figures = await kubelet.ask('/metrics')
    assert.match(figures, /^kubelet_started_user_namespaced_pods_total 2$/m)
    assert.match(figures, /^kubelet_started_user_namespaced_pods_errors_total 0$/m)
  })

  test('a pod that has ended gives its range back, though it is still there', async () => {
    const before = await client.list(podKind, { namespace: 'default' })
    await create('short', { restartPolicy: 'Never', containers: [container('true')] })
    const pod = await podThat('short', ({ status }) => status?.phase === 'Succeeded')
    await eventually(async () => !statSync(fileOf(pod), { throwIfNoEntry: false }))
    for (const other of before.items) await remove(other)
  })

  test('a handler of a RuntimeClass that can not do it holds the pod back, and says so', async () => {
    await client.create(runtimeClass, {
      ...{ apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', handler: 'other' },
      metadata: { name: 'other' },
    })
    await create('elsewhere', { runtimeClassName: 'other', containers: [container('true')] })
    const told = await eventually(async () =>
      (await eventsOf('elsewhere')).find(line => line.startsWith('FailedCreatePodSandBox')),
    )
    assert.equal(
      told,
      'FailedCreatePodSandBox: Failed to create pod sandbox: can\'t set `spec.hostUsers: false`, RuntimeClass handler "other" does not support user namespaces: the handler "other" is not known',
    )
    await remove(await client.get(podKind, 'elsewhere', 'default'))
  })

  test('a container has no groups but those that its pod names, where that is strict', async () => {
    const securityContext = (policy: string) => ({
      ...{ runAsUser: 0, runAsGroup: 500, supplementalGroups: [600] },
      supplementalGroupsPolicy: policy,
    })
    await create('strict', {
      hostUsers: true,
      securityContext: securityContext('Strict'),
      containers: [container('sleep 1000')],
    })
    const pod = await running('strict')
    assert.equal(await inPod(pod, 'id -G'), '500 600')
    assert.deepEqual(pod.status?.containerStatuses?.[0]?.user, {
      linux: { uid: 0, gid: 500, supplementalGroups: [500, 600] },
    })
    await remove(pod)
  })

  const withoutCriu = spawnSync('criu', ['check']).status !== 0 && 'criu can not work here'
  test('a container is written down', { skip: withoutCriu }, async () => {
    await create('written', { hostUsers: true, containers: [container('sleep 1000')] })
    const pod = await running('written')
    const { items } = JSON.parse(await kubelet.ask('/checkpoint/default/written/c', 'POST'))
    assert.ok(statSync(items[0]).size > 0, items[0])
    assert.equal(await inPod(pod, 'echo still'), 'still')
    await remove(pod)
  })

  test('read-only all the way down, where that is asked for', async () => {
    const below = join(onHost, 'below')
    mkdirSync(below)
    spawnSync('mount', ['-t', 'tmpfs', 'none', below])
    try {
      const mountOf = (name: string, more: object) => ({
        ...{ name: 'host', mountPath: `/${name}`, readOnly: true },
        ...more,
      })
      await create('down', {
        hostUsers: true,
        volumes: [{ name: 'host', hostPath: { path: onHost } }],
        containers: [
          container('sleep 1000', {
            volumeMounts: [mountOf('flat', {}), mountOf('whole', { recursiveReadOnly: 'Enabled' })],
          }),
        ],
      })
      const pod = await running('down')
      assert.equal(await inPod(pod, 'touch /flat/below/x && echo ok'), 'ok')
      assert.match(await inPod(pod, 'touch /whole/below/x'), /Read-only file system/)
      await remove(pod)
    } finally {
      spawnSync('umount', [below])
    }
  })
})
