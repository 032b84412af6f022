import assert from 'node:assert/strict'
import { test } from 'node:test'
import { at, caBundle, patchOf, startCallingServer, startWebhook } from './testing.ts'

test('a refusal names the webhook, and says what the webhook said', async () => {
  const refusals: [object, number, string, string | undefined][] = [
    [{ status: { message: 'no', code: 403, reason: 'Forbidden' } }, 403, ': no', 'Forbidden'],
    [{ status: { reason: 'Tired' } }, 400, ': Tired', 'Tired'],
    [{ status: { code: 200 } }, 400, ' without explanation', undefined],
    [{}, 400, ' without explanation', undefined],
  ]
  for (const [answer, code, text, reason] of refusals) {
    await using webhook = await startWebhook(() => ({ allowed: false, ...answer }))
    await using api = await startCallingServer()
    await api.configure('Validating', 'one', at(webhook))
    const { status, body } = await api.create('a')
    assert.equal(status, code)
    assert.equal(body.message, `admission webhook "a.one.io" denied the request${text}`)
    assert.deepEqual([body.status, body.code, body.reason], ['Failure', code, reason])
    const missing = await api.ask('GET', '/api/v1/namespaces/default/configmaps/a')
    assert.equal(missing.status, 404)
  }
})

test('all are asked at the same time, with what the mutating ones made', async () => {
  let open = () => {}
  const bothAreThere = new Promise<void>(resolve => {
    open = resolve
  })
  let count = 0
  const waiting = () =>
    startWebhook(async () => {
      if (++count === 2) open()
      await bothAreThere
      return {}
    })
  await using one = await waiting()
  await using two = await waiting()
  await using changing = await startWebhook(() =>
    patchOf({ op: 'add', path: '/data', value: { by: 'webhook' } }),
  )
  await using api = await startCallingServer()
  await api.configure('Validating', 'checks', at(one), at(two))
  await api.configure('Mutating', 'changes', at(changing))
  assert.equal((await api.create('a')).status, 201)
  assert.deepEqual(one.asked[0].object.data, { by: 'webhook' })
  assert.ok(one.asked[0].object.metadata.uid)
})

test('who cannot be asked fails the request, or is passed over', async () => {
  // Nobody listens there, nor is it among those that others are given meanwhile.
  const port = 1
  await using api = await startCallingServer()
  const hook = { clientConfig: { url: `https://127.0.0.1:${port}/x`, caBundle } }
  await api.configure('Validating', 'open', { ...hook, failurePolicy: 'Ignore' })
  assert.equal((await api.create('a')).status, 201)
  await api.configure('Validating', 'shut', hook)
  const { status, body } = await api.create('b')
  const why = `failed calling webhook "a.shut.io": failed to call webhook: Post "https://127.0.0.1:${port}/x?timeout=10s": dial tcp 127.0.0.1:${port}: connect: connection refused`
  assert.equal(status, 500)
  assert.equal(body.message, `Internal error occurred: ${why}`)
  assert.deepEqual([body.reason, body.details], ['InternalError', { causes: [{ message: why }] }])
})

