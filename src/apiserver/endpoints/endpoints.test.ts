import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { test } from 'node:test'
import type { PprofQuestion } from '#client/serving/pprof.ts'
import { createManualClock } from '#client/testing/manual-clock.ts'
import type { ApiResponse } from '#client/transport.ts'
import { signingKeyOf } from '../authentication/jwt.ts'
import { startTestServer } from '../testing.ts'

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const key = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
const TEXT = { headers: { accept: 'text/plain' } }
const ACCOUNTS = '/api/v1/namespaces/default/serviceaccounts'

test('a token can be verified with what the issuer publishes', async () => {
  const { ask } = await startTestServer({ serviceAccountKeys: [signingKeyOf(key)] })
  const { body: found } = await ask('GET', '/.well-known/openid-configuration')
  assert.equal(found.issuer, 'https://kubernetes.default.svc.cluster.local')
  assert.equal(found.jwks_uri, `${found.issuer}/openid/v1/jwks`)
  const jwks = await ask('GET', '/openid/v1/jwks')
  assert.equal(jwks.headers['content-type'], 'application/jwk-set+json')
  assert.equal('d' in jwks.body.keys[0], false)
  await ask('POST', ACCOUNTS, { metadata: { name: 'bot' } })
  const { body } = await ask('POST', `${ACCOUNTS}/bot/token`, { spec: {} })
  const [head, claims, signature] = body.status.token.split('.')
  const publicKey = createPublicKey({ format: 'jwk', key: jwks.body.keys[0] })
  const isRight = verify(
    'sha256',
    Buffer.from(`${head}.${claims}`),
    { key: publicKey, dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  )
  assert.ok(isRight)
})

test('nobody is told of keys that do not exist, and strangers are not told of any', async () => {
  const without = await startTestServer()
  assert.equal((await without.ask('GET', '/openid/v1/jwks')).status, 404)
  assert.equal((await without.ask('GET', '/openid')).status, 404)
  const user = { name: 'nobody', groups: ['system:authenticated'] }
  const stranger = await startTestServer({ user })
  assert.equal((await stranger.ask('GET', '/openid/v1/jwks')).status, 403)
})

test('every answer has an id and stays out of caches, refusals included', async () => {
  const { ask } = await startTestServer()
  for (const path of [
    '/version',
    '/api/v1/pods',
    '/api/v1/namespaces/default/pods/none',
    '/none',
  ]) {
    const { headers } = await ask('GET', path)
    assert.match(headers['audit-id'] ?? '', /^[0-9a-f-]{36}$/, path)
    assert.equal(headers['cache-control'], 'no-cache, private', path)
  }
  const own = { headers: { 'audit-id': 'mine-1' } }
  assert.equal((await ask('GET', '/version', undefined, own)).headers['audit-id'], 'mine-1')
  const odd = { headers: { 'audit-id': 'a\r\nb' } }
  assert.notEqual((await ask('GET', '/version', undefined, odd)).headers['audit-id'], 'a\r\nb')
})

test('what the checks of health said is shown as a service level indicator', async () => {
  const { ask } = await startTestServer({
    healthChecks: [{ name: 'plugin', failure: async () => 'away' }],
  })
  await ask('GET', '/livez')
  await ask('GET', '/readyz?exclude=informer-sync')
  await ask('GET', '/readyz')
  await ask('GET', '/readyz/etcd')
  const { headers, text } = await ask('GET', '/metrics/slis')
  assert.equal(
    headers['content-type'],
    'text/plain; version=0.0.4; charset=utf-8; escaping=underscores',
  )
  for (const line of [
    'kubernetes_healthcheck{name="ping",type="livez"} 1',
    'kubernetes_healthcheck{name="plugin",type="readyz"} 0',
    'kubernetes_healthchecks_total{name="etcd",type="readyz",status="success"} 2',
    'kubernetes_healthchecks_total{name="informer-sync",type="readyz",status="success"} 1',
    'kubernetes_healthchecks_total{name="plugin",type="readyz",status="error"} 2',
  ])
    assert.ok(text.split('\n').includes(line), `${line}\n${text}`)
  assert.doesNotMatch(text, /type="healthz"|name="plugin",type="livez"/)
  assert.ok((await ask('GET', '/')).body.paths.includes('/metrics/slis'))
})

test('methods are looked at where upstream does, and debugging doors do not exist', async () => {
  const { ask } = await startTestServer({ serviceAccountKeys: [signingKeyOf(key)] })
  const ofGetAlone = ['/api', '/api/v1/', '/apis/apps/v1', '/version', '/openid/v1/jwks']
  for (const path of [...ofGetAlone, '/api/v1/pods', '/api/v1/namespaces/default'])
    for (const method of ['HEAD', 'OPTIONS'] as const)
      assert.equal((await ask(method, path)).status, 405, `${method} ${path}`)
  const ofAnyMethod = ['/', '/index.html', '/apis', '/apis/apps', '/metrics', '/openapi/v3']
  for (const path of [...ofAnyMethod, '/healthz', '/healthz/ping'])
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'DELETE'] as const)
      assert.equal((await ask(method, path)).status, 200, `${method} ${path}`)
  for (const path of ['/logs', '/logs/', '/debug/pprof/', '/debug/flags/v', '/configz'])
    assert.equal((await ask('GET', path)).status, 404, path)
})

