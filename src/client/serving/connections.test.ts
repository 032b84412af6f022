import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:http2'
import { connect as connectTcp } from 'node:net'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { UserError } from '#base/errors.ts'
import {
  ask2,
  authority,
  certified,
  closed,
  type Handle,
  pushed,
  rawConnection,
  serve,
  text,
  trust,
  until,
  versions,
} from '../testing/serving.ts'
import type { ServedPeer } from './handler.ts'

/** So late that a busy machine does not come near it. */
const FORCED_MS = 60_000

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
    limits: { headersMs: 500, idleMs: 60 },
  })
  const silent = connectTcp({ port: server.port, host: '127.0.0.1' })
  silent.on('error', () => {}).resume()
  const silentClosed = closed(silent)
  const idle = connect(server.url, trust)
  idle.on('error', () => {})
  const idleClosed = closed(idle)
  let slow: Awaited<ReturnType<typeof rawConnection>> | undefined
  // On a busy machine the handshake may take longer than that.
  while (!slow) slow = await rawConnection(server).catch(() => undefined)
  slow.write('GET / HT')
  slow.on('error', () => {}).resume()
  await Promise.all([silentClosed, closed(slow), idleClosed])
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
  await closed(plain)
  const socket = await rawConnection(server)
  socket.write('NONSENSE\r\n\r\n')
  socket.on('error', () => {}).resume()
  await closed(socket)
  const h2 = await rawConnection(server, { ALPNProtocols: ['h2'] })
  h2.write('no preface at all, but long enough to be one')
  h2.on('error', () => {}).resume()
  await closed(h2)
  assert.equal((await versions['HTTP/2']?.(server))?.status, 200)
})

test('stopping ends watches cleanly, finishes answers, refuses newcomers', async () => {
  for (const ask of Object.values(versions)) {
    const source = pushed()
    let isAsked = false
    const handle: Handle = async ({ path }) => {
      if (path === '/watch') return source.response
      isAsked = true
      await delay(100)
      return text(200, 'done')
    }
    const server = await serve(handle, { limits: { stopMs: FORCED_MS } })
    const watch = ask(server, { path: '/watch' })
    const answer = ask(server)
    await until(() => source.state.subscribed && isAsked)
    source.next('one')
    await delay(20)
    const begun = Date.now()
    await server.stop()
    assert.ok(Date.now() - begun < FORCED_MS / 6, 'it was not forced')
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
