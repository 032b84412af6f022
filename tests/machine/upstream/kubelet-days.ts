/** The same day on two nodes of containers, one with upstream's kubelet and one with Proa's, and what each told at its end. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { type Pod, pod as podKind } from '#api/core/v1/pod/pod.ts'
import { silentLog as log } from '#base/log.ts'
import type { SpanScope } from '#base/tracing/span-scope.ts'
import { connectionFromKubeconfig } from '#client/kubeconfig.ts'
import type { Transport } from '#client/transport.ts'
import { systemClock as clock } from '#host/clock.ts'
import { machineCgroups } from '#host/machine/cgroups.ts'
import { unmountUnder } from '#host/mount-table.ts'
import { type KubeletOptions, machineAccess, startKubelet } from '#kubelet'
import { remoteContext } from '../../../src/cluster/remote-context.ts'
import { ensureContainerd } from '../../../src/kubelet/cri/containerd.ts'
import { connectCri } from '../../../src/kubelet/cri/cri.ts'
import { ensureImage } from '../../../src/kubelet/cri/images.ts'
import { resetContainerd } from '../../../src/kubelet/cri/reset.ts'
import { busyboxImage, busyboxTarball } from '../../tools/busybox-image.ts'
import { upstreamProgram } from '../etcd/servers.ts'
import { eventually, ProaProcess } from '../proa-process.ts'

export const kubeletProgram = () => upstreamProgram('TEST_ASSET_KUBELET', 'kubelet')

export const PATHS = [
  ...['/metrics', '/metrics/cadvisor', '/metrics/resource', '/metrics/probes', '/metrics/slis'],
  '/stats/summary',
] as const
export type Path = (typeof PATHS)[number]
/** What was answered, by path. */
export type Told = Readonly<Record<Path, string>>

export const UPSTREAM_PORT = 11_250
/** Upstream measures every ten seconds or so, and knows a rate after the second time. */
const REST_MS = 35_000

const wait = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

/** An API server without nodes of its own. */
export async function withCluster<T>(work: (cluster: ProaProcess) => Promise<T>): Promise<T> {
  const cluster = new ProaProcess('none')
  try {
    await cluster.start()
    return await work(cluster)
  } finally {
    await cluster.end('SIGTERM')
    await rm(cluster.directory, { recursive: true, force: true })
  }
}

export interface Node {
  readonly directory: string
  readonly name: string
  readonly socketPath: string
  readonly snapshotter: string
  readonly cgroupRoot: string
}

export type Ask = (path: string) => Promise<string>

/** What the node told after its day. */
export function upstreamDay(cluster: ProaProcess): Promise<Told> {
  return day(cluster, 'theirs', (node, live) => withUpstream(cluster, node, live))
}

export function proaDay(cluster: ProaProcess): Promise<Told> {
  return day(cluster, 'ours', (node, live) => withProa(cluster, node, live))
}

function day(
  cluster: ProaProcess,
  name: string,
  run: (node: Node, live: (ask: Ask) => Promise<Told>) => Promise<Told>,
): Promise<Told> {
  return withNode(name, node => run(node, ask => live(cluster, name, ask)))
}

/** With a containerd and a network of its own, and an image that is there. */
export async function withNode<T>(
  name: string,
  run: (node: Node) => Promise<T>,
  /** Of its pods; two nodes at once want two. */
  subnet = '198.18.31.0/24',
): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'proa-kubelet-day-'))
  const cgroupRoot = `/${basename(directory)}`
  const containerd = await ensureContainerd({
    dataDirectory: directory,
    clock,
    log,
    privateOnly: true,
  })
  try {
    const { socketPath, snapshotter } = containerd
    writeFileSync(join(containerd.cniConfDirectory, '10-test.conflist'), network(directory, subnet))
    const runtime = connectCri({ socketPath, snapshotter, clock, log })
    await eventually(async () => (await runtime.status()).networkReady)
    const tarball = busyboxTarball() ?? Buffer.alloc(0)
    await ensureImage({ runtime, clock, ...containerd }, busyboxImage, () => tarball)
    await runtime.close()
    mkdirSync(join(directory, 'manifests'))
    mkdirSync(join(directory, 'logs'))
    writeFileSync(join(directory, 'manifests', 'static.json'), JSON.stringify(staticPod))
    const node = { directory, name, socketPath, snapshotter, cgroupRoot }
    return await run(node)
  } finally {
    containerd.release()
    await resetContainerd({ dataDirectory: directory, clock, log })
    await machineCgroups.remove(cgroupRoot)
    // Upstream's kubelet leaves what it mounted.
    await unmountUnder(directory)
    await rm(directory, { recursive: true, force: true })
  }
}

