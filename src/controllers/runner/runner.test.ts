import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ConfigMap, configMap } from '#api/core/v1/config-map.ts'
import { service } from '#api/core/v1/service.ts'
import { StatusError } from '#api/machinery/status.ts'
import { createFigureBook } from '#base/figures.ts'
import { silentLog } from '#base/log.ts'
import type { Client } from '#client/client.ts'
import { createInformers } from '#client/informers.ts'
import { iterableEvents } from '#client/iterable-events.ts'
import { createManualClock } from '#client/testing/manual-clock.ts'
import { systemClock } from '#host/clock.ts'
import { noCustomKinds } from '../custom-kinds.ts'
import { noRemoteKinds } from '../remote-kinds.ts'
import { startTestCluster } from '../testing/test-cluster.ts'
import type { Controller, ControllerContext, Outcome, WriteFailure } from './controller.ts'
import { runController } from './runner.ts'

const none = { enabled: '-deployment-controller' }

async function setUp() {
  const cluster = await startTestCluster({ controllers: none, scheduler: false, runPods: false })
  const maps = cluster.informers.for(configMap)
  const recorded: string[] = []
  const context = (client: Client = cluster.client): ControllerContext => ({
    client,
    informers: cluster.informers,
    clock: systemClock,
    random: { integer: () => 0, bytes: n => new Uint8Array(n), uuid: () => '' },
    log: silentLog,
    kinds: () => [],
    featureGates: new Map(),
    customKinds: noCustomKinds,
    remoteKinds: noRemoteKinds,
    figures: createFigureBook(),
    recorder: () => ({
      record: (_about, _type, reason, { message }) => recorded.push(`${reason} ${message}`),
      flush: async () => {},
      stop() {},
    }),
  })
  const controller = (
    reconcile: (key: string, failure: WriteFailure | undefined) => Outcome | Promise<Outcome>,
    maps = cluster.informers.for(configMap),
  ): Controller => ({
    name: 'test-controller',
    workers: 4,
    views: [{ kind: configMap, informer: maps }],
    wake(queue) {
      const add = (found: ConfigMap) => queue.add(found.metadata.name ?? '')
      queue.onStop(maps.subscribe({ changed: add, deleted: add }))
    },
    reconcile,
  })
  const make = (name: string) =>
    cluster.client.create(configMap, { metadata: { name, namespace: 'default' } })
  return { cluster, maps, context, controller, make, recorded }
}

/** The same client, but its watches are behind by a while, as they are over a network. */
function lagging(client: Client, lagMs: number): Client {
  return {
    ...client,
    async watch(kind, query) {
      const events = await client.watch(kind, query)
      return iterableEvents({
        subscribe: sink =>
          events.subscribe({
            next: event => void setTimeout(() => sink.next(event), lagMs),
            end: error => sink.end(error),
          }),
      })
    },
  }
}

test('a key sees its own writes before it is looked at again, however late they show', async () => {
  const { cluster, context, controller, make } = await setUp()
  await using _ = cluster
  using informers = createInformers(lagging(cluster.client, 15), context())
  const maps = informers.for(configMap)
  let looks = 0
  let stale = 0
  const running = runController(
    controller(key => {
      const found = maps.get(`default/${key}`)
      if (!found || key !== 'counter') return { writes: [] }
      const count = Number(found.data?.count ?? 0)
      // The last write may wake the key twice, by its event and by `againAfterMs`; both looks are right.
      if (count >= 20) return { writes: [] }
      if (count !== looks++) stale++
      const object = { ...found, data: { count: String(count + 1) } }
      return { writes: [{ verb: 'update', kind: configMap, object }], againAfterMs: 0 }
    }, maps),
    context(),
  )
  await make('counter')
  await cluster.until('20', () => maps.get('default/counter')?.data?.count === '20')
  await running.stop()
  assert.equal(stale, 0)
  assert.equal(running.counts.failures, 0)
  assert.equal(running.counts.conflicts, 0)
})

