import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CommitFailedError, type CommitFailure, type Store } from '#store'
import { createMemoryStore } from '#store/memory/memory-store.ts'
import { startTestServer } from '../testing.ts'

const MAPS = '/api/v1/namespaces/default/configmaps'
const map = (bytes: number) => ({ metadata: { name: 'a' }, data: { a: 'x'.repeat(bytes) } })

test('what is too large with the managers of its fields is stored without them', async () => {
  const store = createMemoryStore()
  const limit = { bytes: Number.POSITIVE_INFINITY }
  const commit: Store['commit'] = async changes => {
    if (changes.some(({ value }) => value && value.length > limit.bytes))
      throw new CommitFailedError('etcdserver: request is too large', 'TooLarge')
    return store.commit(changes)
  }
  const { server, ask } = await startTestServer({
    store: Object.assign(Object.create(store), { commit }),
  })
  const whole = (await ask('POST', MAPS, map(100))).body
  assert.ok(whole.metadata.managedFields.length > 0)
  limit.bytes = 400
  const small = await ask('PUT', `${MAPS}/a`, map(101))
  assert.deepEqual([small.status, small.body.metadata.managedFields], [200, undefined])
  const large = await ask('PUT', `${MAPS}/a`, map(401))
  assert.deepEqual([large.status, large.body.reason], [413, 'RequestEntityTooLarge'])
  assert.equal((await ask('GET', `${MAPS}/a`)).body.data.a.length, 101)
  await server.stop()
})

const answers: [CommitFailure, string, number, string][] = [
  ['NoSpace', 'etcdserver: mvcc: database space exceeded', 500, 'InternalError'],
  ['Unavailable', 'etcd cannot be reached', 503, 'ServiceUnavailable'],
  ['Unknown', 'database or disk is full', 500, 'InternalError'],
]

for (const [failure, message, status, reason] of answers)
  test(`a commit that fails (${failure}) is answered with ${status} and the reason`, async () => {
    const store = createMemoryStore()
    const state = { isFailing: false }
    const commit: Store['commit'] = async changes => {
      if (state.isFailing) throw new CommitFailedError(message, failure)
      return store.commit(changes)
    }
    const { server, ask } = await startTestServer({
      store: Object.assign(Object.create(store), { commit }),
    })
    state.isFailing = true
    const { status: answered, body, headers } = await ask('POST', MAPS, map(1))
    assert.deepEqual([answered, body.reason], [status, reason])
    assert.ok(body.message.includes(message))
    assert.equal(headers['retry-after'], status === 503 ? '1' : undefined)
    await server.stop()
  })
