/** Gangs in a whole scheduler over a real API server. */
import assert from 'node:assert/strict'
import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import { podGroup } from '#api/scheduling/v1alpha2/pod-group.ts'
import type { Client } from '#client/client.ts'
import { type RunningScheduler, startScheduler } from '../scheduler.ts'
import { type ServedCluster, serveCluster } from './served-cluster.ts'
import { asking, nodeOf } from './world.ts'

/** Long enough for a scheduler in this process to do what it must not do. What it must do is waited for, however busy the machine is. */
const SETTLED_MS = 150
/** Only what never comes takes so long; less than the time after which a scheduler looks at everything again. */
const PATIENCE_MS = 60_000

export class Gangs implements AsyncDisposable {
  readonly client: Client
  readonly #cluster: ServedCluster
  readonly #gates: ReadonlyMap<string, boolean>
  #context: ReturnType<ServedCluster['openContext']>
  #scheduler: RunningScheduler

  constructor(cluster: ServedCluster, gates: readonly string[]) {
    this.#cluster = cluster
    this.#gates = new Map(gates.map(gate => [gate, true]))
    this.client = cluster.client
    this.#context = cluster.openContext()
    this.#scheduler = this.#start()
  }

  #start(client?: Client): RunningScheduler {
    if (client) this.#context = this.#cluster.openContext(client)
    return startScheduler(this.#context, {
      featureGates: this.#gates,
      podInitialBackoffMs: 5,
      podMaxBackoffMs: 20,
    })
  }

  async restart(client: Client): Promise<void> {
    await this.#scheduler.stop()
    this.#context.end()
    this.#scheduler = this.#start(client)
  }

  group(name: string, minCount: number, more: object = {}) {
    const spec = { schedulingPolicy: { gang: { minCount } }, ...more }
    return this.client.create(podGroup, { metadata: { name, namespace: 'a' }, spec } as never)
  }

  /** A pod that takes a node of four CPUs for itself. */
  member(group: string, name: string, cpu = '3', priority = 0) {
    const schedulingGroup = { podGroupName: group }
    const spec = { ...asking(cpu), schedulingGroup, priority }
    return this.client.create(pod, { metadata: { name, namespace: 'a' }, spec } as never)
  }

  async members(group: string, count: number, cpu?: string): Promise<void> {
    for (let i = 0; i < count; i++) await this.member(group, `${group}-${i}`, cpu)
  }

  async bound(group?: string): Promise<string[]> {
    const { items } = await this.client.list(pod, { namespace: 'a' })
    return items
      .filter(
        ({ spec }) => spec.nodeName && (!group || spec.schedulingGroup?.podGroupName === group),
      )
      .map(({ metadata }) => metadata.name ?? '')
  }

  async until(count: number, group?: string): Promise<void> {
    await eventually(async () => {
      assert.equal((await this.bound(group)).length, count, `bound of ${group ?? 'all'}`)
    })
  }

  async messageOf(name: string): Promise<string | undefined> {
    const { status } = await this.client.get(pod, name, 'a')
    return (status as Pod['status']).conditions?.find(({ type }) => type === 'PodScheduled')
      ?.message
  }

  async addNodes(from: number, count: number): Promise<void> {
    for (let i = from; i < from + count; i++) await this.addNode(`n${i}`)
  }

  async addNode(name: string, labels: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.#cluster.addNode(nodeOf(name, { labels }))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scheduler.stop()
    this.#context.end()
  }
}

/** Waits until a check passes; fails with what it says last. */
export async function eventually(check: () => Promise<void>): Promise<void> {
  for (const endMs = performance.now() + PATIENCE_MS; ; await settle(10))
    try {
      return await check()
    } catch (error) {
      if (performance.now() > endMs) throw error
    }
}

export const settle = (ms = SETTLED_MS): Promise<void> =>
  new Promise(resolve => setTimeout(resolve, ms))

export async function withGangs(
  run: (gangs: Gangs) => Promise<void>,
  ...gates: readonly string[]
): Promise<void> {
  await using cluster = await serveCluster(['a'])
  await using gangs = new Gangs(cluster, ['GenericWorkload', 'GangScheduling', ...gates])
  await run(gangs)
}