const nonsense: [string, object, RegExp][] = [
  [
    'an error',
    { status: 500, text: 'boom' },
    /call webhook: an error on the server \("boom"\) has/,
  ],
  ['no such page', { status: 404, text: '' }, /the server could not find the requested resource$/],
  ['no JSON', { status: 200, text: '<html>' }, /couldn't get version\/kind; json parse error/],
  [
    'no response',
    { status: 200, text: '{}' },
    /invalid webhook response: webhook response was abs/,
  ],
  ['a strange uid', { uid: 'other' }, /response: expected response.uid="[^"]+", got "other"$/],
  ['a patch', patchOf(), /validating webhook may not return response.patch$/],
  [
    'a patch type',
    { patchType: 'JSONPatch' },
    /validating webhook may not return response.patchType$/,
  ],
]
for (const [what, answer, expected] of nonsense)
  test(`an answer with ${what} is a failure`, async () => {
    await using webhook = await startWebhook(() => answer)
    await using api = await startCallingServer()
    await api.configure('Validating', 'one', at(webhook))
    const { status, body } = await api.create('a')
    assert.equal(status, 500)
    assert.match(body.message, expected)
  })

test('a mutating webhook gives patch and type together', async () => {
  const { patch } = patchOf({ op: 'remove', path: '/data' })
  for (const [answer, expected] of [
    [{ patch }, /webhook returned response.patch but not response.patchType$/],
    [{ patchType: 'JSONPatch' }, /webhook returned response.patchType but not response.patch$/],
    [{ patch, patchType: 'Magic' }, /unsupported patch type "Magic"$/],
  ] as const) {
    await using webhook = await startWebhook(() => answer)
    await using api = await startCallingServer()
    await api.configure('Mutating', 'one', at(webhook))
    assert.match((await api.create('a')).body.message, expected)
  }
})

test('who is too slow, or not who it should be, has failed', async () => {
  let answer = () => {}
  await using webhook = await startWebhook(
    () =>
      new Promise(resolve => {
        answer = () => resolve({})
      }),
  )
  await using api = await startCallingServer()
  await api.configure('Validating', 'slow', at(webhook, { timeoutSeconds: 2 }))
  const waiting = api.create('a')
  while (webhook.asked.length === 0) await new Promise(resolve => setTimeout(resolve, 5))
  api.clock.advance(2_000)
  const late = await waiting
  assert.match(late.body.message, /review\?timeout=2s": context deadline exceeded$/)
  answer()
  await using other = await startCallingServer()
  await other.configure('Validating', 'stranger', { clientConfig: { url: webhook.url } })
  const { body } = await other.create('a')
  assert.match(body.message, /x509: certificate signed by unknown authority$/)
})

test('a webhook is known by its own certificate, too, which is no authority', async () => {
  await using webhook = await startWebhook(() => ({}))
  await using other = await startWebhook(() => ({}))
  await using api = await startCallingServer()
  const { url, certificate: caBundle } = webhook
  await api.configure('Validating', 'self', { clientConfig: { url, caBundle } })
  assert.equal((await api.create('a')).status, 201)
  await api.configure('Validating', 'stranger', { clientConfig: { url: other.url, caBundle } })
  assert.match(
    (await api.create('b')).body.message,
    /x509: certificate signed by unknown authority$/,
  )
})

test('paths are cleaned before they are asked', async () => {
  await using webhook = await startWebhook(() => ({}))
  await using api = await startCallingServer()
  const paths = ['//review', '/a/../b//c/', '/', '']
  for (const [index, path] of paths.entries())
    await api.configure('Validating', `v${index}`, {
      clientConfig: { url: `https://127.0.0.1:${webhook.port}${path}`, caBundle },
    })
  assert.equal((await api.create('a')).status, 201)
  assert.deepEqual(webhook.paths.map(path => path.split('?')[0]).sort(), [
    '/',
    '/',
    '/b/c',
    '/review',
  ])
})

test('a dry run asks only who does nothing then', async () => {
  await using webhook = await startWebhook(() => ({}))
  await using api = await startCallingServer()
  await api.configure('Validating', 'one', at(webhook, { sideEffects: 'NoneOnDryRun' }))
  assert.equal((await api.create('a', {}, '?dryRun=All')).status, 201)
  assert.deepEqual([webhook.asked[0].dryRun, webhook.asked[0].options.dryRun], [true, ['All']])
})

test('selectors look at the object before and after, and at its namespace', async () => {
  await using webhook = await startWebhook(() => ({ allowed: false }))
  await using api = await startCallingServer()
  await api.configure(
    'Validating',
    'one',
    at(webhook, { objectSelector: { matchLabels: { guarded: 'yes' } } }),
  )
  const guarded = { metadata: { name: 'a', labels: { guarded: 'yes' } } }
  assert.equal((await api.create('b')).status, 201)
  assert.equal((await api.create('a', guarded)).status, 400)
  await api.ask(
    'PATCH',
    '/api/v1/namespaces/default',
    { metadata: { labels: { strict: 'no' } } },
    {
      headers: { 'content-type': 'application/merge-patch+json' },
    },
  )
  const notStrict = [{ key: 'strict', operator: 'NotIn', values: ['no'] }]
  await using other = await startCallingServer()
  await other.configure(
    'Validating',
    'two',
    at(webhook, { namespaceSelector: { matchExpressions: notStrict } }),
  )
  assert.equal((await other.create('c')).status, 400)
  await other.ask(
    'PATCH',
    '/api/v1/namespaces/default',
    { metadata: { labels: { strict: 'no' } } },
    {
      headers: { 'content-type': 'application/merge-patch+json' },
    },
  )
  assert.equal((await other.create('c')).status, 201)
})

test('nobody is asked about the configurations themselves', async () => {
  await using webhook = await startWebhook(() => ({ allowed: false }))
  await using api = await startCallingServer()
  const rules = [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] }]
  await api.configure('Validating', 'all', at(webhook, { rules }))
  await api.configure('Mutating', 'more', at(webhook, { rules }))
  assert.equal((await api.create('a')).status, 400)
  const path = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/more'
  assert.equal((await api.ask('DELETE', path)).status, 200)
})

