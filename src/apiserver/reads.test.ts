import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryStore } from '#store/memory/memory-store.ts'
import { startTestServer, startWatch, type TestServer } from './testing.ts'

const AT = '/api/v1/namespaces/default/configmaps'
const named = (name: string, labels: Record<string, string> = {}) => ({
  metadata: { name, labels },
})
const namesIn = (list: { items: { metadata: { name: string } }[] }) =>
  list.items.map(({ metadata }) => metadata.name)

async function fill({ ask }: TestServer, count: number) {
  for (let i = 0; i < count; i++)
    await ask('POST', AT, named(`c${String(i).padStart(3, '0')}`, { even: String(i % 2 === 0) }))
}

test('pages show one revision, whatever is written between them', async () => {
  const server = await startTestServer()
  const { ask } = server
  await fill(server, 10)
  const first = await ask('GET', `${AT}?limit=4`)
  assert.equal(first.body.metadata.remainingItemCount, 6)
  await ask('DELETE', `${AT}/c005`)
  await ask('POST', AT, named('c0055'))
  const second = await ask('GET', `${AT}?limit=4&continue=${first.body.metadata.continue}`)
  const third = await ask('GET', `${AT}?limit=4&continue=${second.body.metadata.continue}`)
  assert.equal(third.body.metadata.continue, undefined)
  assert.equal(second.body.metadata.resourceVersion, first.body.metadata.resourceVersion)
  const all = [first, second, third].flatMap(({ body }) => namesIn(body))
  assert.deepEqual(
    all,
    Array.from({ length: 10 }, (_, i) => `c${String(i).padStart(3, '0')}`),
  )
})

test('what was deleted before a restart is in the lists of before', async () => {
  const store = createMemoryStore()
  const before = await startTestServer({ store })
  await fill(before, 6)
  const first = await before.ask('GET', `${AT}?limit=2`)
  const { resourceVersion } = first.body.metadata
  await before.ask('DELETE', `${AT}/c005`)
  await before.ask('DELETE', `${AT}/c000`)
  const { ask } = await startTestServer({ store })
  const exact = `resourceVersion=${resourceVersion}&resourceVersionMatch=Exact`
  const { body } = await ask('GET', `${AT}?${exact}`)
  assert.deepEqual(namesIn(body), ['c000', 'c001', 'c002', 'c003', 'c004', 'c005'])
  const rest = await ask('GET', `${AT}?continue=${first.body.metadata.continue}`)
  assert.deepEqual(namesIn(rest.body), ['c002', 'c003', 'c004', 'c005'])
  assert.deepEqual(namesIn((await ask('GET', AT)).body), ['c001', 'c002', 'c003', 'c004'])
})

test('a forgotten revision is 410 with a token to go on without it', async () => {
  const store = createMemoryStore()
  const server = await startTestServer({ store })
  const { ask } = server
  await fill(server, 6)
  const first = await ask('GET', `${AT}?limit=2`)
  await ask('DELETE', `${AT}/c000`)
  await store.compact(store.revision)
  const expired = await ask('GET', `${AT}?limit=2&continue=${first.body.metadata.continue}`)
  assert.equal(expired.status, 410)
  assert.equal(expired.body.reason, 'Expired')
  const rest = await ask('GET', `${AT}?continue=${expired.body.metadata.continue}`)
  assert.deepEqual(namesIn(rest.body), ['c002', 'c003', 'c004', 'c005'])
})

test('forged and foreign tokens are refused', async () => {
  const server = await startTestServer()
  const { ask } = server
  await fill(server, 3)
  const { body } = await ask('GET', `${AT}?limit=1`)
  for (const path of [
    `${AT}?limit=1&continue=abc`,
    `/api/v1/namespaces/default/secrets?continue=${body.metadata.continue}`,
    `${AT}?continue=${Buffer.from('{"v":"meta.k8s.io/v1","rv":1,"start":"../secrets/\\u0000","of":"/registry/configmaps/"}').toString('base64url')}`,
  ])
    assert.equal((await ask('GET', path)).status, 400, path)
})

test('resource versions of lists: any, at least, exactly, and too large', async () => {
  const server = await startTestServer()
  const { ask, clock } = server
  await fill(server, 2)
  const { body } = await ask('GET', AT)
  const revision = body.metadata.resourceVersion
  await ask('DELETE', `${AT}/c000`)
  const list = (query: string) => ask('GET', `${AT}?${query}`)
  assert.deepEqual(namesIn((await list('resourceVersion=0')).body), ['c001'])
  assert.deepEqual(namesIn((await list(`resourceVersion=${revision}`)).body), ['c001'])
  const exact = await list(`resourceVersion=${revision}&resourceVersionMatch=Exact`)
  assert.deepEqual(namesIn(exact.body), ['c000', 'c001'])
  assert.equal((await list('resourceVersionMatch=Exact')).status, 422)
  assert.equal((await list('resourceVersion=junk')).status, 400)
  const future = list('resourceVersion=999999')
  await new Promise(resolve => setImmediate(resolve))
  clock.advance(4_000)
  assert.equal((await future).status, 504)
  assert.match((await future).body.message, /Too large resource version: 999999/)
})

