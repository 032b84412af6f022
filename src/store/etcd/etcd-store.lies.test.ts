/** An etcd that leaves something out, repeats itself or goes back is found out: nobody is told a history that was not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type recorder, show } from '../testing/recorder.ts'
import { type Held, keyValueOf } from '../testing/scripted-etcd.ts'
import { eventually, held, startScripted } from '../testing/scripted-store.ts'
import { ALL_KEYS } from './key-space.ts'
import { DELETED } from './messages.ts'

const put = (one: Held) => ({ type: 0, kv: keyValueOf(one) })
const remove = (key: string, modRevision: number) => ({
  type: DELETED,
  kv: { key: new TextEncoder().encode(`x.${key}`), modRevision },
})

const revisionsIn = (sink: ReturnType<typeof recorder>) =>
  sink.groups.map(group => group.map(({ revision }) => revision))

const lies: Record<string, ReturnType<typeof put>[]> = {
  'a write left out': [put(held('/a', 4, 12))],
  'a delete left out': [put(held('/a', 1, 12, 12))],
  'a delete and a create left out': [put(held('/a', 3, 12, 7))],
  'a create left out': [put(held('/b', 2, 12, 11))],
  'the delete of an unknown key': [remove('/b', 12) as ReturnType<typeof put>],
}

for (const [name, events] of Object.entries(lies))
  test(`${name} is found out, and everything is read anew`, async t => {
    const { etcd, store, sink } = await startScripted(t)
    etcd.revision = 13
    etcd.held = [held('/a', 7, 13), held('/c', 1, 12, 12)]
    etcd.tell({ events })
    await eventually(() => sink.ended.length > 0)
    assert.match(sink.ended[0]?.message ?? '', /changes were missed/)
    assert.deepEqual(sink.groups, [])
    assert.equal(store.revision, 13)
    assert.deepEqual(show(await store.list('')), ['/a=/a 7', '/c=/c 1'])
    await eventually(() => etcd.watches.length === 2)
    assert.equal(etcd.watches[1]?.startRevision, 14)
  })

test('what is told twice, or too late, is told once', async t => {
  const { etcd, store, sink } = await startScripted(t)
  etcd.revision = 12
  etcd.tell({ events: [put(held('/a', 2, 9)), put(held('/a', 3, 11))] })
  etcd.tell({ events: [put(held('/a', 3, 11)), put(held('/a', 4, 12))] })
  await eventually(() => store.revision === 12)
  assert.deepEqual([revisionsIn(sink), sink.ended], [[[11], [12]], []])
})

test('the parts of an answer are one, so that no revision is split', async t => {
  const { etcd, sink } = await startScripted(t)
  etcd.revision = 12
  etcd.tell({ fragment: true, events: [put(held('/a', 3, 11)), put(held('/b', 1, 12, 12))] })
  await sleep(50)
  assert.deepEqual(sink.groups, [])
  etcd.tell({ events: [put(held('/c', 1, 12, 12))] })
  await eventually(() => sink.groups.length === 2)
  assert.deepEqual(revisionsIn(sink), [[11], [12, 12]])
})

test('a current member is asked how far it is, an old one tells all keys', async t => {
  const current = await startScripted(t)
  current.etcd.revision = 20
  const reached = current.store.shared?.readIndex()
  await eventually(() => current.etcd.progressRequests > 0)
  current.etcd.tell({})
  assert.equal(await reached, 20)
  assert.equal(current.store.revision, 20)
  assert.equal(current.sink.progressed.at(-1), 20)
  assert.equal(Buffer.from(current.etcd.watches[0]?.key ?? []).toString(), 'x.')

  const old = await startScripted(t, { version: '3.4.23' })
  assert.deepEqual(old.etcd.watches[0]?.rangeEnd, ALL_KEYS.rangeEnd)
  old.etcd.revision = 20
  const later = old.store.shared?.readIndex()
  old.etcd.tell({
    events: [
      {
        type: 0,
        kv: {
          ...keyValueOf(held('/a', 1, 20, 20)),
          key: new TextEncoder().encode('somebody else'),
        },
      },
    ],
  })
  assert.equal(await later, 20)
  assert.equal(old.etcd.progressRequests, 0)
  assert.deepEqual(old.sink.groups, [])
})

test('a member is asked how far it is only once it has said that it watches: its answer would overtake events', async t => {
  const { etcd, store, sink } = await startScripted(t, { isPrompt: false })
  etcd.revision = 12
  const reached = store.shared?.readIndex()
  await sleep(300)
  assert.equal(etcd.progressRequests, 0)
  etcd.tell({ created: true })
  etcd.tell({ events: [put(held('/a', 3, 12))] })
  await eventually(() => etcd.progressRequests > 0)
  assert.equal(await reached, 12)
  assert.deepEqual(revisionsIn(sink), [[12]])
})

test('reads fail rather than show what may be old, and a silent watch is begun anew where it stands', async t => {
  const { etcd, store, sink } = await startScripted(t)
  etcd.revision = 11
  await assert.rejects(
    store.get('/a'),
    /the changes of etcd do not arrive: it is at 11, known is 10/,
  )
  assert.equal((await store.list('', { revision: 10 })).entries.length, 1)
  await eventually(() => etcd.watches.length === 2)
  assert.equal(etcd.watches[1]?.startRevision, 11)
  etcd.tell({ events: [put(held('/a', 3, 11))] })
  assert.equal((await store.get('/a'))?.modRevision, 11)
  assert.deepEqual([revisionsIn(sink), sink.ended], [[[11]], []])
})

test('a watch that brings much in pieces is not silent', async t => {
  const { etcd, store, sink } = await startScripted(t)
  etcd.revision = 20
  const reading = assert.rejects(store.get('/a'), /the changes of etcd do not arrive/)
  let isOver = false
  void reading.then(() => {
    isOver = true
  })
  let version = 3
  for (; !isOver; version++) {
    etcd.tell({ fragment: true, events: [put(held('/a', version, version + 8))] })
    await sleep(300)
  }
  await reading
  etcd.tell({ events: [put(held('/a', version, version + 8))] })
  await eventually(() => sink.groups.length === version - 2)
  assert.equal(etcd.watches.length, 1)
})

test('an etcd whose revision went back, as after a restored backup, is read anew', async t => {
  const { etcd, store, sink } = await startScripted(t)
  etcd.revision = 7
  etcd.held = [held('/a', 1, 6, 6)]
  await store.shared?.readIndex().catch(() => {})
  await eventually(() => sink.ended.length > 0)
  assert.equal(store.revision, 7)
  assert.deepEqual(show(await store.list('')), ['/a=/a 1'])
})
