/** A cluster whose parts come from two makers: API server, and controllers with scheduler, each Proa's or upstream's, with hollow nodes. */
import { type ChildProcess, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { silentLog } from '#base/log.ts'
import type { Client } from '#client/client.ts'
import { connectionFromKubeconfig } from '#client/kubeconfig.ts'
import type { Running } from '#client/role.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { startKubelet } from '#kubelet'
import { type Remote, remoteContext } from '../../../src/cluster/remote-context.ts'
import { createHollowNode } from '../../../src/simulation/hollow/hollow-node.ts'
import { EtcdProcess } from '../../../src/store/testing/etcd-process.ts'
import {
  type ApiEnd,
  adminKubeconfig,
  Keys,
  startProa,
  startUpstream,
  upstreamProgram,
} from '../etcd/servers.ts'
import { main } from '../proa-process.ts'

export type Maker = 'proa' | 'upstream'

export interface Makers {
  readonly apiserver: Maker
  /** Of controllers and scheduler. */
  readonly roles: Maker
}

const LAST_WORDS = 4000
const FIRST_RANGE = 3

const controllerManager = () =>
  upstreamProgram('TEST_ASSET_KUBE_CONTROLLER_MANAGER', 'kube-controller-manager')
const scheduler = () => upstreamProgram('TEST_ASSET_KUBE_SCHEDULER', 'kube-scheduler')

export const upstreamRolesMissing = () =>
  controllerManager() && scheduler()
    ? false
    : 'there is no kube-controller-manager or no kube-scheduler here; TEST_ASSET_KUBE_CONTROLLER_MANAGER and TEST_ASSET_KUBE_SCHEDULER may name them'

export class MixedCluster {
  readonly api: ApiEnd
  /** The administrator's, and a client with it. */
  readonly kubeconfig: string
  readonly client: Client
  /** Their kubelets, which may be stopped before the cluster is. */
  readonly nodes: ReadonlyMap<string, Running>
  readonly #parts: readonly Running[]

  private constructor(
    api: ApiEnd,
    { kubeconfig, client }: { readonly kubeconfig: string; readonly client: Client },
    nodes: ReadonlyMap<string, Running>,
    parts: readonly Running[],
  ) {
    this.api = api
    this.kubeconfig = kubeconfig
    this.client = client
    this.nodes = nodes
    this.#parts = parts
  }

  static async start({ apiserver, roles }: Makers, nodes = 1): Promise<MixedCluster> {
    const parts: Running[] = []
    try {
      const keys = new Keys()
      parts.push({ stop: async () => keys.remove() })
      const store = await EtcdProcess.start()
      parts.push({ stop: () => store.remove() })
      const api =
        apiserver === 'proa'
          ? await startProa(keys, { servers: [store.url] })
          : await startUpstream(keys, store.url, [])
      parts.push(api)
      const kubeconfig = adminKubeconfig(api.url, keys)
      const file = keys.file('admin.conf')
      writeFileSync(file, kubeconfig)
      parts.push(...rolesOf(roles, keys, file))
      const remote = await remoteOf(kubeconfig)
      parts.push(remote)
      const started = new Map<string, Running>()
      for (let i = 0; i < nodes; i++) started.set(`node-${i}`, once(startNode(remote, i)))
      parts.push(...started.values())
      const { client } = remote.context
      return new MixedCluster(api, { kubeconfig, client }, started, parts)
    } catch (error) {
      await stopAll(parts)
      throw error
    }
  }

  stop(): Promise<void> {
    return stopAll(this.#parts)
  }
}

/** What is stopped by hand is not stopped again with the rest. */
function once(running: Running): Running {
  let stopped: Promise<void> | undefined
  return {
    stop() {
      stopped ??= running.stop()
      return stopped
    },
  }
}

async function stopAll(parts: readonly Running[]): Promise<void> {
  for (const part of parts.toReversed()) await part.stop()
}

async function remoteOf(kubeconfig: string): Promise<Remote> {
  const nothing = { read: async () => '', resolve: (file: string) => file }
  return remoteContext(await connectionFromKubeconfig(kubeconfig, nothing), silentLog)
}

function rolesOf(maker: Maker, keys: Keys, kubeconfig: string): Running[] {
  const common = ['--kubeconfig', kubeconfig, '--secure-port=0']
  const signing = [
    `--root-ca-file=${keys.file('ca.crt')}`,
    `--service-account-private-key-file=${keys.file('sa.key')}`,
    `--cluster-signing-cert-file=${keys.file('ca.crt')}`,
    `--cluster-signing-key-file=${keys.file('ca.key')}`,
  ]
  if (maker === 'proa')
    return [
      partOf(process.execPath, [main, 'controller-manager', ...common, ...signing]),
      partOf(process.execPath, [main, 'scheduler', ...common]),
    ]
  const alone = '--leader-elect=false'
  return [
    partOf(controllerManager() ?? '', [...common, ...signing, alone]),
    partOf(scheduler() ?? '', [...common, alone, '--authentication-skip-lookup=true']),
  ]
}

/** A part that is a process. One that ends by itself is told of when it is stopped. */
function partOf(program: string, words: readonly string[]): Running {
  const child: ChildProcess = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'] })
  let output = ''
  child.stderr?.on('data', text => {
    output = `${output}${text}`.slice(-LAST_WORDS)
  })
  const exit = new Promise(resolve => child.once('close', resolve))
  return {
    async stop() {
      const ended = child.exitCode ?? child.signalCode
      if (ended !== null) throw new Error(`${program} ended with ${ended}: ${output}`)
      child.kill('SIGKILL')
      await exit
    },
  }
}

function startNode({ context }: Remote, number: number): Running {
  const nodeName = `node-${number}`
  const machine = createHollowNode({
    clock: systemClock,
    random: systemRandom,
    hostname: nodeName,
    podCidr: `10.244.${FIRST_RANGE + number}.0/24`,
  })
  return startKubelet(context, {
    nodeName,
    ...machine,
    rootDirectory: '/var/lib/kubelet',
    nodeAddresses: [`198.18.0.${1 + number}`],
    clusterDomain: 'cluster.local',
    kubeletPort: 0,
    version: 'v1.36.3',
  })
}
