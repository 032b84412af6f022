import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { connect } from 'node:http2'
import { describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { StatusError } from '#api/machinery/status.ts'
import {
  certified,
  collectedLog,
  pushed,
  rawConnection,
  serve,
  text,
  trust,
  until,
  versions,
} from '../testing/serving.ts'
import type { ApiRequest, EventSource } from '../transport.ts'
import type { ServedPeer } from './handler.ts'

for (const [version, ask] of Object.entries(versions)) {
  describe(version, () => {
    test('carries method, path, headers, body and who asks', async () => {
      const seen: [ApiRequest, ServedPeer][] = []
      await using server = await serve(async (request, peer) => {
        seen.push([request, peer])
        return text(201, 'made', { 'x-more': 'yes' })
      })
      const client = certified('jane', 'client')
      const answer = await ask(server, {
        method: 'POST',
        path: '/api/v1/namespaces?a=%2F',
        headers: { 'Content-Type': 'application/json', 'Impersonate-Group': ['one, two', 'three'] },
        body: '{"a":1}',
        tls: client,
      })
      assert.equal(answer.status, 201)
      assert.equal(answer.body.toString(), 'made')
      assert.equal(answer.headers['x-more'], 'yes')
      assert.equal(answer.headers['content-length'], '4')
      const [[request, peer] = assert.fail()] = seen
      assert.equal(request.method, 'POST')
      assert.equal(request.path, '/api/v1/namespaces?a=%2F')
      assert.equal(request.headers?.['content-type'], 'application/json')
      // A group's name may hold a comma, so groups must not be joined by one.
      assert.equal(request.headers?.['impersonate-group'], 'one, two\nthree')
      assert.equal(Buffer.from(request.body as Uint8Array).toString(), '{"a":1}')
      assert.equal(peer.remoteAddress, '127.0.0.1')
      assert.deepEqual(Buffer.from(peer.certificate ?? []), new X509Certificate(client.cert).raw)
    })

    test('knows nobody without a certificate, and hands on those of strangers', async () => {
      const peers: ServedPeer[] = []
      await using server = await serve(async (_request, peer) => {
        peers.push(peer)
        return text(200, '')
      })
      const { issueAuthority } = await import('#base/pki/certificate.ts')
      const { systemRandom } = await import('#host/random.ts')
      const { validity } = await import('../testing/serving.ts')
      const foreign = issueAuthority('foreign', validity, systemRandom)
      await ask(server)
      await ask(server, { tls: certified('mallory', 'client', foreign) })
      assert.equal(peers[0]?.certificate, undefined)
      assert.ok(peers[1]?.certificate)
    })

    test('big bodies come whole both ways', async () => {
      const big = Buffer.alloc(3 * 1024 * 1024, 'abcdefg')
      await using server = await serve(async ({ body }) => {
        const bytes = body as Uint8Array
        const chunks = Array.from({ length: 3000 }, (_, i) =>
          bytes.subarray(i * 1024, (i + 1) * 1024),
        )
        chunks.push(bytes.subarray(3000 * 1024))
        return { status: 200, headers: {}, body: { kind: 'chunks', chunks } }
      })
      const answer = await ask(server, { method: 'PUT', body: big })
      assert.equal(hash(answer.body), hash(big))
      assert.equal(answer.headers['content-length'], String(big.length))
    })

    test('a body beyond the limit is a 413 in words, announced or not', async () => {
      let handled = 0
      await using server = await serve(
        async () => {
          handled++
          return text(200, '')
        },
        { limits: { bodyBytes: 1000 } },
      )
      for (const headers of [undefined, { 'content-length': '2000' }]) {
        const answer = await ask(server, {
          method: 'POST',
          body: Buffer.alloc(2000),
          ...(headers && { headers }),
        })
        assert.equal(answer.status, 413)
        const status = JSON.parse(answer.body.toString())
        assert.equal(status.reason, 'RequestEntityTooLarge')
        assert.match(status.message, /limit is 1000/)
      }
      assert.equal(handled, 0)
    })

    test('all bodies together have a limit, and give it back', async () => {
      await using server = await serve(async () => text(200, ''), {
        limits: { receivingBytes: 1000 },
      })
      for (let i = 0; i < 3; i++) {
        const fits = await ask(server, { method: 'POST', body: Buffer.alloc(900) })
        assert.equal(fits.status, 200)
        const refused = await ask(server, { method: 'POST', body: Buffer.alloc(1500) })
        assert.equal(refused.status, 429)
        assert.equal(refused.headers['retry-after'], '1')
      }
    })

    test('a body that does not come is given up', async () => {
      await using server = await serve(async () => text(200, ''), { limits: { requestMs: 50 } })
      const answer = await ask(server, {
        method: 'POST',
        // Announced, and never sent in whole.
        headers: { 'content-length': '10' },
        body: 'short',
      }).catch((error: Error) => error)
      if (answer instanceof Error) assert.match(answer.message, /hang up|closed|content-length/i)
      else assert.equal(answer.status, 408)
    })

    test('HEAD answers with the headers alone', async () => {
      await using server = await serve(async () => text(200, 'hello'))
      const answer = await ask(server, { method: 'HEAD' })
      assert.equal(answer.headers['content-length'], '5')
      assert.equal(answer.body.length, 0)
    })

    test('an unknown method is refused, and the handler not asked', async () => {
      await using server = await serve(async () => assert.fail())
      assert.equal((await ask(server, { method: 'PROPFIND' })).status, 405)
    })

    test('large answers are compressed for those who take it', async () => {
      const large = JSON.stringify({ text: 'x'.repeat(200_000) })
      await using server = await serve(async ({ path }) =>
        text(200, path === '/small' ? 'small' : large),
      )
      const headers = { 'accept-encoding': 'gzip' }
      const packed = await ask(server, { headers })
      assert.equal(packed.headers['content-encoding'], 'gzip')
      assert.ok(packed.body.length < 5000)
      assert.equal(gunzipSync(packed.body).toString(), large)
      assert.equal((await ask(server)).headers['content-encoding'], undefined)
      const refused = await ask(server, { headers: { 'accept-encoding': 'br, gzip;q=0' } })
      assert.equal(refused.headers['content-encoding'], undefined)
      const small = await ask(server, { headers, path: '/small' })
      assert.equal(small.headers['content-encoding'], undefined)
    })

    test('a list of megabytes is compressed piece by piece', async () => {
      const items = Array.from({ length: 20_000 }, (_, i) =>
        Buffer.from(`{"name":"${i}","text":"${Math.sin(i).toString(36).repeat(40)}"}`),
      )
      await using server = await serve(async () => ({
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: { kind: 'chunks', chunks: items },
      }))
      const packed = await ask(server, { headers: { 'accept-encoding': 'deflate, gzip' } })
      assert.equal(packed.headers.vary, 'Accept-Encoding')
      // Nobody knows before how long it will be.
      assert.equal(packed.headers['content-length'], undefined)
      assert.ok(gunzipSync(packed.body).equals(Buffer.concat(items)))
    })

    test('objects and empty bodies', async () => {
      await using server = await serve(async ({ path }) =>
        path === '/empty'
          ? { status: 204, headers: {}, body: { kind: 'empty' } }
          : { status: 200, headers: {}, body: { kind: 'object', object: { a: 1 } } },
      )
      assert.deepEqual(JSON.parse((await ask(server)).body.toString()), { a: 1 })
      const empty = await ask(server, { path: '/empty' })
      assert.equal(empty.status, 204)
      assert.equal(empty.body.length, 0)
    })

    test('what a handler throws is its Status, or a 500 and a log line', async () => {
      const log = collectedLog()
      await using server = await serve(
        async ({ path }) => {
          throw path === '/known' ? new StatusError('Conflict', 'no') : new Error('secret')
        },
        { log },
      )
      const known = await ask(server, { path: '/known' })
      assert.equal(known.status, 409)
      assert.equal(JSON.parse(known.body.toString()).message, 'no')
      const unknown = await ask(server)
      assert.equal(unknown.status, 500)
      assert.doesNotMatch(unknown.body.toString(), /secret/)
      assert.deepEqual(log.lines, ['a request could not be answered'])
    })

    test('events are lines of JSON, and end when their source ends', async () => {
      await using server = await serve(async () => ({
        status: 200,
        headers: {},
        body: {
          kind: 'events',
          events: {
            subscribe(sink) {
              const object = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } }
              sink.next({ type: 'ADDED', object })
              sink.next({ type: 'DELETED', object })
              sink.end()
              return () => {}
            },
          },
        },
      }))
      const lines = (await ask(server)).body.toString().trim().split('\n')
      assert.deepEqual(
        lines.map(line => JSON.parse(line).type),
        ['ADDED', 'DELETED'],
      )
    })

    test('a stream that breaks is seen to be broken', async () => {
      const source = pushed()
      await using server = await serve(async () => source.response)
      const answer = ask(server)
      await until(() => source.state.subscribed)
      source.next('half')
      await delay(20)
      source.end(new Error('broken'))
      await assert.rejects(answer)
    })
  })
}

