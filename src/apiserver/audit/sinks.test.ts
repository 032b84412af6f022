import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { TestClock, testRandom } from '../testing.ts'
import { type AuditEvent, eventJson, sizeOf } from './event.ts'
import { logDelivery } from './log-delivery.ts'
import { type BatchOptions, BatchSink, blockingSink } from './sinks.ts'
import { eventOf, heldDelivery } from './testing.ts'
import { inSmallBatches, truncating } from './truncate.ts'
import { webhookDelivery } from './webhook-delivery.ts'

const event = (auditId: string) => eventOf({ auditId })
const troubles = () => {
  const told: string[] = []
  const trouble = (plugin: string, why: string, events: number) =>
    void told.push(`${plugin}: ${why} (${events})`)
  return { told, trouble }
}

function batching(options: Partial<BatchOptions>) {
  const held = heldDelivery()
  const clock = new TestClock()
  const { told, trouble } = troubles()
  const all = { bufferSize: 100, maximumSize: 2, maximumWaitMs: 1000, inFlight: 2, ...options }
  const sink = new BatchSink(held.delivery, all, { clock, trouble })
  const send = (...ids: string[]) => {
    for (const id of ids) assert.equal(sink.process([event(id)]), true)
  }
  return { ...held, clock, told, sink, send }
}

test('a batch goes when it is full, or when it has waited', async () => {
  const { batches, clock, send } = batching({})
  send('a', 'b', 'c')
  assert.deepEqual(batches, [['a', 'b']])
  await turn()
  clock.advance(999)
  assert.deepEqual(batches, [['a', 'b']])
  clock.advance(1)
  assert.deepEqual(batches, [['a', 'b'], ['c']])
})

test('a slow end fills the queue; what comes beyond is lost and counted, and no request waits', async () => {
  const { batches, told, send, state, release } = batching({ bufferSize: 3, inFlight: 1 })
  state.isHeld = true
  send('a', 'b', 'c', 'd', 'e', 'f', 'g')
  assert.deepEqual(batches, [['a', 'b']])
  assert.deepEqual(told, [
    'buffered: audit buffer queue blocked (1)',
    'buffered: audit buffer queue blocked (1)',
  ])
  release()
  await turn()
  assert.deepEqual(batches[1], ['c', 'd'])
})

test('batches a second are limited, after a burst', async () => {
  const throttle = { perSecond: 2, burst: 2 }
  const { batches, clock, send } = batching({ maximumSize: 1, inFlight: 9, throttle })
  send('a', 'b', 'c', 'd')
  assert.deepEqual(batches, [['a'], ['b']])
  clock.advance(499)
  assert.equal(batches.length, 2)
  clock.advance(1)
  assert.equal(batches.length, 3)
  clock.advance(500)
  assert.deepEqual(batches.flat(), ['a', 'b', 'c', 'd'])
})

test('what fails is counted, and the next batch goes all the same', async () => {
  const { batches, told, send, state } = batching({ inFlight: 1 })
  state.fail = 'no route'
  send('a', 'b')
  await turn()
  state.fail = ''
  send('c', 'd')
  await turn()
  assert.deepEqual(told, ['held: no route (2)'])
  assert.deepEqual(batches, [
    ['a', 'b'],
    ['c', 'd'],
  ])
})

test('an end delivers what waits, and takes nothing more', async () => {
  const { batches, told, send, sink, state } = batching({ maximumSize: 9 })
  send('a', 'b')
  await sink.close()
  assert.deepEqual(batches, [['a', 'b']])
  assert.ok(state.isClosed)
  send('c')
  assert.deepEqual(told, ['buffered: audit backend shut down (1)'])
})

test('an end does not wait for ever', async () => {
  const { send, sink, state, clock } = batching({})
  state.isHeld = true
  send('a', 'b')
  const closing = sink.close()
  clock.advance(10_000)
  await closing
  assert.ok(state.isClosed)
})

