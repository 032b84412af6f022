/** How commits become batches, and batches transactions. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { queueInHand } from './testing.ts'

const turn = () => new Promise(resolve => setImmediate(resolve))
const DONE = { count: 1 }

test('what comes in one turn is a batch, and goes to the writer while it is busy', async () => {
  const { state, sent, queue, put, flush, published } = queueInHand()
  put('/first', 'x')
  flush()
  for (let i = 0; i < 50; i++) put(`/${i}`, 'x')
  flush()
  const last = put('/last', 'x')
  flush()
  assert.deepEqual(
    sent.map(batch => [batch.rows, batch.revision, batch.isFollowed]),
    [
      [1, 1, false],
      [32, 33, true],
      [18, 51, false],
      [1, 52, false],
    ],
    'the beginning goes before the turn is over, and says that more comes',
  )
  queue.settle({ count: 3 })
  await turn()
  assert.deepEqual([state.revision, published.length, last], [51, 51, {}])
  queue.settle(DONE)
  await turn()
  assert.ok(last.result?.ok)
})

/** The batches of so many writers who all come back in the turn of their answer, each after 0.01 ms, in which the disk answers `rounds` times. */
async function steadyLoad(disk: { commitMs: number }, rounds: number) {
  const { sent, queue, put, flush, time } = queueInHand(disk)
  const write = (count: number) => {
    for (let i = 0; i < count; i++) {
      put(`/${i}`, 'x')
      time.ms += 0.01
    }
    flush()
  }
  write(128)
  const shapes: (readonly (readonly [rows: number, flag: string])[])[] = []
  for (let answered = 0; answered < sent.length && shapes.length < rounds; ) {
    // The writer answers a transaction: up to a batch that ends one, or all that there is.
    const flying = sent.slice(answered)
    const end = flying.findIndex(batch => batch.isLast)
    const batches = end < 0 ? flying : flying.slice(0, end + 1)
    answered += batches.length
    const before = sent.length
    queue.settle({ count: batches.length })
    await turn()
    write(batches.reduce((sum, { rows }) => sum + rows, 0))
    shapes.push(
      sent
        .slice(before)
        .map(({ rows, isFollowed, isLast }) => [
          rows,
          isFollowed ? 'followed' : isLast ? 'last' : 'open',
        ]),
    )
  }
  return shapes
}

test('a turn that takes longer than the disk is cut in two, so that one half is written while the other is made', async () => {
  const half = [
    [32, 'followed'],
    [32, 'last'],
  ]
  assert.deepEqual(await steadyLoad({ commitMs: 0.2 }, 4), [[...half, ...half], half, half, half])
})

test('a slow disk, or one that nobody knows, is asked once for all', async () => {
  const together = [
    [32, 'followed'],
    [32, 'followed'],
    [32, 'followed'],
    [32, 'open'],
  ]
  assert.deepEqual(await steadyLoad({ commitMs: 20 }, 2), [together, together])
  assert.deepEqual(await steadyLoad({ commitMs: 0 }, 2), [together, together])
})

test('once all are back that waited when the disk last answered, the writer need not wait for the end of their turn', async () => {
  const { sent, queue, put, flush } = queueInHand()
  const shapeOf = async (writers: number) => {
    sent.length = 0
    for (let i = 0; i < writers; i++) put(`/${i}`, 'x')
    const amid = sent.map(({ rows, isFollowed }) => [rows, isFollowed])
    flush()
    const behind = sent.slice(amid.length).map(({ rows, isFollowed }) => [rows, isFollowed])
    queue.settle({ count: sent.length })
    await turn()
    return { amid, behind }
  }
  assert.deepEqual(
    await shapeOf(20),
    { amid: [], behind: [[20, false]] },
    'nobody knows of how many',
  )
  assert.deepEqual(await shapeOf(20), { amid: [[20, false]], behind: [] })
  assert.deepEqual(await shapeOf(22), { amid: [[20, false]], behind: [[2, false]] }, 'two more')
  assert.deepEqual(await shapeOf(21), { amid: [], behind: [[21, false]] }, 'one is missing')
  assert.deepEqual(await shapeOf(3), { amid: [], behind: [[3, false]] })
  assert.deepEqual(await shapeOf(3), { amid: [], behind: [[3, false]] }, 'few cost nobody a turn')
})

test('where the writer is awake, a quarter of a crowd goes to it at once', async () => {
  const disk = { commitMs: 5, isAwake: true }
  const shapeOf = async (writers: number) => {
    const { sent, queue, put, flush } = queueInHand(disk)
    for (const _ of [1, 2]) {
      for (let i = 0; i < writers; i++) put(`/${i}`, 'x')
      flush()
      queue.settle({ count: sent.length })
      await turn()
      if (_ === 1) sent.length = 0
    }
    return sent.map(({ rows }) => rows)
  }
  assert.deepEqual(await shapeOf(16), [4, 4, 4, 4])
  assert.deepEqual(await shapeOf(3), [3])
  assert.deepEqual(await shapeOf(100), [25, 25, 25, 25])
  disk.isAwake = false
  assert.deepEqual(await shapeOf(16), [16])
})
