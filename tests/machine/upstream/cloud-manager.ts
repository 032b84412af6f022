/**
 * A cloud controller manager in a process of its own, Proa's or upstream's, over a cluster of Proa with hollow nodes and a cloud in memory, which
 * both ask over HTTP. Upstream's is built of `cloud-controller-manager/main.go`:
 *
 *   cd tests/machine/upstream/cloud-controller-manager && CGO_ENABLED=0 go build -o /tmp/ccm .
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectionFromKubeconfig } from '#client/kubeconfig.ts'
import { type Cluster, createMemoryCloud, type MemoryCloud, startCluster } from '#index'
import { type ServedProvider, serveProvider } from '../../../src/cloud/testing/served-provider.ts'
import { freePort } from '../../../src/store/testing/etcd-process.ts'
import type { Maker } from './mixed-cluster.ts'

const ASSET = 'TEST_ASSET_CLOUD_CONTROLLER_MANAGER'
const LAST_WORDS = 4000

export const cloudControllerManagerMissing = (): string | false =>
  existsSync(process.env[ASSET] ?? '')
    ? false
    : `there is no cloud controller manager of upstream's making here; ${ASSET} names one, built of tests/machine/upstream/cloud-controller-manager`

export class ManagedCluster {
  readonly cluster: Cluster
  readonly cloud: MemoryCloud
  readonly #served: ServedProvider
  readonly #directory: string
  readonly #command: readonly [file: string, words: readonly string[]]
  #process: ChildProcess
  readonly #port: number
  #words = ''

  private constructor(
    maker: Maker,
    parts: { cluster: Cluster; cloud: MemoryCloud; served: ServedProvider; port: number },
  ) {
    this.cluster = parts.cluster
    this.cloud = parts.cloud
    this.#served = parts.served
    this.#port = parts.port
    this.#directory = mkdtempSync(join(tmpdir(), 'proa-cloud-'))
    const kubeconfig = join(this.#directory, 'kubeconfig')
    const config = join(this.#directory, 'cloud.yaml')
    writeFileSync(kubeconfig, parts.cluster.kubeconfig ?? '')
    writeFileSync(config, `url: ${parts.served.url}\n`)
    const flags = [
      ...['--cloud-provider', 'http', '--cloud-config', config, '--kubeconfig', kubeconfig],
      ...['--cluster-cidr', '10.244.0.0/16', '--cluster-name', 'held'],
      ...['--secure-port', String(parts.port), '--bind-address', '127.0.0.1'],
      ...['--node-monitor-period', '200ms', '--node-status-update-frequency', '500ms'],
      ...['--route-reconciliation-period', '300ms', '--concurrent-service-syncs', '2'],
    ]
    const delegation = ['--authentication-kubeconfig', '--authorization-kubeconfig']
    this.#command =
      maker === 'proa'
        ? [process.execPath, [PROA, 'cloud-controller-manager', ...flags]]
        : [process.env[ASSET] ?? '', [...flags, ...delegation.flatMap(flag => [flag, kubeconfig])]]
    this.#process = this.#spawn()
  }

  #spawn(): ChildProcess {
    const [file, words] = this.#command
    const child = spawn(file, words, { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', text => {
        this.#words = (this.#words + text).slice(-LAST_WORDS)
      })
    return child
  }

  static async start(maker: Maker): Promise<ManagedCluster> {
    const cloud = createMemoryCloud({ adoptsNodes: false })
    const served = await serveProvider(cloud)
    // The cloud's machines are the cluster's nodes, but its controllers are the manager's.
    const cluster = await startCluster({
      nodes: { kind: 'hollow', count: 3 },
      nodeName: 'node',
      listen: { port: 0 },
      cloud,
      cloudControllers: { enabled: '' },
    })
    return new ManagedCluster(maker, { cluster, cloud, served, port: await freePort() })
  }

  /** What it said last, for whoever waits in vain. */
  get words(): string {
    return this.#words
  }

  /** What it answers on its port to an administrator. */
  async get(path: string): Promise<string> {
    const connection = await connectionFromKubeconfig(this.cluster.kubeconfig ?? '', {
      read: async () => '',
      resolve: name => name,
    })
    const { clientCertificate: cert, clientKey: key } = connection
    return new Promise((resolve, reject) => {
      const options = { port: this.#port, path, cert, key, rejectUnauthorized: false }
      request(options, response => {
        let text = ''
        response.on('data', part => {
          text += part
        })
        response.on('end', () => resolve(text))
      })
        .on('error', reject)
        .end()
    })
  }

  /** Ends the manager at once, so that nobody gives its Lease back. */
  async leave(): Promise<void> {
    const ended = new Promise(resolve => this.#process.once('close', resolve))
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    this.#process.kill('SIGKILL')
    await ended
  }

  /** Starts another one, which leads as soon as that Lease is over. */
  comeBack(): void {
    this.#process = this.#spawn()
  }

  async stop(): Promise<void> {
    await this.leave()
    await this.cluster.stop()
    await this.#served.close()
    rmSync(this.#directory, { recursive: true })
  }
}

const PROA = join(import.meta.dirname, '..', '..', '..', 'src', 'main.ts')