test('a reconcile that throws delays its own key alone', async () => {
  const { cluster, context, controller, make } = await setUp()
  await using _ = cluster
  const done: string[] = []
  let thrown = 0
  const running = runController(
    controller(key => {
      if (key === 'bad' && thrown++ < 3) throw new Error('planted')
      done.push(key)
      return { writes: [] }
    }),
    context(),
  )
  for (const name of ['bad', 'good-1', 'good-2']) await make(name)
  await cluster.until('all', () => ['bad', 'good-1', 'good-2'].every(key => done.includes(key)))
  await running.stop()
  assert.equal(running.counts.failures, 3)
})

test('a failed write leaves out the rest, is told to the next look, and is reported as an event', async () => {
  const { cluster, maps, context, controller, make, recorded } = await setUp()
  await using _ = cluster
  let refusals = 0
  const failing: Client = {
    ...cluster.client,
    create: async (kind, object, options) => {
      if (refusals++ < 1) throw new StatusError('Forbidden', 'exceeded quota')
      return cluster.client.create(kind, object, options)
    },
  }
  const failures: (string | undefined)[] = []
  const running = runController(
    controller((key, failure) => {
      const about = maps.get(`default/${key}`)
      if (key !== 'a' || !about) return { writes: [] }
      failures.push(failure?.message)
      if (maps.get('default/child')) return { writes: [] }
      const report = {
        about,
        success: { reason: 'Made', message: (name: string) => name },
        failure: { reason: 'NotMade', message: (error: string) => error },
      }
      const object = (name: string) => ({ metadata: { name, namespace: 'default' } })
      return {
        writes: [
          { verb: 'create', kind: configMap, object: object('child'), report },
          { verb: 'create', kind: configMap, object: object('second') },
        ],
      }
    }),
    context(failing),
  )
  await make('a')
  await cluster.until('both', () => maps.get('default/child') && maps.get('default/second'))
  await running.stop()
  assert.deepEqual(failures.slice(0, 2), [undefined, 'exceeded quota'])
  assert.deepEqual(recorded, ['NotMade exceeded quota', 'Made child'])
})

test('a slow start stops at the first failure', async () => {
  const { cluster, context, controller, make } = await setUp()
  await using _ = cluster
  let tried = 0
  const failing: Client = {
    ...cluster.client,
    create: async () => {
      tried++
      throw new StatusError('Forbidden', 'exceeded quota')
    },
  }
  let looked = 0
  const running = runController(
    controller(key => {
      if (key !== 'a' || looked++ > 0) return { writes: [] }
      const object = { metadata: { name: 'x', namespace: 'default' } }
      const write = { verb: 'create' as const, kind: configMap, object }
      return { writes: [{ verb: 'batch', slowStart: true, writes: Array(100).fill(write) }] }
    }),
    context(failing),
  )
  await make('a')
  await cluster.until('the second look', () => looked > 1)
  await running.stop()
  assert.equal(tried, 1)
})

test('a key with thousands of writes holds up no other key, and has no more than a page under way', async () => {
  const { cluster, context, controller, make } = await setUp()
  await using _ = cluster
  const gate = Promise.withResolvers<void>()
  let underWay = 0
  let most = 0
  let made = 0
  const slow: Client = {
    ...cluster.client,
    // biome-ignore lint/suspicious/noExplicitAny: what is made does not matter here
    async create(kind, object): Promise<any> {
      most = Math.max(most, ++underWay)
      if (made++ >= 600) await gate.promise
      underWay--
      return { apiVersion: 'v1', kind: kind.kind, metadata: {}, ...object }
    },
  }
  const done = new Set<string>()
  const running = runController(
    {
      ...controller(key => {
        if (key !== 'large' || done.has('large')) {
          done.add(key)
          return { writes: [] }
        }
        done.add('large')
        const object = { metadata: { name: 'x', namespace: 'default' } }
        const write = { verb: 'create' as const, kind: service, object }
        return { writes: [{ verb: 'batch', writes: Array(2000).fill(write) }] }
      }),
      workers: 1,
    },
    context(slow),
  )
  await make('large')
  await cluster.until('a page', () => made > 600)
  const made1 = made
  await make('small')
  await cluster.until('the other key', () => done.has('small'))
  assert.equal(made, made1, 'the large one is still at it')
  gate.resolve()
  await cluster.until('all of it', () => made === 2000)
  await running.stop()
  assert.equal(most, 500)
})