interface Surroundings {
  /** Beside what makes it run here. */
  readonly configuration?: object
  readonly environment?: Readonly<Record<string, string>>
}

export async function withUpstream<T>(
  cluster: ProaProcess,
  node: Node,
  live: (ask: Ask) => Promise<T>,
  { configuration, environment }: Surroundings = {},
): Promise<T> {
  const { directory, name, socketPath, cgroupRoot } = node
  await machineCgroups.apply(cgroupRoot, {})
  const config = join(directory, 'kubelet.json')
  writeFileSync(
    config,
    JSON.stringify({
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      kind: 'KubeletConfiguration',
      authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
      authorization: { mode: 'AlwaysAllow' },
      containerRuntimeEndpoint: `unix://${socketPath}`,
      address: '127.0.0.1',
      port: UPSTREAM_PORT,
      healthzPort: 0,
      failSwapOn: false,
      failCgroupV1: false,
      cgroupDriver: 'cgroupfs',
      cgroupsPerQOS: true,
      enforceNodeAllocatable: [],
      staticPodPath: join(directory, 'manifests'),
      podLogsDir: join(directory, 'logs'),
      evictionHard: { 'memory.available': '10Mi' },
      enableServer: true,
      ...configuration,
    }),
  )
  const child = spawn(
    kubeletProgram() ?? '',
    [
      `--kubeconfig=${join(cluster.directory, 'admin.conf')}`,
      `--config=${config}`,
      `--root-dir=${join(directory, 'kubelet')}`,
      `--cert-dir=${join(directory, 'pki')}`,
      `--hostname-override=${name}`,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...environment } },
  )
  let words = ''
  child.stderr.on('data', (text: Buffer) => {
    words = (words + text).slice(-20_000)
  })
  const exited = once(child, 'exit')
  try {
    return await live(path => askOver(UPSTREAM_PORT, path))
  } catch (error) {
    throw new Error(`${error}\n${words}`)
  } finally {
    child.kill('SIGTERM')
    await exited
    if (process.env.KUBELET_LOG) writeFileSync(process.env.KUBELET_LOG, words)
  }
}

export async function withProa<T>(
  cluster: ProaProcess,
  node: Node,
  live: (ask: Ask, transport: Transport) => Promise<T>,
  options: Partial<KubeletOptions> = {},
  spans?: SpanScope,
): Promise<T> {
  const { directory, name, socketPath, snapshotter, cgroupRoot } = node
  const kubeconfig = readFileSync(join(cluster.directory, 'admin.conf'), 'utf8')
  const remote = remoteContext(await connectionFromKubeconfig(kubeconfig, NO_FILES), log)
  if (spans) await remote.trace(spans)
  const runtime = connectCri({ socketPath, snapshotter, clock, log, spans })
  const kubelet = startKubelet(remote.context, {
    nodeName: name,
    runtime,
    hostAccess: await machineAccess(directory),
    rootDirectory: join(directory, 'kubelet'),
    podLogsDirectory: join(directory, 'logs'),
    nodeAddresses: ['127.0.0.1'],
    clusterDns: ['10.96.0.10'],
    cgroupRoot,
    staticPodPath: join(directory, 'manifests'),
    evictionHard: { 'memory.available': '10Mi' },
    figures: remote.figures,
    ...options,
    ...(spans ? { spans } : {}),
  })
  try {
    await kubelet.registered
    return await live(async path => {
      const { body } = await kubelet.transport.request({ method: 'GET', path })
      return body.kind === 'bytes' ? new TextDecoder().decode(body.bytes) : ''
    }, kubelet.transport)
  } finally {
    await kubelet.stop()
    await runtime.close()
    await remote.stop()
  }
}

const NO_FILES = { read: async () => '', resolve: (file: string) => file }

