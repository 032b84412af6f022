import assert from 'node:assert/strict'
import { connect } from 'node:http2'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { pushed, serve, text, trust, until, versions } from '../testing/serving.ts'

const ask = versions['HTTP/2'] ?? assert.fail()
const ask1 = versions['HTTP/1.1'] ?? assert.fail()

/** A server that answers `/slow` when it is told to, and `/watch` without end. */
async function leaving(more: Parameters<typeof serve>[1]) {
  const slow = Promise.withResolvers<void>()
  const asked = Promise.withResolvers<void>()
  const watches: ReturnType<typeof pushed>[] = []
  const server = await serve(async ({ path }) => {
    if (path === '/slow') {
      asked.resolve()
      await slow.promise
    }
    if (path !== '/watch') return text(200, path)
    const source = pushed()
    watches.push(source)
    return source.response
  }, more)
  return { server, watches, asked: asked.promise, answer: () => slow.resolve() }
}

test('with Retry-After, new requests are refused until those before them are answered', async () => {
  const { server, asked, answer } = await leaving({ leaving: { sendsRetryAfter: true } })
  for (const each of [ask, ask1])
    assert.equal((await each(server, { path: '/a', tls: trust })).status, 200)
  const before = ask(server, { path: '/slow', tls: trust })
  await asked
  const stopping = server.stop()
  await delay(50)
  for (const each of [ask, ask1]) {
    const refused = await each(server, { path: '/b', method: 'POST', body: 'x', tls: trust })
    assert.equal(refused.status, 429)
    assert.equal(refused.headers['retry-after'], '5')
    assert.match(refused.body.toString(), /shutting down/)
  }
  answer()
  assert.equal((await before).status, 200)
  await stopping
  await assert.rejects(ask(server, { path: '/c', tls: trust }), /ECONNREFUSED/)
})

test('without it no connection is taken, and what was asked before is answered', async () => {
  const { server, asked, answer } = await leaving({})
  const before = ask(server, { path: '/slow', tls: trust })
  await asked
  const stopping = server.stop()
  await assert.rejects(ask(server, { path: '/c', tls: trust }), /ECONNREFUSED/)
  answer()
  assert.equal((await before).status, 200)
  await stopping
})

test('watches end one after the other over their time of grace', async () => {
  const { server, watches } = await leaving({ leaving: { watchGraceMs: 1000 } })
  const session = connect(server.url, trust)
  session.on('error', () => {})
  const ends: number[] = []
  for (let i = 0; i < 5; i++) {
    const stream = session.request({ ':path': '/watch' })
    stream.on('error', () => {})
    stream.resume().on('end', () => ends.push(performance.now()))
  }
  await until(() => watches.length === 5)
  const from = performance.now()
  await server.stop()
  await until(() => ends.length === 5)
  const [first = 0, last = 0] = [ends[0], ends[4]].map(end => (end ?? 0) - from)
  // On a busy machine all comes later: a fifth of the grace is between two of them.
  assert.ok(last > 700, `the last one ended after ${last} ms`)
  assert.ok(last - first > 300, `${last - first} ms after the first`)
  session.destroy()
})