test('selectors, in lists and in watches that see objects come and go', async () => {
  const server = await startTestServer()
  const { ask } = server
  await fill(server, 4)
  assert.deepEqual(namesIn((await ask('GET', `${AT}?labelSelector=even%3Dtrue`)).body), [
    'c000',
    'c002',
  ])
  assert.deepEqual(namesIn((await ask('GET', `${AT}?fieldSelector=metadata.name%3Dc001`)).body), [
    'c001',
  ])
  assert.equal((await ask('GET', `${AT}?fieldSelector=data.x%3D1`)).status, 400)
  const watch = await startWatch(server.server, `${AT}?watch=1&labelSelector=even%3Dtrue`)
  await watch.take(2)
  await ask('PUT', `${AT}/c001`, named('c001', { even: 'true' }))
  const left = await ask('PUT', `${AT}/c000`, named('c000', { even: 'false' }))
  await ask('PUT', `${AT}/c003`, named('c003', { even: 'odd' }))
  await ask('DELETE', `${AT}/c002`)
  const events = await watch.take(3)
  assert.deepEqual(
    events.map(({ type, object }) => [type, object.metadata.name]),
    [
      ['ADDED', 'c001'],
      ['DELETED', 'c000'],
      ['DELETED', 'c002'],
    ],
  )
  // Who leaves the selection is shown as it last matched, at the revision at which it left.
  assert.equal(events[1]?.object.metadata.labels.even, 'true')
  assert.equal(events[1]?.object.metadata.resourceVersion, left.body.metadata.resourceVersion)
  await server.server.stop()
})

test('a watch begins with the state, marks its end, and is told that time passes', async () => {
  const server = await startTestServer()
  await fill(server, 2)
  const watch = await startWatch(
    server.server,
    `${AT}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=100`,
  )
  const events = await watch.take(3)
  assert.deepEqual(
    events.map(({ type }) => type),
    ['ADDED', 'ADDED', 'BOOKMARK'],
  )
  assert.deepEqual(events[2]?.object.metadata.annotations, { 'k8s.io/initial-events-end': 'true' })
  server.clock.advance(60_000)
  const [bookmark] = await watch.take(1)
  assert.equal(bookmark?.type, 'BOOKMARK')
  server.clock.advance(50_000)
  assert.ok(watch.state.ended)
  await server.server.stop()
})

test('a watch from the past is served from history, and 410 when that is gone', async () => {
  const store = createMemoryStore()
  const first = await startTestServer({ store })
  await fill(first, 1)
  const { body } = await first.ask('GET', AT)
  await first.ask('DELETE', `${AT}/c000`)
  await first.server.stop()
  // Another server on the same store has none of this in its window.
  const second = await startTestServer({ store })
  const path = `${AT}?watch=1&resourceVersion=${body.metadata.resourceVersion}`
  const resumed = await startWatch(second.server, path)
  await second.ask('POST', AT, named('late'))
  assert.deepEqual(
    (await resumed.take(2)).map(({ type }) => type),
    ['DELETED', 'ADDED'],
  )
  await second.server.stop()
  await store.compact(store.revision)
  const third = await startTestServer({ store })
  const tooLate = await startWatch(third.server, path)
  const [error] = await tooLate.take(1)
  assert.equal(error?.type, 'ERROR')
  assert.equal(error?.object.code, 410)
  await third.server.stop()
})

test('all watchers are sent the same buffer', async () => {
  const { ask, server } = await startTestServer()
  const buffers: Uint8Array[] = []
  for (let i = 0; i < 2; i++) {
    const response = await server.handle(
      { method: 'GET', path: `${AT}?watch=1` },
      { user: { name: 'x', groups: ['system:masters'] } },
    )
    assert.ok(response.body.kind === 'stream')
    response.body.stream.subscribe({ next: bytes => void buffers.push(bytes), end() {} })
  }
  await new Promise(resolve => setImmediate(resolve))
  await ask('POST', AT, named('a'))
  assert.equal(buffers.length, 2)
  assert.equal(buffers[0], buffers[1])
  await server.stop()
})

test('tables and bare metadata', async () => {
  const server = await startTestServer()
  await fill(server, 2)
  const as = (kind: string) => ({
    headers: { accept: `application/json;as=${kind};g=meta.k8s.io;v=v1,application/json` },
  })
  const table = await server.ask('GET', AT, undefined, as('Table'))
  assert.equal(table.body.kind, 'Table')
  assert.deepEqual(
    table.body.rows.map((row: { cells: unknown[] }) => row.cells[0]),
    ['c000', 'c001'],
  )
  const metadata = await server.ask('GET', AT, undefined, as('PartialObjectMetadataList'))
  assert.equal(metadata.body.kind, 'PartialObjectMetadataList')
  assert.deepEqual(Object.keys(metadata.body.items[0]), ['kind', 'apiVersion', 'metadata'])
})