function askOver(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, rejectUnauthorized: false }, answer => {
      const parts: Buffer[] = []
      answer.on('data', (part: Buffer) => parts.push(part))
      answer.on('end', () => resolve(Buffer.concat(parts).toString()))
    })
    asked.on('error', reject)
    asked.end()
  })
}

const network = (directory: string, subnet: string) =>
  JSON.stringify({
    cniVersion: '0.4.0',
    name: `proa-day-${process.pid}`,
    plugins: [
      {
        type: 'ptp',
        ipam: {
          type: 'host-local',
          dataDir: join(directory, 'ipam'),
          ranges: [[{ subnet }]],
        },
      },
    ],
  })

const container = (name: string, script: string, more: object = {}) => ({
  ...{ name, image: busyboxImage, imagePullPolicy: 'Never' },
  command: ['sh', '-c', script],
  ...more,
})
const limits = { cpu: '100m', memory: '64Mi' }

const staticPod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'static', namespace: 'default' },
  spec: {
    terminationGracePeriodSeconds: 1,
    containers: [container('c', 'exec sleep 1000')],
  },
}

/** Pods of all sorts: well, ill, over, limited, on the node's network. */
const PODS: Readonly<Record<string, object>> = {
  web: {
    initContainers: [container('first', 'echo hello > /shared/index.html', volumeAt('/shared'))],
    containers: [
      container('c', 'exec httpd -f -p 8080 -h /www', {
        ...volumeAt('/www'),
        resources: { requests: limits, limits },
        readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 },
        livenessProbe: { exec: { command: ['true'] }, periodSeconds: 2 },
        startupProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
      }),
    ],
    volumes: [{ name: 'shared', emptyDir: {} }],
  },
  burst: {
    containers: [
      container('c', 'dd if=/dev/zero of=/tmp/x bs=1M count=4; while true; do :; done', {
        resources: { requests: { cpu: '50m' }, limits: { cpu: '150m' } },
      }),
    ],
  },
  host: { hostNetwork: true, containers: [container('c', 'exec sleep 1000')] },
  over: { restartPolicy: 'Never', containers: [container('c', 'exit 3')] },
  ill: { containers: [{ name: 'c', image: 'proa.test/none:1', imagePullPolicy: 'Never' }] },
  failing: { containers: [container('c', 'exit 1')] },
  goes: { containers: [container('c', 'exec sleep 1000')] },
}

function volumeAt(mountPath: string) {
  return { volumeMounts: [{ name: 'shared', mountPath }] }
}

async function live(cluster: ProaProcess, nodeName: string, ask: Ask): Promise<Told> {
  const kubeconfig = readFileSync(join(cluster.directory, 'admin.conf'), 'utf8')
  const remote = remoteContext(await connectionFromKubeconfig(kubeconfig, NO_FILES), log)
  const { client } = remote.context
  const namespace = 'default'
  const nameOf = (name: string) => `${name}-${nodeName}`
  try {
    await eventually(() =>
      ask('/healthz')
        .then(text => text === 'ok')
        .catch(() => false),
    )
    for (const [name, spec] of Object.entries(PODS))
      await client.create(podKind, {
        ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: nameOf(name), namespace } },
        spec: { nodeName, terminationGracePeriodSeconds: 1, ...spec },
      } as unknown as Partial<Pod>)
    for (const name of ['web', 'burst', 'host', 'goes'])
      await eventually(async () => {
        const { status } = await client.get(podKind, nameOf(name), namespace)
        return status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')
      }, 90_000)
    await client.delete(podKind, { name: nameOf('goes'), namespace })
    // What is asked is counted, too; and the first answer has no rates.
    for (const path of PATHS) await ask(path)
    await wait(REST_MS)
    const told = Object.fromEntries(
      await Promise.all(PATHS.map(async path => [path, await ask(path)])),
    ) as Told
    for (const name of Object.keys(PODS))
      await client.delete(podKind, { name: nameOf(name), namespace }).catch(() => {})
    await eventually(async () => {
      const { items } = await client.list(podKind, { namespace })
      return items.every(({ metadata }) => metadata.name?.startsWith('static'))
    })
    return told
  } finally {
    await remote.stop()
  }
}
