import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ForwarderTo, ForwardTarget } from '#client/forwarding/forwarder.ts'
import type { ApiRequest, ApiResponse } from '#client/transport.ts'
import { admin, answerOf, startTestServer } from './testing.ts'

const DEFAULT = '/api/v1/namespaces/default'

interface Asked {
  readonly target: ForwardTarget
  readonly request: ApiRequest
}

/** A network that answers what it is told to, and remembers what it was asked. */
function network(answer: Partial<ApiResponse> = {}) {
  const asked: Asked[] = []
  const forwarderTo: ForwarderTo = target => ({
    async request(request) {
      asked.push({ target, request })
      const body = { kind: 'bytes', bytes: Buffer.from('hello') } as const
      return { status: 200, headers: { 'content-type': 'text/plain' }, body, ...answer }
    },
    async upgrade(request) {
      return { response: await this.request(request) }
    },
  })
  return { asked, forwarderTo }
}

const pod = (name: string, ip: string) => ({
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 8080 }] }] },
  status: { podIP: ip, podIPs: [{ ip }], phase: 'Running' },
})

async function start(answer?: Partial<ApiResponse>) {
  const { asked, forwarderTo } = network(answer)
  const server = await startTestServer({ forwarderTo, admission: [] })
  const { ask } = server
  const addPod = async (name: string, ip: string) => {
    const made = await ask('POST', `${DEFAULT}/pods`, pod(name, ip))
    assert.equal(made.status, 201, made.text)
    const path = `${DEFAULT}/pods/${name}/status`
    const put = await ask('PUT', path, { ...made.body, status: pod(name, ip).status })
    assert.equal(put.status, 200, put.text)
  }
  const addSlice = (addresses: object[], ports: object[] = [{ name: '', port: 8080 }]) =>
    ask('POST', '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
      metadata: { name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } },
      addressType: 'IPv4',
      ports,
      endpoints: addresses,
    })
  return { ...server, asked, addPod, addSlice }
}

test('a pod is asked at its own address, with the path and query as they came', async () => {
  const { ask, asked, addPod } = await start()
  await addPod('web', '10.1.2.3')
  const more = { headers: { accept: 'image/png', host: 'api:6443' } }
  const path = `${DEFAULT}/pods/web/proxy/a%2Fb/../c/?x=%20y`
  const answer = await ask('GET', path, undefined, more)
  assert.equal(answer.text, 'hello')
  // Under the host that the client knows: browsers say it in Origin, too.
  const target = { scheme: 'http', address: '10.1.2.3', port: 8080, host: 'api:6443' }
  assert.deepEqual(asked[0]?.target, target)
  assert.equal(asked[0]?.request.path, '/a%2Fb/../c/?x=%20y')
  assert.equal(asked[0]?.request.headers?.['x-forwarded-host'], 'api:6443')
  await ask('POST', `${DEFAULT}/pods/https:web:9443/proxy/form`, 'a=b')
  assert.deepEqual(asked[1]?.target, { scheme: 'https', address: '10.1.2.3', port: 9443 })
  assert.equal(asked[1]?.request.method, 'POST')
  assert.equal(Buffer.from(asked[1]?.request.body as Uint8Array).toString(), 'a=b')
})

test('the root is asked for with its slash', async () => {
  const { ask, asked, addPod } = await start()
  await addPod('web', '10.1.2.3')
  const bare = await ask('GET', `${DEFAULT}/pods/web/proxy?a=b`)
  assert.equal(bare.status, 301)
  assert.equal(bare.headers.location, `${DEFAULT}/pods/web/proxy/?a=b`)
  assert.equal(asked.length, 0)
  await ask('GET', `${DEFAULT}/pods/web/proxy/`)
  assert.equal(asked[0]?.request.path, '/')
  for (const nobody of ['pods/gone', 'services/gone']) {
    const gone = await ask('GET', `${DEFAULT}/${nobody}/proxy`)
    assert.equal(gone.status, 404, 'it would be so with a slash, too')
  }
  assert.equal((await ask('GET', '/api/v1/nodes/gone/proxy')).status, 404)
})