test('where requests wait, only a strict log refuses them', async () => {
  const { delivery, state } = heldDelivery()
  const { told, trouble } = troubles()
  state.fail = 'disk full'
  assert.equal(await blockingSink(delivery, trouble, false).process([event('a')]), true)
  assert.equal(await blockingSink(delivery, trouble, true).process([event('a')]), false)
  assert.deepEqual(told, ['held: disk full (1)', 'held: disk full (1)'])
  state.fail = ''
  assert.equal(await blockingSink(delivery, trouble, true).process([event('a')]), true)
})

test('large events lose their bodies, or are lost', () => {
  const kept: AuditEvent[] = []
  const { told, trouble } = troubles()
  const inner = {
    process: (events: readonly AuditEvent[]) => kept.push(...events) > 0,
    close: async () => {},
  }
  const limits = { maximumEventBytes: 1000, maximumBatchBytes: 2000 }
  const sink = truncating(inner, limits, trouble)
  const body = [Buffer.from(`"${'x'.repeat(2000)}"`)]
  sink.process([event('small')])
  sink.process([eventOf({ auditId: 'large', requestObject: body, responseObject: body })])
  sink.process([eventOf({ requestUri: `/${'x'.repeat(2000)}` })])
  assert.deepEqual(
    kept.map(({ auditId }) => auditId),
    ['small', 'large'],
  )
  const [, cut] = kept
  assert.equal(cut?.requestObject, undefined)
  assert.equal(cut?.responseObject, undefined)
  assert.equal(cut?.annotations?.get('audit.k8s.io/truncated'), 'true')
  assert.deepEqual(told, ['truncate: event is too large even after truncating (1)'])
})

test('batches that are too large together are split', async () => {
  const { delivery, batches } = heldDelivery()
  const size = sizeOf(eventJson(event('a')))
  const small = inSmallBatches(delivery, {
    maximumEventBytes: size,
    maximumBatchBytes: 2 * size + 1,
  })
  await small.deliver([event('a'), event('b'), event('c')])
  assert.deepEqual(batches, [['a', 'b'], ['c']])
})

test('each event is a line', async () => {
  const written: string[] = []
  const writer = {
    write: async (pieces: readonly Uint8Array[]) =>
      void written.push(Buffer.concat(pieces).toString()),
    close: async () => {},
  }
  await logDelivery(writer, 'json').deliver([event('a'), event('b')])
  const lines = written.join('').split('\n')
  assert.equal(lines.pop(), '')
  assert.deepEqual(
    lines.map(line => JSON.parse(line).auditID),
    ['a', 'b'],
  )
  await logDelivery(writer, 'legacy').deliver([event('c')])
  assert.match(written.at(-1) ?? '', / AUDIT: id="c" .*\n$/)
})

test('a webhook gets a list, and is asked again five times at most', async () => {
  const clock = new TestClock()
  const bodies: string[] = []
  const state = { status: 500 }
  const post = async (_: string, body: Uint8Array) => {
    bodies.push(Buffer.from(body).toString())
    return { status: state.status, headers: {}, body: new Uint8Array() }
  }
  const target = { url: 'https://keeper', post, close() {} }
  const options = { clock, random: testRandom(), initialBackoffMs: 100 }
  const delivery = webhookDelivery(target, options)
  const failing = delivery.deliver([event('a'), event('b')])
  const failed = assert.rejects(failing, /the webhook answered with 500/)
  for (let i = 0; i < 10; i++) {
    await turn()
    clock.advance(1000)
  }
  await failed
  assert.equal(bodies.length, 5)
  const list = JSON.parse(bodies[0] ?? '')
  assert.equal(list.kind, 'EventList')
  assert.equal(list.apiVersion, 'audit.k8s.io/v1')
  assert.deepEqual(
    list.items.map(({ auditID }: { auditID: string }) => auditID),
    ['a', 'b'],
  )
  state.status = 200
  await delivery.deliver([event('c')])
  assert.equal(bodies.length, 6)
})
