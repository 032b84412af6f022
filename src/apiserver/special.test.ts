import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ApiRequest, Transport } from '#client/transport.ts'
import { createMemoryStore } from '#store/memory/memory-store.ts'
import { answerOf, startTestServer, startWatch } from './testing.ts'

const DEFAULT = '/api/v1/namespaces/default'
const pod = (name: string, spec: object = {}) => ({
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
})
const service = (name: string, spec: object = {}) => ({
  metadata: { name },
  spec: { ports: [{ port: 80 }], ...spec },
})

async function startWithAccount(options = {}) {
  const server = await startTestServer(options)
  await server.ask('POST', `${DEFAULT}/serviceaccounts`, { metadata: { name: 'default' } })
  return server
}

test('what must always exist is there at the start', async () => {
  const { ask } = await startTestServer()
  const { body } = await ask('GET', '/api/v1/namespaces')
  assert.deepEqual(
    body.items.map((item: { metadata: { name: string } }) => item.metadata.name),
    ['default', 'kube-node-lease', 'kube-public', 'kube-system'],
  )
  const kubernetes = await ask('GET', `${DEFAULT}/services/kubernetes`)
  assert.equal(kubernetes.body.spec.clusterIP, '10.96.0.1')
  const role = await ask('GET', '/apis/rbac.authorization.k8s.io/v1/clusterroles/cluster-admin')
  assert.equal(role.status, 200)
})

test('a second server on the same store makes nothing anew', async () => {
  const store = createMemoryStore()
  await startTestServer({ store })
  const { revision } = store
  await startTestServer({ store })
  assert.equal(store.revision, revision)
})

test('a service gets an address of its own, also when many are made at once and after a restart', async () => {
  const store = createMemoryStore()
  const first = await startTestServer({ store })
  const make = (server: typeof first, name: string) =>
    server.ask('POST', `${DEFAULT}/services`, service(name, { type: 'NodePort' }))
  const made = await Promise.all(Array.from({ length: 50 }, (_, i) => make(first, `a${i}`)))
  const second = await startTestServer({ store })
  made.push(...(await Promise.all(Array.from({ length: 50 }, (_, i) => make(second, `b${i}`)))))
  assert.ok(made.every(({ status }) => status === 201))
  assert.equal(new Set(made.map(({ body }) => body.spec.clusterIP)).size, 100)
  const ports = made.map(({ body }) => body.spec.ports[0].nodePort)
  assert.equal(new Set(ports).size, 100)
  assert.ok(ports.every(port => port >= 30_000 && port <= 32_767))
})

test('a certain address is given once, and again when its service is gone', async () => {
  const { ask } = await startTestServer()
  const at = `${DEFAULT}/services`
  const dns = (name: string) => ask('POST', at, service(name, { clusterIP: '10.96.0.10' }))
  assert.equal((await dns('a')).status, 201)
  const taken = await dns('b')
  assert.equal(taken.status, 422)
  assert.match(taken.body.message, /provided IP is already allocated/)
  await ask('DELETE', `${at}/a`)
  assert.equal((await dns('b')).status, 201)
  const outside = await ask('POST', at, service('c', { clusterIP: '1.2.3.4' }))
  assert.match(outside.body.message, /the provided network does not match the current range/)
  const headless = await ask('POST', at, service('d', { clusterIP: 'None' }))
  assert.equal(headless.body.spec.clusterIP, 'None')
  const dry = await ask('POST', `${at}?dryRun=All`, service('e', { clusterIP: '10.96.0.77' }))
  assert.equal(dry.status, 201)
  assert.equal((await ask('POST', at, service('e', { clusterIP: '10.96.0.77' }))).status, 201)
})

test('a service keeps its address and port through updates and gives up ports with its type', async () => {
  const { ask } = await startTestServer()
  const at = `${DEFAULT}/services`
  const made = await ask('POST', at, service('a', { type: 'NodePort' }))
  const { clusterIP, ports } = made.body.spec
  const kept = await ask('PUT', `${at}/a`, service('a', { type: 'NodePort', selector: { x: 'y' } }))
  assert.equal(kept.body.spec.clusterIP, clusterIP)
  assert.equal(kept.body.spec.ports[0].nodePort, ports[0].nodePort)
  const plain = await ask('PUT', `${at}/a`, service('a'))
  assert.equal(plain.body.spec.ports[0].nodePort, undefined)
  const { nodePort } = ports[0]
  const other = service('b', { type: 'NodePort', ports: [{ port: 80, nodePort }] })
  assert.equal((await ask('POST', at, other)).status, 201)
})

