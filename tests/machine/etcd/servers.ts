/** API servers over one etcd: Proa's in this process, upstream's where its binary is at hand; all with the same keys. */
import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FeatureGates } from '#base/feature-gates.ts'
import { silentLog } from '#base/log.ts'
import { createHttpTransport, type HttpTransport } from '#client/http-transport.ts'
import { connectionFromKubeconfig } from '#client/kubeconfig.ts'
import type { Method } from '#client/transport.ts'
import { systemClock } from '#host/clock.ts'
import { systemFiles } from '#host/files.ts'
import { systemRandom } from '#host/random.ts'
import type { EncryptionAtRest, EtcdOptions } from '../../../src/cluster/options.ts'
import { kubeconfigOf } from '../../../src/cluster/pki/kubeconfig.ts'
import { ensurePki, type Pki } from '../../../src/cluster/pki/pki.ts'
import {
  type SingleApiServerOptions,
  startSingleApiServer,
} from '../../../src/cluster/single-apiserver.ts'

export const SERVICE_RANGE = '10.96.0.0/12'

/** As it is answered: any JSON. */
// biome-ignore lint/suspicious/noExplicitAny: tests look at whatever was answered
export type Shown = any

export interface Answer {
  readonly status: number
  readonly body: Shown
}

/** A server and the administrator's way to it. */
export class ApiEnd {
  readonly url: string
  readonly transport: HttpTransport
  readonly #stop: () => Promise<void>

  constructor(url: string, transport: HttpTransport, stop: () => Promise<void>) {
    this.url = url
    this.transport = transport
    this.#stop = stop
  }

  async ask(method: Method, path: string, body?: object, type?: string): Promise<Answer> {
    const headers = { accept: 'application/json', 'content-type': type ?? 'application/json' }
    const bytes = body && new TextEncoder().encode(JSON.stringify(body))
    const response = await this.transport.request({
      method,
      path,
      headers,
      ...(bytes && { body: bytes }),
    })
    const parts: Uint8Array[] = []
    const { body: answered } = response
    if (answered.kind === 'bytes') parts.push(answered.bytes)
    else if (answered.kind === 'chunks') parts.push(...answered.chunks)
    else if (answered.kind !== 'empty') throw new Error(`a body of kind ${answered.kind}`)
    const text = Buffer.concat(parts).toString()
    return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : text }
  }

  /** The body of an answer that has to be a success. */
  async want(method: Method, path: string, body?: object, type?: string): Promise<Shown> {
    const answer = await this.ask(method, path, body, type)
    if (answer.status >= 300)
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
    return answer.body
  }

  stop(): Promise<void> {
    return this.#stop()
  }
}

/** Folders with one set of keys, as a cluster's servers share them. */
export class Keys {
  readonly directory = mkdtempSync(join(tmpdir(), 'proa-servers-'))
  readonly pki: Pki = ensurePki({
    directory: join(this.directory, 'pki'),
    names: [],
    ips: ['10.96.0.1', '127.0.0.1'],
    clock: systemClock,
    random: systemRandom,
    files: systemFiles,
  })

  file(name: string): string {
    return join(this.directory, 'pki', name)
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true })
  }
}

/** The administrator's. */
export function adminKubeconfig(server: string, { pki }: Keys): string {
  const { certificate: cert, key } = pki.client('admin')
  return kubeconfigOf({ server, ca: pki.authority, user: 'admin', cert, key })
}

async function transportTo(server: string, keys: Keys): Promise<HttpTransport> {
  const connection = await connectionFromKubeconfig(adminKubeconfig(server, keys), {
    read: async () => '',
    resolve: file => file,
  })
  return createHttpTransport(connection, { clock: systemClock })
}

