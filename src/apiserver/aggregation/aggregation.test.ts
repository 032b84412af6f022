import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { systemClock } from '#host/clock.ts'
import { admin, answerOf, startWatch } from '../testing.ts'
import {
  becomes,
  conditionOf,
  createService,
  createSlice,
  eventually,
  GROUP,
  json,
  NAME,
  ROOT,
  register,
  registered,
  resourceList,
  simple,
  startExtension,
  startFront,
} from './testing.ts'

const FLUNDERS = `${ROOT}/namespaces/default/flunders`
describe('a version that another server serves', () => {
  test('is passed on with the name of who asks, proved by the certificate of the front proxy', async () => {
    await using extension = await simple()
    await using front = await registered(extension, systemClock)
    await becomes(front, 'Passed')
    const user = {
      name: 'jané',
      uid: 'u-1',
      groups: ['system:masters', 'a, b'],
      extra: { 'example.com/Rôle': ['one', 'two'] },
    }
    const fine = await front.server.handle(
      {
        method: 'POST',
        path: `${FLUNDERS}?dryRun=All&x=%20y`,
        headers: {
          'content-type': 'application/json',
          authorization: 'Bearer secret',
          'x-remote-user': 'root',
          'audit-id': 'told-by-both',
          'x-remote-extra-mine': 'forged',
        },
        body: Buffer.from('{"kind":"Flunder"}'),
      },
      { user },
    )
    assert.equal(fine.status, 200)
    const [seen] = extension.passed()
    assert.equal(seen?.proxy, 'front-proxy-client')
    assert.equal(seen?.url, `${FLUNDERS}?dryRun=All&x=%20y`)
    assert.equal(seen?.body, '{"kind":"Flunder"}')
    const { headers } = seen as NonNullable<typeof seen>
    assert.equal(Buffer.from(String(headers['x-remote-user']), 'latin1').toString(), 'jané')
    assert.equal(headers['x-remote-uid'], 'u-1')
    assert.deepEqual(headers['x-remote-group'], ['system:masters', 'a, b'])
    assert.equal(headers['x-remote-extra-example.com%2fr%c3%b4le'], 'one, two')
    assert.equal(headers['x-remote-extra-mine'], undefined)
    assert.equal(headers.authorization, undefined)
    assert.equal(headers['audit-id'], 'told-by-both')
  })

  test('answers by every method, and callers in process get values', async () => {
    await using extension = await simple()
    await using front = await registered(extension, systemClock)
    await becomes(front, 'Passed')
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE'] as const) {
      const { status, body } = await front.read(method, `${FLUNDERS}/a`)
      assert.deepEqual([status, body.method], [200, method])
    }
    const value = await front.server.transportFor(admin).request({
      method: 'PUT',
      path: `${FLUNDERS}/a`,
      objects: true,
      body: { kind: 'Flunder' },
    })
    assert.deepEqual(answerOf(value).body, {
      kind: 'Flunder',
      method: 'PUT',
      body: '{"kind":"Flunder"}',
    })
  })

  test('is only for those who may', async () => {
    await using extension = await simple()
    await using front = await registered(extension, systemClock)
    await becomes(front, 'Passed')
    const stranger = { user: { name: 'stranger', groups: ['system:authenticated'] } }
    const asked = await front.server.handle({ method: 'GET', path: FLUNDERS }, stranger)
    assert.equal(asked.status, 403)
    assert.equal(extension.passed().length, 0)
  })

  test('is watched, event by event, over bytes and in process', async () => {
    let push: (line: object) => void = () => {}
    let isClosed = false
    await using extension = await startExtension((request, response) => {
      if (request.url === ROOT) return json(response, 200, resourceList(GROUP, 'v1'))
      if (!request.url?.includes('watch=true')) return json(response, 404, {})
      response.writeHead(200, { 'content-type': 'application/json' })
      response.on('close', () => {
        isClosed = true
      })
      push = line => response.write(`${JSON.stringify(line)}\n`)
      push({ type: 'ADDED', object: { metadata: { name: 'first' } } })
    })
    await using front = await registered(extension, systemClock)
    await becomes(front, 'Passed')
    for (const objects of [false, true]) {
      isClosed = false
      const watch = await startWatch(front.server, `${FLUNDERS}?watch=true`, { objects })
      assert.equal((await watch.take(1))[0]?.object.metadata.name, 'first')
      push({ type: 'MODIFIED', object: { metadata: { name: 'second' } } })
      assert.equal((await watch.take(1))[0]?.object.metadata.name, 'second')
      watch.cancel()
      await eventually(() => isClosed)
    }
  })

  test('that does not take an upgrade is told as it answered: its pieces are no messages', async () => {
    await using extension = await startExtension((request, response) => {
      if (request.url === ROOT) return json(response, 200, resourceList(GROUP, 'v1'))
      response.writeHead(200, { 'content-type': 'application/json' })
      // Half an event, which would make no message.
      response.write('{"type":"ADDED",')
    })
    await using front = await registered(extension, systemClock)
    await becomes(front, 'Passed')
    const result = await front.server.upgrade(
      {
        method: 'GET',
        path: `${FLUNDERS}?watch=true`,
        headers: { upgrade: 'websocket', connection: 'Upgrade' },
      },
      { user: admin },
    )
    assert.ok('response' in result)
    const { body } = result.response
    assert.ok(body.kind === 'stream')
    body.stream.subscribe({ next() {}, end() {} })()
  })

  test('takes over the connection where it is asked to', async () => {
    await using extension = await simple()
    extension.upgraded((request, socket) => {
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: mine\r\n\r\n${request.headers['x-remote-user']}`,
      )
    })
    await using front = await registered(extension, systemClock)
    await becomes(front, 'Passed')
    const result = await front.server.upgrade(
      {
        method: 'GET',
        path: `${FLUNDERS}/a/exec`,
        headers: { upgrade: 'mine', connection: 'Upgrade' },
      },
      { user: admin },
    )
    assert.ok('tunnel' in result)
    const { socket, head } = result.tunnel
    const text =
      head.length > 0 ? Buffer.from(head) : await new Promise(r => socket.once('data', r))
    assert.equal(String(text), 'admin')
    socket.destroy()
  })

  test('hands out documents, and no connection that is the aggregator’s', async () => {
    await using extension = await simple()
    let upgrades = 0
    extension.upgraded((_, socket) => {
      upgrades++
      socket.end('HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: mine\r\n\r\n')
    })
    await using front = await registered(extension, systemClock)
    await becomes(front, 'Passed')
    const headers = { upgrade: 'mine', connection: 'Upgrade' }
    const path = `/openapi/v3${ROOT}`
    const result = await front.server.upgrade({ method: 'GET', path, headers }, { user: admin })
    assert.ok('response' in result)
    assert.deepEqual([result.response.status, upgrades], [404, 0])
  })

  test('is not asked on behalf of whoever left before it answered', async () => {
    let asked = 0
    let left = 0
    await using extension = await startExtension((request, response) => {
      if (request.url === ROOT) return json(response, 200, resourceList(GROUP, 'v1'))
      // Its OpenAPI is asked for, too, at a time of its own.
      if (request.url !== FLUNDERS) return json(response, 404, {})
      asked++
      response.on('close', () => left++)
    })
    await using front = await registered(extension, systemClock)
    await becomes(front, 'Passed')
    const controller = new AbortController()
    // As requests from the wire have it, which is not among their own properties.
    const request = Object.assign(Object.create({ signal: controller.signal }), {
      method: 'GET',
      path: FLUNDERS,
    })
    const answer = front.server.handle(request, { user: admin })
    await eventually(() => asked === 1)
    controller.abort()
    await eventually(() => left === 1)
    await answer
  })

  test('does not say which other origins may read its answers', async () => {
    await using extension = await startExtension((request, response) => {
      if (request.url === ROOT) return json(response, 200, resourceList(GROUP, 'v1'))
      response.setHeader('access-control-allow-origin', '*').setHeader('vary', 'Origin')
      json(response, 200, {})
    })
    await using front = await registered(extension, systemClock)
    await becomes(front, 'Passed')
    const { headers } = await front.ask('GET', FLUNDERS)
    assert.equal(headers['access-control-allow-origin'], undefined)
    assert.equal(headers.vary, 'Origin')
  })

  test('may not send clients elsewhere', async () => {
    await using extension = await startExtension((request, response) => {
      if (request.url === ROOT) return json(response, 200, resourceList(GROUP, 'v1'))
      response.writeHead(302, { location: 'https://elsewhere.example.com/' }).end()
    })
    await using front = await registered(extension, systemClock)
    await becomes(front, 'Passed')
    const { status, text } = await front.ask('GET', FLUNDERS)
    assert.equal(status, 502)
    assert.match(text, /attempted to redirect this request, which is not permitted/)
  })
})

describe('an APIService', () => {
  test('tells step by step what is missing, and answers 503 until nothing is', async () => {
    await using extension = await simple()
    await using front = await startFront(() => extension.port, systemClock)
    await register(front)
    await becomes(front, 'ServiceNotFound')
    const condition = await conditionOf(front)
    assert.equal(condition.status, 'False')
    assert.equal(condition.message, 'service/extension in "default" is not present')
    const refused = await front.ask('GET', FLUNDERS)
    assert.deepEqual([refused.status, refused.text], [503, 'service unavailable\n'])
    assert.match(refused.headers['content-type'] ?? '', /^text\/plain/)
    await createService(front)
    await becomes(front, 'EndpointsNotFound')
    assert.equal(
      (await conditionOf(front)).message,
      'cannot find endpointslices for service/extension in "default"',
    )
    await createSlice(front)
    await becomes(front, 'Passed')
    const passed = await conditionOf(front)
    assert.deepEqual([passed.status, passed.message], ['True', 'all checks passed'])
    assert.equal((await front.ask('GET', FLUNDERS)).status, 200)
    // The checks themselves come as the aggregator.
    assert.deepEqual(extension.seen[0]?.headers['x-remote-group'], ['system:masters'])
    await front.ask(
      'DELETE',
      '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/extension-1',
    )
    await becomes(front, 'EndpointsNotFound')
    assert.equal((await front.ask('GET', FLUNDERS)).status, 503)
  })

  test('that names a port which the service does not have says so', async () => {
    await using extension = await simple()
    await using front = await registered(extension, systemClock, {
      service: { namespace: 'default', name: 'extension', port: 80 },
    })
    await becomes(front, 'ServicePortError')
    assert.equal(
      (await conditionOf(front)).message,
      'service/extension in "default" is not listening on port 80',
    )
  })

  test('fails where the server does not serve the version', async () => {
    await using extension = await startExtension((_, response) => json(response, 404, {}))
    await using front = await registered(extension, systemClock)
    await becomes(front, 'FailedDiscoveryCheck')
    const { message } = await conditionOf(front)
    const url = `https://192.0.2.7:8443${ROOT}`
    assert.equal(message, `failing or missing response from ${url}: bad status from ${url}: 404`)
  })

  test('fails where nobody vouches for the certificate, or it is for another name', async () => {
    await using extension = await simple()
    await using front = await registered(extension, systemClock, { caBundle: undefined })
    await becomes(front, 'FailedDiscoveryCheck')
    assert.match(
      (await conditionOf(front)).message,
      /x509: certificate signed by unknown authority$/,
    )
    await using misnamed = await startExtension((_, response) => json(response, 200, {}), ['other'])
    await using strict = await registered(misnamed, systemClock)
    await becomes(strict, 'FailedDiscoveryCheck')
    assert.match((await conditionOf(strict)).message, /failed to verify certificate: x509: /)
    await using careless = await registered(misnamed, systemClock, {
      caBundle: undefined,
      insecureSkipTLSVerify: true,
    })
    await becomes(careless, 'Passed')
  })

  test('recovers by itself', async () => {
    let isWell = false
    await using extension = await startExtension((_, response) =>
      json(response, isWell ? 200 : 500, resourceList(GROUP, 'v1')),
    )
    await using front = await registered(extension, systemClock)
    await becomes(front, 'FailedDiscoveryCheck')
    isWell = true
    await becomes(front, 'Passed')
  })

  test('that is taken away, or is served here again, leads nowhere', async () => {
    await using extension = await simple()
    await using front = await registered(extension, systemClock)
    await becomes(front, 'Passed')
    const path = `/apis/apiregistration.k8s.io/v1/apiservices/${NAME}`
    const { body } = await front.ask('GET', path)
    const { service: _, caBundle: __, ...spec } = body.spec
    const changed = await front.ask('PUT', path, { ...body, spec })
    assert.equal(changed.status, 200, changed.text)
    await becomes(front, 'Local')
    assert.equal((await front.ask('GET', FLUNDERS)).status, 404)
    const { metadata } = (await front.ask('GET', path)).body
    const again = await front.ask('PUT', path, { ...body, metadata })
    assert.equal(again.status, 200, again.text)
    await becomes(front, 'Passed')
    await front.ask('DELETE', path)
    await eventually(async () => (await front.ask('GET', FLUNDERS)).status === 404)
    assert.equal((await front.ask('GET', `/apis/${GROUP}`)).status, 404)
  })
})