test('an upgrade needs no slash; what is neither one nor an error is told as such', async () => {
  for (const [status, expected] of [
    [403, 403],
    [200, 500],
    [302, 500],
  ] as const) {
    const { server, asked, addPod } = await start({ status, headers: { location: '/elsewhere' } })
    await addPod('web', '10.1.2.3')
    const path = `${DEFAULT}/pods/web/proxy`
    const request = { method: 'GET', path, headers: { upgrade: 'websocket' } } as const
    const result = await server.upgrade(request, { user: admin })
    assert.equal(asked[0]?.request.path, '/')
    assert.ok('response' in result)
    assert.equal(result.response.status, expected)
    if (expected === 500)
      assert.equal(
        answerOf(result.response).body.message,
        `invalid upgrade response: status code ${status}`,
      )
  }
})

test('a target does not say which other origins may read its answers', async () => {
  const allow = 'access-control-allow-'
  const { ask, addPod } = await start({
    headers: {
      'content-type': 'text/plain',
      [`${allow}origin`]: '*',
      [`${allow}credentials`]: 'true',
      [`${allow}headers`]: 'authorization',
      [`${allow}methods`]: 'DELETE',
      vary: 'Origin',
    },
  })
  await addPod('web', '10.1.2.3')
  const { headers } = await ask('GET', `${DEFAULT}/pods/web/proxy/`)
  assert.deepEqual(
    Object.keys(headers).filter(name => name.startsWith(allow)),
    [],
  )
  assert.equal(headers.vary, 'Origin')
})

test('redirects to the target lead through the proxy, others stay', async () => {
  const cases = [
    ['/login', `${DEFAULT}/pods/web/proxy/login`],
    ['http://10.1.2.3:8080/login?x', `${DEFAULT}/pods/web/proxy/login?x`],
    ['next', 'next'],
    ['https://example.org/login', 'https://example.org/login'],
    ['//10.1.2.3:8080/a/?b#c', `${DEFAULT}/pods/web/proxy/a/?b#c`],
    ['https://api:6443/login', `${DEFAULT}/pods/web/proxy/login`],
    ['http://10.1.2.3:9/login', 'http://10.1.2.3:9/login'],
    [`${DEFAULT}/pods/web/proxy`, `${DEFAULT}/pods/web/proxy`],
    [`${DEFAULT}/pods/web/proxy?a`, `${DEFAULT}/pods/web/proxy?a`],
    [`${DEFAULT}/pods/web/proxys`, `${DEFAULT}/pods/web/proxy${DEFAULT}/pods/web/proxys`],
    [`${DEFAULT}/pods/web/proxy/a`, `${DEFAULT}/pods/web/proxy/a`],
  ] as const
  for (const [location, expected] of cases) {
    const { ask, addPod } = await start({ status: 302, headers: { location } })
    await addPod('web', '10.1.2.3')
    const more = { headers: { host: 'api:6443' } }
    const answer = await ask('GET', `${DEFAULT}/pods/web/proxy/`, undefined, more)
    assert.equal(answer.headers.location, expected)
  }
})

test('a redirect to what is no URL is none', async () => {
  for (const location of ['/a%zz', '/a%', 'http://10.1.2.3:eighty/', '://a']) {
    const { ask, addPod } = await start({ status: 302, headers: { location } })
    await addPod('web', '10.1.2.3')
    const answer = await ask('GET', `${DEFAULT}/pods/web/proxy/`)
    assert.equal(answer.status, 500, location)
    assert.match(answer.body.message, /error trying to parse Location header/)
    assert.equal(answer.headers.location, undefined)
  }
})

