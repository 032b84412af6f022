/**
 * The whole scheduler while bindings fail, are lost on their way back or come twice, nodes go and it is itself started anew: no node
 * gets more than it has, no pod is next to one it must be apart from, none is on two nodes, and in the end nobody waits who
 * would fit.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Node, node } from '#api/core/v1/node.ts'
import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import { StatusError } from '#api/machinery/status.ts'
import type { Client } from '#client/client.ts'
import { createSeededRandom } from '#client/testing/manual-clock.ts'
import { type RunningScheduler, startScheduler } from './scheduler.ts'
import { amount, type ModelCluster, nameOf, requestOf, verdictOf } from './testing/model.ts'
import { type ServedCluster, serveCluster } from './testing/served-cluster.ts'
import { nodeOf } from './testing/world.ts'

type Random = ReturnType<typeof createSeededRandom>

/** Of ten bindings, one fails before it is written and one after. */
function faulty(client: Client, random: Random): Client {
  return {
    ...client,
    get: client.get.bind(client),
    async createSubresource(kind, at, subresource, body) {
      const fate = subresource === 'binding' ? random.integer(10) : 9
      if (fate === 0) throw new Error('the connection broke before the request')
      const answer = await client.createSubresource(kind, at, subresource, body)
      if (fate === 1) throw new Error('the connection broke before the answer')
      return answer
    },
  }
}

function randomPod(index: number, random: Random): Pod {
  const app = `app-${random.integer(3)}`
  const term = { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app } } }
  const apart = {
    podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] },
  }
  const cpu = ['100m', '500m', '1', '2'][random.integer(4)]
  return {
    metadata: { name: `pod-${index}`, namespace: 'a', labels: { app } },
    spec: {
      containers: [{ name: 'c', image: 'i', resources: { requests: { cpu } } }],
      ...(random.integer(4) === 0 ? { affinity: apart } : {}),
    },
  } as unknown as Pod
}

class Life implements AsyncDisposable {
  readonly #cluster: ServedCluster
  readonly #random: Random
  #context: ReturnType<ServedCluster['openContext']>
  #scheduler: RunningScheduler
  readonly #places = new Map<string, string>()
  readonly #watching: ReturnType<ServedCluster['openContext']>
  readonly moved: string[] = []

  constructor(cluster: ServedCluster, random: Random) {
    this.#cluster = cluster
    this.#random = random
    this.#context = cluster.openContext(faulty(cluster.client, random))
    this.#scheduler = this.#start()
    this.#watching = cluster.openContext()
    this.#watching.informers.for(pod).subscribe({
      changed: ({ metadata, spec }) => {
        const before = this.#places.get(metadata.uid ?? '')
        if (before && before !== spec.nodeName) this.moved.push(metadata.name ?? '')
        if (spec.nodeName) this.#places.set(metadata.uid ?? '', spec.nodeName)
      },
    })
  }

  #start(): RunningScheduler {
    return startScheduler(this.#context, { podInitialBackoffMs: 5, podMaxBackoffMs: 20 })
  }

  async restart(): Promise<void> {
    await this.#scheduler.stop()
    this.#context.end()
    this.#context = this.#cluster.openContext(faulty(this.#cluster.client, this.#random))
    this.#scheduler = this.#start()
  }

  async state(): Promise<ModelCluster & { readonly waiting: readonly Pod[] }> {
    const { client } = this.#cluster
    const { items: nodes } = await client.list(node)
    const { items: pods } = await client.list(pod, { namespace: 'a' })
    return {
      nodes,
      pods: pods.filter(({ spec }) => spec.nodeName),
      waiting: pods.filter(({ spec }) => !spec.nodeName),
      namespaces: { a: {} },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scheduler.stop()
    this.#context.end()
    this.#watching.end()
  }
}

function fits(state: ModelCluster, found: Pod): boolean {
  return state.nodes.some(node => verdictOf(state, found, node) === undefined)
}

function brokenOn(state: ModelCluster, there: Node): string[] {
  const pods = state.pods.filter(({ spec }) => spec.nodeName === nameOf(there))
  const wrong: string[] = []
  const { allocatable = {} } = there.status
  const used = pods.reduce((sum, found) => sum + requestOf(found, 'cpu'), 0)
  if (used > amount('cpu', allocatable.cpu)) wrong.push(`${nameOf(there)} has ${used}m taken`)
  if (pods.length > amount('pods', allocatable.pods)) wrong.push(`${nameOf(there)} is too full`)
  for (const found of pods) {
    const others = { ...state, pods: pods.filter(other => other !== found) }
    const verdict = verdictOf(others, found, there)
    if (verdict?.plugin === 'InterPodAffinity')
      wrong.push(`${nameOf(found)} on ${nameOf(there)}: ${verdict.reasons}`)
  }
  return wrong
}

async function live(seed: number): Promise<void> {
  const random = createSeededRandom(seed)
  await using cluster = await serveCluster(['a'])
  await using life = new Life(cluster, random)
  const { client } = cluster
  let pods = 0
  for (let step = 0; step < 12; step++) {
    await cluster.addNode(nodeOf(`node-${step}`, { cpu: '4' }))
    const created = Array.from({ length: 6 }, () => client.create(pod, randomPod(pods++, random)))
    await Promise.all(created)
    if (step === 4 || step === 8) await life.restart()
    if (step % 4 === 3) await client.delete(node, { name: `node-${step - 2}` })
    if (step % 3 === 2) {
      const name = `pod-${random.integer(pods)}`
      await client
        .delete(pod, { name, namespace: 'a' }, { gracePeriodSeconds: 0 })
        .catch(error => assert.ok(error instanceof StatusError))
    }
  }
  let state = await life.state()
  for (let tries = 0; tries < 2_000; tries++) {
    if (state.waiting.every(found => !fits(state, found))) break
    await new Promise(resolve => setTimeout(resolve, 10))
    state = await life.state()
  }
  assert.deepEqual(
    state.waiting.filter(found => fits(state, found)).map(nameOf),
    [],
    `seed ${seed}: nobody waits who fits`,
  )
  assert.deepEqual(
    state.nodes.flatMap(there => brokenOn(state, there)),
    [],
    `seed ${seed}`,
  )
  assert.deepEqual(life.moved, [], `seed ${seed}: no pod on two nodes`)
  assert.ok(state.pods.length > 20, `seed ${seed}: ${state.pods.length} pods were placed`)
}

/** More of them by LIVES=100. */
const LIVES = Number(process.env.LIVES ?? 3)

for (let seed = 1; seed <= LIVES; seed++)
  test(`bindings that fail or are lost, seed ${seed}`, () => live(seed))
