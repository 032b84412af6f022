/** An etcd that leaves something out, repeats itself or goes back is found out: nobody is told a history that was not. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import type { Store } from '../store.ts'
import { recorder, show } from '../testing/recorder.ts'
import { type Held, keyValueOf, ScriptedEtcd } from '../testing/scripted-etcd.ts'
import { openEtcdStore } from './etcd-store.ts'
import { ALL_KEYS } from './key-space.ts'
import { DELETED } from './messages.ts'

async function eventually(look: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000
  while (!look()) {
    if (performance.now() > deadline) throw new Error('it did not come to pass')
    await sleep(10)
  }
}

const held = (key: string, version: number, modRevision: number, createRevision = 5): Held => ({
  key: `x.${key}`,
  value: `${key} ${version}`,
  version,
  createRevision,
  modRevision,
})
const put = (one: Held) => ({ type: 0, kv: keyValueOf(one) })
const remove = (key: string, modRevision: number) => ({
  type: DELETED,
  kv: { key: new TextEncoder().encode(`x.${key}`), modRevision },
})

/** A store that has read `/a` in its second version at revision 10, and is being watched. */
async function start(t: TestContext, version = '3.6.0') {
  const etcd = new ScriptedEtcd()
  etcd.version = version
  etcd.revision = 10
  etcd.held = [held('/a', 2, 9)]
  await etcd.start()
  const store: Store = await openEtcdStore({
    servers: [etcd.url],
    root: '',
    prefix: 'x.',
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
  })
  t.after(async () => {
    await store.close()
    etcd.stop()
  })
  await eventually(() => etcd.watches.length === 1)
  const sink = recorder()
  store.watch('', 10, sink)
  await sleep(0)
  return { etcd, store, sink }
}

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
    const { etcd, store, sink } = await start(t)
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
  const { etcd, store, sink } = await start(t)
  etcd.revision = 12
  etcd.tell({ events: [put(held('/a', 2, 9)), put(held('/a', 3, 11))] })
  etcd.tell({ events: [put(held('/a', 3, 11)), put(held('/a', 4, 12))] })
  await eventually(() => store.revision === 12)
  assert.deepEqual([revisionsIn(sink), sink.ended], [[[11], [12]], []])
})

test('the parts of an answer are one, so that no revision is split', async t => {
  const { etcd, sink } = await start(t)
  etcd.revision = 12
  etcd.tell({ fragment: true, events: [put(held('/a', 3, 11)), put(held('/b', 1, 12, 12))] })
  await sleep(50)
  assert.deepEqual(sink.groups, [])
  etcd.tell({ events: [put(held('/c', 1, 12, 12))] })
  await eventually(() => sink.groups.length === 2)
  assert.deepEqual(revisionsIn(sink), [[11], [12, 12]])
})

test('a current member is asked how far it is, an old one tells all keys', async t => {
  const current = await start(t)
  current.etcd.revision = 20
  const reached = current.store.shared?.readIndex()
  await eventually(() => current.etcd.progressRequests > 0)
  current.etcd.tell({})
  assert.equal(await reached, 20)
  assert.equal(current.store.revision, 20)
  assert.equal(current.sink.progressed.at(-1), 20)
  assert.equal(Buffer.from(current.etcd.watches[0]?.key ?? []).toString(), 'x.')

  const old = await start(t, '3.4.23')
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

test('reads fail rather than show what may be old', async t => {
  const { etcd, store } = await start(t)
  etcd.revision = 11
  await assert.rejects(
    store.get('/a'),
    /the changes of etcd do not arrive: it is at 11, known is 10/,
  )
  assert.equal((await store.list('', { revision: 10 })).entries.length, 1)
})

test('an etcd whose revision went back, as after a restored backup, is read anew', async t => {
  const { etcd, store, sink } = await start(t)
  etcd.revision = 7
  etcd.held = [held('/a', 1, 6, 6)]
  await store.shared?.readIndex().catch(() => {})
  await eventually(() => sink.ended.length > 0)
  assert.equal(store.revision, 7)
  assert.deepEqual(show(await store.list('')), ['/a=/a 1'])
})
