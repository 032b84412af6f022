import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2'
import { test } from 'node:test'
import fc from 'fast-check'
import { DATE, Peer } from '../../testing/http2-peer.ts'
import { headFrames } from './header-blocks.ts'
import { HeaderDecoder } from './header-decoder.ts'
import { HeaderEncoder } from './header-encoder.ts'

type Headers = Readonly<Record<string, string>>

/** An encoder and the decoder that reads everything that it writes. */
class Line {
  readonly encoder = new HeaderEncoder()
  readonly decoder = new HeaderDecoder()
  lastSize = 0

  pass(status: number, headers: Headers): string[] {
    const block = this.encoder.encode(status, headers, DATE)
    this.lastSize = block.length
    const lines: string[] = []
    this.decoder.decode(block, ({ name, value }) => lines.push(`${name}: ${value}`))
    return lines
  }
}

const statuses = fc.oneof(
  fc.constantFrom(200, 201, 404, 500, 599),
  fc.integer({ min: 200, max: 599 }),
)
const names = fc.oneof(
  fc.constantFrom('content-type', 'cache-control', 'etag', 'x-kubernetes-pf-flowschema-uid'),
  fc.stringMatching(/^x-[a-z0-9-]{1,150}$/),
)
const values = fc.oneof(
  fc.constantFrom('application/json', 'no-cache, private', ''),
  fc.stringMatching(/^[!-~\u00a1-\u00ff]{1,200}$/),
)
const answers = fc.record({
  status: statuses,
  headers: fc.dictionary(names, values, { maxKeys: 12, noNullPrototype: true }),
})

test('what is encoded is decoded, answer after answer', () => {
  fc.assert(
    fc.property(fc.array(answers, { maxLength: 30 }), all => {
      const line = new Line()
      for (const { status, headers } of all)
        assert.deepEqual(line.pass(status, headers), [
          `:status: ${status}`,
          `date: ${DATE}`,
          ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
        ])
    }),
  )
})

/** Node's client on a connection whose answers are what `next` says. */
async function withNode(
  run: (ask: (status: number, headers: Headers) => Promise<IncomingHttpHeaders>) => Promise<void>,
  settings: object = {},
): Promise<void> {
  let next = { status: 200, headers: {} as Headers }
  const peer = new Peer({
    isReading: false,
    isSilent: true,
    request: stream => stream.begin(next.status, next.headers, false),
  })
  const session: ClientHttp2Session = connect('http://x', {
    createConnection: () => peer.client,
    settings,
  })
  try {
    await run(async (status, headers) => {
      next = { status, headers }
      const stream = session.request({ ':path': '/' })
      // Both may be over before whoever waits for the first goes on.
      const closed = once(stream, 'close')
      const [answered] = await once(stream.resume(), 'response')
      await closed
      return answered
    })
  } finally {
    session.destroy()
    await peer.close()
  }
}

test('node’s client reads the same, answer after answer on one connection', async () => {
  await withNode(async ask => {
    const check = async ({ status, headers }: { status: number; headers: Headers }) => {
      const answered = await ask(status, headers)
      assert.equal(answered[':status'], status)
      for (const [name, value] of Object.entries(headers)) assert.equal(answered[name], value, name)
    }
    await fc.assert(fc.asyncProperty(answers, check), { numRuns: 200 })
  })
})

test('a client that keeps no table, or a small one, gets everything in full', async () => {
  for (const headerTableSize of [0, 100])
    await withNode(
      async ask => {
        for (let round = 0; round < 5; round++) {
          const answered = await ask(200, { 'content-type': 'text/plain', etag: String(round) })
          assert.equal(answered['content-type'], 'text/plain')
          assert.equal(answered.etag, String(round))
        }
      },
      { headerTableSize },
    )
  const line = new Line()
  line.pass(200, { 'content-type': 'text/plain' })
  line.encoder.limit(100)
  assert.equal(line.encoder.encode(200, {}, DATE)[0], 0x20, 'the table is said to be empty first')
  for (let round = 0; round < 2; round++) {
    const block = line.encoder.encode(200, { 'content-type': 'text/plain' }, DATE)
    assert.ok(Buffer.from(block).includes('text/plain'))
    assert.notEqual(block[0], 0x20)
  }
})

test('what comes again and again is one byte, and what the table has no room for is still right', () => {
  const line = new Line()
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-cache, private' }
  line.pass(200, headers)
  const first = line.lastSize
  line.pass(200, headers)
  assert.equal(line.lastSize, first - 'application/json'.length - 'no-cache, private'.length - 2)
  // A table has room for 40 of these; each value must come back all the same, then and later.
  for (let round = 0; round < 2; round++)
    for (let i = 0; i < 200; i++)
      assert.equal(
        line.pass(200, { 'content-type': `application/${i}-${'x'.repeat(50)}` })[2],
        `content-type: application/${i}-${'x'.repeat(50)}`,
      )
})

test('each cookie is a header of its own; what belongs to a connection is left out', () => {
  const lines = new Line().pass(200, {
    'set-cookie': 'a=1; Path=/\nb=2',
    Connection: 'close',
    'Keep-Alive': 'timeout=5',
    'transfer-encoding': 'chunked',
    'proxy-connection': 'x',
    upgrade: 'h2c',
    'X-Upper': 'Yes',
  })
  assert.deepEqual(lines.slice(2), ['set-cookie: a=1; Path=/', 'set-cookie: b=2', 'x-upper: Yes'])
})

test('an answer’s own date stands', () => {
  assert.deepEqual(new Line().pass(200, { date: 'yesterday' }), [':status: 200', 'date: yesterday'])
})

test('what no header may hold is replaced, and smuggles nothing', () => {
  const [, , line] = new Line().pass(200, {
    'x-words': 'a\r\nset-cookie: b\0\x7f\u20ac\ud83d\ude00\tü',
  })
  assert.equal(line, 'x-words: a??set-cookie: b?????\tü')
})

test('answers’ headers beyond a frame go on in more', async () => {
  const headers = { etag: 'x'.repeat(20_000), 'x-more': 'ü'.repeat(30_000) }
  const block = new HeaderEncoder().encode(200, headers, DATE)
  const frames = headFrames(block, 7, true)
  assert.deepEqual(
    frames.map(({ type, flags, stream, payload }) => [type, flags, stream, payload.length]),
    [
      [1, 1, 7, 16_384],
      [9, 0, 7, 16_384],
      [9, 0, 7, 16_384],
      [9, 4, 7, block.length - 3 * 16_384],
    ],
  )
  assert.deepEqual(headFrames(block.subarray(0, 16_384), 7, false)[0]?.flags, 4)
  assert.equal(headFrames(block.subarray(0, 16_384), 7, false).length, 1)
  assert.deepEqual(Buffer.concat(frames.map(({ payload }) => payload)), Buffer.from(block))
  await withNode(async ask => {
    const answered = await ask(200, headers)
    assert.equal(answered.etag, headers.etag)
    assert.equal(answered['x-more'], headers['x-more'])
    assert.equal((await ask(404, { etag: 'y' })).etag, 'y')
  })
})

test('a block is its own: the next does not write over it', () => {
  const encoder = new HeaderEncoder()
  const first = encoder.encode(200, { etag: 'one' }, DATE)
  const copy = Buffer.from(first)
  encoder.encode(404, { etag: 'two' }, DATE)
  assert.deepEqual(Buffer.from(first), copy)
})
