import assert from 'node:assert/strict'
import { test } from 'node:test'
import { at, patchOf, startCallingServer, startWebhook } from './testing.ts'

const label = (key: string, value = 'yes') =>
  patchOf(
    { op: 'test', path: '/kind', value: 'ConfigMap' },
    { op: 'add', path: '/metadata/labels', value: { [key]: value } },
  )

test('a webhook sees the object as it would be stored, and changes it', async () => {
  await using webhook = await startWebhook(() => ({ ...label('seen'), warnings: ['careful'] }))
  await using api = await startCallingServer()
  await api.configure('Mutating', 'one', at(webhook))
  const { status, body, headers } = await api.create('a', { data: { x: 'y' } }, '?fieldManager=me')
  assert.equal(status, 201)
  assert.deepEqual(body.metadata.labels, { seen: 'yes' })
  assert.match(headers.warning ?? '', /careful/)
  // Nobody owns what the webhook added.
  assert.doesNotMatch(JSON.stringify(body.metadata.managedFields), /seen/)
  const [{ uid, object, ...request }] = webhook.asked
  assert.match(uid, /^[0-9a-f-]{36}$/)
  const kind = { group: '', version: 'v1', kind: 'ConfigMap' }
  const resource = { group: '', version: 'v1', resource: 'configmaps' }
  assert.deepEqual(request, {
    kind,
    resource,
    requestKind: kind,
    requestResource: resource,
    name: 'a',
    namespace: 'default',
    operation: 'CREATE',
    userInfo: { username: 'admin', groups: ['system:masters', 'system:authenticated'] },
    oldObject: null,
    dryRun: false,
    options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1', fieldManager: 'me' },
  })
  assert.deepEqual([object.apiVersion, object.kind, object.data], ['v1', 'ConfigMap', { x: 'y' }])
  assert.deepEqual(webhook.paths, ['/review?timeout=10s'])
})

test('webhooks are asked in order, each with what the others made; on request once more', async () => {
  const order: string[] = []
  const noting = (who: string) =>
    startWebhook(({ object }) => {
      order.push(who)
      const list = `${object.data?.list ?? ''}${who}`
      return object.data?.list?.includes(who)
        ? {}
        : patchOf({ op: 'add', path: '/data', value: { list } })
    })
  await using first = await noting('1')
  await using second = await noting('2')
  await using third = await noting('3')
  await using api = await startCallingServer()
  await api.configure('Mutating', 'b', at(second), at(third, { reinvocationPolicy: 'IfNeeded' }))
  await api.configure('Mutating', 'a', at(first, { reinvocationPolicy: 'IfNeeded' }))
  const { body } = await api.create('a')
  assert.deepEqual(body.data, { list: '123' })
  // The first is asked again because of the second; the third saw the last state already.
  assert.deepEqual(order, ['1', '2', '3', '1'])
})

test('updates and patches pass with the old object; what the server says of an object stays', async () => {
  await using webhook = await startWebhook(({ operation }) =>
    operation === 'UPDATE'
      ? patchOf(
          { op: 'add', path: '/metadata/creationTimestamp', value: '2000-01-01T00:00:00Z' },
          { op: 'add', path: '/data', value: { a: 'webhook' } },
        )
      : {},
  )
  await using api = await startCallingServer()
  await api.configure('Mutating', 'one', at(webhook))
  const created = (await api.create('a', { data: { a: '1' } })).body
  const path = '/api/v1/namespaces/default/configmaps/a'
  const { body } = await api.ask(
    'PATCH',
    path,
    { data: { a: '2' } },
    {
      headers: { 'content-type': 'application/merge-patch+json' },
    },
  )
  assert.deepEqual(body.data, { a: 'webhook' })
  assert.equal(body.metadata.uid, created.metadata.uid)
  assert.equal(body.metadata.creationTimestamp, created.metadata.creationTimestamp)
  const { operation, object, oldObject, options } = webhook.asked[1]
  assert.deepEqual([operation, object.data, oldObject.data], ['UPDATE', { a: '2' }, { a: '1' }])
  // As of the update that the patch leads to.
  assert.equal(options.kind, 'UpdateOptions')
})