test('conditions in CEL choose requests; those that fail count as the failure policy says', async () => {
  await using webhook = await startWebhook(() => ({ allowed: false }))
  await using api = await startCallingServer()
  const condition = (expression: string) => ({ matchConditions: [{ name: 'c', expression }] })
  const broken = condition('object.data.missing == "1"')
  await api.configure('Validating', 'one', at(webhook, { ...broken, failurePolicy: 'Ignore' }))
  await api.configure(
    'Validating',
    'two',
    at(webhook, condition('request.userInfo.username == "admin" && object.metadata.name == "x"')),
  )
  assert.equal((await api.create('a', { data: {} })).status, 201)
  assert.equal(webhook.asked.length, 0)
  assert.equal((await api.create('x', { data: {} })).status, 400)
  await api.configure('Validating', 'three', at(webhook, broken))
  const { status, body } = await api.create('b', { data: {} })
  assert.equal(status, 403)
  assert.match(
    body.message,
    /^configmaps "b" is forbidden: expression 'object.data.missing == "1"' resulted in error: no such key: data/,
  )
  assert.equal(webhook.asked.length, 1)
  await assert.rejects(
    api.configure('Validating', 'four', at(webhook, condition('object ==='))),
    /matchConditions\[0\].expression: Invalid value: .*compilation failed: /,
  )
})

test('a service is found through its endpoints, under the name of its certificate', async () => {
  await using webhook = await startWebhook(() => ({ allowed: false, status: { message: 'found' } }))
  const dialled: string[] = []
  await using api = await startCallingServer({
    through: call => (target, request) => {
      dialled.push(`${target.host}:${target.port}`)
      return call({ ...target, host: '127.0.0.1', port: webhook.port }, request)
    },
  })
  const service = { namespace: 'default', name: 'hook', path: '/x' }
  await api.configure('Validating', 'one', { clientConfig: { service, caBundle } })
  const messageOf = async () => (await api.create('a')).body.message
  const failed =
    'Internal error occurred: failed calling webhook "a.one.io": failed to call webhook: Post "https://hook.default.svc:443/x?timeout=10s": '
  assert.equal(await messageOf(), `${failed}service "hook" not found`)
  await api.ask('POST', '/api/v1/namespaces/default/services', {
    metadata: { name: 'hook' },
    spec: { ports: [{ port: 443, targetPort: 8443 }] },
  })
  assert.equal(await messageOf(), `${failed}no endpoints available for service "hook"`)
  const slice = (name: string, endpoint: object) =>
    api.ask('POST', '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
      metadata: { name, labels: { 'kubernetes.io/service-name': 'hook' } },
      addressType: 'IPv4',
      ports: [{ port: 8443 }],
      endpoints: [endpoint],
    })
  await slice('gone', { addresses: ['10.9.9.8'], conditions: { ready: false } })
  await slice('there', { addresses: ['10.9.9.9'] })
  assert.equal(await messageOf(), 'admission webhook "a.one.io" denied the request: found')
  assert.deepEqual(dialled, ['10.9.9.9:8443'])
  assert.deepEqual(webhook.paths, ['/x?timeout=10s'])
})

test('connections and evictions are asked about, too', async () => {
  await using webhook = await startWebhook(() => ({ allowed: false }))
  await using api = await startCallingServer()
  const pods = { apiGroups: [''], apiVersions: ['v1'] }
  await api.ask('POST', '/api/v1/namespaces/default/serviceaccounts', {
    metadata: { name: 'default' },
  })
  await api.ask('POST', '/api/v1/namespaces/default/pods', {
    metadata: { name: 'p' },
    spec: { containers: [{ name: 'a', image: 'a' }] },
  })
  await api.configure(
    'Validating',
    'one',
    at(webhook, {
      rules: [
        { ...pods, operations: ['CREATE'], resources: ['pods/eviction'] },
        { ...pods, operations: ['CONNECT'], resources: ['pods/proxy'] },
      ],
    }),
  )
  const path = '/api/v1/namespaces/default/pods/p'
  const evicted = await api.ask('POST', `${path}/eviction`, {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name: 'p' },
  })
  assert.equal(evicted.status, 400)
  assert.equal(webhook.asked[0].kind.kind, 'Eviction')
  assert.equal(webhook.asked[0].object.kind, 'Eviction')
  assert.equal((await api.ask('GET', `${path}/proxy/x`)).status, 400)
  assert.equal(webhook.asked[1]?.operation, 'CONNECT')
  assert.deepEqual(webhook.asked[1]?.object, {
    kind: 'PodProxyOptions',
    apiVersion: 'v1',
    path: '/x',
  })
})
