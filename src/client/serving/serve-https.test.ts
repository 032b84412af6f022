import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:http2'
import { connect as connectTcp } from 'node:net'
import { describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { StatusError } from '#api/machinery/status.ts'
import { UserError } from '#base/errors.ts'
import {
  ask2,
  authority,
  certified,
  collectedLog,
  rawConnection,
  serve,
  text,
  trust,
  versions,
} from '../testing/serving.ts'
import type { ApiRequest, ApiResponse, EventSource } from '../transport.ts'
import type { ServedPeer } from './handler.ts'

/** A source that is pushed by hand. */
function pushed() {
  const state = { subscribed: false, cancelled: false }
  let sink: Parameters<EventSource<Uint8Array>['subscribe']>[0] | undefined
  const stream: EventSource<Uint8Array> = {
    subscribe(given) {
      sink = given
      state.subscribed = true
      return () => {
        state.cancelled = true
      }
    },
  }
  return {
    state,
    response: {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: { kind: 'stream', stream },
    } as ApiResponse,
    next: (bytes: string | Uint8Array) =>
      sink?.next(typeof bytes === 'string' ? Buffer.from(bytes) : bytes),
    end: (error?: Error) => sink?.end(error),
  }
}

async function until(isTrue: () => boolean, timeoutMs = 3000): Promise<void> {
  const end = Date.now() + timeoutMs
  while (!isTrue()) {
    if (Date.now() > end) assert.fail('it did not happen in time')
    await delay(5)
  }
}

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
      const { issueAuthority } = await import('#apiserver/pki/certificate.ts')
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

test('a 401 ends an HTTP/2 connection; its other requests are finished', async () => {
  await using server = await serve(async ({ path }) => {
    if (path === '/slow') await delay(50)
    return text(path === '/no' ? 401 : 200, path)
  })
  const session = connect(server.url, trust)
  const slow = ask2(session, { path: '/slow' })
  assert.equal((await ask2(session, { path: '/no' })).status, 401)
  assert.equal((await slow).status, 200)
  if (!session.closed) await once(session, 'close')
  assert.ok(session.closed)
})

test('whoever opens and resets requests without end loses the connection', async () => {
  await using server = await serve(() => new Promise(() => {}), {
    limits: { stopMs: 100 },
  })
  const session = connect(server.url, trust)
  const errors: Error[] = []
  session.on('error', error => errors.push(error))
  await once(session, 'connect')
  let opened = 0
  for (; opened < 5000 && !session.closed && !session.destroyed; opened++) {
    const stream = session.request({ ':path': '/' })
    stream.on('error', () => {})
    stream.close(8)
    if (opened % 50 === 0) await delay(1)
  }
  await until(() => session.closed || session.destroyed)
  assert.ok(opened < 5000, `${opened} were let through`)
  session.destroy()
})

test('connections beyond the limit are closed; those within go on', async () => {
  await using server = await serve(async () => text(200, 'here'), { limits: { connections: 2 } })
  const one = connect(server.url, trust)
  const two = connect(server.url, trust)
  await Promise.all([ask2(one), ask2(two)])
  const three = connect(server.url, trust)
  await assert.rejects(ask2(three))
  assert.equal((await ask2(one)).status, 200)
  for (const session of [one, two, three]) session.destroy()
})

test('who connects and says nothing, or says it slowly, is let go', async () => {
  await using server = await serve(async () => text(200, ''), {
    limits: { headersMs: 60, idleMs: 60 },
  })
  const silent = connectTcp({ port: server.port, host: '127.0.0.1' })
  silent.on('error', () => {}).resume()
  const slow = await rawConnection(server)
  slow.write('GET / HT')
  slow.on('error', () => {}).resume()
  const idle = connect(server.url, trust)
  idle.on('error', () => {})
  await Promise.all([once(silent, 'close'), once(slow, 'close'), once(idle, 'close')])
})

test('headers beyond the limit are refused, and the server lives on', async () => {
  await using server = await serve(async () => text(200, 'ok'))
  const headers = { 'x-long': 'x'.repeat(100_000) }
  for (const ask of Object.values(versions)) {
    const answer = await ask(server, { headers }).catch((error: Error) => error)
    assert.ok(answer instanceof Error || answer.status === 431)
    assert.equal((await ask(server)).status, 200)
  }
})

test('nonsense on the port harms nobody', async () => {
  await using server = await serve(async () => text(200, 'ok'))
  const plain = connectTcp({ port: server.port, host: '127.0.0.1' })
  plain.write('GET / HTTP/1.0\r\n\r\n')
  plain.on('error', () => {}).resume()
  const [closed] = await Promise.all([once(plain, 'close')])
  assert.ok(closed)
  const socket = await rawConnection(server)
  socket.write('NONSENSE\r\n\r\n')
  socket.on('error', () => {}).resume()
  await once(socket, 'close')
  const h2 = await rawConnection(server, { ALPNProtocols: ['h2'] })
  h2.write('no preface at all, but long enough to be one')
  h2.on('error', () => {}).resume()
  await once(h2, 'close')
  assert.equal((await versions['HTTP/2']?.(server))?.status, 200)
})

test('stopping ends watches cleanly, finishes answers, refuses newcomers', async () => {
  for (const ask of Object.values(versions)) {
    const source = pushed()
    const server = await serve(async ({ path }) => {
      if (path === '/watch') return source.response
      await delay(100)
      return text(200, 'done')
    })
    const watch = ask(server, { path: '/watch' })
    const answer = ask(server)
    await until(() => source.state.subscribed)
    source.next('one')
    await delay(20)
    const begun = Date.now()
    await server.stop()
    assert.ok(Date.now() - begun < 1000)
    assert.equal((await watch).body.toString(), 'one')
    assert.equal((await answer).body.toString(), 'done')
    assert.ok(source.state.cancelled)
    await assert.rejects(ask(server))
    await server.stop()
  }
})

test('stopping waits no longer than it should for what does not end', async () => {
  const server = await serve(() => new Promise(() => {}), { limits: { stopMs: 50 } })
  const answers = Object.values(versions).map(ask => assert.rejects(ask(server)))
  await delay(50)
  await server.stop()
  await Promise.all(answers)
})

test('a renewed certificate is shown to new connections', async () => {
  let now = 0
  let shown = certified('first', 'server')
  const { systemClock } = await import('#host/clock.ts')
  await using server = await serve(async () => text(200, ''), {
    tls: () => ({ ...shown, clientCa: authority.certificate }),
    clock: { ...systemClock, monotonicMs: () => now },
  })
  const nameShown = async () => {
    const socket = await rawConnection(server)
    const name = socket.getPeerCertificate().subject.CN
    socket.destroy()
    return name
  }
  assert.equal(await nameShown(), 'first')
  shown = certified('second', 'server')
  assert.equal(await nameShown(), 'first')
  now += 61_000
  assert.equal(await nameShown(), 'second')
})

test('a session that is resumed keeps its certificate', async () => {
  const peers: ServedPeer[] = []
  await using server = await serve(async (_request, peer) => {
    peers.push(peer)
    return text(200, '')
  })
  const client = certified('jane', 'client')
  const first = await rawConnection(server, client)
  const [session] = await once(first, 'session')
  first.destroy()
  const second = await rawConnection(server, { ...client, session })
  second.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
  await once(second, 'data')
  assert.ok(second.isSessionReused())
  assert.deepEqual(Buffer.from(peers[0]?.certificate ?? []), new X509Certificate(client.cert).raw)
  second.destroy()
})

test('a port that cannot be had is one sentence', async () => {
  await using server = await serve(async () => text(200, ''))
  const taken = { addresses: [{ address: '127.0.0.1', port: server.port }] }
  await assert.rejects(
    serve(async () => text(200, ''), taken),
    new UserError(
      `port ${server.port} on 127.0.0.1 is already in use; stop what uses it or choose another with --secure-port`,
    ),
  )
  await assert.rejects(
    serve(async () => text(200, ''), { addresses: [{ address: '192.0.2.1', port: 0 }] }),
    /192\.0\.2\.1 is not an address of this machine; choose another with --bind-address/,
  )
  const more = await server.addAddress('127.0.0.1', 0)
  assert.notEqual(more, server.port)
})

const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
