import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { test } from 'node:test'
import type { EventSource } from '../transport.ts'
import { sendAnswer } from './answer.ts'
import { DEFAULT_LIMITS, FULL_BYTES } from './limits.ts'
import { outgoingOf, type Wire } from './wire.ts'

const options = {
  limits: DEFAULT_LIMITS,
  clock: { now: () => 0, monotonicMs: () => 0, after: () => () => {} },
  endless: () => () => {},
}

/** A wire that notes what reaches the network together. */
function notingWire() {
  const writes: string[][] = []
  const outgoing = new Writable({
    write(chunk, _encoding, done) {
      writes.push([String(chunk)])
      done()
    },
    writev(chunks, done) {
      writes.push(chunks.map(({ chunk }) => String(chunk)))
      done()
    },
  })
  const wire: Wire = {
    method: 'GET',
    path: '/',
    headers: {},
    peer: {},
    incoming: undefined,
    outgoing: outgoingOf(outgoing),
    begin() {},
    reset: () => void outgoing.destroy(),
    retire() {},
  }
  return { wire, writes, outgoing }
}

/** A stream that is told by hand. */
function toldByHand() {
  let sink: Parameters<EventSource<Uint8Array>['subscribe']>[0] | undefined
  const stream: EventSource<Uint8Array> = {
    subscribe(given) {
      sink = given
      return () => {}
    },
  }
  return {
    body: { kind: 'stream', stream } as const,
    tell: (text: string) => void sink?.next(Buffer.from(text)),
    end: () => sink?.end(),
  }
}

test('events of one turn go out together, those of the next by themselves', async () => {
  const { wire, writes, outgoing } = notingWire()
  const { body, tell, end } = toldByHand()
  await sendAnswer(wire, { status: 200, headers: {}, body }, options)
  for (const event of ['a', 'b', 'c']) tell(event)
  await undefined
  tell('d')
  await undefined
  assert.deepEqual(writes, [['a', 'b', 'c'], ['d']])
  tell('e')
  end()
  await new Promise(resolve => outgoing.once('finish', resolve))
  assert.deepEqual(writes.at(-1), ['e'])
})

test('the chunks of a list go as they are, and no more of them than the client takes', async () => {
  const taken: Buffer[] = []
  const held: (() => void)[] = []
  const socket = new Writable({
    writev(chunks, done) {
      taken.push(...chunks.map(({ chunk }) => chunk as Buffer))
      held.push(done)
    },
  })
  const { wire } = notingWire()
  const chunks = Array.from({ length: 100 }, (_, at) => Buffer.alloc(10_000, at))
  const sent = sendAnswer(
    { ...wire, outgoing: outgoingOf(socket) },
    { status: 200, headers: {}, body: { kind: 'chunks', chunks } },
    options,
  )
  await new Promise(setImmediate)
  const first = taken.length
  assert.ok(first * 10_000 >= FULL_BYTES && first * 10_000 < FULL_BYTES + 20_000, `${first}`)
  while (taken.length < chunks.length || held.length > 0) {
    held.shift()?.()
    await new Promise(setImmediate)
  }
  await sent
  assert.ok(taken.every((chunk, at) => chunk.buffer === chunks[at]?.buffer))
  assert.equal(taken.length, chunks.length)
  assert.ok(socket.writableEnded)
})
