/**
 * metrics-server of upstream behind the API server, built from its own Go module: it believes whom the ConfigMap in kube-system names,
 * asks the API server who may do what, and is found through its APIService.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { machineAddresses } from '#host/addresses.ts'
import {
  attempt,
  buildFolder,
  type ClientCluster,
  missing,
  run,
  startClientCluster,
} from './programs.ts'

const program = join(buildFolder('metrics'), 'metrics-server')
const [address = '127.0.0.1'] = machineAddresses()
/** Loopback addresses may not be endpoints. */
const unreachable = address.startsWith('127.')
  ? 'this machine has no address that an endpoint may have'
  : false

async function freePort(): Promise<number> {
  const server = createServer().listen(0, address)
  await once(server, 'listening')
  const found = server.address()
  server.close()
  return typeof found === 'object' && found ? found.port : 0
}

describe('metrics-server', { skip: missing('go') || missing('kubectl') || unreachable }, () => {
  let target: ClientCluster
  let server: ChildProcess

  const kubectl = (words: string, input?: string) =>
    run('kubectl', ['--kubeconfig', target.kubeconfig, ...words.split(' ')], {
      ...(input === undefined ? {} : { input }),
    })

  before(async () => {
    target = await startClientCluster()
    await run('go', ['build', '-o', program, 'sigs.k8s.io/metrics-server/cmd/metrics-server'], {
      cwd: join(import.meta.dirname, 'metrics'),
    })
    const port = await freePort()
    const { kubeconfig, directory } = target
    server = spawn(
      program,
      [
        ...['', 'authentication-', 'authorization-'].map(
          part => `--${part}kubeconfig=${kubeconfig}`,
        ),
        `--bind-address=${address}`,
        `--secure-port=${port}`,
        `--cert-dir=${directory}`,
        '--kubelet-insecure-tls',
      ],
      { stdio: 'ignore' },
    )
    await kubectl(
      'create -f -',
      JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects(port) }),
    )
  })
  after(async () => {
    if (server?.exitCode === null && server.signalCode === null) {
      const exited = once(server, 'exit')
      server.kill('SIGKILL')
      await exited
    }
    await target?.stop()
  })

  test('becomes available, is discovered, and answers those who may', async () => {
    await kubectl('wait --for=condition=Available apiservice/v1beta1.metrics.k8s.io --timeout=150s')
    const resources = await kubectl('api-resources --api-group=metrics.k8s.io --no-headers')
    assert.match(resources, /^nodes +metrics\.k8s\.io\/v1beta1 +false +NodeMetrics$/m)
    assert.match(resources, /^pods +metrics\.k8s\.io\/v1beta1 +true +PodMetrics$/m)
    // Its caches are empty, for nodes here are hollow and nobody measures them; but it is its list.
    const list = JSON.parse(await kubectl('get --raw /apis/metrics.k8s.io/v1beta1/nodes'))
    assert.equal(list.kind, 'NodeMetricsList')
    assert.match(
      await kubectl('explain nodes --api-version=metrics.k8s.io/v1beta1'),
      /KIND: +NodeMetrics/,
    )
    const stranger = '--as=stranger --as-group=system:authenticated'
    const refused = await attempt('kubectl', [
      '--kubeconfig',
      target.kubeconfig,
      ...`${stranger} get --raw /apis/metrics.k8s.io/v1beta1/nodes`.split(' '),
    ])
    assert.equal(refused.code, 1)
    assert.match(
      refused.stderr,
      /nodes\.metrics\.k8s\.io is forbidden: User "stranger" cannot list/,
    )
  })

  test('is unavailable when it is gone, and the rest of the API stays', async () => {
    const exited = once(server, 'exit')
    server.kill('SIGKILL')
    await exited
    // Something about its service changes, so that it is looked at before its time.
    await kubectl('label service/metrics-server -n kube-system looked=at')
    const name = 'apiservice/v1beta1.metrics.k8s.io'
    await kubectl(`wait --for=condition=Available=False ${name} --timeout=150s`)
    assert.match(await kubectl(`get ${name}`), /False \(FailedDiscoveryCheck\)/)
    const raw = ['get', '--raw', '/apis/metrics.k8s.io/v1beta1/nodes']
    const { stderr } = await attempt('kubectl', ['--kubeconfig', target.kubeconfig, ...raw])
    assert.match(stderr, /the server is currently unable to handle the request/)
    assert.match(await kubectl('get nodes'), /Ready/)
  })
})

const objects = (port: number) => [
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'metrics-server', namespace: 'kube-system' },
    spec: { ports: [{ name: 'https', port: 443, targetPort: port }] },
  },
  {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: 'metrics-server-1',
      namespace: 'kube-system',
      labels: { 'kubernetes.io/service-name': 'metrics-server' },
    },
    addressType: 'IPv4',
    ports: [{ name: 'https', port, protocol: 'TCP' }],
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
  },
  {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: 'v1beta1.metrics.k8s.io' },
    spec: {
      group: 'metrics.k8s.io',
      version: 'v1beta1',
      service: { namespace: 'kube-system', name: 'metrics-server' },
      // As its own manifests say: it signs its certificate itself.
      insecureSkipTLSVerify: true,
      groupPriorityMinimum: 100,
      versionPriority: 100,
    },
  },
]
