import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ConfigMap, configMap } from '#api/core/v1/config-map.ts'
import { failure, StatusError } from '#api/machinery/status.ts'
import { silentLog } from '#base/log.ts'
import type { ListQuery, Reader, Watcher } from './client.ts'
import { createInformers } from './informers.ts'
import { createManualClock, createSeededRandom } from './testing/manual-clock.ts'
import type { WatchEvent } from './transport.ts'

type Sink = { next(event: WatchEvent): void; end(error?: Error): void }

/** The server's side of a watch under the test's control: faults that a real one gives only by chance. */
function createFaultyServer() {
  const watches: { query: ListQuery; sink: Sink | undefined; cancelled: boolean }[] = []
  let refusal: Error | undefined
  const lists: ListQuery[] = []
  let listed: ConfigMap[] = []
  const client = {
    async watch(_kind: unknown, query: ListQuery = {}) {
      if (refusal) throw refusal
      const watch = { query, sink: undefined as Sink | undefined, cancelled: false }
      watches.push(watch)
      return {
        subscribe(sink: Sink) {
          watch.sink = sink
          return () => {
            watch.cancelled = true
          }
        },
      }
    },
    async list(_kind: unknown, query: ListQuery = {}) {
      lists.push(query)
      return { metadata: { resourceVersion: '50' }, items: listed }
    },
  } as unknown as Reader & Watcher
  return {
    client,
    watches,
    lists,
    refuse: (error: Error | undefined) => {
      refusal = error
    },
    holds: (items: ConfigMap[]) => {
      listed = items
    },
    latest: () => {
      const watch = watches.at(-1)
      assert.ok(watch?.sink)
      return { ...watch, sink: watch.sink }
    },
  }
}

const object = (name: string, revision: number, labels: Record<string, string> = {}): ConfigMap =>
  ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name,
      namespace: 'default',
      uid: `${name}-uid`,
      resourceVersion: `${revision}`,
      labels,
    },
  }) as ConfigMap
const bookmark = (revision: number, initialEnd = false): WatchEvent => ({
  type: 'BOOKMARK',
  object: {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      resourceVersion: `${revision}`,
      ...(initialEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),
    },
  },
})

async function setUp() {
  const clock = createManualClock()
  const server = createFaultyServer()
  const informers = createInformers(server.client, {
    clock,
    log: silentLog,
    random: createSeededRandom(),
  })
  const informer = informers.for(configMap)
  const told: string[] = []
  informer.subscribe({
    changed: (now, previous) =>
      told.push(
        `${previous ? 'modified' : 'added'} ${now.metadata.name}@${now.metadata.resourceVersion}`,
      ),
    deleted: last => told.push(`deleted ${last.metadata.name}`),
  })
  await clock.advance(0)
  return { clock, server, informers, informer, told }
}

test('the present state is told at once, then every change, by indices too', async () => {
  const { server, informers, informer, told, clock } = await setUp()
  informer.addIndex('app', found => [found.metadata.labels?.app ?? ''])
  let synced = false
  void informer.synced.then(() => {
    synced = true
  })
  const { sink, query } = server.latest()
  assert.equal(query.resourceVersion, undefined)
  sink.next({ type: 'ADDED', object: object('a', 3, { app: 'x' }) })
  sink.next({ type: 'ADDED', object: object('b', 4, { app: 'x' }) })
  await clock.advance(0)
  assert.equal(synced, false)
  sink.next(bookmark(7, true))
  await clock.advance(0)
  assert.equal(synced, true)
  assert.equal(informer.revision, 7)
  sink.next({ type: 'MODIFIED', object: object('a', 8, { app: 'y' }) })
  sink.next({ type: 'DELETED', object: object('b', 9, { app: 'x' }) })
  assert.deepEqual(told, ['added a@3', 'added b@4', 'modified a@8', 'deleted b'])
  assert.deepEqual(informer.by('app', 'x'), [])
  assert.deepEqual(
    informer.by('app', 'y').map(found => found.metadata.name),
    ['a'],
  )
  assert.equal(informer.get('default/a')?.metadata.resourceVersion, '8')
  assert.ok(Object.isFrozen(informer.get('default/a')))
  assert.equal(informer.revision, 9)
  informers.stop()
})

test('a broken watch resumes after the last revision, bookmarks included', async () => {
  const { server, informers, told, clock } = await setUp()
  const { sink } = server.latest()
  sink.next({ type: 'ADDED', object: object('a', 3) })
  sink.next(bookmark(7, true))
  sink.next(bookmark(20))
  sink.end(new Error('connection reset'))
  await clock.advance(60)
  assert.equal(server.watches.length, 2)
  assert.equal(server.latest().query.resourceVersion, '20')
  server.latest().sink.next({ type: 'MODIFIED', object: object('a', 21) })
  assert.deepEqual(told, ['added a@3', 'modified a@21'])
  informers.stop()
})

