import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  isAwake,
  lastCommitMs,
  makeRing,
  noteCommit,
  Requests,
  RingInput,
  RingOutput,
  setAwake,
} from './batch-ring.ts'
import type { LooseBatch } from './messages.ts'

const encoder = new TextEncoder()

function batchOf(keys: readonly string[], values: readonly string[], compacted?: number) {
  const bytes = values.map(value => encoder.encode(value))
  const batch: LooseBatch = {
    type: 'write',
    epoch: 3,
    isFollowed: keys.length > 1,
    isLast: keys.length === 1,
    revision: 2 ** 40,
    compacted,
    numbers: keys.flatMap((key, i) => [i, 1, 2, key.length, bytes[i]?.length ?? -1]),
    rows: keys.length,
    forgotten: 0,
    leaving: 0,
    keys: keys.join(''),
    values: bytes,
    size: bytes.reduce((sum, value) => sum + value.length, 0),
  }
  return batch
}

function ends(words?: number) {
  const ring = makeRing(words)
  return { input: new RingInput(ring), output: new RingOutput(ring) }
}

const textOf = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes.slice())

test('a batch comes out as it was put in', () => {
  const { input, output } = ends()
  const batch = batchOf(['/a', '/bc'], ['one', 'three'], 7)
  assert.ok(input.put(0, batch))
  const taken = output.take(0)
  assert.ok(taken)
  const { numbers, bytes, ...rest } = taken
  const { numbers: expected, values: _, size: __, ...head } = batch
  assert.deepEqual(rest, head)
  assert.deepEqual([...numbers], expected)
  assert.equal(textOf(bytes), 'onethree')
  assert.equal(output.take(1), undefined)
})

test('what a batch removes comes out after what it adds', () => {
  const { input, output } = ends()
  const batch = batchOf(['/a'], ['one'], 7)
  const removes = [9, 2, 2 ** 40, 2 ** 32 - 1, 2 ** 41, 0]
  const numbers = [...batch.numbers, ...removes]
  assert.ok(input.put(0, { ...batch, numbers, keys: '/a/b', forgotten: 1, leaving: 2 }))
  const taken = output.take(0)
  assert.deepEqual([...(taken?.numbers ?? [])], numbers)
  assert.deepEqual([taken?.forgotten, taken?.leaving, taken?.keys], [1, 2, '/a/b'])
  assert.equal(textOf(taken?.bytes), 'one')
})

test('what a batch says of its transaction comes with it', () => {
  const { input, output } = ends()
  const flags = [true, false].flatMap(isFollowed =>
    [true, false].map(isLast => ({ isFollowed, isLast })),
  )
  flags.forEach((flag, i) => {
    assert.ok(input.put(i, { ...batchOf(['/a'], ['v']), ...flag }))
    const { isFollowed, isLast } = output.take(i) ?? {}
    assert.deepEqual({ isFollowed, isLast }, flag)
  })
})

test('the time of the last commit is there for both threads, however long it was', () => {
  const ring = makeRing()
  assert.equal(lastCommitMs(ring), 0)
  noteCommit(ring, 1.25)
  assert.equal(lastCommitMs(ring), 1.25)
  noteCommit(ring, 1e9)
  assert.ok(lastCommitMs(ring) > 2e6)
})

test('both threads see whether the writer is awake', () => {
  const ring = makeRing()
  assert.equal(isAwake(ring), false, 'it has not begun')
  setAwake(ring, true)
  assert.equal(isAwake(ring), true)
  setAwake(ring, false)
  assert.equal(isAwake(ring), false)
})

test('a request that is not in the ring leaves it alone', () => {
  const { input, output } = ends()
  assert.ok(input.put(1, batchOf(['/a'], ['x'])))
  assert.equal(output.take(0), undefined, 'it comes as a message')
  assert.equal(output.take(1)?.keys, '/a')
})

test('keys beyond ASCII are refused, however they are arranged', () => {
  const { input, output } = ends()
  for (const key of ['é', 'éa', 'aé', 'aaé', '/x/\u{1f600}', '/\ud800', 'aaaaaaaaé', '€', '€€a']) {
    assert.equal(input.put(0, batchOf([key], ['v'])), false, key)
  }
  assert.equal(output.take(0), undefined)
  assert.ok(input.put(0, batchOf(['/a'], ['v'])))
  assert.equal(textOf(output.take(0)?.bytes), 'v')
})

test('what does not fit is refused until what is before it was taken', () => {
  const { input, output } = ends(64)
  const batch = batchOf(['/a'], ['x'.repeat(100)])
  assert.equal(input.put(0, batchOf(['/a'], ['x'.repeat(1000)])), false)
  assert.deepEqual(
    [input.put(0, batch), input.put(1, batch), input.put(2, batch)],
    [true, true, false],
  )
  assert.ok(output.take(0))
  assert.equal(input.put(2, batch), false, 'it is still being read')
  assert.ok(output.take(1))
  assert.ok(input.put(2, batch), 'from the beginning again')
  assert.ok(output.take(2))
})

test('batches of any length go round and round in order', () => {
  const { input, output } = ends(256)
  const waiting: { request: number; keys: string; value: string }[] = []
  let request = 0
  let refused = 0
  for (let i = 0; i < 20_000; i++) {
    const value = String(i).padEnd((i * 37) % 700, '.')
    const keys = `/key-${i}`
    if (input.put(request, batchOf([keys], [value])))
      waiting.push({ request: request++, keys, value })
    else refused++
    if (i % 3 === 0) continue
    const oldest = waiting.shift()
    if (!oldest) continue
    const taken = output.take(oldest.request)
    assert.deepEqual([taken?.keys, textOf(taken?.bytes)], [oldest.keys, oldest.value])
  }
  assert.ok(refused > 100 && request > 10_000, `${refused} refused, ${request} put`)
})

test('positions that outgrow 32 bits make no difference', () => {
  const ring = makeRing(64)
  // As after 2^31 - 64 words: far more than a test can put.
  ring.positions.fill(2 ** 31 - 64)
  const [input, output] = [new RingInput(ring), new RingOutput(ring)]
  for (let i = 0; i < 50; i++) {
    assert.ok(input.put(i, batchOf([`/${i}`], ['x'.repeat(i)])))
    assert.equal(output.take(i)?.keys, `/${i}`)
  }
})

test('a batch that is put between the looks at the ring and at messages comes before the message behind it', () => {
  const ring = makeRing()
  const input = new RingInput(ring)
  const requests = new Requests(ring, () => {
    if (!input.put(0, batchOf(['/first'], ['x']))) assert.fail('no room')
    return { type: 'tidy' }
  })
  const types = () => requests.receive()?.type
  assert.deepEqual([types(), types()], ['write', 'tidy'])
})

test('requests come in the order in which they were sent, whichever way they take', () => {
  const ring = makeRing(128)
  const input = new RingInput(ring)
  const messages: LooseBatch[] = []
  const requests = new Requests(ring, () => messages.shift() as never)
  let sent = 0
  let received = 0
  let ways = 0
  for (let i = 0; i < 5000; i++) {
    const batch = batchOf([i % 13 === 0 ? '/é' : '/a'], ['x'.repeat((i * 31) % 300)], sent)
    if (input.put(sent++, batch)) ways++
    else messages.push(batch)
    // Several wait in both.
    while (i % 4 === 0 && received < sent) {
      const request = requests.receive()
      assert.equal(request?.type === 'write' && request.compacted, received++)
    }
  }
  assert.ok(ways > 1000 && sent - ways > 1000, `${ways} of ${sent} by the ring`)
})
