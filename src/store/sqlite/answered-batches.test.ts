import assert from 'node:assert/strict'
import { test } from 'node:test'
import { queueInHand } from './testing.ts'

const turn = () => new Promise(resolve => setImmediate(resolve))
const FULL = { count: 1, message: 'database or disk is full' }

/** Batches of a commit each, on their way to the disk. */
function flying(keys: readonly string[]) {
  const hand = queueInHand()
  const writes = keys.map(key => {
    const write = hand.put(key, 'x')
    hand.flush()
    return write
  })
  return { ...hand, writes }
}

test('whom the first of several batches woke goes on before the next is shown', async () => {
  const { queue, state, published, flush } = queueInHand()
  const woken: number[] = []
  for (const key of ['/a', '/b', '/c']) {
    queue.add([{ key, value: new Uint8Array(1) }], 0).then(() => woken.push(state.revision))
    flush()
  }
  queue.settle({ count: 3 })
  assert.deepEqual([published, queue.isIdle], [[1], false])
  await turn()
  assert.deepEqual([published, woken, queue.isIdle], [[1, 2, 3], [1, 2, 3], true])
})

test('a writer that was woken by the first batch is judged on top of those that are not shown yet', async () => {
  const { queue, put, writes } = flying(['/a', '/b'])
  const first = writes[0]
  let seen: unknown
  const settled = turn()
  queue.settle({ count: 2 })
  // As a client that is woken by its own answer: amid the two.
  queueMicrotask(() => {
    seen = queue.latest('/b')?.modRevision
    put('/b', 'y', 1)
  })
  await settled
  assert.ok(first?.result?.ok)
  assert.equal(seen, 2)
})

test('a failure that is told right behind what was written concerns only what it is about', async () => {
  const { queue, state, published, writes } = flying(['/a', '/b', '/c'])
  queue.settle({ count: 2 })
  queue.settle(FULL)
  await turn()
  assert.deepEqual(published, [1, 2])
  assert.deepEqual(
    writes.map(({ result, error }) => [result?.ok, error === undefined]),
    [
      [true, true],
      [true, true],
      [undefined, false],
    ],
  )
  assert.equal(state.revision, 2)
})

test('a writer that dies takes nothing along that was written', async () => {
  const { queue, published, writes } = flying(['/a', '/b', '/c'])
  queue.settle({ count: 2 })
  queue.stop('the writer died', true)
  await queue.idle()
  await turn()
  assert.deepEqual(published, [1, 2])
  assert.deepEqual(
    writes.map(({ error }) => error === undefined),
    [true, true, false],
  )
})

test('history whose removal was answered but not shown is not removed twice', async () => {
  const { queue, sent, published, put, flush } = queueInHand()
  const commit = (revision: number) => ({ revision, timeMs: 0, events: [] })
  put('/a', 'x')
  flush()
  put('/b', 'x')
  queue.forget([commit(1)], 1)
  queue.forgetRest()
  flush()
  assert.deepEqual(
    sent.map(batch => batch.compacted),
    [undefined, 1],
  )
  queue.settle({ count: 2 })
  queue.forget([commit(2)], 2)
  queue.forgetRest()
  put('/c', 'x')
  flush()
  assert.equal(sent.at(-1)?.compacted, undefined, 'one at a time')
  await turn()
  flush()
  assert.deepEqual(published, [1, 2])
  assert.deepEqual(
    sent.slice(2).map(batch => batch.compacted),
    [undefined, 2],
  )
})

test('history goes with the first batch of a transaction, before its rows are added', () => {
  const { queue, sent, put, flush } = queueInHand()
  queue.forget([{ revision: 1, timeMs: 0, events: [] }], 1)
  queue.forgetRest()
  for (let i = 0; i < 40; i++) put(`/${i}`, 'x')
  flush()
  assert.deepEqual(
    sent.map(({ compacted, isFollowed, rows }) => [compacted, isFollowed, rows]),
    [
      [1, true, 32],
      [undefined, false, 8],
    ],
  )
})

test('a commit of many changes takes as much of history along as many commits', () => {
  const { queue, sent, flush } = queueInHand()
  const entry = (modRevision: number) => ({
    key: '/a',
    value: new Uint8Array(),
    createRevision: 1,
    modRevision,
  })
  const dropped = Array.from({ length: 600 }, (_, i) => {
    const revision = i + 2
    const event = { type: 'put', revision, entry: entry(revision), previous: entry(i + 1) } as const
    return { revision, timeMs: 0, events: [event] }
  })
  queue.forget(dropped, 601)
  const changes = Array.from({ length: 200 }, (_, i) => ({
    key: `/${i}`,
    value: new Uint8Array(1),
  }))
  queue.add(changes, 0)
  flush()
  assert.deepEqual([sent[0]?.rows, sent[0]?.forgotten], [200, 500])
})

test('an answer that depends on what is not shown yet waits for that', async () => {
  const { queue, flush } = flying(['/a', '/b'])
  const shown: string[] = []
  queue.settle({ count: 2 })
  const conflict = queue.add([{ key: '/b', expected: 7, value: null }], 0)
  flush()
  conflict.then(result => shown.push(`conflict with ${result.ok || result.current?.modRevision}`))
  assert.equal(queue.isIdle, false)
  await turn()
  // It went to the writer as others do, behind what it depends on.
  assert.deepEqual(shown, [])
  queue.settle({ count: 1 })
  await turn()
  assert.deepEqual(shown, ['conflict with 2'])
})
