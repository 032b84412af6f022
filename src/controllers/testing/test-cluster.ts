/**
 * What the tests of controllers and scheduler share: a real API server over the memory store, in process, and a node
 * agent of a few lines that says of every pod on a node that it runs.
 */

import { namespace } from '#api/core/v1/namespace.ts'
import { type Node, node } from '#api/core/v1/node.ts'
import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import { serviceAccount } from '#api/core/v1/service-account.ts'
import { kinds } from '#api/kinds.ts'
import { isStatus } from '#api/machinery/status.ts'
import { type ApiServer, type ApiServerOptions, createApiServer } from '#apiserver'
import { type Clock, rfc3339 } from '#base/clock.ts'
import type { FeatureGates } from '#base/feature-gates.ts'
import { type Log, silentLog } from '#base/log.ts'
import { createClient } from '#client/api-client.ts'
import type { Client } from '#client/client.ts'
import type { Informers } from '#client/informer.ts'
import { createInformers } from '#client/informers.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { startScheduler } from '#scheduler'
import { createMemoryStore } from '#store/memory/memory-store.ts'
import {
  type ControllersOptions,
  type RunningControllers,
  startControllers,
} from '../controllers.ts'
import { Accounts } from './accounts.ts'

export interface TestCluster extends AsyncDisposable {
  readonly server: ApiServer
  readonly client: Client
  readonly informers: Informers
  readonly controllers: RunningControllers
  /** Adds ready nodes. */
  addNodes(
    names: readonly string[],
    more?: { cpu?: string; labels?: Record<string, string> },
  ): Promise<void>
  /** Waits until the condition holds; fails after a minute, which also a busy machine does not take. */
  until<T>(what: string, condition: () => T | Promise<T>): Promise<NonNullable<T>>
}

export interface TestClusterOptions {
  readonly controllers?: ControllersOptions
  readonly clock?: Clock
  readonly log?: Log
  /** Whether pods run; without it they stay as they were bound. */
  readonly runPods?: boolean
  readonly scheduler?: boolean
  /** For server, controllers and scheduler. */
  readonly featureGates?: FeatureGates
  /** How other servers' APIs are reached. */
  readonly aggregation?: ApiServerOptions['aggregation']
}

const PATIENCE_MS = 60_000

export async function startTestCluster(options: TestClusterOptions = {}): Promise<TestCluster> {
  const { clock = systemClock, log = silentLog, runPods = true } = options
  const random = systemRandom
  const store = createMemoryStore()
  const { aggregation, featureGates = new Map() } = options
  const server = createApiServer({
    store,
    kinds,
    clock,
    random,
    log,
    featureGates,
    ...(aggregation ? { aggregation } : {}),
  })
  await server.ready()
  const admin = { name: 'admin', groups: ['system:masters', 'system:authenticated'] }
  const client = createClient(server.transportFor(admin))
  for (const name of ['default', 'kube-system', 'kube-node-lease'])
    await client.create(namespace, { metadata: { name } }).catch(error => {
      if (!isStatus(error, 'AlreadyExists')) throw error
    })
  const informers = createInformers(client, { clock, log, random })
  const context = { client, informers, clock, random, log }
  const accounts = new Accounts(server)
  const controllers = startControllers(context, {
    featureGates,
    clientAs: account => createClient(accounts.transportOf(account)),
    ...options.controllers,
  })
  const scheduler =
    options.scheduler === false ? undefined : startScheduler(context, { featureGates })
  const stopAgent = runPods ? startAgent(client, informers, clock) : () => {}
  // Pods are refused before their namespace has its account. Under a clock moved by hand the test sees to that itself.
  if (!options.clock && options.controllers?.enabled === undefined)
    await until('the default account', async () => {
      const { items } = await client.list(serviceAccount, { namespace: 'default' })
      return items.length > 0
    })
  return {
    server,
    client,
    informers,
    controllers,
    async addNodes(names, { cpu = '8', labels = {} } = {}) {
      for (const name of names) await client.create(node, nodeNamed(name, cpu, labels, clock))
    },
    until,
    async [Symbol.asyncDispose]() {
      stopAgent()
      await Promise.all([controllers.stop(), scheduler?.stop()])
      informers.stop()
      await server.stop()
      await store.close()
      accounts.assertNoneRefused()
    },
  }
}

async function until<T>(what: string, condition: () => T | Promise<T>): Promise<NonNullable<T>> {
  const endMs = performance.now() + PATIENCE_MS
  for (;;) {
    const value = await condition()
    if (value) return value
    if (performance.now() > endMs) throw new Error(`waited in vain for: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

export function nodeNamed(
  name: string,
  cpu: string,
  labels: Record<string, string>,
  clock: Clock,
): Node {
  const now = rfc3339(clock.now())
  const capacity = { cpu, memory: '16Gi', pods: '110' }
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
    spec: {},
    status: {
      capacity,
      allocatable: capacity,
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          reason: 'KubeletReady',
          message: 'the test says so',
          lastHeartbeatTime: now,
          lastTransitionTime: now,
        },
      ],
    },
  } as unknown as Node
}

/** Runs pods as far as the API shows it: bound ones become ready, deleted ones go. */
function startAgent(client: Client, informers: Informers, clock: Clock): () => void {
  let addresses = 0
  const act = async (found: Pod) => {
    const { name = '', namespace: place = '', uid = '' } = found.metadata
    const at = { name, namespace: place }
    if (found.metadata.deletionTimestamp)
      return client.delete(pod, at, { gracePeriodSeconds: 0, uid })
    const ip = `10.0.${addresses >> 8}.${addresses++ & 255}`
    const now = rfc3339(clock.now())
    const status = {
      ...found.status,
      phase: 'Running' as const,
      podIP: ip,
      podIPs: [{ ip }],
      conditions: [
        ...(found.status.conditions ?? []).filter(({ type }) => type !== 'Ready'),
        { type: 'Ready', status: 'True', lastTransitionTime: now },
      ],
    }
    return client.update(pod, { ...found, status }, { subresource: 'status' })
  }
  return informers.for(pod).subscribe({
    changed(next) {
      const running = next.status.phase === 'Running'
      if (!next.spec.nodeName || (running && !next.metadata.deletionTimestamp)) return
      // A conflict means a newer state, of which another event tells.
      void act(next).catch(() => {})
    },
  })
}
