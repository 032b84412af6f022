/** The dashboard's server between a browser and a cluster: who is let in, what is passed on, and what is served to whom. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { type IncomingHttpHeaders, request } from 'node:http'
import { after, before, test } from 'node:test'
import { WebSocket } from 'ws'
import { pod } from '#api/core/v1/pod/pod.ts'
import { systemLog } from '#host/log.ts'
import { startCluster } from '#index'
import type { Cluster } from './cluster.ts'
import { dashboardConnection, openDashboard } from './dashboard.ts'

type Dashboard = Awaited<ReturnType<typeof openDashboard>>

let cluster: Cluster
let dashboard: Dashboard
let key: string
const urls: string[] = []

before(async () => {
  cluster = await startCluster()
  dashboard = await openDashboard({
    transport: cluster.transport,
    server: 'https://cluster.example',
    address: '127.0.0.1',
    port: 0,
    log: systemLog('error'),
    onNewUrl: url => urls.push(url),
  })
  key = drawn('k')
  assert.equal((await exchange(tokenOf(dashboard.url), key)).status, 200)
})
after(async () => {
  await dashboard.stop()
  await cluster.stop()
})

const tokenOf = (url: string) => new URL(url).hash.replace('#token=', '')
const exchange = (token: string, its: string) =>
  ask('POST', '/session', { body: JSON.stringify({ token, key: its }) })
const drawn = (letter: string) => letter.repeat(43)

interface Asked {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

function ask(method: string, path: string, { headers = {}, body }: Asked = {}) {
  return new Promise<{ status: number; headers: IncomingHttpHeaders; text: string }>(
    (resolve, reject) => {
      const asked = request(
        { host: '127.0.0.1', port: dashboard.port, method, path, headers, agent: false },
        response => {
          let text = ''
          response.setEncoding('utf8').on('data', part => {
            text += part
          })
          response.once('end', () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
          )
        },
      )
      asked.once('error', reject)
      asked.end(body)
    },
  )
}

const bearer = () => ({ authorization: `Bearer ${key}` })
const api = (path: string, headers = {}) =>
  ask('GET', path, { headers: { ...bearer(), ...headers } })

const PROTOCOL = 'base64url.bearer.authorization.k8s.io.'

/** What is said on a web socket, until it ends or `count` messages came. */
function listen(path: string, protocols: string[], count: number, origin?: string) {
  const url = `ws://127.0.0.1:${dashboard.port}${path}`
  const socket = new WebSocket(url, protocols, origin === undefined ? {} : { origin })
  const said: Buffer[] = []
  return new Promise<{ said: Buffer[]; status: number | undefined }>(resolve => {
    let status: number | undefined
    socket.on('unexpected-response', (_request, response) => {
      status = response.statusCode
      response.resume()
      socket.terminate()
    })
    socket.on('message', (data: Buffer) => {
      if (data.length > 0) said.push(data)
      if (said.length >= count) socket.close()
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve({ said, status }))
  })
}

test('a token lets one browser in, and the next one is told', async () => {
  const used = tokenOf(urls[0] ?? '')
  assert.equal((await exchange(used, 'short')).status, 401)
  assert.equal((await exchange(used, drawn('a'))).status, 200)
  // Whose answer was lost asks again; anybody else comes too late.
  assert.equal((await exchange(used, drawn('a'))).status, 200)
  assert.equal((await exchange(used, drawn('b'))).status, 401)
  assert.equal((await exchange('', drawn('b'))).status, 401)
  assert.equal(urls.length, 2)
  assert.equal((await api('/session')).text, '{"server":"https://cluster.example"}')
})

test('without a key nothing of the API is told', async () => {
  for (const path of ['/api/v1/namespaces', '/apis', '/version', '/openapi/v2', '/readyz']) {
    const { status, headers } = await ask('GET', path)
    assert.deepEqual([path, status, headers['x-proa-dashboard']], [path, 401, 'refused'])
    const wrong = await ask('GET', path, { headers: { authorization: 'Bearer wrong' } })
    assert.equal(wrong.status, 401)
  }
  assert.equal((await api('/version')).status, 200)
  // Of the API server's other places nothing is the dashboard's.
  assert.equal((await api('/metrics')).status, 404)
  assert.equal((await api('/debug/pprof/')).status, 404)
})

test('pages of others get nothing, with the key even', async () => {
  const refused = async (headers: Record<string, string>) =>
    (await api('/api/v1/namespaces', headers)).status
  assert.equal(await refused({ host: 'rebound.example:8001' }), 403)
  assert.equal(await refused({ host: 'x;script-src *;.localhost' }), 403)
  assert.equal(await refused({ origin: 'http://evil.example' }), 403)
  assert.equal(await refused({ origin: 'null' }), 403)
  assert.equal(await refused({ 'sec-fetch-site': 'cross-site' }), 403)
  assert.equal(await refused({ 'sec-fetch-site': 'same-site' }), 403)
  for (const host of ['localhost', 'localhost:9', '127.0.0.1:1', '[::1]:8001', '10.0.0.1'])
    assert.equal(await refused({ host, origin: `http://${host}` }), 200, host)
  // A link on a page of somebody else may lead here.
  assert.equal((await ask('GET', '/', { headers: { 'sec-fetch-site': 'cross-site' } })).status, 200)
  const preflight = await ask('OPTIONS', '/api/v1/namespaces', {
    headers: { origin: 'http://evil.example', 'access-control-request-headers': 'authorization' },
  })
  assert.equal(preflight.headers['access-control-allow-origin'], undefined)
})

test('the document has a policy that names its scripts in line', async () => {
  const { text, headers } = await ask('GET', '/')
  const [, map = ''] = /<script type="importmap">(.*?)<\/script>/.exec(text) ?? []
  const policy = String(headers['content-security-policy'])
  const [, begin = ''] = /<script type="module">([\s\S]*?)<\/script>/.exec(text) ?? []
  const hashes = [map, begin].map(
    script => `'sha256-${createHash('sha256').update(script).digest('base64')}'`,
  )
  assert.ok(policy.includes(`script-src 'self' ${hashes.join(' ')};`), policy)
  for (const part of [
    "default-src 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "form-action 'none'",
  ])
    assert.ok(policy.includes(part), part)
  assert.doesNotMatch(policy, /unsafe|\*/)
  assert.doesNotMatch(text, /https?:\/\//, 'nothing is fetched from elsewhere')
})

test('modules that the pages reach are served, as JavaScript, and nothing else of the source', async () => {
  const { text } = await ask('GET', '/')
  const paths = [...text.matchAll(/(?:href|src)="(\/ui\/[^"]+)"/g)].map(([, path = '']) => path)
  assert.ok(paths.length > 40)
  for (const path of new Set(paths)) {
    const asset = await ask('GET', path)
    assert.equal(asset.status, 200, path)
    if (path.endsWith('.ts'))
      assert.match(String(asset.headers['content-type']), /^text\/javascript/)
    assert.doesNotMatch(asset.text, /from 'node:/, path)
  }
  for (const path of [
    '/ui/main.ts',
    '/ui/cluster/dashboard.ts',
    '/ui/../../package.json',
    '/ui/%2e%2e/%2e%2e/package.json',
    '/ui/dashboard/pages/tsconfig.json',
    '/etc/passwd',
  ])
    assert.equal((await ask('GET', path)).status, 404, path)
})

test('answers of the API are never pages of this origin, and bring no way to sign in', async () => {
  const { headers } = await api('/api/v1/namespaces', { accept: 'application/yaml' })
  assert.match(String(headers['content-security-policy']), /sandbox/)
  assert.equal(headers['x-content-type-options'], 'nosniff')
  assert.equal(headers['content-type'], 'application/yaml')
  assert.equal(headers['set-cookie'], undefined)
})

test('what a browser says of itself is not passed on', async () => {
  // Impersonation would be an administrator's right.
  const { text } = await api('/api/v1/nodes', { 'impersonate-user': 'nobody' })
  assert.equal(JSON.parse(text).kind, 'NodeList')
})

test('writes and refusals are passed on as they are', async () => {
  const headers = { ...bearer(), 'content-type': 'application/json' }
  const path = '/api/v1/namespaces/default/configmaps'
  const made = await ask('POST', path, { headers, body: '{"metadata":{"name":"a"}}' })
  assert.equal(made.status, 201)
  const wrong = await ask('POST', path, { headers, body: '{"metadata":{"name":"A_"}}' })
  assert.equal(wrong.status, 422)
  assert.equal(JSON.parse(wrong.text).details.causes[0].field, 'metadata.name')
})

test('a watch comes over a web socket, as a table where that is said', async () => {
  const accept = Buffer.from('application/json;as=Table;v=v1;g=meta.k8s.io').toString('base64url')
  const path =
    '/api/v1/namespaces?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'
  const protocols = [
    'binary.k8s.io',
    PROTOCOL + key,
    `base64url.accept.dashboard.proa.dev.${accept}`,
  ]
  const { said } = await listen(path, protocols, 1)
  const [first = ''] = Buffer.concat(said).toString().split('\n')
  const event = JSON.parse(first)
  assert.deepEqual([event.type, event.object.kind], ['ADDED', 'Table'])
})

test('why a watch is refused is told as its only event', async () => {
  const path = '/api/v1/namespaces?watch=true&fieldSelector=nonsense%3D1'
  const { said } = await listen(path, ['binary.k8s.io', PROTOCOL + key], 9)
  const event = JSON.parse(Buffer.concat(said).toString())
  assert.deepEqual([event.type, event.object.kind, event.object.code], ['ERROR', 'Status', 400])
})

test('web sockets are for who has a key, and for our own pages', async () => {
  const path = '/api/v1/namespaces?watch=true'
  assert.equal((await listen(path, ['binary.k8s.io'], 1)).status, 401)
  assert.equal((await listen(path, ['binary.k8s.io', `${PROTOCOL}wrong`], 1)).status, 401)
  const evil = await listen(path, ['binary.k8s.io', PROTOCOL + key], 1, 'http://evil.example')
  assert.equal(evil.status, 403)
})

test('a command runs in a pod, and one that cannot is told so', async () => {
  await cluster.client.create(pod, {
    metadata: { name: 'a', namespace: 'default' },
    spec: { containers: [{ name: 'main', image: 'x', resources: {} }] },
  })
  for (;;) {
    const { status } = await cluster.client.get(pod, 'a', 'default')
    if (status?.phase === 'Running') break
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  const path =
    '/api/v1/namespaces/default/pods/a/exec?command=echo&command=hi&stdout=true&container=main'
  const { said } = await listen(path, ['v5.channel.k8s.io', PROTOCOL + key], 9)
  const streams = said.map(message => [message[0], message.subarray(1).toString()])
  assert.deepEqual(streams[0], [1, 'hi\n'])
  const none = await listen(
    path.replace('pods/a', 'pods/none'),
    ['v5.channel.k8s.io', PROTOCOL + key],
    9,
  )
  const [told] = none.said.filter(message => message[0] === 3)
  assert.equal(JSON.parse(told?.subarray(1).toString() ?? '{}').reason, 'NotFound')
})

test('a server that is away is told of as such', async () => {
  const away = await openDashboard({
    transport: { request: () => Promise.reject(new Error('connection refused')) },
    server: 'https://cluster.example',
    address: '127.0.0.1',
    port: 0,
    log: systemLog('error'),
  })
  try {
    const at = `http://127.0.0.1:${away.port}`
    const its = drawn('z')
    const body = JSON.stringify({ token: tokenOf(away.url), key: its })
    await fetch(`${at}/session`, { method: 'POST', body })
    const answer = await fetch(`${at}/api/v1/nodes`, {
      headers: { authorization: `Bearer ${its}` },
    })
    const told = (await answer.json()) as { kind: string; message: string }
    assert.deepEqual([answer.status, told.kind], [502, 'Status'])
    assert.match(told.message, /cannot be reached: connection refused/)
  } finally {
    await away.stop()
  }
})

test('an answer gives the browser no orders, and cannot look like the dashboard’s own', async () => {
  const orders = {
    'clear-site-data': '"*"',
    'access-control-allow-origin': '*',
    'set-cookie': 'a=1',
    refresh: '0;url=http://evil.example',
    'x-proa-dashboard': 'refused',
    'service-worker-allowed': '/',
  }
  const headers = { 'content-type': 'text/html', warning: '299 - "w"', ...orders }
  const hostile = await openDashboard({
    transport: {
      request: async () => ({
        status: 401,
        headers,
        body: { kind: 'bytes', bytes: Buffer.from('x') },
      }),
    },
    server: 'https://cluster.example',
    address: '127.0.0.1',
    port: 0,
    log: systemLog('error'),
  })
  try {
    const at = `http://127.0.0.1:${hostile.port}`
    const its = drawn('y')
    const body = JSON.stringify({ token: tokenOf(hostile.url), key: its })
    await fetch(`${at}/session`, { method: 'POST', body })
    const answer = await fetch(`${at}/api/v1/nodes`, {
      headers: { authorization: `Bearer ${its}` },
    })
    assert.equal(answer.headers.get('warning'), '299 - "w"')
    for (const name of Object.keys(orders)) assert.equal(answer.headers.get(name), null, name)
    assert.match(answer.headers.get('content-security-policy') ?? '', /sandbox/)
  } finally {
    await hostile.stop()
  }
})

test('the kubeconfig is looked for as kubectl does, and a missing one is told in a sentence', async () => {
  const text = (server: string) =>
    `{current-context: a, contexts: [{name: a, context: {cluster: a}}, {name: b, context: {cluster: b}}], clusters: [{name: a, cluster: {server: "https://${server}"}}, {name: b, cluster: {server: "https://b"}}]}`
  const have = new Map([
    ['/one', text('one')],
    ['/two', text('two')],
  ])
  const files = {
    exists: (path: string) => have.has(path),
    read: (path: string) => {
      const content = have.get(path)
      return content === undefined ? undefined : Buffer.from(content)
    },
  }
  const none = { kubeconfig: undefined, context: undefined }
  const serverOf = async (
    wanted: Partial<typeof none | { kubeconfig: string; context: string }>,
    environment = {},
  ) => (await dashboardConnection({ ...none, ...wanted }, environment, files)).server
  assert.equal(await serverOf({ kubeconfig: '/two' }, { KUBECONFIG: '/one' }), 'https://two')
  assert.equal(await serverOf({}, { KUBECONFIG: '/missing:/one' }), 'https://one')
  assert.equal(await serverOf({ kubeconfig: '/one', context: 'b' }), 'https://b')
  await assert.rejects(serverOf({ kubeconfig: '/missing' }), /there is no file \/missing/)
  await assert.rejects(serverOf({}, { KUBECONFIG: '/missing' }), /there is no file \/missing/)
  await assert.rejects(serverOf({}), /there is no kubeconfig: pass --kubeconfig FILE/)
  await assert.rejects(serverOf({ kubeconfig: '/one', context: 'c' }), /no context "c"/)
})
