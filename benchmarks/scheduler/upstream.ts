/**
 * The same workload on upstream's scheduler, API server and etcd, where they are at hand (TEST_ASSET_KUBE_SCHEDULER beside what
 * `tools/peer.ts` needs, or the PATH): with the keys, objects and client of the run on Proa, over HTTPS.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHttpTransport } from '#client/http-transport.ts'
import { connectionFromKubeconfig } from '#client/kubeconfig.ts'
import type { Transport } from '#client/transport.ts'
import { systemClock } from '#host/clock.ts'
import { systemFiles } from '#host/files.ts'
import { systemRandom } from '#host/random.ts'
import { kubeconfigOf } from '../../src/cluster/pki/kubeconfig.ts'
import { ensurePki } from '../../src/cluster/pki/pki.ts'
import { type Peer, programAt, started, withPeer } from '../tools/peer.ts'
import { cpuSeconds } from '../tools/processes.ts'
import { findWorkload, observe } from './workload.ts'
import { worldBehind } from './world.ts'

export interface UpstreamMeasured {
  readonly podsPerSecond: number
  /** Processor time of scheduler, API server and etcd together for each pod, in milliseconds; not that of the client, which is ours. */
  readonly cpuMs: number
}

/** As scheduler_perf has it: the scheduler's own limit on requests is no part of what is measured. */
const REQUESTS_PER_SECOND = 5000

/** Undefined where one of upstream's programs is not here. */
export async function runOnUpstream(path: string): Promise<UpstreamMeasured | undefined> {
  const scheduler = programAt('TEST_ASSET_KUBE_SCHEDULER', 'kube-scheduler')
  if (!scheduler) return undefined
  const directory = mkdtempSync(join(tmpdir(), 'proa-bench-upstream-'))
  const keys = join(directory, 'pki')
  try {
    const pki = ensurePki({
      directory: keys,
      names: [],
      ips: ['127.0.0.1'],
      clock: systemClock,
      random: systemRandom,
      files: systemFiles,
    })
    const { certificate: cert, key } = pki.client('admin')
    return await withPeer(directory, keys, async peer => {
      if (!peer) return undefined
      const server = `https://127.0.0.1:${peer.port}`
      const kubeconfig = kubeconfigOf({ server, ca: pki.authority, cert, key })
      const running = started(scheduler, schedulerWords(directory, kubeconfig))
      try {
        return await measure(path, kubeconfig, [...peer.processes, running.pid])
      } finally {
        await running.end()
      }
    })
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function schedulerWords(directory: string, kubeconfig: string): string[] {
  const kubeconfigFile = join(directory, 'scheduler.conf')
  writeFileSync(kubeconfigFile, kubeconfig)
  const configuration = {
    apiVersion: 'kubescheduler.config.k8s.io/v1',
    kind: 'KubeSchedulerConfiguration',
    leaderElection: { leaderElect: false },
    clientConnection: {
      kubeconfig: kubeconfigFile,
      contentType: 'application/vnd.kubernetes.protobuf',
      qps: REQUESTS_PER_SECOND,
      burst: REQUESTS_PER_SECOND,
    },
  }
  const file = join(directory, 'scheduler.json')
  writeFileSync(file, JSON.stringify(configuration))
  return [`--config=${file}`, '--secure-port=0', '--authentication-skip-lookup=true']
}

async function measure(
  path: string,
  kubeconfig: string,
  processes: Peer['processes'],
): Promise<UpstreamMeasured> {
  const { found, workload } = findWorkload(path)
  const nothing = { read: async () => '', resolve: (file: string) => file }
  const connection = await connectionFromKubeconfig(kubeconfig, nothing)
  const transport = createHttpTransport(connection, { clock: systemClock })
  await using world = await worldBehind(transport, () => transport.close())
  const seen = await observe(found, workload, world, {
    cpuMs: () => 1000 * processes.reduce((sum, pid) => sum + cpuSeconds({ pid }), 0),
    told: () => eventsIn(transport),
    around: (_, work) => work(),
  })
  return { podsPerSecond: seen.pods / seen.seconds, cpuMs: seen.cpuMs / seen.pods }
}

/** How many Events there are; upstream's scheduler writes them by a connection of its own. */
async function eventsIn(transport: Transport): Promise<number> {
  const { body } = await transport.request({
    method: 'GET',
    path: '/api/v1/events?limit=1',
    headers: { accept: 'application/json' },
  })
  if (body.kind !== 'bytes') throw new Error(`a list of Events as ${body.kind}`)
  const { items, metadata } = JSON.parse(Buffer.from(body.bytes).toString())
  return items.length + (metadata.remainingItemCount ?? 0)
}