/** Proa's API server alone, with the keys of the others. */
export async function startProa(
  keys: Keys,
  etcd: EtcdOptions,
  log = silentLog,
  encryption?: EncryptionAtRest,
  featureGates: FeatureGates = new Map(),
  more: Partial<
    Pick<SingleApiServerOptions, 'audit' | 'serviceClusterIpRange' | 'advertiseAddress'>
  > = {},
): Promise<ApiEnd> {
  const server = await startSingleApiServer({
    ...(encryption ? { encryption } : {}),
    dataDirectory: keys.directory,
    etcd,
    listen: { address: '127.0.0.1', port: 0 },
    serviceClusterIpRange: SERVICE_RANGE,
    runtimeConfig: new Map([['api/all', true]]),
    featureGates,
    clusterDomain: 'cluster.local',
    nodeName: 'here',
    clock: systemClock,
    random: systemRandom,
    log,
    ...more,
  })
  const transport = await transportTo(server.url, keys)
  return new ApiEnd(server.url, transport, async () => {
    await transport.close()
    await server.stop()
  })
}

/** Upstream's program that the variable names, or that is in the folders in which envtest looks. */
export function upstreamProgram(variable: string, name: string): string | undefined {
  const { [variable]: file, KUBEBUILDER_ASSETS: folder, PATH = '' } = process.env
  const folders = [folder ?? '/usr/local/kubebuilder/bin', ...PATH.split(':')]
  return [file, ...folders.map(each => join(each, name))].find(isProgram)
}

export const kubeApiServer = () => upstreamProgram('TEST_ASSET_KUBE_APISERVER', 'kube-apiserver')

export const kubeApiServerMissing = () =>
  kubeApiServer() === undefined
    ? 'there is no kube-apiserver here; TEST_ASSET_KUBE_APISERVER may name one, as for envtest'
    : false

const START_TIMEOUT_MS = 90_000

const EVERYTHING = [
  '--disable-admission-plugins=ServiceAccount',
  '--runtime-config=api/all=true',
  // But for a field that upstream itself fills in where it is missing, as soon as it knows it.
  '--feature-gates=AllAlpha=true,AllBeta=true,VolumeLimitScaling=false,MaxUnavailableStatefulSet=false',
]

/** Upstream's API server, with everything that it has switched on, or as the settings say. */
export async function startUpstream(
  keys: Keys,
  etcdUrl: string,
  settings: readonly string[] = EVERYTHING,
): Promise<ApiEnd> {
  const port = await freePort()
  const { certificate, key } = keys.pki.server()
  systemFiles.writeAtomically(keys.file('upstream.crt'), certificate, 0o600)
  systemFiles.writeAtomically(keys.file('upstream.key'), key, 0o600)
  const child = spawn(kubeApiServer() ?? '', [
    `--etcd-servers=${etcdUrl}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    `--tls-cert-file=${keys.file('upstream.crt')}`,
    `--tls-private-key-file=${keys.file('upstream.key')}`,
    `--client-ca-file=${keys.file('ca.crt')}`,
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-account-key-file=${keys.file('sa.pub')}`,
    `--service-account-signing-key-file=${keys.file('sa.key')}`,
    `--service-cluster-ip-range=${SERVICE_RANGE}`,
    ...(settings.some(each => each.startsWith('--authorization-'))
      ? []
      : ['--authorization-mode=Node,RBAC']),
    '--allow-privileged=true',
    ...settings,
  ])
  const output: string[] = []
  child.stdout.resume()
  child.stderr.on('data', text => {
    output.push(String(text))
    if (output.length > 200) output.shift()
  })
  const url = `https://127.0.0.1:${port}`
  const transport = await transportTo(url, keys)
  const end = new ApiEnd(url, transport, async () => {
    await transport.close()
    await ended(child)
  })
  const deadline = performance.now() + START_TIMEOUT_MS
  for (;;) {
    const ready = await end.ask('GET', '/readyz').catch(() => undefined)
    if (ready?.status === 200) return end
    if (child.exitCode !== null || performance.now() > deadline) {
      await end.stop()
      throw new Error(`kube-apiserver did not become ready:\n${output.join('')}`)
    }
    await sleep(200)
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = new Promise(resolve => child.once('exit', resolve))
  // It would wait a minute for its watches; what it has answered is in etcd.
  child.kill('SIGKILL')
  await exit
}

function isProgram(path: string | undefined): boolean {
  try {
    accessSync(path ?? '', constants.X_OK)
    return true
  } catch {
    return false
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address ? address.port : 0
      server.close(() => resolve(port))
    })
  })
}