test('wrong addresses and ports of nodes are told before anything else of a service', async () => {
  const { ask } = await startTestServer()
  const at = `${DEFAULT}/services`
  const causesOf = async (spec: object) => {
    const { body } = await ask('POST', at, service('Wrong_Name', { sessionAffinity: 'x', ...spec }))
    return body.details.causes.map(({ field }: { field: string }) => field)
  }
  assert.deepEqual(await causesOf({ clusterIP: '1.2.3.4' }), ['spec.clusterIPs'])
  assert.deepEqual(await causesOf({ ipFamilies: ['IPv6'] }), ['spec.ipFamilies[0]'])
  const ports = [{ port: 80, nodePort: 80 }]
  assert.deepEqual(await causesOf({ type: 'NodePort', ports }), ['spec.ports[0].nodePort'])
  assert.deepEqual(await causesOf({}), ['metadata.name', 'spec.sessionAffinity'])
})

test('ports of one number get one port of nodes, whatever their protocols', async () => {
  const { ask } = await startTestServer()
  const at = `${DEFAULT}/services`
  const asked = (nodePort?: number) => [
    { name: 'tcp', port: 53 },
    { name: 'udp', port: 53, protocol: 'UDP', nodePort },
    { name: 'other', port: 80 },
  ]
  const make = async (name: string, ports: object) => {
    const { body } = await ask('POST', at, service(name, { type: 'NodePort', ports }))
    return body.spec.ports.map((port: { nodePort: number }) => port.nodePort)
  }
  const [tcp, udp, other] = await make('a', asked())
  assert.ok(tcp === udp && tcp !== other)
  assert.deepEqual((await make('b', asked(30_053))).slice(0, 2), [30_053, 30_053])
  const twice = [
    { name: 'a', port: 80, nodePort: 30_080 },
    { name: 'b', port: 81, nodePort: 30_080 },
  ]
  const taken = await ask('POST', at, service('c', { type: 'NodePort', ports: twice }))
  assert.match(taken.body.message, /ports\[1\].nodePort: .*: provided port is already allocated/)
})

test('a pod is bound once, shows its status apart from its spec, and is evicted', async () => {
  const { ask } = await startWithAccount()
  const made = await ask('POST', `${DEFAULT}/pods`, pod('p'))
  assert.equal(made.status, 201, made.text)
  const bind = { metadata: { name: 'p' }, target: { kind: 'Node', name: 'n' } }
  assert.equal((await ask('POST', `${DEFAULT}/pods/p/binding`, bind)).status, 201)
  const again = await ask('POST', `${DEFAULT}/pods/p/binding`, bind)
  assert.equal(again.status, 409)
  assert.match(again.body.message, /pod p is already assigned to node "n"/)
  const { body } = await ask('GET', `${DEFAULT}/pods/p`)
  assert.equal(body.spec.nodeName, 'n')
  const running = { ...body, spec: { containers: [] }, status: { phase: 'Running' } }
  const status = await ask('PUT', `${DEFAULT}/pods/p/status`, running)
  assert.equal(status.body.status.phase, 'Running')
  assert.equal(status.body.spec.containers.length, 1)
  const evicted = await ask('POST', `${DEFAULT}/pods/p/eviction`, { metadata: { name: 'p' } })
  assert.equal(evicted.status, 201, evicted.text)
  const ending = await ask('GET', `${DEFAULT}/pods/p`)
  assert.equal(ending.body.metadata.deletionGracePeriodSeconds, 30)
  assert.equal(ending.body.metadata.deletionTimestamp, '2026-05-01T12:00:30Z')
  const gone = await ask('DELETE', `${DEFAULT}/pods/p?gracePeriodSeconds=0`)
  assert.equal(gone.status, 200)
  assert.equal((await ask('GET', `${DEFAULT}/pods/p`)).status, 404)
})

test('a binding and an eviction say of which pod they are', async () => {
  const { ask } = await startWithAccount()
  await ask('POST', `${DEFAULT}/pods`, pod('p'))
  const target = { kind: 'Node', name: 'n' }
  const other = { name: 'p', namespace: 'other' }
  const elsewhere =
    'the namespace of the provided object does not match the namespace sent on the request'
  for (const [path, body, status, message] of [
    ['bindings', { target }, 400, 'Name parameter required.'],
    ['bindings', { metadata: other, target }, 400, elsewhere],
    ['pods/p/binding', { target }, 400, 'name in URL does not match name in Binding object'],
    [
      'pods/p/binding',
      { metadata: { name: 'p' }, target: { kind: 'Pod', name: 'n' } },
      500,
      'target.kind: Unsupported value: "Pod": supported values: "Node", "<empty>"',
    ],
    ['pods/p/eviction', {}, 400, 'name in URL does not match name in Eviction object'],
    ['pods/p/eviction', { metadata: other }, 400, elsewhere],
  ] as const) {
    const { status: told, body: refusal } = await ask('POST', `${DEFAULT}/${path}`, body)
    assert.deepEqual([told, refusal.message], [status, message])
  }
  const { body } = await ask('GET', `${DEFAULT}/pods/p`)
  assert.deepEqual([body.spec.nodeName, body.metadata.deletionTimestamp], [undefined, undefined])
})