test('after 410 everything is listed anew and what vanished is told as deleted', async () => {
  const { server, informers, informer, told, clock } = await setUp()
  const { sink } = server.latest()
  for (const name of ['a', 'b', 'c']) sink.next({ type: 'ADDED', object: object(name, 3) })
  sink.next(bookmark(7, true))
  sink.next({ type: 'ERROR', object: failure('Expired', 'too old resource version', 410) })
  await clock.advance(2000)
  const { query, sink: second } = server.latest()
  assert.equal(query.resourceVersion, undefined)
  second.next({ type: 'ADDED', object: object('a', 3) })
  second.next({ type: 'ADDED', object: object('b', 30) })
  const recreated = { ...object('d', 31) }
  second.next({ type: 'ADDED', object: recreated })
  assert.equal(informer.get('default/c')?.metadata.name, 'c', 'still the old view')
  second.next(bookmark(40, true))
  assert.deepEqual(told.slice(3), ['deleted c', 'modified b@30', 'added d@31'])
  informers.stop()
})

test('an object made anew under its name while nobody watched is told as deleted and added', async () => {
  const { server, informers, told, clock } = await setUp()
  server.latest().sink.next({ type: 'ADDED', object: object('a', 3) })
  server.latest().sink.next(bookmark(7, true))
  server.latest().sink.next({ type: 'ERROR', object: failure('Expired', 'too old', 410) })
  await clock.advance(2000)
  const again = object('a', 30)
  again.metadata.uid = 'other'
  server.latest().sink.next({ type: 'ADDED', object: again })
  server.latest().sink.next(bookmark(40, true))
  assert.deepEqual(told, ['added a@3', 'deleted a', 'added a@30'])
  informers.stop()
})

test('a server that refuses is asked ever less often, at most every 45 s', async () => {
  const { server, informers, clock } = await setUp()
  let attempts = 0
  server.latest().sink.end(new Error('gone'))
  const failing = new Error('connection refused')
  server.refuse(failing)
  Object.defineProperty(failing, 'message', {
    get: () => {
      attempts++
      return 'connection refused'
    },
  })
  await clock.advance(60_000)
  const early = attempts
  assert.ok(early > 3 && early < 40, `${early} attempts in the first minute`)
  server.refuse(undefined)
  await clock.advance(46_000)
  assert.equal(server.watches.length, 2)
  informers.stop()
  assert.equal(clock.pending, 0)
})

test('a server without initial events is listed instead, whatever it says, and asked for them again another time', async () => {
  for (const refusal of [
    new StatusError('Invalid', 'sendInitialEvents is forbidden'),
    new StatusError('InternalError', 'the required storage feature is disabled'),
  ]) {
    const { server, informers, informer, told, clock } = await setUp()
    server.holds([object('a', 3)])
    server.latest().sink.end(refusal)
    await clock.advance(2000)
    await informer.synced
    assert.equal(server.lists.length, 1)
    assert.equal(server.latest().query.resourceVersion, '50')
    assert.deepEqual(told, ['added a@3'])
    server.latest().sink.end(new StatusError('Expired', 'too old'))
    await clock.advance(2000)
    assert.equal(server.lists.length, 1)
    assert.equal(server.latest().query.resourceVersion, undefined)
    informers.stop()
  }
})

test('a listener that throws harms no other, and informers are shared', async () => {
  const { server, informers, informer, told } = await setUp()
  informer.subscribe({
    changed: () => {
      throw new Error('planted')
    },
  })
  assert.equal(informers.for(configMap), informer)
  assert.notEqual(informers.for(configMap, { namespace: 'a' }), informer)
  server.watches[0]?.sink?.next({ type: 'ADDED', object: object('a', 3) })
  server.watches[0]?.sink?.next(bookmark(7, true))
  assert.deepEqual(told, ['added a@3'])
  informers.stop()
})

test('an object under thousands of names is filed anew in a moment', async () => {
  const { server, informer, clock } = await setUp()
  const namesOf = (found: ConfigMap) => (found.metadata.labels?.names ?? '').split(',')
  informer.addIndex('name', namesOf)
  const { sink } = server.latest()
  const names = (from: number) =>
    Array.from({ length: 15_000 }, (_, i) => `default/a-claim-${from + i}`).join(',')
  sink.next({ type: 'ADDED', object: object('a', 3, { names: names(0) }) })
  sink.next(bookmark(4, true))
  await clock.advance(0)
  const before = process.cpuUsage()
  sink.next({ type: 'MODIFIED', object: object('a', 5, { names: names(1) }) })
  const { user } = process.cpuUsage(before)
  assert.ok(user < 1_000_000, `${user / 1000} ms`)
  assert.deepEqual(informer.by('name', 'default/a-claim-0'), [])
  assert.equal(informer.by('name', 'default/a-claim-15000')[0]?.metadata.resourceVersion, '5')
})
