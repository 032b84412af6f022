import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Node } from '#api/core/v1/node.ts'
import { notFound } from '#api/machinery/status.ts'
import { silentLog } from '#base/log.ts'
import { createManualClock, createSeededRandom } from '#client/testing/manual-clock.ts'
import type { KubeletContext } from '../options.ts'
import { NodeAgent } from './node-agent.ts'

/** A server with one node and its lease, which can be away. */
class Server {
  readonly clock = createManualClock()
  readonly objects = new Map<string, object>()
  isAway = false
  pressure = { memory: false, disk: false }
  volumesInUse: readonly string[] = []
  reads = 0
  revision = 1
  readonly told: string[] = []
  readonly addresses = ['10.0.0.1']
  moves = 0
  readonly agent: NodeAgent

  constructor(more: object = {}) {
    const facts = { cpuMillis: 4000, memoryBytes: 2 ** 33, ephemeralStorageBytes: 2 ** 34 }
    const options = {
      ...{ nodeName: 'n', nodeLabels: {}, taints: [], capacity: {}, reserved: {}, maxPods: 110 },
      ...{ nodeAddresses: this.addresses, kubeletPort: 10250, version: 'v1', evictionHard: {} },
      ...{ nodeStatusUpdateMs: 10_000, nodeStatusReportMs: 300_000, nodeLeaseSeconds: 40 },
      nodeStatusMaxImages: 50,
      hostAccess: { facts },
      runtime: { version: async () => ({}), listImages: async () => [] },
      ...more,
    }
    const context = { client: this, clock: this.clock, options } as unknown as KubeletContext
    const health = () => ({ runtimeProblem: '', networkProblem: '' })
    this.agent = new NodeAgent({
      context: { ...context, log: silentLog, random: createSeededRandom() },
      health,
      abilities: () => ({}),
      pressure: () => this.pressure,
      volumesInUse: () => this.volumesInUse,
      devices: () => ({ capacity: {}, allocatable: {} }),
      moved: () => void this.moves++,
      tell: (_, { type, message }) => this.told.push(`${type} ${message}`),
    })
  }

  async create({ kind }: { kind: string }, object: object): Promise<object> {
    return this.#keep(kind, object)
  }

  async update({ kind }: { kind: string }, object: object): Promise<object> {
    return this.#keep(kind, object)
  }

  async get({ kind }: { kind: string }): Promise<object> {
    if (this.isAway) throw new Error('nobody listens')
    if (kind === 'Node') this.reads++
    return this.objects.get(kind) ?? assert.fail(notFound({ group: '', resource: kind }, 'n'))
  }

  #keep(kind: string, object: object): object {
    if (this.isAway) throw new Error('nobody listens')
    this.objects.set(kind, structuredClone(object))
    return object
  }

  get ready(): string | undefined {
    const { status } = this.objects.get('Node') as Node
    return status.conditions?.find(({ type }) => type === 'Ready')?.status
  }

  /** What the controller of nodes does once the lease has run out. */
  markUnknown(): void {
    const node = this.objects.get('Node') as Node
    const conditions = node.status.conditions?.map(one => ({ ...one, status: 'Unknown' }))
    this.objects.set('Node', { ...node, status: { ...node.status, conditions } })
  }
}

test('a node that was taken for lost is ready again soon after it comes back', async () => {
  const server = new Server()
  const started = server.agent.start()
  await server.clock.advance(25_000)
  await started
  assert.equal(server.ready, 'True')
  server.isAway = true
  await server.clock.advance(60_000)
  server.markUnknown()
  server.isAway = false
  await server.clock.advance(30_000)
  assert.equal(server.ready, 'True')
  assert.ok(server.told.includes('Normal Node n status is now: NodeReady'), server.told.join())
  const { reads } = server
  await server.clock.advance(60_000)
  assert.equal(server.reads, reads, 'a node in good health is read again and again')
  await server.agent.stop()
})

test('volumes that must not be taken away are in its status, until they are let go', async () => {
  const server = new Server()
  const started = server.agent.start()
  await server.clock.advance(25_000)
  await started
  const inUse = () => (server.objects.get('Node') as Node).status.volumesInUse
  assert.equal(inUse(), undefined)
  server.volumesInUse = ['b', 'a']
  server.agent.hurry()
  await server.clock.advance(1)
  assert.deepEqual(inUse(), ['a', 'b'])
  server.volumesInUse = []
  await server.clock.advance(11_000)
  assert.equal(inUse(), undefined)
  await server.agent.stop()
})

test('what an administrator says that the node has can be allocated with the next look, and no longer once it is taken back', async () => {
  const server = new Server()
  const started = server.agent.start()
  await server.clock.advance(25_000)
  await started
  const say = (capacity: Record<string, string>) => {
    const node = server.objects.get('Node') as Node
    const metadata = { ...node.metadata, resourceVersion: String(++server.revision) }
    const said = { ...node, metadata, status: { ...node.status, capacity } }
    server.objects.set('Node', said)
    server.agent.seen(said)
  }
  const { capacity = {} } = (server.objects.get('Node') as Node).status
  const allocatable = () => (server.objects.get('Node') as Node).status.allocatable
  say({ ...capacity, 'example.com/dongle': '4' })
  await server.clock.advance(11_000)
  assert.deepEqual(allocatable(), { ...capacity, 'example.com/dongle': '4' })
  say(capacity)
  await server.clock.advance(11_000)
  assert.deepEqual(allocatable(), capacity)
})

test('a node whose cloud is elsewhere waits for it, and leaves its addresses to it', async () => {
  const server = new Server()
  await server.agent.stop()
})