test('ephemeral containers join a pod through their own door only', async () => {
  const { ask } = await startWithAccount()
  const { body } = await ask('POST', `${DEFAULT}/pods`, pod('p'))
  const ephemeralContainers = [{ name: 'debug', image: 'i', targetContainerName: 'c' }]
  const next = { ...body, spec: { ...body.spec, ephemeralContainers } }
  assert.equal((await ask('PUT', `${DEFAULT}/pods/p`, next)).status, 422)
  const joined = await ask('PUT', `${DEFAULT}/pods/p/ephemeralcontainers`, next)
  assert.equal(joined.status, 200, joined.text)
  assert.equal(joined.body.spec.ephemeralContainers[0].name, 'debug')
})

test('a deployment is scaled by its scale, and counts its generations', async () => {
  const { ask } = await startTestServer()
  const at = '/apis/apps/v1/namespaces/default/deployments'
  const labels = { app: 'a' }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  const spec = { replicas: 2, selector: { matchLabels: labels }, template }
  const made = await ask('POST', at, { metadata: { name: 'd' }, spec })
  assert.equal(made.body.metadata.generation, 1)
  const scale = await ask('GET', `${at}/d/scale`)
  assert.equal(scale.body.kind, 'Scale')
  assert.equal(scale.body.status.selector, 'app=a')
  const scaled = await ask('PUT', `${at}/d/scale`, { ...scale.body, spec: { replicas: 5 } })
  assert.equal(scaled.body.spec.replicas, 5)
  const { body } = await ask('GET', `${at}/d`)
  assert.equal(body.metadata.generation, 2)
  const status = await ask('PUT', `${at}/d/status`, { ...body, status: { replicas: 1 } })
  assert.equal(status.body.metadata.generation, 2)
  assert.equal(status.body.status.replicas, 1)
})

test('a namespace goes when its finalizers are done', async () => {
  const { ask } = await startTestServer()
  await ask('POST', '/api/v1/namespaces', { metadata: { name: 'a' } })
  const marked = await ask('DELETE', '/api/v1/namespaces/a')
  assert.equal(marked.body.status.phase, 'Terminating')
  const refused = await ask('POST', '/api/v1/namespaces/a/configmaps', { metadata: { name: 'x' } })
  assert.equal(refused.status, 403)
  const done = await ask('PUT', '/api/v1/namespaces/a/finalize', { ...marked.body, spec: {} })
  assert.equal(done.status, 200, done.text)
  assert.equal((await ask('GET', '/api/v1/namespaces/a')).status, 404)
})

test('both groups show the same events, and an hour ends them', async () => {
  const { ask, clock } = await startTestServer()
  const time = '2026-05-01T12:00:00Z'
  const involvedObject = { kind: 'Pod', namespace: 'default', name: 'p' }
  const core = {
    metadata: { name: 'e' },
    involvedObject,
    reason: 'R',
    message: 'm',
    lastTimestamp: time,
    firstTimestamp: time,
    type: 'Normal',
  }
  const made = await ask('POST', `${DEFAULT}/events`, core)
  assert.equal(made.status, 201, made.text)
  const at = '/apis/events.k8s.io/v1/namespaces/default/events'
  const shown = await ask('GET', `${at}/e`)
  assert.equal(shown.body.apiVersion, 'events.k8s.io/v1')
  assert.equal(shown.body.note, 'm')
  assert.equal(shown.body.metadata.resourceVersion, made.body.metadata.resourceVersion)
  // Each sweep plans the next one when it is done.
  for (const minutes of [61, 1]) {
    clock.advance(minutes * 60_000)
    await new Promise(resolve => setImmediate(resolve))
  }
  assert.equal((await ask('GET', `${at}/e`)).status, 404)
})

