import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lease } from '#api/coordination/v1/lease.ts'
import { kinds } from '#api/kinds.ts'
import { createApiServer } from '#apiserver'
import { silentLog } from '#base/log.ts'
import { createMemoryStore } from '#store/memory/memory-store.ts'
import { createClient } from './api-client.ts'
import type { Client } from './client.ts'
import { startLeaderElection } from './leader-election.ts'
import { createManualClock, createSeededRandom } from './testing/manual-clock.ts'

const admin = { name: 'admin', groups: ['system:masters', 'system:authenticated'] }

async function setUp() {
  const clock = createManualClock()
  const random = createSeededRandom()
  const store = createMemoryStore()
  const server = createApiServer({ store, kinds, clock, random, log: silentLog })
  await server.ready()
  const client = createClient(server.transportFor(admin))
  const leaders = new Set<string>()
  let most = 0
  const candidate = (
    identity: string,
    through: Pick<Client, 'get' | 'create' | 'update'> = client,
  ) =>
    startLeaderElection({
      client: through,
      clock,
      random,
      log: silentLog,
      namespace: 'default',
      name: 'role',
      identity,
      lead: lost => {
        leaders.add(identity)
        most = Math.max(most, leaders.size)
        return new Promise(resolve =>
          lost.addEventListener('abort', () => {
            leaders.delete(identity)
            resolve()
          }),
        )
      },
    })
  /** Small steps, as the server's answers need turns of the event loop between timers. */
  const pass = async (seconds: number) => {
    for (let i = 0; i < seconds * 2; i++) {
      await clock.advance(500)
      for (let turn = 0; turn < 5; turn++) await new Promise(resolve => setImmediate(resolve))
    }
  }
  return {
    clock,
    client,
    candidate,
    pass,
    leaders,
    most: () => most,
    async [Symbol.asyncDispose]() {
      await server.stop()
      await store.close()
    },
  }
}

test('one leads at a time; when it stops, the next takes over at once', async () => {
  await using given = await setUp()
  const a = given.candidate('a')
  await given.pass(1)
  const b = given.candidate('b')
  await given.pass(30)
  assert.deepEqual([...given.leaders], ['a'])
  const { spec } = await given.client.get(lease, 'role', 'default')
  assert.equal(spec?.holderIdentity, 'a')
  assert.equal(spec?.leaseDurationSeconds, 15)
  await a.stop()
  await given.pass(4)
  assert.deepEqual([...given.leaders], ['b'])
  const after = await given.client.get(lease, 'role', 'default')
  assert.equal(after.spec?.leaseTransitions, 1)
  await b.stop()
  assert.equal(given.most(), 1)
  assert.deepEqual([...given.leaders], [])
})

test('a leader that cannot renew stops by its deadline, before another takes over', async () => {
  await using given = await setUp()
  let cut = false
  const fail = async () => {
    throw new Error('no route')
  }
  const through = {
    ...given.client,
    get: ((...given_: Parameters<Client['get']>) =>
      cut ? fail() : given.client.get(...given_)) as Client['get'],
  }
  const a = given.candidate('a', through)
  await given.pass(3)
  const b = given.candidate('b')
  await given.pass(3)
  cut = true
  await given.pass(8)
  assert.deepEqual([...given.leaders], ['a'], 'still within its deadline')
  await given.pass(5)
  assert.deepEqual([...given.leaders], [], 'past the deadline, before the lease ends')
  await given.pass(10)
  assert.deepEqual([...given.leaders], ['b'])
  assert.equal(given.most(), 1)
  await Promise.all([a.stop(), b.stop()])
})
