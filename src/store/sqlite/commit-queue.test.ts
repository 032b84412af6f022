import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CommitFailedError } from '../store.ts'
import { decode } from '../testing/recorder.ts'
import { type CommitQueue, MAX_WAITING_BYTES, MAX_WAITING_COMMITS } from './commit-queue.ts'
import { IDS_PER_REVISION } from './messages.ts'
import { queueInHand } from './testing.ts'

const turn = () => new Promise(resolve => setImmediate(resolve))
const DONE = { count: 1 }
const FULL = { count: 1, message: 'database or disk is full' }

test('nothing is visible or acknowledged before it is durable', async () => {
  const { state, queue, sent, published, put, flush } = queueInHand()
  const first = put('/a', '1')
  flush()
  const second = put('/a', '2', 1)
  await turn()
  assert.deepEqual([state.revision, published, first, second], [0, [], {}, {}])
  assert.equal(decode(queue.latest('/a')?.value), '2')
  queue.settle(DONE)
  await turn()
  assert.deepEqual([state.revision, published, first.result?.ok], [1, [1], true])
  assert.equal(decode(state.get('/a')?.value), '1')
  assert.deepEqual(second, {})
  flush()
  queue.settle(DONE)
  await turn()
  assert.deepEqual([state.revision, published, second.result?.ok], [2, [1, 2], true])
  assert.deepEqual(
    sent.map(batch => [batch.revision, batch.keys]),
    [
      [1, '/a'],
      [2, '/a'],
    ],
  )
})

test('only a writer who is alone need not wait for others of its turn', async () => {
  const { lone, queue, put, flush } = queueInHand()
  put('/a', '1')
  flush()
  put('/b', '1')
  flush()
  queue.settle({ count: 2 })
  put('/a', '2')
  flush()
  queue.settle(DONE)
  put('/a', '3')
  assert.deepEqual(lone, [true, false, false, true], 'nobody yet; one flies; two came; one came')
})

test('when the disk becomes slow, what comes may be joined with what is there', async () => {
  const disk = { commitMs: 0.2 }
  const { sent, queue, put, flush, time } = queueInHand(disk)
  const write = (count: number) => {
    for (let i = 0; i < count; i++) {
      put(`/${i}`, 'x')
      time.ms += 0.01
    }
    flush()
  }
  write(100)
  queue.settle({ count: sent.length })
  write(100)
  assert.deepEqual(
    sent.slice(4).map(batch => [batch.rows, batch.isLast]),
    [
      [32, false],
      [18, true],
      [32, false],
      [18, true],
    ],
  )
  disk.commitMs = 50
  queue.settle({ count: 2 })
  write(50)
  assert.deepEqual(
    sent.slice(8).map(batch => [batch.rows, batch.isFollowed, batch.isLast]),
    [
      [32, true, false],
      [18, false, false],
    ],
  )
})

test('what is told to be followed is followed, also when nothing is left to send', async () => {
  const { sent, queue, put, flush } = queueInHand()
  for (let i = 0; i < 64; i++) put(`/${i}`, 'x')
  flush()
  const shape = () => sent.map(batch => [batch.rows, batch.isFollowed, batch.epoch])
  const whole = [
    [32, true, 0],
    [32, true, 0],
    [0, false, 0],
  ]
  assert.deepEqual(shape(), whole)
  queue.settle({ count: 3 })
  // A failure of what was sent before comes amid a turn.
  put('/first', 'x')
  flush()
  for (let i = 0; i < 40; i++) put(`/${i}`, 'y')
  queue.settle(FULL)
  flush()
  assert.deepEqual(shape().slice(3), [
    [1, false, 0],
    [32, true, 0],
    [0, false, 1],
  ])
  queue.settle(FULL)
  queue.settle(DONE)
  assert.equal(await queue.idle(), undefined)
})

for (const [what, answer] of [
  ['was written as one that is full', (queue: CommitQueue) => queue.settle({ count: 2 })],
  ['failed', (queue: CommitQueue) => queue.settle({ ...FULL, count: 2 })],
  ['died with its writer', (queue: CommitQueue) => queue.stop('the writer died', true)],
] as const)
  test(`a batch to be followed that ${what} before the turn is over needs no follower`, async () => {
    const { sent, queue, put, flush } = queueInHand()
    put('/first', 'x')
    flush()
    for (let i = 0; i < 32; i++) put(`/${i}`, 'x')
    assert.deepEqual(
      sent.map(batch => [batch.rows, batch.isFollowed]),
      [
        [1, false],
        [32, true],
      ],
    )
    answer(queue)
    flush()
    await turn()
    assert.equal(sent.length, 2)
    assert.ok(queue.isIdle)
  })

