import assert from 'node:assert/strict'
import { test } from 'node:test'
import { iterableEvents } from './iterable-events.ts'
import type { EventSource } from './transport.ts'

type Sink = Parameters<EventSource<number>['subscribe']>[0]

function planted() {
  const seen: { cancelled: number; sink?: Sink } = { cancelled: 0 }
  const source: EventSource<number> = {
    subscribe(sink) {
      seen.sink = sink
      return () => seen.cancelled++
    },
  }
  return { seen, events: iterableEvents(source) }
}

test('a loop gets events in their order, those too that came before the end, and its error', async () => {
  const { seen, events } = planted()
  const got: number[] = []
  const loop = (async () => {
    for await (const event of events) got.push(event)
  })()
  assert.ok(seen.sink)
  seen.sink.next(1)
  seen.sink.next(2)
  seen.sink.end(new Error('gone'))
  await assert.rejects(loop, /gone/)
  assert.deepEqual(got, [1, 2])
})

test('nothing flows before it is asked for, and leaving the loop ends the flow', async () => {
  const { seen, events } = planted()
  assert.ok(!('sink' in seen))
  const loop = (async () => {
    for await (const event of events) if (event === 2) return event
  })()
  for (const event of [1, 2, 3]) seen.sink?.next(event)
  assert.equal(await loop, 2)
  assert.equal(seen.cancelled, 1)
  assert.equal(seen.sink?.next(4), undefined)
})

test('an end without an error ends the loop', async () => {
  const { seen, events } = planted()
  const loop = (async () => {
    const got: number[] = []
    for await (const event of events) got.push(event)
    return got
  })()
  seen.sink?.next(1)
  seen.sink?.end()
  assert.deepEqual(await loop, [1])
})

test('a source that can wait is held back, and one that can not is ended in the end', async () => {
  const { seen, events } = planted()
  const iterator = events[Symbol.asyncIterator]()
  const first = iterator.next()
  let held = seen.sink?.next(0)
  let count = 1
  while (!held) held = seen.sink?.next(count++)
  assert.equal(count, 100)
  await first
  await iterator.next()
  await held
  while (seen.cancelled === 0) void seen.sink?.next(count++)
  assert.ok(count <= 10_010)
  await assert.rejects(async () => {
    for (;;) if ((await iterator.next()).done) return
  }, /10000 events of a watch wait/)
})
