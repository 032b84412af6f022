/** What holds for all requests, whatever they ask for. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Deadlines } from './deadlines.ts'
import { startTestServer, TestClock } from './testing.ts'

const answerOf = (status: number) => ({ status, headers: {}, body: { kind: 'empty' } as const })

test('pages of allowed origins may ask, and their browsers are told so before', async () => {
  const { server } = await startTestServer({
    answering: { allowsOrigin: origin => origin === 'https://a.example' },
  })
  const ask = (method: 'GET' | 'OPTIONS', origin: string) =>
    server.handle({ method, path: '/version', headers: { origin } }, {})
  const preflight = await ask('OPTIONS', 'https://a.example')
  assert.equal(preflight.status, 204)
  const { headers } = preflight
  assert.equal(headers['access-control-allow-origin'], 'https://a.example')
  assert.equal(headers['access-control-allow-credentials'], 'true')
  assert.match(headers['access-control-allow-methods'] ?? '', /PATCH/)
  assert.ok(headers['audit-id'])
  const allowed = await ask('GET', 'https://a.example')
  assert.equal(allowed.status, 200)
  assert.equal(allowed.headers['access-control-expose-headers'], 'Date')
  for (const method of ['GET', 'OPTIONS'] as const) {
    const stranger = await ask(method, 'https://b.example')
    assert.notEqual(stranger.status, 204)
    assert.equal(stranger.headers['access-control-allow-origin'], undefined)
  }
  // A refusal must be readable by the page, too.
  const refused = await server.handle(
    { method: 'GET', path: '/api/v1/secrets', headers: { origin: 'https://a.example' } },
    {},
  )
  assert.equal(refused.status, 403)
  assert.equal(refused.headers['access-control-allow-origin'], 'https://a.example')
})

test('whoever asks is told to come by TLS alone, and under which name', async () => {
  const strictTransportSecurity = 'max-age=31536000; includeSubDomains'
  const { server } = await startTestServer({
    answering: { strictTransportSecurity, externalHostname: 'api.example.com' },
  })
  const { headers, body } = await server.handle(
    { method: 'GET', path: '/api' },
    { user: { name: 'a', groups: ['system:masters'] } },
  )
  assert.equal(headers['strict-transport-security'], strictTransportSecurity)
  assert.match(
    JSON.stringify(
      body.kind === 'object'
        ? body.object
        : String(Buffer.from(body.kind === 'bytes' ? body.bytes : [])),
    ),
    /api\.example\.com:6443/,
  )
})

test('a request that takes too long is answered 504, and nobody waits for it', async () => {
  const clock = new TestClock()
  const deadlines = new Deadlines(clock, 1000)
  const never = () => new Promise<never>(() => {})
  const outcome = (work: () => Promise<never>, ms?: number) =>
    deadlines.limited(work, ms).then(
      () => 'answered',
      error => `${error.code} ${error.message}`,
    )
  const late = '504 Timeout: request did not complete within the allotted timeout'
  const first = outcome(never)
  clock.advance(600)
  const second = outcome(never)
  const hurried = outcome(never, 100)
  const patient = outcome(never, 5000)
  clock.advance(100)
  assert.equal(await hurried, late)
  clock.advance(300)
  assert.equal(await first, late)
  clock.advance(600)
  assert.deepEqual(await Promise.all([second, patient]), [late, late], 'nobody may wait for longer')
  assert.deepEqual(await deadlines.limited(async () => answerOf(200)), answerOf(200))
  await assert.rejects(
    deadlines.limited(() => Promise.reject(new Error('mine'))),
    /^Error: mine$/,
  )
  deadlines.stop()
})