test('a webhook cannot change what is deleted, nor move an object', async () => {
  await using webhook = await startWebhook(({ operation }) =>
    operation === 'DELETE'
      ? label('late')
      : patchOf({ op: 'replace', path: '/metadata/namespace', value: 'kube-system' }),
  )
  await using api = await startCallingServer()
  await api.create('a')
  await api.configure('Mutating', 'one', at(webhook))
  const deleted = await api.ask('DELETE', '/api/v1/namespaces/default/configmaps/a')
  assert.equal(deleted.status, 500)
  assert.equal(
    deleted.body.message,
    'Internal error occurred: admission webhook "a.one.io" attempted to modify the object, which is not supported for this operation',
  )
  const { object, oldObject, options } = webhook.asked[0]
  assert.deepEqual([object, oldObject.metadata.name, options.kind], [null, 'a', 'DeleteOptions'])
  assert.equal((await api.create('b')).status, 400)
})

test('another version of the same resource matches, unless it must be exact', async () => {
  await using webhook = await startWebhook(({ object }) =>
    patchOf({
      op: 'add',
      path: '/spec/metrics/0/resource/target/averageUtilization',
      value: object.spec.metrics[0].resource.target.averageUtilization + 1,
    }),
  )
  await using api = await startCallingServer()
  const rules = [
    {
      operations: ['CREATE'],
      apiGroups: ['autoscaling'],
      apiVersions: ['v2'],
      resources: ['horizontalpodautoscalers'],
    },
  ]
  await api.configure('Mutating', 'one', at(webhook, { rules }))
  await api.configure('Validating', 'two', at(webhook, { rules, matchPolicy: 'Exact' }))
  const { status, body } = await api.ask(
    'POST',
    '/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers',
    {
      metadata: { name: 'a' },
      spec: {
        maxReplicas: 3,
        targetCPUUtilizationPercentage: 50,
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a' },
      },
    },
  )
  assert.equal(status, 201, body.message)
  assert.equal(body.apiVersion, 'autoscaling/v1')
  assert.equal(body.spec.targetCPUUtilizationPercentage, 51)
  assert.equal(webhook.asked.length, 1)
  const [{ kind, requestKind, object, requestResource }] = webhook.asked
  assert.deepEqual([kind.version, requestKind.version], ['v2', 'v1'])
  assert.deepEqual([object.apiVersion, requestResource.version], ['autoscaling/v2', 'v1'])
})

test('a scale is shown as such, and its replicas can be changed', async () => {
  await using webhook = await startWebhook(() =>
    patchOf({ op: 'replace', path: '/spec/replicas', value: 4 }),
  )
  await using api = await startCallingServer()
  const containers = [{ name: 'a', image: 'a' }]
  const labels = { a: 'b' }
  await api.ask('POST', '/apis/apps/v1/namespaces/default/deployments', {
    metadata: { name: 'a' },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers } },
    },
  })
  const rules = [
    {
      operations: ['UPDATE'],
      apiGroups: ['apps'],
      apiVersions: ['v1'],
      resources: ['deployments/scale'],
    },
  ]
  await api.configure('Mutating', 'one', at(webhook, { rules }))
  const path = '/apis/apps/v1/namespaces/default/deployments/a/scale'
  const { body } = await api.ask('PUT', path, {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: { name: 'a' },
    spec: { replicas: 3 },
  })
  assert.equal(body.spec?.replicas, 4, body.message)
  const [{ kind, subResource, object, oldObject }] = webhook.asked
  assert.deepEqual(kind, { group: 'autoscaling', version: 'v1', kind: 'Scale' })
  assert.deepEqual(
    [subResource, object.spec, oldObject.spec],
    ['scale', { replicas: 3 }, { replicas: 1 }],
  )
})

test('a patch that makes no sense fails the request', async () => {
  await using webhook = await startWebhook(() => patchOf({ op: 'remove', path: '/nothing' }))
  await using api = await startCallingServer()
  await api.configure('Mutating', 'one', at(webhook))
  const { status, body } = await api.create('a')
  assert.equal(status, 500)
  assert.match(body.message, /^Internal error occurred: .*nothing/)
})
