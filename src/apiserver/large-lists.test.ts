/** Lists of much that is not in memory: others have their turn while it is read. Judged by the time of the processor, which no neighbour changes. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { silentLog } from '#base/log.ts'
import type { ApiRequest } from '#client/transport.ts'
import { systemClock } from '#host/clock.ts'
import { openSqliteStore } from '#store/sqlite/sqlite-store.ts'
import { admin, startTestServer, TestClock, type TestServer } from './testing.ts'

const AT = '/api/v1/namespaces/default/configmaps'
const COUNT = 40
const BYTES = 1_000_000
/** One slice of fourteen is a fourteenth; that of one go is nearly all. */
const LARGEST_PART = 1 / 3

/** Moved by hand, but for turns. */
class TurningClock extends TestClock {
  override after(delayMs: number, callback: () => void) {
    if (delayMs > 0) return super.after(delayMs, callback)
    const next = setImmediate(callback)
    return () => {
      clearImmediate(next)
      return true
    }
  }
}

const directory = mkdtempSync(join(tmpdir(), 'proa-large-lists-'))

/** Over values that are all in the file, and may hardly stay in memory. */
async function withServer(act: (server: TestServer) => Promise<void>): Promise<void> {
  const heldBytes = 4 * BYTES
  const store = await openSqliteStore({ directory, clock: systemClock, log: silentLog, heldBytes })
  const server = await startTestServer({ store, clock: new TurningClock() })
  try {
    await act(server)
  } finally {
    await server.server.stop()
    await store.close()
  }
}

before(() =>
  withServer(async ({ ask }) => {
    const payload = 'x'.repeat(BYTES)
    for (let at = 0; at < COUNT; at++)
      await ask('POST', AT, { metadata: { name: `c${at}`, labels: { a: 'b' } }, data: { payload } })
  }),
)
after(() => rmSync(directory, { recursive: true }))

const cpuMs = () => {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

/** How much this thread computed meanwhile, and the most of it without a turn of the event loop. */
async function computing(act: () => Promise<unknown>): Promise<{ all: number; longest: number }> {
  const from = cpuMs()
  let last = from
  let longest = 0
  const look = () => {
    const now = cpuMs()
    longest = Math.max(longest, now - last)
    last = now
    next = setImmediate(look)
  }
  let next = setImmediate(look)
  await act()
  clearImmediate(next)
  look()
  clearImmediate(next)
  return { all: last - from, longest }
}

async function read({ server }: TestServer, path: string, more: Partial<ApiRequest> = {}) {
  const { status, body } = await server.handle({ method: 'GET', path, ...more }, { user: admin })
  assert.equal(status, 200)
  return body
}

const accepting = (accept: string) => ({ headers: { accept } })
const as = (shape: string, type = 'application/json') =>
  accepting(`${type};as=${shape};g=meta.k8s.io;v=v1`)

const PROTOBUF = 'application/vnd.kubernetes.protobuf'
const MADE_FOR_ONE = [
  ['a list in CBOR', AT, accepting('application/cbor')],
  ['a pretty list', `${AT}?pretty=true`, {}],
  ['a table with whole objects', `${AT}?includeObject=Object`, as('Table')],
] as const

for (const [what, path, more] of [
  ['a list', AT, {}],
  ['a list in protobuf', AT, accepting(PROTOBUF)],
  ...MADE_FOR_ONE,
  ['a list in process', AT, { objects: true }],
  ['a list of what a selector chooses', `${AT}?labelSelector=a%3Dc`, {}],
] as const)
  test(`${what} is read in slices`, () =>
    withServer(async server => {
      const { all, longest } = await computing(() => read(server, path, more))
      assert.ok(longest < all * LARGEST_PART, `${longest} of ${all} ms without a turn`)
    }))

for (const [what, path, more] of MADE_FOR_ONE)
  test(`${what} is made in slices also of what is in memory, and others are answered meanwhile`, async () => {
    const server = await startTestServer({ clock: new TurningClock() })
    const payload = 'x'.repeat(BYTES)
    for (let at = 0; at < COUNT; at++)
      await server.ask('POST', AT, { metadata: { name: `c${at}` }, data: { payload } })
    let isOver = false
    let answered = 0
    const others = async () => {
      while (!isOver) {
        await read(server, `${AT}/c7`, { objects: true })
        answered++
        await new Promise(resolve => setImmediate(resolve))
      }
    }
    const beside = others()
    const { all, longest } = await computing(() => read(server, path, more))
    isOver = true
    await beside
    assert.ok(longest < all * LARGEST_PART, `${longest} of ${all} ms without a turn`)
    assert.ok(answered >= 10, `${answered} answered`)
    await server.server.stop()
  })

test('a watch that begins with the state tells it in slices', () =>
  withServer(async server => {
    const { all, longest } = await computing(async () => {
      const body = await read(server, `${AT}?watch=1&allowWatchBookmarks=true`)
      assert.ok(body.kind === 'stream')
      const { stream } = body
      await new Promise<void>(resolve => {
        let told = 0
        stream.subscribe({
          next: () => (++told > COUNT ? resolve() : undefined),
          end: () => resolve(),
        })
      })
    })
    assert.ok(longest < all * LARGEST_PART, `${longest} of ${all} ms without a turn`)
  }))

test('what was read once for a list is not read again', () =>
  withServer(async server => {
    const first = await computing(() => read(server, AT))
    const again = await computing(() => read(server, AT))
    assert.ok(again.all < first.all / 4, `${again.all} ms after ${first.all} ms`)
  }))
