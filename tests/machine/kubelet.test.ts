/** The kubelet on real containers: a private containerd, an API server in memory, and pods that do what pods do. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { configMap } from '#api/core/v1/config-map.ts'
import { event } from '#api/core/v1/event.ts'
import { namespace } from '#api/core/v1/namespace.ts'
import { type Pod, pod as podKind } from '#api/core/v1/pod/pod.ts'
import { serviceAccount } from '#api/core/v1/service-account.ts'
import { kinds } from '#api/kinds.ts'
import { createApiServer } from '#apiserver'
import { silentLog } from '#base/log.ts'
import { createClient } from '#client/api-client.ts'
import { createInformers } from '#client/informers.ts'
import { decodeExecStatus, exitCodeOf } from '#client/streaming/exec-status.ts'
import { systemClock as clock } from '#host/clock.ts'
import { systemLog } from '#host/log.ts'
import { machineCgroups } from '#host/machine/cgroups.ts'
import { systemRandom as random } from '#host/random.ts'
import { machineAccess, startKubelet } from '#kubelet'
import { createMemoryStore } from '#store/memory/memory-store.ts'
import { type Containerd, ensureContainerd } from '../../src/kubelet/cri/containerd.ts'
import { connectCri } from '../../src/kubelet/cri/cri.ts'
import { ensureImage } from '../../src/kubelet/cri/images.ts'
import { missingPackages, missingSentence } from '../../src/kubelet/cri/packages.ts'
import { resetContainerd } from '../../src/kubelet/cri/reset.ts'
import type { ContainerRuntime } from '../../src/kubelet/runtime.ts'
import { busyboxImage, busyboxTarball } from '../tools/busybox-image.ts'

const log = process.env.DEBUG ? systemLog('debug') : silentLog
const missing = missingPackages()
const reason =
  process.getuid?.() !== 0
    ? 'only root may run containers'
    : missing
      ? missingSentence(missing)
      : undefined
if (reason) console.log(`# skipped: ${reason}`)

async function eventually<T>(look: () => Promise<T | undefined | false>, ms = 60_000): Promise<T> {
  const deadline = performance.now() + ms
  for (;;) {
    const found = await look()
    if (found) return found
    assert.ok(performance.now() < deadline, `it did not come to pass within ${ms} ms`)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

describe('a kubelet on containerd', { skip: reason !== undefined }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'proa-kubelet-'))
  const cgroupRoot = `/${basename(directory)}`
  const server = createApiServer({ store: createMemoryStore(), kinds, clock, random, log })
  const client = createClient(
    server.transportFor({ name: 'admin', groups: ['system:masters', 'system:authenticated'] }),
  )
  let containerd: Containerd
  let runtime: ContainerRuntime
  let kubelet: Awaited<ReturnType<typeof start>>

  async function start() {
    const informers = createInformers(client, { clock, random, log })
    const { socketPath, snapshotter } = containerd
    runtime = connectCri({ socketPath, snapshotter, clock, log })
    const running = startKubelet(
      { client, informers, clock, random, log },
      {
        nodeName: 'n1',
        runtime,
        hostAccess: await machineAccess(directory),
        rootDirectory: join(directory, 'kubelet'),
        podLogsDirectory: join(directory, 'logs'),
        nodeAddresses: ['127.0.0.1'],
        clusterDns: ['10.96.0.10'],
        cgroupRoot,
        staticPodPath: join(directory, 'manifests'),
      },
    )
    await running.registered
    return {
      ...running,
      async stop() {
        await running.stop()
        informers.stop()
        await runtime.close()
      },
    }
  }

  const get = (name: string) => client.get(podKind, name, 'default')
  const create = (name: string, spec: object) =>
    client.create(podKind, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default' },
      spec: { nodeName: 'n1', terminationGracePeriodSeconds: 1, ...spec },
    } as Partial<Pod>)
  const container = (script: string, more: object = {}) => ({
    name: 'c',
    image: busyboxImage,
    imagePullPolicy: 'Never',
    command: ['sh', '-c', script],
    ...more,
  })
  /** The pod once it is as wanted; a failure tells how it stands. */
  const podThat = (name: string, is: (pod: Pod) => boolean | undefined) =>
    eventually(async () => {
      const pod = await get(name)
      return is(pod) && pod
    }).catch(async error => {
      const pod = await get(name)
      const { items } = await client.list(event, { namespace: 'default' })
      const told = items.filter(item => item.involvedObject.name === name).map(item => item.message)
      throw new Error(`${error}: ${JSON.stringify(pod.status)} ${told.join('; ')}`)
    })
  const logsOf = async (name: string) => {
    const pod = await get(name)
    const run = `${directory}/logs/default_${name}_${pod.metadata.uid}/c/0.log`
    return readFileSync(run, 'utf8').replace(/^\S+ (stdout|stderr) F /gm, '')
  }

  before(async () => {
    await server.ready()
    for (const name of ['default', 'kube-node-lease'])
      await client
        .create(namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
        .catch(() => {})
    await client.create(serviceAccount, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'default', namespace: 'default' },
      automountServiceAccountToken: false,
    })
    containerd = await ensureContainerd({ dataDirectory: directory, clock, log, privateOnly: true })
    mkdirSync(join(directory, 'logs'))
    writeFileSync(
      join(containerd.cniConfDirectory, '10-test.conflist'),
      JSON.stringify({
        cniVersion: '0.4.0',
        name: `proa-kubelet-test-${process.pid}`,
        plugins: [
          {
            type: 'ptp',
            ipam: {
              type: 'host-local',
              dataDir: join(directory, 'ipam'),
              ranges: [[{ subnet: '198.18.30.0/24' }]],
            },
          },
        ],
      }),
    )
    kubelet = await start()
    await eventually(async () => (await runtime.status()).networkReady)
    const tarball = busyboxTarball() ?? Buffer.alloc(0)
    await ensureImage({ runtime, clock, ...containerd }, busyboxImage, () => tarball)
  })

  after(async () => {
    await kubelet?.stop()
    await server.stop()
    containerd?.release()
    await resetContainerd({ dataDirectory: directory, clock, log })
    await machineCgroups.remove(cgroupRoot)
    await rm(directory, { recursive: true, force: true })
  })

  test('a web server answers its probe, is restarted with the kubelet away and adopted', async () => {
    const started = performance.now()
    await create('web', {
      containers: [
        container('echo hello > /www/index.html; exec httpd -f -p 8080 -h /www', {
          readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 },
          resources: { requests: { cpu: '10m' }, limits: { memory: '64Mi', cpu: '500m' } },
        }),
      ],
    })
    const pod = await podThat('web', ({ status }) =>
      status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'),
    )
    console.log(`# create to Ready: ${Math.round(performance.now() - started)} ms`)
    assert.match(pod.status?.podIP ?? '', /^198\.18\.30\./)
    const before = pod.status?.containerStatuses?.[0]
    assert.match(before?.containerID ?? '', /^containerd:\/\/[0-9a-f]{64}$/)
    await kubelet.stop()
    kubelet = await start()
    await new Promise(resolve => setTimeout(resolve, 1500))
    const after = (await get('web')).status?.containerStatuses?.[0]
    assert.deepEqual(after, before)
  })

  test('files, variables, memory and sub paths reach the container; its end is told', async () => {
    await client.create(configMap, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'conf', namespace: 'default' },
      data: { 'a.conf': 'A', color: 'blue' },
    })
    const script = [
      'cat /conf/a.conf /sub.conf; echo',
      'echo $COLOR $HOST',
      'echo kept > /shared/x; cat /shared/x',
      'grep " /memory tmpfs" /proc/mounts | wc -l',
      'cat /info/name; echo',
      'hostname',
      'grep -c hosts.example /etc/hosts',
      'grep ^search /etc/resolv.conf',
      'id -u; id -G',
      'echo the end > /dev/termination-log; exit 7',
    ].join('; ')
    await create('files', {
      restartPolicy: 'Never',
      securityContext: { runAsUser: 1000, runAsNonRoot: true, fsGroup: 2000 },
      hostAliases: [{ ip: '192.0.2.1', hostnames: ['hosts.example'] }],
      containers: [
        container(script, {
          env: [
            { name: 'COLOR', valueFrom: { configMapKeyRef: { name: 'conf', key: 'color' } } },
            { name: 'HOST', valueFrom: { fieldRef: { fieldPath: 'status.hostIP' } } },
          ],
          volumeMounts: [
            { name: 'conf', mountPath: '/conf' },
            { name: 'conf', mountPath: '/sub.conf', subPath: 'a.conf' },
            { name: 'shared', mountPath: '/shared' },
            { name: 'memory', mountPath: '/memory' },
            { name: 'info', mountPath: '/info' },
          ],
        }),
      ],
      volumes: [
        { name: 'conf', configMap: { name: 'conf' } },
        { name: 'shared', emptyDir: {} },
        { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
        {
          name: 'info',
          downwardAPI: { items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }] },
        },
      ],
    })
    const pod = await podThat('files', ({ status }) => status?.phase === 'Failed')
    assert.deepEqual((await logsOf('files')).split('\n'), [
      'AA',
      'blue 127.0.0.1',
      'kept',
      '1',
      'files',
      'files',
      '1',
      'search default.svc.cluster.local svc.cluster.local cluster.local',
      '1000',
      '0 2000',
      '',
    ])
    const ended = pod.status?.containerStatuses?.[0]?.state.terminated
    assert.equal(ended?.exitCode, 7)
    assert.equal(ended?.message, 'the end\n')
    assert.equal(ended?.reason, 'Error')
  })

  test('an image is a volume that can be read alone; one that is missing holds its containers back', async () => {
    const image = (reference: string) => ({
      restartPolicy: 'Never',
      containers: [
        container('ls /image/bin/busybox /part/busybox; touch /image/x || touch /part/x', {
          volumeMounts: [
            { name: 'image', mountPath: '/image' },
            { name: 'image', mountPath: '/part', subPath: 'bin' },
          ],
        }),
      ],
      volumes: [{ name: 'image', image: { reference, pullPolicy: 'Never' } }],
    })
    await create('shown', image(busyboxImage))
    await create('unknown', image('nowhere.example/none:1'))
    await podThat('shown', ({ status }) => status?.phase === 'Failed')
    const said = await logsOf('shown')
    // Two streams come in any order, the lines of each in theirs.
    const lines = said.trimEnd().split('\n')
    const isRefusal = (line: string) => line.includes('Read-only file system')
    assert.deepEqual(
      lines.filter(line => !isRefusal(line)),
      ['/image/bin/busybox', '/part/busybox'],
    )
    assert.equal(lines.filter(isRefusal).length, 2)
    const { status } = await podThat('unknown', ({ status }) =>
      Boolean(status?.containerStatuses?.[0]?.state.waiting?.reason?.startsWith('ErrImage')),
    )
    const waiting = status?.containerStatuses?.[0]?.state.waiting
    assert.equal(waiting?.reason, 'ErrImageNeverPull')
    assert.match(waiting?.message ?? '', /"nowhere\.example\/none:1" is not present/)
  })

  test('exec says what it did', async () => {
    const channels = await kubelet.transport.connect?.({
      method: 'POST',
      path: '/exec/default/web/c?command=sh&command=-c&command=echo+hi%3Bexit+3&stdout=true&stderr=true',
    })
    assert.ok(channels)
    const text: Record<number, string> = {}
    channels.onData((channel, bytes) => {
      text[channel] = (text[channel] ?? '') + Buffer.from(bytes).toString()
    })
    await new Promise<void>(resolve => channels.onClose(() => resolve()))
    assert.equal(text[1], 'hi\n')
    assert.equal(exitCodeOf(decodeExecStatus(Buffer.from(text[3] ?? ''))), 3)
  })

  test('a failing liveness probe restarts the container', async () => {
    await create('sick', {
      containers: [
        container('sleep 1000', {
          livenessProbe: { exec: { command: ['false'] }, periodSeconds: 1, failureThreshold: 1 },
        }),
      ],
    })
    await podThat('sick', ({ status }) => (status?.containerStatuses?.[0]?.restartCount ?? 0) > 0)
  })

  test('all containers of a pod start anew in place, where the end of one wants that', async () => {
    const volumeMounts = [{ name: 'shared', mountPath: '/shared' }]
    const rule = {
      restartPolicy: 'Never',
      restartPolicyRules: [
        { action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [88] } },
      ],
    }
    const { metadata } = await create('together', {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 100,
      volumes: [{ name: 'shared', emptyDir: {} }],
      initContainers: [container('echo init >> /shared/log', { name: 'init', volumeMounts })],
      containers: [
        container('[ $(wc -l < /shared/log) -gt 1 ] || { sleep 2; exit 88; }; exec sleep 1000', {
          ...{ name: 'main', volumeMounts },
          ...rule,
        }),
        // It does not want to end, and would take all of its hook's time.
        container('trap "" TERM; echo side >> /shared/sides; while true; do sleep 1; done', {
          ...{ name: 'side', volumeMounts },
          lifecycle: { preStop: { exec: { command: ['sh', '-c', 'sleep 60'] } } },
        }),
        container('exit 0', { name: 'over' }),
      ],
    })
    const before = await podThat('together', ({ status }) => status?.phase === 'Running')
    const after = await podThat(
      'together',
      ({ status }) =>
        status?.containerStatuses?.every(({ restartCount }) => restartCount === 1) &&
        status.containerStatuses[2]?.state.terminated !== undefined &&
        status.containerStatuses[1]?.state.running !== undefined,
    )
    const restarting = after.status?.conditions?.find(c => c.type === 'AllContainersRestarting')
    assert.equal(restarting?.status, 'False')
    assert.equal(after.status?.initContainerStatuses?.[0]?.restartCount, 1)
    assert.equal(after.status?.podIP, before.status?.podIP)
    const last = after.status?.containerStatuses?.[0]?.lastState?.terminated
    assert.deepEqual([last?.exitCode, last?.reason], [137, 'RestartingAllContainers'])
    const shared = join(
      directory,
      `kubelet/pods/${metadata.uid}/volumes/kubernetes.io~empty-dir/shared`,
    )
    assert.equal(readFileSync(join(shared, 'log'), 'utf8'), 'init\ninit\n')
    await eventually(async () => readFileSync(join(shared, 'sides'), 'utf8') === 'side\nside\n')
    const containers = (await runtime.listContainers()).filter(
      ({ labels }) => labels['io.kubernetes.pod.uid'] === metadata.uid,
    )
    assert.equal(containers.length, 4, 'former runs are gone')
    await client.delete(
      podKind,
      { name: 'together', namespace: 'default' },
      { gracePeriodSeconds: 0 },
    )
  })

  test('a pod has a cgroup with limits of its own, and those of its containers are in it', async () => {
    const limits = { cpu: '200m', memory: '32Mi' }
    const { metadata } = await create('bounded', {
      containers: ['c', 'd'].map(name =>
        container('sleep 1000', { name, resources: { limits, requests: limits } }),
      ),
    })
    const group = `${cgroupRoot}/pod${metadata.uid}`
    const { status } = await podThat('bounded', pod => pod.status?.phase === 'Running')
    const isUnified = existsSync('/sys/fs/cgroup/cgroup.controllers')
    const read = (controller: string, file: string, unified: string) =>
      readFileSync(
        `/sys/fs/cgroup${isUnified ? '' : `/${controller}`}${group}/${isUnified ? unified : file}`,
        'utf8',
      )
    assert.match(read('cpu', 'cpu.cfs_quota_us', 'cpu.max'), /^40000\b/)
    assert.match(read('memory', 'memory.limit_in_bytes', 'memory.max'), /^67108864\b/)
    const ids = (status?.containerStatuses ?? []).map(({ containerID }) => containerID?.slice(13))
    const inside = await machineCgroups.names(group)
    assert.deepEqual(
      ids.filter(id => !inside.includes(id ?? '')),
      [],
    )
    await client.delete(podKind, { name: 'bounded', namespace: 'default' })
    await eventually(
      async () => !(await machineCgroups.names(cgroupRoot)).includes(`pod${metadata.uid}`),
    )
  })

  test('pods that take too much of the disk are evicted', async () => {
    const fill = (path: string) =>
      container(`dd if=/dev/zero of=${path}/big bs=1M count=20 && exec sleep 1000`)
    const volumeMounts = [{ name: 'scratch', mountPath: '/scratch' }]
    await create('fills-volume', {
      containers: [{ ...fill('/scratch'), volumeMounts }],
      volumes: [{ name: 'scratch', emptyDir: { sizeLimit: '10Mi' } }],
    })
    const limits = { 'ephemeral-storage': '10Mi' }
    await create('fills-layer', { containers: [{ ...fill('/tmp'), resources: { limits } }] })
    const summary = async () => {
      const { body } = await kubelet.transport.request({ method: 'GET', path: '/stats/summary' })
      return JSON.parse(Buffer.from(body.kind === 'bytes' ? body.bytes : []).toString())
    }
    await eventually(async () => {
      const pods: { podRef: { name: string }; containers: { rootfs?: { usedBytes: number } }[] }[] =
        (await summary()).pods
      const found = pods.find(({ podRef }) => podRef.name === 'fills-layer')
      return (found?.containers[0]?.rootfs?.usedBytes ?? 0) > 20 * 2 ** 20
    })
    for (const [name, why] of [
      ['fills-volume', 'Usage of EmptyDir volume "scratch" exceeds the limit "10Mi". '],
      [
        'fills-layer',
        'Pod ephemeral local storage usage exceeds the total limit of containers 10Mi. ',
      ],
    ] as const) {
      const { status } = await podThat(name, pod => pod.status?.phase === 'Failed')
      assert.deepEqual([status?.reason, status?.message], ['Evicted', why])
      await client.delete(podKind, { name, namespace: 'default' })
    }
  })

  test('a manifest in a file runs, is mirrored, and ends with its file', async () => {
    const path = join(directory, 'manifests', 'static.yaml')
    mkdirSync(join(directory, 'manifests'))
    const script = 'echo here I am; exec sleep 1000'
    const spec = { terminationGracePeriodSeconds: 1, containers: [container(script)] }
    const metadata = { name: 'static' }
    writeFileSync(path, JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata, spec }))
    const shown = await eventually(async () => {
      const pod = await get('static-n1').catch(() => undefined)
      return pod?.status?.phase === 'Running' && pod
    })
    const uid = shown.metadata.annotations?.['kubernetes.io/config.hash']
    const log = `${directory}/logs/default_static-n1_${uid}/c/0.log`
    await eventually(async () => readFileSync(log, 'utf8').includes('here I am'))
    const id = shown.status?.containerStatuses?.[0]?.containerID
    await client.delete(podKind, { name: 'static-n1', namespace: 'default' })
    const again = await eventually(async () => {
      const pod = await get('static-n1').catch(() => undefined)
      return pod?.metadata.uid !== shown.metadata.uid && pod?.status?.phase === 'Running' && pod
    })
    assert.equal(again.status?.containerStatuses?.[0]?.containerID, id, 'it runs on')
    await rm(path)
    await eventually(async () =>
      (await client.list(podKind)).items.every(({ metadata }) => metadata.name !== 'static-n1'),
    )
    assert.equal(existsSync(log), false)
  })

  test('deleted pods go with all that was theirs', async () => {
    for (const name of ['web', 'files', 'shown', 'unknown', 'sick'])
      await client.delete(podKind, { name, namespace: 'default' })
    await eventually(async () => (await client.list(podKind)).items.length === 0)
    await eventually(async () => (await runtime.listPodSandboxes()).length === 0)
    assert.deepEqual(await runtime.listContainers(), [])
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
    assert.deepEqual(
      mounts.filter(line => line.includes(`${directory}/kubelet`)),
      [],
    )
  })
})