test('a failure takes along what was sent before it was known, once', async () => {
  const { state, queue, sent, put, flush } = queueInHand()
  const writes = ['/a', '/b', '/c'].map(key => {
    const write = put(key, 'lost')
    flush()
    return write
  })
  queue.settle(FULL)
  const next = put('/d', 'kept')
  flush()
  await turn()
  for (const { error } of writes) assert.match(String(error), /disk is full/)
  assert.deepEqual(
    sent.map(batch => batch.epoch),
    [0, 0, 0, 1],
  )
  // The writer refuses the two that it found behind the first.
  queue.settle(FULL)
  queue.settle(FULL)
  await turn()
  assert.deepEqual(next, {}, 'what came after is not concerned')
  queue.settle(DONE)
  await turn()
  assert.ok(next.result?.ok)
  assert.deepEqual(
    state.list('').entries.map(({ key }) => key),
    ['/d'],
  )
  // And once more, with a batch of the new epoch in between.
  put('/e', 'x')
  flush()
  queue.settle(FULL)
  put('/f', 'x')
  flush()
  assert.equal(sent.at(-1)?.epoch, 2)
})

test('what is under way counts as waiting', async () => {
  const { put, flush } = queueInHand()
  for (let i = 0; i < MAX_WAITING_COMMITS; i++) put(`/${i}`, 'x')
  flush()
  const refused = put('/a', 'x')
  await turn()
  assert.match(String(refused.error), /too many commits wait/)
})

test('a conflict with something that is not durable waits, and fails with it', async () => {
  const { queue, put, flush } = queueInHand()
  put('/a', '1')
  flush()
  const early = put('/a', '2', 0)
  const independent = put('/b', 'x', 9)
  await turn()
  assert.deepEqual(early, {}, 'its answer would show a value that may never be')
  assert.equal(independent.result?.ok, false)
  queue.settle(FULL)
  await turn()
  assert.ok(early.error instanceof CommitFailedError)

  put('/a', '3')
  flush()
  const late = put('/a', '4', 0)
  queue.settle(DONE)
  flush()
  await turn()
  assert.equal(late.result?.ok, false)
})

test('a failed batch takes along what was judged on top, and the queue goes on', async () => {
  const { state, queue, sent, published, put, flush } = queueInHand()
  put('/a', 'kept')
  flush()
  queue.settle(DONE)
  const failing = put('/a', 'lost', 1)
  flush()
  const onTop = put('/a', 'lost too', 2)
  const beside = put('/b', 'lost as well')
  queue.settle(FULL)
  await turn()
  for (const { error } of [failing, onTop, beside]) {
    assert.ok(error instanceof CommitFailedError)
    assert.match(error.message, /disk is full/)
  }
  assert.deepEqual([state.revision, published], [1, [1]])
  assert.equal(decode(queue.latest('/a')?.value), 'kept')
  assert.equal(queue.latest('/b'), undefined)

  const again = put('/a', 'new', 1)
  flush()
  queue.settle(DONE)
  await turn()
  assert.ok(again.result?.ok)
  // Revisions 2 to 4 were given out before, so they are not given out again.
  assert.deepEqual([state.revision, sent.at(-1)?.revision], [5, 5])
})

test('more than the queue may hold is refused at once', async () => {
  const { put, flush } = queueInHand()
  put('/first', 'x')
  flush()
  for (let i = 0; i < MAX_WAITING_COMMITS; i++) put('/a', 'x')
  const refused = put('/a', 'x')
  await turn()
  assert.match(String(refused.error), /CommitFailedError: the disk is too slow/)

  const bytes = queueInHand()
  bytes.put('/first', 'x')
  bytes.flush()
  const value = 'x'.repeat(8 * 1024 * 1024)
  for (let held = 0; held < MAX_WAITING_BYTES; held += value.length) bytes.put('/a', value)
  const tooMuch = bytes.put('/a', 'x')
  await turn()
  assert.ok(tooMuch.error instanceof CommitFailedError)
})

test('history leaves the disk beside commits, and alone after a failure only when asked', async () => {
  const { state, queue, sent, put, flush } = queueInHand()
  for (const value of ['1', '2', '3']) {
    put('/a', value)
    flush()
    queue.settle(DONE)
  }
  queue.forget(state.compact(2), 2)
  queue.forgetRest()
  put('/a', '4')
  flush()
  const batch = sent.at(-1)
  assert.deepEqual(
    [batch?.compacted, batch?.rows, batch?.forgotten, batch?.keys],
    [2, 1, 1, '/a/a'],
  )
  assert.deepEqual(
    [...(batch?.numbers ?? [])],
    [-4 * IDS_PER_REVISION, 1, 0, 2, 1, 1, 2],
    'the change: id, as it begins a pack, created, time, lengths; then the row that goes: revision, length',
  )
  queue.settle(FULL)
  put('/a', '5')
  flush()
  assert.deepEqual([sent.at(-1)?.compacted, sent.at(-1)?.forgotten], [undefined, 0])
  queue.settle(FULL)
  flush()
  assert.equal(sent.length, 5)
  queue.forgetRest()
  flush()
  assert.deepEqual([sent.at(-1)?.compacted, sent.at(-1)?.rows, sent.at(-1)?.keys], [2, 0, '/a'])
  queue.settle(DONE)
  assert.equal(await queue.idle(), undefined)
})

test('a broken writer fails what is under way and all that comes', async () => {
  const { state, queue, put, flush } = queueInHand()
  const flying = put('/a', '1')
  flush()
  const waiting = put('/b', '2')
  queue.stop('the store writer ended', true)
  const late = put('/c', '3')
  flush()
  await queue.idle()
  await turn()
  for (const { error } of [flying, waiting, late]) assert.match(String(error), /writer ended/)
  assert.equal(state.revision, 0)
})