/** The whole text of an answer that is a stream. */
const streamed = ({ body }: ApiResponse): Promise<string> =>
  new Promise((resolve, reject) => {
    let text = ''
    if (body.kind !== 'stream') return reject(new Error(`a stream, not ${body.kind}`))
    body.stream.subscribe({
      next: chunk => {
        text += Buffer.from(chunk).toString()
      },
      end: error => (error ? reject(error) : resolve(text)),
    })
  })

test('links in pages of pods and services lead through the proxy', async () => {
  const page = '<a href="/rewriteme">test</a><a href="http://10.1.2.3:8080/a/?b#c">'
  const { server, ask, addPod, addSlice } = await start({
    headers: { 'content-type': 'text/html; charset=utf-8' },
    body: { kind: 'bytes', bytes: Buffer.from(page) },
  })
  await addPod('web', '10.1.2.3')
  await ask('POST', `${DEFAULT}/services`, {
    metadata: { name: 'web' },
    spec: { ports: [{ port: 80 }] },
  })
  await addSlice([{ addresses: ['10.1.2.3'], targetRef: { kind: 'Pod', name: 'web' } }])
  for (const name of ['pods/web', 'pods/http:web:8080', 'services/web', 'services/web:80']) {
    const prefix = `${DEFAULT}/${name}/proxy`
    const answer = await server.handle({ method: 'GET', path: `${prefix}/a/b?c` }, { user: admin })
    const expected = `<a href="${prefix}/rewriteme">test</a><a href="${prefix}/a/?b#c">`
    assert.equal(await streamed(answer), expected)
    assert.equal(answer.headers['content-length'], String(expected.length))
  }
})

test('what is no page passes while it comes', async () => {
  for (const type of ['text/event-stream', 'application/xhtml+xml', 'text/htmlx', 'text/plain']) {
    const body = { kind: 'stream', stream: { subscribe: () => () => {} } } as const
    const { server, addPod } = await start({ headers: { 'content-type': type }, body })
    await addPod('web', '10.1.2.3')
    const path = `${DEFAULT}/pods/web/proxy/`
    const answer = await server.handle({ method: 'GET', path }, { user: admin })
    assert.equal(answer.body, body, type)
  }
})

test('addresses that mean this machine are refused', async () => {
  const { asked, ask, addPod } = await start()
  const hostile = ['127.0.0.1', '169.254.169.254', '0.0.0.0', '::1', 'fe80::1']
  for (const [at, ip] of hostile.entries()) {
    await addPod(`p${at}`, ip)
    const answer = await ask('GET', `${DEFAULT}/pods/p${at}/proxy/`)
    assert.equal(answer.status, 400, ip)
    assert.equal(answer.body.message, 'address not allowed')
  }
  assert.equal(asked.length, 0)
  // This one no status can say.
  await assert.rejects(addPod('mapped', '::ffff:127.0.0.1'), /must not be an IPv4-mapped/)
})

test('a service is asked at a ready endpoint whose pod has that address', async () => {
  const { ask, asked, addPod, addSlice } = await start()
  const web = { metadata: { name: 'web' }, spec: { ports: [{ port: 80, targetPort: 8080 }] } }
  assert.equal((await ask('POST', `${DEFAULT}/services`, web)).status, 201)
  const none = await ask('GET', `${DEFAULT}/services/web/proxy/`)
  assert.equal(none.status, 503)
  assert.equal(none.body.message, 'no endpoints available for service "web"')
  await addPod('a', '10.1.2.3')
  await addPod('b', '10.1.2.4')
  const of = (name: string, ip: string, ready = true) => ({
    addresses: [ip],
    conditions: { ready },
    targetRef: { kind: 'Pod', namespace: 'default', name },
  })
  // Of these only the first is ready and has the address that its pod has.
  const sliced = await addSlice([
    of('a', '10.1.2.3'),
    of('b', '10.1.2.4', false),
    of('b', '10.9.9.9'),
    { addresses: ['10.9.9.8'] },
  ])
  assert.equal(sliced.status, 201, sliced.text)
  for (let count = 0; count < 8; count++)
    assert.equal((await ask('GET', `${DEFAULT}/services/web:80/proxy/x`)).text, 'hello')
  for (const { target } of asked)
    assert.deepEqual(target, { scheme: 'http', address: '10.1.2.3', port: 8080 })
  const wrong = await ask('GET', `${DEFAULT}/services/web:81/proxy/`)
  assert.equal(wrong.body.message, 'no service port 81 found for service "web"')
})

