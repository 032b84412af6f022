/** Over a store that commits in groups: what was committed together goes to all watches as the same few buffers. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import type { Store } from '#store'
import { openSqliteStore } from '#store/sqlite/sqlite-store.ts'
import { admin, type SeenEvent, startTestServer, startWatch, type TestServer } from '../testing.ts'

const AT = '/api/v1/namespaces/default/configmaps'
const COUNT = 20
const directory = mkdtempSync(join(tmpdir(), 'proa-groups-'))
let store: Store
let server: TestServer

before(async () => {
  store = await openSqliteStore({ directory, clock: systemClock, log: silentLog })
  server = await startTestServer({ store })
})
after(async () => {
  await server.server.stop()
  await store.close()
  rmSync(directory, { recursive: true })
})

const named = (name: string, labels = {}) => ({ metadata: { name, labels }, data: { a: 'b' } })

/** Starts a watch of bytes and collects its buffers. */
async function buffersOf(path: string): Promise<Uint8Array[]> {
  const { body } = await server.server.handle({ method: 'GET', path }, { user: admin })
  assert.ok(body.kind === 'stream')
  const buffers: Uint8Array[] = []
  body.stream.subscribe({ next: bytes => void buffers.push(bytes), end() {} })
  return buffers
}

const eventsIn = (buffers: readonly Uint8Array[]): SeenEvent[] =>
  Buffer.concat(buffers)
    .toString()
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))

test('what is committed together is told together, whoever watches and however', async () => {
  const { ask } = server
  const { body: list } = await ask('GET', AT)
  const since = `${AT}?watch=1&resourceVersion=${list.metadata.resourceVersion}`
  const first = await buffersOf(since)
  const second = await buffersOf(since)
  const half = await startWatch(server.server, `${since}&labelSelector=half%3D0`)
  const inProcess = await startWatch(server.server, since, { objects: true })
  const elsewhere = await startWatch(server.server, `/api/v1/namespaces/other/configmaps?watch=1`)
  await new Promise(resolve => setImmediate(resolve))
  const made = await Promise.all(
    Array.from({ length: COUNT }, (_, at) =>
      ask('POST', AT, named(`c${at}`, { half: `${at % 2}` })),
    ),
  )
  const wanted = made.map(({ body }) => body.metadata.resourceVersion as string)
  assert.ok(first.length < COUNT / 2, `${first.length} buffers`)
  assert.equal(first.length, second.length)
  for (const [at, buffer] of first.entries()) assert.equal(buffer, second[at])
  const revisions = (events: readonly SeenEvent[]) =>
    events.map(({ object }) => object.metadata.resourceVersion)
  assert.deepEqual(revisions(eventsIn(first)), wanted)
  assert.deepEqual(revisions(inProcess.seen), wanted)
  assert.deepEqual(
    revisions(half.seen),
    wanted.filter((_, at) => at % 2 === 0),
  )
  assert.deepEqual(elsewhere.seen, [])
})

test('over a web socket each event is a message of its own, however large', async () => {
  const { ask } = server
  const { body: list } = await ask('GET', AT)
  const path = `${AT}?watch=1&resourceVersion=${list.metadata.resourceVersion}`
  const served = await server.server.upgrade({ method: 'GET', path }, { user: admin })
  assert.ok('messages' in served)
  const messages: SeenEvent[] = []
  const cancel = served.messages.subscribe({
    next: bytes => void messages.push(JSON.parse(Buffer.from(bytes).toString())),
    end() {},
  })
  await new Promise(resolve => setImmediate(resolve))
  const large = { large: 'x'.repeat(40_000) }
  await Promise.all(
    Array.from({ length: COUNT }, (_, at) =>
      ask('POST', AT, { ...named(`message-${at}`), data: at % 3 === 0 ? large : {} }),
    ),
  )
  assert.equal(messages.length, COUNT)
  cancel()
})

test('who leaves amid what was committed together is told no more', async () => {
  const { ask } = server
  const { body: list } = await ask('GET', AT)
  const path = `${AT}?watch=1&resourceVersion=${list.metadata.resourceVersion}`
  const { body } = await server.server.handle({ method: 'GET', path }, { user: admin })
  assert.ok(body.kind === 'stream')
  let pieces = 0
  const cancel = body.stream.subscribe({
    next() {
      pieces++
      cancel()
    },
    end() {},
  })
  await new Promise(resolve => setImmediate(resolve))
  const data = { large: 'x'.repeat(40_000) }
  await Promise.all(
    Array.from({ length: COUNT }, (_, at) => ask('POST', AT, { ...named(`left-${at}`), data })),
  )
  assert.equal(pieces, 1)
})
