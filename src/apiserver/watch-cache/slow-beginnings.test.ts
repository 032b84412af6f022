/** Watches that begin with more than a client takes at once: it is told at its own pace, and misses nothing of what happens meanwhile. */
import assert from 'node:assert/strict'
import { connect } from 'node:http2'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { configMap } from '#api/core/v1/config-map.ts'
import { serve, trust } from '#client/testing/serving.ts'
import { createMemoryStore } from '#store/memory/memory-store.ts'
import { encodeValue, type Representation, StoredObject } from '../storage/stored-object.ts'
import { viewOf } from '../storage/view.ts'
import { admin, type SeenEvent, startTestServer, TestClock, type TestServer } from '../testing.ts'
import { watch } from './watch.ts'
import { WatchCache } from './watch-cache.ts'

const AT = '/api/v1/namespaces/default/configmaps'
const FROM_STATE = `${AT}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`

async function fill({ ask }: TestServer, count: number, bytes: number): Promise<void> {
  for (let at = 0; at < count; at++)
    await ask('POST', AT, { metadata: { name: `c${at}` }, data: { a: 'x'.repeat(bytes) } })
}

/** Takes one piece after the other; `full` says before which ones it lets the watch wait. */
async function slowWatch({ server }: TestServer, path: string, isFull: () => boolean) {
  const { body } = await server.handle({ method: 'GET', path }, { user: admin })
  assert.ok(body.kind === 'stream')
  const state = { seen: [] as SeenEvent[], unread: 0, most: 0, error: undefined as unknown }
  let take = () => {}
  body.stream.subscribe({
    next(bytes) {
      for (const line of Buffer.from(bytes).toString().trimEnd().split('\n'))
        state.seen.push(JSON.parse(line))
      state.most = Math.max(state.most, ++state.unread)
      if (!isFull()) {
        state.unread = 0
        return undefined
      }
      return new Promise<void>(resolve => {
        take = () => {
          state.unread = 0
          resolve()
        }
      })
    },
    end: error => {
      state.error = error ?? 'ended'
    },
  })
  return { state, take: () => take() }
}

test('whoever is slow to read what there is sees all of it, then all that happened, in order', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
      fc.array(fc.nat(5), { minLength: 1, maxLength: 30 }),
      fc.boolean(),
      async (pauses, writes, isFromState) => {
        await using server = await started()
        await fill(server, 4, 10)
        const { body: list } = await server.ask('GET', AT)
        const since = `${AT}?watch=1&resourceVersion=${list.metadata.resourceVersion}`
        if (!isFromState) await change(server, writes)
        let told = 0
        const path = isFromState ? FROM_STATE : since
        const watch = await slowWatch(server, path, () => pauses[told++ % pauses.length] === true)
        for (const at of writes) {
          await change(server, [at])
          await turn()
          watch.take()
        }
        for (let round = 0; round < 100; round++) {
          await turn()
          watch.take()
        }
        const { items } = (await server.ask('GET', AT)).body
        const known = new Map<string, string>()
        if (!isFromState)
          for (const { metadata } of list.items) known.set(metadata.name, metadata.resourceVersion)
        let last = 0
        for (const { type, object } of watch.state.seen) {
          const { name, resourceVersion } = object.metadata
          if (type === 'BOOKMARK') {
            last = Number(resourceVersion)
            continue
          }
          if (last > 0 || !isFromState) {
            assert.ok(Number(resourceVersion) > last, 'in order, each once')
            last = Number(resourceVersion)
          }
          assert.equal(known.has(name), type !== 'ADDED', `${type} ${name}`)
          if (type === 'DELETED') known.delete(name)
          else known.set(name, resourceVersion)
        }
        assert.deepEqual(
          [...known].sort(),
          items.map(({ metadata }: SeenEvent['object']) => [
            metadata.name,
            metadata.resourceVersion,
          ]),
        )
      },
    ),
    { numRuns: 40 },
  ))

/** Objects come, change and go by turns. */
async function change({ ask }: TestServer, numbers: readonly number[]): Promise<void> {
  for (const at of numbers) {
    const name = `c${at}`
    const { status, body } = await ask('GET', `${AT}/${name}`)
    if (status === 404) await ask('POST', AT, { metadata: { name } })
    else if (body.data?.turn) await ask('DELETE', `${AT}/${name}`)
    else await ask('PUT', `${AT}/${name}`, { ...body, data: { turn: 'x' } })
  }
}

