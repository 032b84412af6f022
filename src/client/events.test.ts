import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configMap } from '#api/core/v1/config-map.ts'
import { type Event as CoreEvent, event } from '#api/core/v1/event.ts'
import { kinds } from '#api/kinds.ts'
import { StatusError } from '#api/machinery/status.ts'
import { createApiServer } from '#apiserver'
import { type Clock, rfc3339 } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { createMemoryStore } from '#store/memory/memory-store.ts'
import { createClient } from './api-client.ts'
import type { Client } from './client.ts'
import { createEventRecorder } from './events.ts'
import { createManualClock, createSeededRandom } from './testing/manual-clock.ts'

const admin = { name: 'admin', groups: ['system:masters', 'system:authenticated'] }

async function setUp(
  change: (client: Client) => Client = client => client,
  whenIdle?: Clock['whenIdle'],
) {
  const manual = createManualClock()
  const clock = whenIdle ? { ...manual, whenIdle } : manual
  const random = createSeededRandom()
  const store = createMemoryStore()
  const server = createApiServer({ store, kinds, clock, random, log: silentLog })
  await server.ready()
  const client = createClient(server.transportFor(admin))
  const about = await client.create(configMap, { metadata: { name: 'x', namespace: 'default' } })
  const recorder = createEventRecorder(change(client), {
    clock,
    random,
    log: silentLog,
    component: 'tester',
  })
  return {
    clock,
    client,
    about,
    recorder,
    events: async () => {
      await recorder.flush()
      const { items } = await client.list(event, { namespace: 'default' })
      return items
    },
    async [Symbol.asyncDispose]() {
      recorder.stop()
      await server.stop()
      await store.close()
    },
  }
}

test('an event names its object and who tells it; a repeat becomes a count', async () => {
  await using given = await setUp()
  const { recorder, about, clock } = given
  recorder.record(about, 'Normal', 'Made', { message: 'first' })
  await given.events()
  await clock.advance(5_000)
  recorder.record(about, 'Normal', 'Made', { message: 'first' })
  recorder.record(about, 'Normal', 'Made', { message: 'other' })
  const all = await given.events()
  assert.equal(all.length, 2)
  const [first] = all.filter(({ message }) => message === 'first')
  assert.ok(first)
  assert.equal(first.count, 2)
  assert.equal(first.involvedObject.uid, about.metadata.uid)
  assert.equal(first.source.component, 'tester')
  assert.notEqual(first.firstTimestamp, first.lastTimestamp)
  assert.match(first.metadata.name ?? '', /^x\.[0-9a-f]{16}$/)
})

test('events of one moment are listed in the order in which they happened', async () => {
  await using given = await setUp()
  const reasons = Array.from(
    { length: 20 },
    (_, index) => `Reason${String(index).padStart(2, '0')}`,
  )
  for (const reason of reasons)
    given.recorder.record(given.about, 'Normal', reason, { message: reason })
  const listed = await given.events()
  assert.deepEqual(
    listed.map(({ reason }) => reason),
    reasons,
  )
})

test('many messages of one reason are combined', async () => {
  await using given = await setUp()
  for (let i = 0; i < 15; i++)
    given.recorder.record(given.about, 'Warning', 'Failed', { message: `attempt ${i}` })
  const all = await given.events()
  assert.equal(all.length, 10)
  const combined = all.find(({ message }) => message?.startsWith('(combined'))
  assert.equal(combined?.count, 6)
  assert.equal(combined?.message, '(combined from similar events): attempt 14')
})

test('of messages that take turns, longer apart than those that are combined, each keeps its count', async () => {
  await using given = await setUp()
  for (let i = 0; i < 30; i++) {
    given.recorder.record(given.about, 'Warning', 'Failed', { message: `cause ${i % 3}` })
    await given.events()
    await given.clock.advance(601_000)
  }
  const all = await given.events()
  assert.deepEqual(
    all.map(({ message, count }) => [message, count]).sort(),
    [0, 1, 2].map(i => [`cause ${i}`, 10]),
  )
})

test('where many are combined, the first message is, too, until ten minutes pass', async () => {
  await using given = await setUp()
  const record = (message: string) =>
    given.recorder.record(given.about, 'Warning', 'Failed', { message })
  for (let i = 0; i < 12; i++) record(`attempt ${i}`)
  record('attempt 0')
  const combined = (await given.events()).find(({ message }) => message?.startsWith('(combined'))
  assert.equal(combined?.message, '(combined from similar events): attempt 0')
  assert.equal(combined?.count, 4)
  await given.clock.advance(601_000)
  record('attempt 0')
  const first = (await given.events()).find(({ message }) => message === 'attempt 0')
  assert.equal(first?.count, 2)
})

test('an object that causes too many is cut short, and earns one more each five minutes', async () => {
  await using given = await setUp()
  for (let i = 0; i < 60; i++)
    given.recorder.record(given.about, 'Warning', `R${i}`, { message: 'm' })
  assert.equal((await given.events()).length, 25)
  await given.clock.advance(301_000)
  for (let i = 100; i < 110; i++)
    given.recorder.record(given.about, 'Warning', `R${i}`, { message: 'm' })
  assert.equal((await given.events()).length, 26)
})