test('a failure that lasts is warned of once, backs off, and is counted', async () => {
  const { cluster, context, controller } = await setUp()
  await using _ = cluster
  const clock = createManualClock()
  const warnings: string[] = []
  const log = { ...silentLog, warn: (text: string) => void warnings.push(text), with: () => log }
  const figures = createFigureBook()
  const failing: Client = {
    ...cluster.client,
    create: async () => {
      throw new StatusError('Forbidden', 'exceeded quota')
    },
  }
  const object = { metadata: { name: 'x', namespace: 'default' } }
  const running = runController(
    {
      ...controller(() => ({ writes: [{ verb: 'create', kind: configMap, object }] })),
      wake: queue => queue.add('a'),
    },
    { ...context(failing), clock, log, figures },
  )
  for (let minute = 0; minute < 70; minute++) await clock.advance(60_000)
  await running.stop()
  // 5 ms doubled up to 1000 s: 18 tries until the limit, and then one in 1000 s.
  const { reconciles } = running.counts
  assert.ok(reconciles >= 15 && reconciles <= 25, `${reconciles} tries in over an hour`)
  assert.equal(warnings.length, 1)
  const retries = figures.source().find(({ name }) => name === 'workqueue_retries_total')
  assert.equal(retries?.values[0]?.value, reconciles)
})

test('a controller whose status tells the time wakes itself, and is slowed down and told of', async () => {
  const { cluster, maps, context, controller, make } = await setUp()
  await using _ = cluster
  const warnings: string[] = []
  const log = { ...silentLog, warn: (text: string) => void warnings.push(text), with: () => log }
  const figures = createFigureBook()
  let looks = 0
  const running = runController(
    controller(key => {
      const found = maps.get(`default/${key}`)
      if (!found || key !== 'restless') return { writes: [] }
      const data = { lastSeen: new Date(looks++).toISOString() }
      return { writes: [{ verb: 'update', kind: configMap, object: { ...found, data } }] }
    }),
    { ...context(), log, figures },
  )
  await make('restless')
  await cluster.until('a warning', () => warnings.length > 0)
  const [atWarning, from] = [looks, performance.now()]
  await new Promise(resolve => setTimeout(resolve, 500))
  const more = looks - atWarning
  const ms = performance.now() - from
  await running.stop()
  assert.match(warnings[0] ?? '', /woken by its own writes/)
  // After 100 + 200 + 400 + … ms: unheld, it would have come to hundreds.
  assert.ok(more <= Math.log2(ms / 100 + 1) + 1, `${more} looks in ${ms} ms`)
  const counted = figures.source().find(({ name }) => name.endsWith('repeated_writes_total'))
  assert.ok((counted?.values[0]?.value ?? 0) >= 1)
})

test('a look that asks for another with back-off gets it, later each time', async () => {
  const { cluster, context, controller } = await setUp()
  await using _ = cluster
  const clock = createManualClock()
  let looks = 0
  const running = runController(
    {
      ...controller(() => {
        looks++
        return { writes: [], againWithBackoff: true }
      }),
      wake: queue => queue.add('a'),
    },
    { ...context(), clock },
  )
  for (let second = 0; second < 10; second++) await clock.advance(1000)
  await running.stop()
  // 5 ms doubled: 5 + 10 + … + 5120 ms.
  assert.ok(looks >= 10 && looks <= 12, `${looks} looks in ten seconds`)
})
