/** What the parts of `npm run bench -- controllers` share: a whole cluster on disk in this process, an eye on its pods, and figures. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { event } from '#api/core/v1/event.ts'
import { node } from '#api/core/v1/node.ts'
import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import { serviceAccount } from '#api/core/v1/service-account.ts'
import { sleep } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import type { Client } from '#client/client.ts'
import type { Informer, Informers } from '#client/informer.ts'
import { createInformers } from '#client/informers.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { startCluster } from '#index'
import { besideReads } from '../tools/memory-pace.ts'
import { until } from '../tools/processes.ts'

/** How much of everything there is. */
export interface Sizes {
  readonly nodes: number
  readonly replicas: number
  readonly deployments: number
  readonly objects: number
  readonly restNodes: number
  readonly restSeconds: number
}

export interface BenchCluster {
  readonly client: Client
  readonly informers: Informers
  readonly nodeNames: readonly string[]
}

/** Room for more nodes than the usual range, which ends at 4,096. */
const CLUSTER_CIDR = '10.128.0.0/9'

/** The API server over the store on disk, all controllers, the scheduler and hollow nodes, for as long as `use` takes. */
export async function withCluster(
  nodes: number,
  use: (cluster: BenchCluster) => Promise<void>,
): Promise<void> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'proa-bench-'))
  const cluster = await startCluster({
    dataDirectory,
    nodes: { kind: 'hollow', count: nodes },
    clusterCidr: CLUSTER_CIDR,
  })
  const { client, nodeNames } = cluster
  const context = { clock: systemClock, log: silentLog, random: systemRandom }
  using informers = createInformers(client, context)
  try {
    await until('account', async () => {
      const { items } = await client.list(serviceAccount, { namespace: 'default' })
      return items.length > 0 ? true : undefined
    })
    await untilView(informers.for(node), nodes, 'ready nodes', ({ status }) =>
      Boolean(status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True')),
    )
    await use({ client, informers, nodeNames })
  } finally {
    await cluster.stop()
    rmSync(dataDirectory, { recursive: true, force: true })
  }
}

export const isRunning = ({ status, metadata }: Pod): boolean =>
  status.phase === 'Running' && !metadata.deletionTimestamp

/** Resolves when exactly `count` objects are as they should be; without a test for it, when so many are there at all. */
export async function untilView<T extends { readonly metadata: { readonly uid?: string } }>(
  informer: Informer<T>,
  count: number,
  what: string,
  isMeant: (object: T) => boolean = () => true,
): Promise<void> {
  const meant = new Set<string>()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const cancel = systemClock.after(PATIENCE_MS, () =>
    reject(new Error(`${meant.size} of ${count} ${what} after ${PATIENCE_MS / 1000} s`)),
  )
  await informer.synced
  let isComplete = false
  const look = () => {
    if (isComplete && meant.size === count) resolve()
  }
  const end = informer.subscribe({
    changed(object) {
      const { uid = '' } = object.metadata
      if (isMeant(object)) meant.add(uid)
      else meant.delete(uid)
      look()
    },
    deleted({ metadata: { uid = '' } }) {
      meant.delete(uid)
      look()
    },
  })
  isComplete = true
  look()
  try {
    await promise
  } finally {
    cancel()
    end()
  }
}

/** Events give way to other work: resolves when none has been written for a second. Gives how many there are. */
export async function untilTold({ client }: BenchCluster): Promise<number> {
  for (let before = -1; ; ) {
    const { items, metadata } = await client.list(event, { namespace: 'default', limit: 1 })
    const count = items.length + (metadata.remainingItemCount ?? 0)
    if (count === before) return count
    before = count
    await sleep(systemClock, 1000)
  }
}

const PATIENCE_MS = 300_000

export interface Cost {
  readonly seconds: number
  /** Of this process with all its threads. */
  readonly cpuSeconds: number
  /** What the machine took meanwhile to read beyond a core's own cache; NaN for what was too short to tell. */
  readonly readNs: number
}

export async function costOf(work: () => Promise<unknown>): Promise<Cost> {
  const fromMs = performance.now()
  const before = process.cpuUsage()
  const readNs = await besideReads(work)
  const { user, system } = process.cpuUsage(before)
  const seconds = (performance.now() - fromMs) / 1000
  return { seconds, cpuSeconds: (user + system) / 1e6, readNs }
}

/** Does `each` for 0 … count-1, so many at a time as a client would. */
export async function sideBySide(
  count: number,
  each: (index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0
  const worker = async () => {
    while (next < count) await each(next++)
  }
  await Promise.all(Array.from({ length: CLIENT_REQUESTS_AT_A_TIME }, worker))
}

const CLIENT_REQUESTS_AT_A_TIME = 32

/** Bytes that are still held after everything that can be freed was. */
export async function heldBytes(): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let round = 0; round < 3; round++) {
    collect()
    await new Promise(resolve => setImmediate(resolve))
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

export function pods(cluster: BenchCluster): Informer<Pod> {
  return cluster.informers.for(pod)
}

export function tell(what: string, cost: Cost, things: number, asked = ''): void {
  const rate = `${Math.round(things / cost.seconds)}/s`
  const each = `${Math.round((cost.cpuSeconds / things) * 1e6)} µs CPU each`
  const reads = Number.isNaN(cost.readNs) ? '' : `${cost.readNs.toFixed(0)} ns`
  const columns = [rate.padStart(8), each.padStart(18), reads.padStart(7)].join(' ')
  say(what, `${cost.seconds.toFixed(1)} s`, columns, asked)
}

export function say(what: string, ...figures: readonly string[]): void {
  process.stdout.write(`${what.padEnd(56)} ${figures.map(each => each.padStart(9)).join('  ')}\n`)
}