test('of a node only the kubelet is reached, without redirects and dots', async () => {
  const asked: ApiRequest[] = []
  let location: string | undefined
  let page: string | undefined
  const { ask, server } = await startTestServer({
    nodes: {
      nodeConnection: async () => ({
        async request(request) {
          asked.push(request)
          const headers: Record<string, string> = location === undefined ? {} : { location }
          if (page !== undefined) headers['content-type'] = 'text/html'
          const body = { kind: 'bytes', bytes: Buffer.from(page ?? 'ok') } as const
          return { status: location === undefined ? 200 : 302, headers, body }
        },
      }),
    },
  })
  const node = {
    metadata: { name: 'n' },
    status: { daemonEndpoints: { kubeletEndpoint: { Port: 10250 } } },
  }
  assert.equal((await ask('POST', '/api/v1/nodes', node)).status, 201)
  const headers = { authorization: 'Bearer secret', cookie: 'secret' }
  const fine = await ask('GET', '/api/v1/nodes/https:n:10250/proxy/healthz?a=b', undefined, {
    headers,
  })
  assert.equal(fine.text, 'ok')
  assert.equal(asked[0]?.path, '/healthz?a=b')
  assert.equal(JSON.stringify(asked[0]).includes('secret'), false)
  assert.equal((await ask('GET', '/api/v1/nodes/n:22/proxy/')).status, 400)
  assert.equal((await ask('GET', '/api/v1/nodes/n/proxy/pods/%2e%2e/exec')).status, 400)
  page = '<a href="/logs/">'
  const logs = { method: 'GET', path: '/api/v1/nodes/n/proxy/logs/' } as const
  const answer = await server.handle(logs, { user: admin })
  assert.equal(await streamed(answer), '<a href="/api/v1/nodes/n/proxy/logs/">')
  location = 'https://169.254.169.254/'
  const redirected = await ask('GET', '/api/v1/nodes/n/proxy/pods')
  assert.equal(redirected.status, 502)
  assert.equal(redirected.headers.location, undefined)
})

test('without a network to pods the answer says so', async () => {
  const { ask } = await startTestServer({ admission: [] })
  const made = await ask('POST', `${DEFAULT}/pods`, pod('web', ''))
  const status = { podIP: '10.1.2.3', podIPs: [{ ip: '10.1.2.3' }] }
  await ask('PUT', `${DEFAULT}/pods/web/status`, { ...made.body, status })
  const answer = await ask('GET', `${DEFAULT}/pods/web/proxy/`)
  assert.equal(answer.status, 503)
  assert.match(answer.body.message, /hollow/)
})

test('rights are asked for by method and whole name; a namespace called proxy is like any other', async () => {
  const nobody = { name: 'nobody', groups: ['system:authenticated'] }
  const { ask } = await startTestServer({ user: nobody })
  for (const [method, verb] of [
    ['GET', 'get'],
    ['HEAD', 'get'],
    ['POST', 'create'],
    ['PUT', 'update'],
    ['PATCH', 'patch'],
    ['DELETE', 'delete'],
  ] as const) {
    const { status, body } = await ask(method, `${DEFAULT}/services/https:web:1/proxy/`)
    assert.equal(status, 403)
    assert.match(body.message, new RegExp(`cannot ${verb} resource "services/proxy"`))
  }
  const { body } = await ask('GET', '/api/v1/namespaces/proxy/pods/%2e%2e')
  assert.equal(body.code, 404)
})