test('profiles are there for who may ask, for as long as it takes', async () => {
  const asked: string[] = []
  const until = Promise.withResolvers<void>()
  const pprof = async ({ path, query }: PprofQuestion): Promise<ApiResponse> => {
    asked.push(`${path} ${query}`)
    if (path === '/profile') await until.promise
    return { status: 200, headers: {}, body: { kind: 'bytes', bytes: Buffer.from('all') } }
  }
  const clock = createManualClock()
  const answering = { pprof, requestTimeoutMs: 1000 }
  const { ask } = await startTestServer({ answering, clock })
  for (const path of ['', '/', '/heap?seconds=1'])
    assert.equal((await ask('GET', `/debug/pprof${path}`)).text, 'all')
  assert.deepEqual(asked, [' ', '/ ', '/heap seconds=1'])
  assert.equal((await ask('GET', '/debug/pprofs')).status, 404)
  const profile = ask('GET', '/debug/pprof/profile')
  await clock.advance(300_000)
  until.resolve()
  assert.equal((await profile).status, 200)
  const user = { name: 'somebody', groups: ['system:authenticated'] }
  const stranger = await startTestServer({ answering, user })
  assert.equal((await stranger.ask('GET', '/debug/pprof/')).status, 403)
})

test('paths are read as they are spelled, decoded but not mended', async () => {
  const { ask } = await startTestServer()
  for (const path of ['/version', '/version//', '/%76ersion', '/healthz%2fping', '/%61pi/v1/'])
    assert.equal((await ask('GET', path)).status, 200, path)
  const pages = ['/healthz/', '/healthz/ping/', '//version', '/./api', '/index.html/', '/openapi']
  const below = ['/openapi/v2/', '/apis/none.example.com/v1', '/apis/none.example.com/v1/foos']
  for (const path of [...pages, ...below]) {
    const { status, text } = await ask('GET', path)
    assert.deepEqual([status, text], [404, '404 page not found\n'], path)
  }
  assert.equal((await ask('POST', '/version/more')).body.reason, 'NotFound')
  assert.equal((await ask('GET', '/openapi/v3/apis/apps/v1/')).status, 404)
})

const protobufOf = (format: string) =>
  `application/com.github.proto-openapi.spec.${format}@v1.0+protobuf`

test('OpenAPI documents come in the form that a client names first, or not at all', async () => {
  const { ask } = await startTestServer()
  const typeOf = async (path: string, accept: string) => {
    const { status, headers } = await ask('GET', path, undefined, { headers: { accept } })
    return status === 200 ? headers['content-type'] : status
  }
  for (const [format, path, other] of [
    ['v2', '/openapi/v2', 'v3'],
    ['v3', '/openapi/v3/version', 'v2'],
  ] as const) {
    const [asked, others] = [protobufOf(format), protobufOf(other)]
    assert.equal(await typeOf(path, asked), asked.replace('@', '.'))
    assert.equal(await typeOf(path, asked.replace('@', '.')), asked.replace('@', '.'))
    assert.equal(await typeOf(path, `${others}, application/json;q=0.5`), 'application/json')
    assert.equal(await typeOf(path, `${asked};q=0.1, */*;q=0.5`), 'application/json')
    assert.equal(await typeOf(path, others), 406)
    assert.equal(await typeOf(path, 'application/yaml'), 406)
  }
  assert.equal(await typeOf('/openapi/v3', protobufOf('v3')), 'application/json')
})