test('a watch flows at once; a client that goes away cancels it and aborts its request', async () => {
  for (const version of ['h2', 'h1'] as const) {
    const source = pushed()
    let signal: AbortSignal | undefined
    await using server = await serve(async request => {
      signal = request.signal
      return source.response
    })
    const received: string[] = []
    const take = (chunk: Buffer) => received.push(chunk.toString())
    let leave = () => {}
    if (version === 'h2') {
      const session = connect(server.url, trust)
      const stream = session.request({ ':path': '/' })
      stream.on('data', take).on('error', () => {})
      session.on('error', () => {})
      leave = () => session.destroy()
    } else {
      const socket = await rawConnection(server)
      socket.on('data', take)
      socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
      leave = () => socket.destroy()
    }
    await until(() => source.state.subscribed)
    source.next('one\n')
    await until(() => received.join('').includes('one'))
    assert.equal(source.state.cancelled, false)
    assert.equal(signal?.aborted, false)
    leave()
    await until(() => source.state.cancelled && signal?.aborted === true)
  }
})

test('a watcher that does not read is ended, and holds no more than the limit; others go on', async () => {
  const slow = pushed()
  const quick = pushed()
  await using server = await serve(async ({ path }) =>
    path === '/slow' ? slow.response : quick.response,
  )
  const session = connect(server.url, trust)
  session.on('error', () => {})
  const [slowStream, quickStream] = ['/slow', '/quick'].map(path => {
    const stream = session.request({ ':path': path })
    stream.on('error', () => {})
    return stream
  })
  slowStream?.pause()
  let bytes = 0
  quickStream?.on('data', chunk => {
    bytes += chunk.length
  })
  await until(() => slow.state.subscribed && quick.state.subscribed)
  const event = Buffer.alloc(100_000)
  let sent = 0
  while (!slow.state.cancelled && sent < 500) {
    slow.next(event)
    sent++
    if (sent % 10 === 0) await delay(1)
  }
  assert.ok(slow.state.cancelled, 'ended')
  assert.ok(sent * event.length < 8 * 1024 * 1024, `${sent} events were taken`)
  for (let i = 0; i < 20; i++) quick.next(event)
  await until(() => bytes === 20 * event.length)
  assert.equal(quick.state.cancelled, false)
  session.destroy()
})

test('a source that can wait is asked to, and loses nothing', async () => {
  const pieces = 400
  const piece = Buffer.alloc(64 * 1024, 1)
  let waits = 0
  const stream: EventSource<Uint8Array> = {
    subscribe(sink) {
      const run = async () => {
        for (let i = 0; i < pieces; i++) {
          const full = sink.next(piece)
          if (full) waits++
          await full
        }
        sink.end()
      }
      void run()
      return () => {}
    },
  }
  await using server = await serve(async () => ({
    status: 200,
    headers: {},
    body: { kind: 'stream', stream },
  }))
  for (const ask of Object.values(versions)) {
    const answer = await ask(server)
    assert.equal(answer.body.length, pieces * piece.length)
  }
  assert.ok(waits > 0)
})

const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