test('no answer is worth another try, a refusal is not; neither harms the caller', async () => {
  let calls = 0
  const errors = [new Error('no route'), new Error('no route')]
  await using given = await setUp(client => ({
    ...client,
    create: async (kind, object, options) => {
      calls++
      const error = errors.shift()
      if (error) throw error
      return client.create(kind, object, options)
    },
  }))
  given.recorder.record(given.about, 'Normal', 'Made', { message: 'm' })
  await given.clock.advance(10_000)
  assert.equal((await given.events()).length, 1)
  assert.equal(calls, 3)
  errors.push(new StatusError('Forbidden', 'namespace is going away'))
  given.recorder.record(given.about, 'Normal', 'Other', { message: 'm' })
  assert.equal((await given.events()).length, 1)
  assert.equal(calls, 4)
})

test('what is recorded in the very moment in which all writers end is written, too', async () => {
  for (let turns = 0; turns < 12; turns++) {
    const waiting: (() => void)[] = []
    let written = 0
    await using given = await setUp(client => ({
      ...client,
      create: async (kind, object) => {
        written++
        await new Promise<void>(resolve => waiting.push(resolve))
        return { ...object, kind: kind.kind } as never
      },
    }))
    const { recorder, about } = given
    const record = (uid: string) =>
      recorder.record({ ...about, metadata: { ...about.metadata, uid } }, 'Normal', 'Made', {
        message: 'm',
      })
    for (let i = 0; i < 16; i++) record(`uid-${i}`)
    for (const end of waiting.splice(0)) end()
    for (let i = 0; i < turns; i++) await Promise.resolve()
    record('late')
    await new Promise(setImmediate)
    for (const end of waiting.splice(0)) end()
    await recorder.flush()
    assert.equal(written, 17, `after ${turns} turns`)
  }
})

test('events of many objects are written side by side, those of one in their order', async () => {
  const written: string[] = []
  let now = 0
  let most = 0
  await using given = await setUp(client => ({
    ...client,
    create: async (kind, object) => {
      now++
      most = Math.max(most, now)
      await new Promise(setImmediate)
      const made = await client.create(kind, object)
      now--
      const { involvedObject, message } = object as unknown as CoreEvent
      written.push(`${JSON.stringify(involvedObject)} ${message}`)
      return made
    },
  }))
  const { recorder, about } = given
  const objects = Array.from({ length: 40 }, (_, i) => ({
    ...about,
    metadata: { ...about.metadata, name: `x${i}`, uid: `uid-${i}` },
  }))
  for (let turn = 0; turn < 3; turn++)
    for (const object of objects)
      recorder.record(object, 'Normal', 'Made', { message: `turn ${turn}` })
  assert.equal((await given.events()).length, 120)
  assert.equal(most, 16)
  for (const { metadata } of objects) {
    const own = written.filter(text => text.includes(`"${metadata.uid}"`))
    assert.deepEqual(
      own.map(text => text.slice(-6)),
      ['turn 0', 'turn 1', 'turn 2'],
    )
  }
})

test('an event waits for an idle moment, and tells when it was recorded; a recorder that stops waits for none', async () => {
  const turns: (() => void)[] = []
  await using given = await setUp(undefined, signal => {
    const { promise, resolve } = Promise.withResolvers<void>()
    signal.addEventListener('abort', () => resolve())
    turns.push(resolve)
    return promise
  })
  const { recorder, about, client, clock } = given
  const recordedAt = rfc3339(clock.now())
  const names = async () =>
    (await client.list(event, { namespace: 'default' })).items.map(({ reason }) => reason)
  recorder.record(about, 'Normal', 'First', { message: 'm' })
  recorder.record(about, 'Normal', 'Second', { message: 'm' })
  await clock.advance(60_000)
  assert.deepEqual(await names(), [])
  turns.shift()?.()
  while ((await names()).length === 0 || turns.length === 0) await new Promise(setImmediate)
  const [first] = (await client.list(event, { namespace: 'default' })).items
  assert.equal(first?.reason, 'First')
  assert.equal(first?.firstTimestamp, recordedAt)
  assert.equal(first?.lastTimestamp, recordedAt)
  recorder.stop()
  await recorder.flush()
  assert.deepEqual(await names(), ['First'])
})

test('where more than 20,000 wait they wait no longer', async () => {
  const turns: (() => void)[] = []
  let written = 0
  await using given = await setUp(
    client => ({
      ...client,
      create: async (kind, object) => {
        written++
        return { ...object, kind: kind.kind } as never
      },
    }),
    () => new Promise<void>(resolve => turns.push(resolve)),
  )
  const { recorder, about } = given
  for (let i = 0; i < 20_116; i++)
    recorder.record({ ...about, metadata: { ...about.metadata, uid: `u${i}` } }, 'Normal', 'Made', {
      message: 'm',
    })
  assert.equal(turns.length, 16)
  for (const go of turns.splice(0)) go()
  await new Promise(setImmediate)
  assert.ok(written >= 116 && written <= 132, `${written} were written at once`)
  assert.equal(turns.length, 16)
})