test('whoever never reads what there is is told one piece, and no more after a minute', async () => {
  await using server = await started()
  await fill(server, 5, 10)
  const watch = await slowWatch(server, FROM_STATE, () => true)
  await turn()
  assert.equal(watch.state.seen.length, 1)
  server.clock.advance(59_000)
  assert.equal(watch.state.error, undefined)
  server.clock.advance(2_000)
  assert.match(String(watch.state.error), /was not read/)
  watch.take()
  await turn()
  assert.equal(watch.state.seen.length, 1)
})

const PREFIX = '/registry/configmaps/'

/** A watch of ConfigMaps in a store, which `write` writes. */
async function overStore(names: readonly string[]) {
  const store = createMemoryStore()
  const clock = new TestClock()
  const watchCache = new WatchCache({ store, clock })
  await watchCache.start()
  const write = (name: string) => {
    const value = encodeValue({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } })
    return store.commit([{ key: `${PREFIX}default/${name}`, value }])
  }
  for (const name of names) await write(name)
  const cache = await watchCache.load(PREFIX, {})
  const from = (after: number | undefined) =>
    watch(
      { clock, store, watchCache, cache },
      {
        view: viewOf(configMap),
        filter: { namespace: '' },
        after,
        initialState: after === undefined,
        markInitialEnd: false,
        form: 'bytes',
        bookmarks: false,
        timeoutMs: 100_000,
      },
    )
  return { store, watchCache, write, from }
}

for (const [name, go] of [
  ['a resource that goes', (watchCache: WatchCache) => watchCache.remove(PREFIX)],
  ['a server that stops', (watchCache: WatchCache) => watchCache.stop()],
] as const)
  test(`${name} while a watch begins ends it`, async () => {
    const { store, watchCache, from } = await overStore(['a', 'b', 'c'])
    const told: string[] = []
    from(undefined).subscribe({
      next: ({ event }) => {
        told.push(event.type)
        return turn()
      },
      end: error => void told.push(`end ${error}`),
    })
    await turn()
    go(watchCache)
    for (let round = 0; round < 10; round++) await turn()
    assert.deepEqual(told, ['ADDED', 'ADDED', 'ADDED', 'end undefined'])
    await store.close()
  })

for (const begins of ['with what is there', 'in the past'])
  test(`whoever is slow keeps no forms of what was there: a watch that begins ${begins}`, async () => {
    const names = Array.from({ length: 3_000 }, (_, at) => `c${at}`)
    const { store, watchCache, write, from } = await overStore(names)
    const since = begins === 'in the past' ? watchCache.revision : undefined
    if (since !== undefined) for (const name of names) await write(name)
    const told: Representation[] = []
    let take = () => {}
    const cancel = from(since).subscribe({
      next: ({ bytes, shown }) => {
        assert.ok(bytes.length > 0 && shown)
        told.push(shown)
        if (told.length !== 1 && told.length !== 1_500) return undefined
        return new Promise<void>(resolve => {
          take = resolve
        })
      },
      end() {},
    })
    while (told.length < 1) await turn()
    if (since === undefined) for (const name of names) await write(name)
    take()
    while (told.length < 1_500) await turn()
    const kept = told.filter(shown => shown instanceof StoredObject && shown.has('bytes'))
    assert.ok(kept.length < 200, `${kept.length} of ${told.length}`)
    cancel()
    await store.close()
  })

test('over HTTP/2 a client gets all of a state that is larger than what it may leave unread', async () => {
  await using server = await started()
  await fill(server, 20, 500_000)
  await using served = await serve(request => server.server.handle(request, { user: admin }))
  const session = connect(served.url, trust)
  const reading = session.request({ ':path': FROM_STATE })
  let bytes = 0
  let last = ''
  for await (const chunk of reading) {
    bytes += chunk.length
    last = (last + chunk.toString('latin1')).slice(-2000)
    // Between two slices the watch waits for the clock.
    server.clock.advance(1)
    if (last.includes('initial-events-end')) break
  }
  assert.ok(bytes > 20 * 500_000, `${bytes} bytes`)
  session.destroy()
})

async function started(): Promise<TestServer & AsyncDisposable> {
  const server = await startTestServer()
  return { ...server, [Symbol.asyncDispose]: () => server.server.stop() }
}
