/** What is refused because of another write shows that write; so it must not be answered before that one is durable. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import type { Change, Store } from '#store'
import { openSqliteStore } from '#store/sqlite/sqlite-store.ts'
import { type Answer, startTestServer, type TestServer } from './testing.ts'

const AT = '/api/v1/namespaces/default/configmaps'
const directory = mkdtempSync(join(tmpdir(), 'proa-refusals-'))
let store: Store
let server: TestServer
/** Called after each commit was judged. */
let judged = () => {}

before(async () => {
  const file = await openSqliteStore({ directory, clock: systemClock, log: silentLog })
  store = Object.create(file, {
    commit: {
      value: (changes: readonly Change[]) => {
        const result = file.commit(changes)
        judged()
        return result
      },
    },
    // Getters of the file's own class look for its own fields.
    revision: { get: () => file.revision },
    compactedRevision: { get: () => file.compactedRevision },
  })
  for (const name of ['get', 'latest', 'list', 'watch', 'compact', 'close'] as const)
    Object.assign(store, { [name]: file[name].bind(file) })
  server = await startTestServer({ store })
})
after(async () => {
  await server.server.stop()
  await store.close()
  rmSync(directory, { recursive: true })
})

const merge = { headers: { 'content-type': 'application/merge-patch+json' } }

const make = async (name: string) =>
  (await server.ask('POST', AT, { metadata: { name }, data: { is: 'old' } })).body

/** Asks something when a write is judged already, and not yet on disk. */
async function duringWrite(
  write: () => Promise<unknown>,
  ...asked: Parameters<TestServer['ask']>
): Promise<Answer> {
  const before = store.revision
  let revisionThen = 0
  const answered = new Promise<Answer>((resolve, reject) => {
    judged = () => {
      judged = () => {}
      assert.equal(store.revision, before, 'the write is on disk already')
      server
        .ask(...asked)
        .then(answer => {
          revisionThen = store.revision
          resolve(answer)
        })
        .catch(reject)
    }
  })
  await write()
  const answer = await answered
  assert.ok(revisionThen > before, `${answer.status} came before what it depends on was durable`)
  return answer
}

test('what is being deleted is not found only when it is gone', async () => {
  for (const [name, method, body] of [
    ['a', 'DELETE', undefined],
    ['b', 'PUT', { metadata: { name: 'b' } }],
    ['c', 'PATCH', { data: { is: 'new' } }],
  ] as const) {
    await make(name)
    const { status } = await duringWrite(
      () => server.ask('DELETE', `${AT}/${name}`),
      method,
      `${AT}/${name}`,
      body,
      method === 'PATCH' ? merge : {},
    )
    assert.equal(status, 404, method)
  }
})

test('a conflict with a write is told when that write is there, also by a dry run', async () => {
  const { metadata } = await make('pinned')
  const update = (is: string) => ({ metadata: { ...metadata }, data: { is } })
  const path = `${AT}/pinned`
  const write = () => server.ask('PATCH', path, { data: { is: 'x' } }, merge)
  assert.equal((await duringWrite(write, 'PUT', path, update('y'))).status, 409)
  const preconditions = { resourceVersion: metadata.resourceVersion }
  const change = () => server.ask('PATCH', path, { data: { is: 'z' } }, merge)
  const refused = await duringWrite(change, 'DELETE', path, { preconditions })
  assert.equal(refused.status, 409)
  const again = () => server.ask('PATCH', path, { data: { is: 'w' } }, merge)
  const dry = await duringWrite(again, 'PUT', `${path}?dryRun=All`, {
    metadata: { name: 'pinned' },
    data: { is: 'dry' },
  })
  assert.equal(dry.status, 200)
})
