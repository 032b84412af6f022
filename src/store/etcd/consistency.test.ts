/** What no event ever tells is found by comparing keys: an etcd that lost one, holds another, or got the files of before. */
import assert from 'node:assert/strict'
import { cpSync, rmSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import type { Comparison, Store } from '../store.ts'
import { EtcdProcess, etcdMissing } from '../testing/etcd-process.ts'
import { show } from '../testing/recorder.ts'
import type { Held } from '../testing/scripted-etcd.ts'
import { eventually, held, startScripted } from '../testing/scripted-store.ts'
import { openEtcdStore } from './etcd-store.ts'

const OFTEN_MS = 20
const holding = [held('/a', 2, 9), held('/b', 1, 7, 7), held('/c', 3, 8)]

function comparisonsOf(store: Store): Comparison[] {
  const all: Comparison[] = []
  store.shared?.onCompared(comparison => all.push(comparison))
  return all
}

/** What the etcd holds all of a sudden, and the keys that this concerns. */
const losses: Readonly<Record<string, [readonly Held[], string[]]>> = {
  'the first key is lost': [holding.slice(1), ['/a']],
  'the last key is lost': [holding.slice(0, 2), ['/c']],
  'all keys are lost': [[], ['/a', '/b', '/c']],
  'a key came from nowhere': [[...holding, held('/d', 1, 6, 6)], ['/d']],
  'a key is of before': [[held('/a', 1, 5), ...holding.slice(1)], ['/a']],
  'a key is another one': [[held('/a', 2, 9, 8), ...holding.slice(1)], ['/a']],
}

for (const [name, [now, differing]] of Object.entries(losses))
  test(`${name} without an event: it is told, and everything is read anew`, async t => {
    const options = { holding, consistencyIntervalMs: OFTEN_MS }
    const { etcd, store, sink } = await startScripted(t, options)
    const comparisons = comparisonsOf(store)
    await eventually(() => comparisons.length > 0)
    assert.equal(comparisons[0]?.status, 'success')
    etcd.held = now
    await eventually(() => sink.ended.length > 0)
    assert.match(sink.ended[0]?.message ?? '', /changes were missed: \d keys differ from etcd's/)
    const failed = comparisons.find(({ status }) => status === 'failure')
    assert.deepEqual(failed?.differing, differing)
    const keys = now.map(({ key }) => key.slice(2))
    const { entries } = await store.list('', { revision: 10 })
    assert.deepEqual(
      entries.map(({ key }) => key),
      keys,
    )
    const length = comparisons.length
    await eventually(() => comparisons.slice(length).some(({ status }) => status === 'success'))
  })

test('an etcd that does not answer is an error, which changes nothing', async t => {
  const { etcd, store, sink } = await startScripted(t, { consistencyIntervalMs: OFTEN_MS })
  const comparisons = comparisonsOf(store)
  etcd.stop()
  await eventually(() => comparisons.some(({ status }) => status === 'error'))
  assert.deepEqual(sink.ended, [])
  assert.ok(comparisons.every(({ status }) => status !== 'failure'))
})

const open = (etcd: EtcdProcess, consistencyIntervalMs: number): Promise<Store> =>
  openEtcdStore({
    ...{ servers: [etcd.url], root: '/registry/', prefix: '/registry/', consistencyIntervalMs },
    ...{ clock: systemClock, random: systemRandom, log: silentLog },
  })
const bytes = (text: string) => new TextEncoder().encode(text)

test('thousands of keys under writes are equal all the time', {
  skip: etcdMissing(),
}, async t => {
  const etcd = await EtcdProcess.start()
  const store = await open(etcd, OFTEN_MS)
  t.after(async () => {
    await store.close()
    await etcd.remove()
  })
  const put = (at: number) =>
    store.commit([{ key: `/registry/configmaps/${at}`, value: bytes(String(at)) }])
  for (let at = 0; at < 2_500; at += 50)
    await Promise.all(Array.from({ length: 50 }, (_, more) => put(at + more)))
  const comparisons = comparisonsOf(store)
  for (let at = 0; comparisons.length < 5; at = (at + 7) % 2_500) {
    await put(at)
    await store.commit([{ key: `/registry/configmaps/${(at + 100) % 2_500}`, value: null }])
  }
  assert.deepEqual(
    comparisons.map(({ status }) => status),
    comparisons.map(() => 'success'),
  )
})

/** By a store of its own: one that saw its etcd go tells of it for a second after it is back. */
async function write(etcd: EtcdProcess, name: string): Promise<void> {
  const store = await open(etcd, 0)
  try {
    await store.commit([{ key: `/registry/${name}`, value: bytes(name) }])
  } finally {
    await store.close()
  }
}

test('an etcd that got the files of before, and went on with them, is found out', {
  skip: etcdMissing(),
}, async t => {
  const etcd = await EtcdProcess.start()
  t.after(() => etcd.remove())
  await write(etcd, 'kept')
  await etcd.stop()
  const before = `${etcd.directory}/before`
  cpSync(`${etcd.directory}/data`, before, { recursive: true })
  await etcd.start()
  const watching = await open(etcd, OFTEN_MS)
  t.after(() => watching.close())
  const comparisons = comparisonsOf(watching)
  await write(etcd, 'lost')
  assert.ok(await watching.get('/registry/lost'))
  const length = comparisons.length
  await eventually(() => comparisons.slice(length).some(({ status }) => status === 'success'))

  await etcd.stop()
  rmSync(`${etcd.directory}/data`, { recursive: true })
  cpSync(before, `${etcd.directory}/data`, { recursive: true })
  await etcd.start()
  // As many writes as were lost, so that the revision tells nothing.
  await write(etcd, 'other')
  await eventually(() => comparisons.some(({ status }) => status === 'failure'))
  const failed = comparisons.find(({ status }) => status === 'failure')
  assert.deepEqual(failed?.differing, ['/registry/lost', '/registry/other'])
  let shown: string[] = []
  while (shown.length !== 2 || shown[1] !== '/registry/other=other') {
    await sleep(20)
    shown = await watching.list('').then(show, () => [])
  }
  assert.deepEqual(shown, ['/registry/kept=kept', '/registry/other=other'])
})
