/**
 * Two controller managers over one API server, of which the one that leads is struck amid a rollout: killed, cut off for a minute, or cut off
 * with its last requests held up and let through long after the other has taken over. Never are there more pods than the surge allows, nor
 * fewer than the budget; and whoever lost begins nothing more.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deployment } from '#api/apps/v1/deployment.ts'
import { replicaSet } from '#api/apps/v1/replica-set.ts'
import { lease } from '#api/coordination/v1/lease.ts'
import { namespace } from '#api/core/v1/namespace.ts'
import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import { kinds } from '#api/kinds.ts'
import { createApiServer } from '#apiserver'
import { silentLog } from '#base/log.ts'
import { createClient } from '#client/api-client.ts'
import { createInformers } from '#client/informers.ts'
import {
  createManualClock,
  createSeededRandom,
  type ManualClock,
} from '#client/testing/manual-clock.ts'
import type { ApiRequest, Transport } from '#client/transport.ts'
import { startLed } from '#cluster/led-role.ts'
import { startControllers } from '#controllers'
import { createMemoryStore } from '#store/memory/memory-store.ts'
import { Nodes } from '../../src/controllers/testing/lives/nodes.ts'

const REPLICAS = 6
const SURGE = 2
const UNAVAILABLE = 1
/** Renewals fail for ten seconds before a leader gives up, and others wait for fifteen before they take over. */
const TAKEOVER_MS = 15_000 + 2 * 2_400
const HELD_UP_MS = 30_000
const CUT_OFF_MS = 60_000

type Strike = 'killed' | 'cut off' | 'held up'

/** The way of one manager to the server. */
class Line {
  strike: Strike | undefined
  /** When each write that is not about leases was begun. */
  readonly writes: number[] = []
  readonly #transport: Transport
  readonly #clock: ManualClock

  constructor(transport: Transport, clock: ManualClock) {
    this.#transport = transport
    this.#clock = clock
  }

  readonly request = async (request: ApiRequest) => {
    const isWrite = request.method !== 'GET' && !/leases|events/.test(request.path)
    if (isWrite) this.writes.push(this.#clock.monotonicMs())
    if (this.strike === 'killed') return new Promise<never>(() => {})
    if (this.strike === 'cut off') throw new Error('no route to the server')
    if (this.strike === 'held up') {
      if (isWrite)
        this.#clock.after(HELD_UP_MS, () => void this.#transport.request(request).catch(() => {}))
      throw new Error('no route to the server')
    }
    return this.#transport.request(request)
  }
}

async function startScene(seed: number) {
  const clock = createManualClock()
  const random = createSeededRandom(seed)
  const store = createMemoryStore()
  const server = createApiServer({ store, kinds, clock, random, log: silentLog })
  await server.ready()
  const transport = server.transportFor({ name: 'admin', groups: ['system:masters'] })
  const client = createClient(transport)
  const informers = createInformers(client, { clock, random, log: silentLog })
  for (const name of ['default', 'kube-system', 'kube-node-lease'])
    await client.create(namespace, { metadata: { name } }).catch(() => {})
  const nodes = new Nodes({ client, informers, clock, random })
  await nodes.add('node-0')
  const managers = ['one', 'other'].map(name => {
    const line = new Line(transport, clock)
    const own = createClient(line)
    const views = createInformers(own, { clock, random, log: silentLog })
    const context = { client: own, informers: views, clock, random, log: silentLog }
    const role = startLed('kube-controller-manager', context, () => startControllers(context))
    return { name, line, role, views }
  })
  return { clock, random, client, informers, managers, nodes, server, store }
}

const isActive = ({ metadata, status }: Pod) =>
  !metadata.deletionTimestamp && status.phase !== 'Failed'
const isReady = ({ status }: Pod) => status.conditions?.some(({ status: is }) => is === 'True')

for (const [seed, strike] of (['killed', 'cut off', 'held up'] as const).entries())
  test(`a leader that is ${strike} amid a rollout is followed by another, within the surge`, async () => {
    const scene = await startScene(seed + 1)
    const { clock, client, informers, managers, random } = scene
    await clock.advance(5_000)
    const metadata = { name: 'web', namespace: 'default' }
    const labels = { app: 'web' }
    const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'v1' }] } }
    await client.create(deployment, {
      metadata,
      spec: {
        replicas: REPLICAS,
        selector: { matchLabels: labels },
        strategy: { rollingUpdate: { maxSurge: SURGE, maxUnavailable: UNAVAILABLE } },
        template,
      },
    } as never)
    await clock.advance(10_000)
    const pods = informers.for(pod)
    const sets = informers.for(replicaSet)
    const complaints: string[] = []
    const look = () => {
      const sum = sets.list().reduce((total, { spec }) => total + (spec.replicas ?? 0), 0)
      if (sum > REPLICAS + SURGE) complaints.push(`${sum} replicas`)
      const ready = pods.list().filter(found => isActive(found) && isReady(found)).length
      if (ready < REPLICAS - UNAVAILABLE) complaints.push(`${ready} ready`)
    }
    assert.equal(pods.list().filter(isReady).length, REPLICAS)
    sets.subscribe({ changed: look, deleted: look })
    pods.subscribe({ changed: look, deleted: look })

    const [first, second] = managers.toSorted((a, b) => +b.role.isLeading - +a.role.isLeading)
    assert.ok(first?.role.isLeading && second && !second.role.isLeading)
    await client.patch(deployment, metadata, 'strategic', {
      spec: { template: { spec: { containers: [{ name: 'c', image: 'v2' }] } } },
    })
    const shareOf = (image: string) =>
      pods.list().filter(({ spec }) => spec.containers[0]?.image === image).length
    const struckAt = 1 + random.integer(3)
    for (let wait = 0; shareOf('v2') < struckAt && wait < 100; wait++) await clock.advance(50)
    assert.ok(shareOf('v1') > 0 && shareOf('v2') > 0, 'struck amid the rollout')
    first.line.strike = strike
    first.views.stop()
    const struckMs = clock.monotonicMs()

    await clock.advance(TAKEOVER_MS)
    assert.ok(second.role.isLeading, 'the other leads')
    assert.ok(strike === 'killed' || !first.role.isLeading, 'the first has given up')
    await clock.advance(CUT_OFF_MS)
    if (strike !== 'killed') first.line.strike = undefined
    await clock.advance(CUT_OFF_MS)

    assert.deepEqual(complaints, [])
    const active = pods.list().filter(isActive)
    assert.equal(active.length, REPLICAS)
    assert.ok(active.every(({ spec }) => spec.containers[0]?.image === 'v2'))
    const held = await client.get(lease, 'kube-controller-manager', 'kube-system')
    assert.equal(held.spec?.leaseTransitions, 1, 'it changed hands once')
    const begunLate = first.line.writes.filter(atMs => atMs > struckMs + 10_000 + 2_400)
    assert.deepEqual(strike === 'killed' ? [] : begunLate, [], 'nothing begun after the deadline')

    // What hangs for good is left to hang; the rest is ended.
    const ends = [second, ...(strike === 'killed' ? [] : [first])].map(({ role }) => role.stop())
    for (const { views } of managers) views.stop()
    scene.nodes.stop()
    informers.stop()
    await clock.advance(60_000)
    await Promise.all(ends)
    await scene.server.stop()
    await scene.store.close()
  })