test('logs and streams come from the node of the pod', async () => {
  const asked: ApiRequest[] = []
  const kubelet: Transport = {
    async request(request) {
      asked.push(request)
      return {
        status: 200,
        headers: {},
        body: { kind: 'bytes', bytes: new TextEncoder().encode('hello\n') },
      }
    },
  }
  const nodes = { nodeConnection: async () => kubelet }
  const { ask } = await startWithAccount({ nodes })
  await ask('POST', '/api/v1/nodes', { metadata: { name: 'n' } })
  await ask('POST', `${DEFAULT}/pods`, pod('p', { nodeName: 'n' }))
  const log = await ask('GET', `${DEFAULT}/pods/p/log?tailLines=3&container=c`)
  assert.equal(log.text, 'hello\n')
  assert.equal(asked[0]?.path, '/containerLogs/default/p/c?tailLines=3')
  assert.equal((await ask('GET', `${DEFAULT}/pods/p/log?container=other`)).status, 400)
  assert.equal((await ask('POST', `${DEFAULT}/pods/p/exec?command=ls`)).status, 400)
})

test('health, version and metrics are told in upstream’s form', async () => {
  const { ask } = await startTestServer()
  assert.equal((await ask('GET', '/readyz')).text, 'ok')
  assert.match(
    (await ask('GET', '/readyz?verbose')).text,
    /^\[\+\]ping ok\n[\s\S]*readyz check passed\n$/,
  )
  for (const endpoint of ['healthz', 'livez', 'readyz']) {
    const { text } = await ask('GET', `/${endpoint}?verbose`)
    // What monitors of a kube-apiserver look for.
    for (const name of [
      'log',
      'etcd',
      'poststarthook/crd-informer-synced',
      'poststarthook/rbac/bootstrap-roles',
      'autoregister-completion',
    ])
      assert.ok(text?.includes(`[+]${name} ok\n`), `${name} of ${endpoint}`)
  }
  assert.equal((await ask('GET', '/readyz/etcd')).text, 'ok')
  assert.equal((await ask('GET', '/readyz/poststarthook/rbac/bootstrap-roles')).text, 'ok')
  assert.equal((await ask('GET', '/readyz/none')).status, 404)
  assert.match((await ask('GET', '/version')).body.gitVersion, /^v1\.36\.0\+proa\./)
  for (let i = 0; i < 50; i++) await ask('GET', `/api/v1/invented${i}`)
  const { text } = await ask('GET', '/metrics')
  assert.match(text, /apiserver_request_total\{verb="GET",[^}]*code="200"[^}]*\} \d+/)
  assert.match(text, /apiserver_storage_objects\{resource="namespaces"\} 4/)
  assert.doesNotMatch(text, /invented/)
})

test('an error in the server is told without its stack', async () => {
  const broken = {
    name: 'Broken',
    validate() {
      throw new TypeError('secret detail')
    },
  }
  const second = await startTestServer({ admission: [] })
  assert.equal((await second.ask('GET', '/api/v1/namespaces/default')).status, 200)
  await assert.rejects(startTestServer({ admission: [broken] }), /secret detail/)
  const response = await second.server.handle(
    { method: 'GET', path: '/api/v1/namespaces/default', headers: { accept: 'application/json' } },
    { user: { name: 'x', groups: undefined as never } },
  )
  const { status, text } = answerOf(response)
  assert.equal(status, 500)
  assert.doesNotMatch(text, /TypeError|at /)
})

test('a kubelet is told of its own pods only, from their binding on', async () => {
  const { ask, server } = await startWithAccount()
  const path = (node: string) => `/api/v1/pods?watch=1&fieldSelector=spec.nodeName%3D${node}`
  const mine = await startWatch(server, path('mine'))
  const other = await startWatch(server, path('other'))
  const unbound = await startWatch(server, path(''))
  await ask('POST', `${DEFAULT}/pods`, pod('p'))
  await ask('POST', `${DEFAULT}/pods/p/binding`, {
    metadata: { name: 'p' },
    target: { name: 'mine' },
  })
  const { body } = await ask('GET', `${DEFAULT}/pods/p`)
  await ask('PUT', `${DEFAULT}/pods/p/status`, { ...body, status: { phase: 'Running' } })
  await ask('DELETE', `${DEFAULT}/pods/p?gracePeriodSeconds=0`)
  const told = async (watch: typeof mine, count: number) =>
    (await watch.take(count)).map(({ type, object: { metadata } }) =>
      metadata.deletionTimestamp ? `${type} ending` : type,
    )
  const ends = ['ADDED', 'MODIFIED', 'MODIFIED ending', 'DELETED ending']
  assert.deepEqual(await told(mine, 4), ends)
  assert.deepEqual(await told(unbound, 2), ['ADDED', 'DELETED'])
  assert.equal(other.seen.length, 0)
  await server.stop()
})