test('who asks for an OpenAPI document by an old hash is led to what it is now', async () => {
  const { ask } = await startTestServer()
  const { serverRelativeURL } = (await ask('GET', '/openapi/v3')).body.paths['apis/apps/v1']
  const known = await ask('GET', serverRelativeURL)
  assert.match(known.headers['cache-control'] ?? '', /immutable/)
  const old = await ask('GET', '/openapi/v3/apis/apps/v1?hash=OLD')
  assert.deepEqual([old.status, old.headers.location], [301, serverRelativeURL])
  assert.doesNotMatch(old.headers['cache-control'] ?? '', /immutable/)
})

test('the root lists what is served, to whom it may', async () => {
  const { ask } = await startTestServer()
  const { headers, text, body } = await ask('GET', '/', undefined, {
    headers: { accept: 'application/yaml' },
  })
  assert.equal(headers['content-type'], 'application/json')
  assert.equal(text, JSON.stringify(body, undefined, 2))
  for (const path of ['/apis/', '/api/v1', '/readyz/etcd-readiness', '/livez/ping', '/openapi/v3/'])
    assert.ok(body.paths.includes(path), path)
  assert.equal(body.paths.includes('/'), false)
  const user = { name: 'nobody', groups: ['system:authenticated'] }
  const stranger = await startTestServer({ user })
  const refused = await stranger.ask('GET', '/')
  assert.equal(refused.body.message, 'forbidden: User "nobody" cannot get path "/"')
})

test('the server tells people what it is and how it was started, unless the gates say no', async () => {
  const { ask } = await startTestServer({ flags: new Map([['secure-port', '6443']]) })
  assert.match((await ask('GET', '/statusz', undefined, TEXT)).text, /^\napiserver statusz\n/)
  assert.match((await ask('POST', '/flagz', undefined, TEXT)).text, /\nsecure-port 6443\n$/)
  const headers = { accept: 'application/json' }
  const refused = await ask('GET', '/flagz', undefined, { headers })
  assert.equal(refused.status, 406)
  assert.match(refused.body.message, /^only the following media types are accepted: .*text\/plain$/)
  assert.equal((await ask('GET', '/statusz/', undefined, TEXT)).status, 404)
  const paths = (await ask('GET', '/')).body.paths
  assert.ok(paths.includes('/statusz') && paths.includes('/flagz'))
  const without = await startTestServer({ featureGates: new Map([['ComponentFlagz', false]]) })
  assert.equal((await without.ask('GET', '/flagz', undefined, TEXT)).text, '404 page not found\n')
  assert.equal((await without.ask('GET', '/')).body.paths.includes('/flagz'), false)
})

test('parts that a gate switches off are not asked whether they are well', async () => {
  const gates = ['APIServerIdentity', 'UnknownVersionInteroperabilityProxy']
  const featureGates = new Map(gates.map(gate => [gate, false]))
  const [all, some] = await Promise.all(
    [{}, { featureGates }].map(async options => {
      const { ask } = await startTestServer(options)
      return (await ask('GET', '/readyz?verbose')).text.split('\n')
    }),
  )
  assert.deepEqual(
    all?.filter(line => !some?.includes(line)),
    [
      '[+]poststarthook/peer-endpoint-reconciler-controller ok',
      '[+]poststarthook/start-kube-apiserver-identity-lease-controller ok',
      '[+]poststarthook/start-kube-apiserver-identity-lease-garbage-collector ok',
    ],
  )
})

test('what is not done end to end is not there', async () => {
  const { ask } = await startTestServer({ admission: [] })
  const pods = '/api/v1/namespaces/default/pods'
  await ask('POST', pods, {
    metadata: { name: 'p' },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  })
  assert.equal((await ask('GET', `${pods}/p`)).status, 200)
  assert.equal((await ask('GET', `${pods}/p/status/more`)).status, 404)
})

test('a version that nobody serves is not found as a resource is, what is below a document as a page', async () => {
  const { ask } = await startTestServer()
  for (const path of ['/api/v2', '/apis/apps/v7', '/api/v1/namespaces/default/nothings']) {
    const { status, body } = await ask('GET', path)
    assert.equal(status, 404)
    assert.equal(body.message, 'the server could not find the requested resource', path)
    assert.deepEqual(body.details, {})
  }
  for (const path of ['/metrics/none', '/apis/none.example.com'])
    assert.equal((await ask('GET', path)).text, '404 page not found\n', path)
  const refused = await ask('DELETE', '/api/v1/namespaces/default/configmaps/none', '{')
  assert.equal(
    refused.body.message,
    "couldn't get version/kind; json parse error: unexpected end of JSON input",
  )
})
