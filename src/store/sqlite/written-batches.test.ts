import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeRing, noteCommit, noteWritten } from './batch-ring.ts'
import { WrittenBatches } from './written-batches.ts'

function watched() {
  const ring = makeRing()
  const told: number[] = []
  const batches = new WrittenBatches(ring, count => told.push(count))
  return { ring, told, batches }
}

/** Until the event loop has had so many turns. */
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise(resolve => setImmediate(resolve))
}

/** Longer than anybody looks out. */
const later = () => new Promise(resolve => setTimeout(resolve, 5))

test('each batch is told once, up to the one that a message names', () => {
  const { ring, told, batches } = watched()
  assert.equal(noteWritten(ring, 1), true, 'nobody looks, so a message is needed')
  noteWritten(ring, 2)
  batches.take(2)
  assert.deepEqual(told, [2])
  batches.take()
  batches.take(1)
  batches.take()
  assert.deepEqual(told, [2, 1], 'a message that comes late says nothing new')
})

test('who comes back soon after an answer gets the next one without a message', async () => {
  const { ring, told, batches } = watched()
  noteWritten(ring, 1)
  batches.take()
  noteCommit(ring, 0.1)
  batches.lookOut()
  batches.lookOut()
  assert.equal(noteWritten(ring, 1), false)
  await turns(3)
  assert.deepEqual(told, [1, 1])
  assert.equal(noteWritten(ring, 1), true, 'what it looked for has come')
})

test('an answer that takes long needs a message again', async () => {
  const { ring, told, batches } = watched()
  noteWritten(ring, 1)
  batches.take()
  batches.lookOut()
  await later()
  assert.equal(noteWritten(ring, 1), true)
  await later()
  assert.deepEqual(told, [1], 'nobody looks any more')
  batches.take()
  assert.deepEqual(told, [1, 1])
})

test('nobody looks out at rest, or over a slow disk', async () => {
  const { ring, batches } = watched()
  batches.lookOut()
  assert.equal(noteWritten(ring, 1), true, 'before the first answer')
  batches.take()
  noteCommit(ring, 3)
  batches.lookOut()
  assert.equal(noteWritten(ring, 1), true, 'the disk is slow')
  batches.take()
  noteCommit(ring, 0.1)
  await later()
  batches.lookOut()
  assert.equal(noteWritten(ring, 1), true, 'the last answer was long ago')
})
