import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeRing, mayLookNow, noteCommit, noteTold, noteWritten } from './batch-ring.ts'
import { WrittenBatches } from './written-batches.ts'

/** Just told of a batch that took the disk 0.1 ms. */
function watched() {
  const ring = makeRing()
  const told: number[] = []
  const time = { ms: 100 }
  const batches = new WrittenBatches(
    ring,
    count => told.push(count),
    () => time.ms,
  )
  noteWritten(ring, 1)
  noteCommit(ring, 0.1)
  batches.take()
  return { ring, told, batches, time }
}

/** Until the event loop has had so many turns. */
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise(resolve => setImmediate(resolve))
}

test('each batch is told once, up to the one that a message names', () => {
  const { ring, told, batches } = watched()
  assert.equal(noteWritten(ring, 3), true, 'nobody looks, so a message is needed')
  batches.take()
  batches.take()
  assert.deepEqual(told, [1, 3], 'a message that comes late says nothing new')
})

test('what was written behind an answer that comes as a message is told after it', async () => {
  const { ring, told, batches } = watched()
  const answer = (name: number) => () => void told.push(name)
  batches.lookOut(1)
  noteWritten(ring, 2)
  noteTold(ring)
  noteWritten(ring, 3)
  noteTold(ring)
  noteWritten(ring, 4)
  await turns(3)
  batches.take()
  assert.deepEqual(told, [1], 'nobody knows here what is before the messages')
  batches.takeMessage(3, answer(-1))
  assert.deepEqual(told, [1, 2, -1], 'another one has to come first')
  batches.takeMessage(6, answer(-2))
  assert.deepEqual(told, [1, 2, -1, 3, -2, 4])
  assert.equal(noteWritten(ring, 5), true, 'nobody looks any more, so a message comes')
  batches.take()
  assert.equal(told.at(-1), 5)
})

test('who comes back soon after an answer gets the next one without a message', async () => {
  const { ring, told, batches, time } = watched()
  time.ms += 0.4
  batches.lookOut(1)
  batches.lookOut(1)
  await turns(5)
  assert.equal(noteWritten(ring, 1), false)
  await turns(3)
  assert.deepEqual(told, [1, 1])
  assert.equal(noteWritten(ring, 1), true, 'what it looked for has come')
})

test('an answer that takes long needs a message again', async () => {
  const { ring, told, batches, time } = watched()
  batches.lookOut(1)
  time.ms += 1.3
  await turns(3)
  assert.equal(noteWritten(ring, 1), true)
  assert.deepEqual(told, [1], 'nobody looks any more')
  batches.take()
  batches.lookOut(1)
  assert.equal(noteWritten(ring, 1), false, 'the next may come sooner')
  await turns(3)
  assert.deepEqual(told, [1, 1, 1])
})

test('where looking makes it slower, neither thread does', async () => {
  const { ring, told, batches, time } = watched()
  // Both ways in turn.
  for (let i = 0; i < 128; i++) {
    batches.lookOut(1)
    const isLooking = mayLookNow(ring)
    assert.equal(isLooking, i < 32 || i >= 96)
    time.ms += isLooking ? 0.45 : 0.3
    assert.equal(noteWritten(ring, 1), !isLooking)
    if (isLooking) await turns(2)
    else batches.take()
  }
  assert.equal(told.length, 129)
  batches.lookOut(1)
  assert.equal(mayLookNow(ring), false, 'the other thread neither')
  assert.equal(noteWritten(ring, 1), true)
})

test('nobody looks out at rest', () => {
  const { ring, batches, time } = watched()
  time.ms += 0.6
  batches.lookOut(1)
  assert.equal(noteWritten(ring, 1), true, 'the last answer was long ago')
  assert.equal(mayLookNow(ring), false, 'and the other thread would wait in vain for the next')
  batches.take()
  batches.lookOut(1)
  assert.equal(mayLookNow(ring), true)
  noteWritten(ring, 1)
})

test('nobody looks out over a slow disk', async () => {
  const { ring, batches } = watched()
  /** Whether the last of so many such commits is looked out for. */
  const isAwaited = async (commitMs: number, count: number) => {
    let needsMessage = true
    for (let i = 0; i < count; i++) {
      noteCommit(ring, commitMs)
      batches.lookOut(1)
      needsMessage = noteWritten(ring, 1)
      if (needsMessage) batches.take()
      else await turns(3)
    }
    return !needsMessage
  }
  assert.equal(await isAwaited(3, 1), true, 'one commit says little')
  assert.equal(await isAwaited(3, 40), false)
  assert.equal(await isAwaited(0.1, 6), true, 'it has become quick again')
})
