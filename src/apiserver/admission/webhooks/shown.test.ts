/** What webhooks are shown of requests, as upstream shows it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { at, patchOf, type Review, startCallingServer, startWebhook } from './testing.ts'

const MAPS = '/api/v1/namespaces/default/configmaps'
const PODS = '/api/v1/namespaces/default/pods'
const EVERYTHING = {
  rules: [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] }],
}
const MERGE = { headers: { 'content-type': 'application/merge-patch+json' } }

/** A server whose webhooks are asked about everything, and what the one that may change it and the one that judges were asked. */
async function watched(answer: (request: Review) => object = () => ({})) {
  const changing = await startWebhook(answer)
  const judging = await startWebhook(() => ({}))
  const api = await startCallingServer()
  // Pods wait for it.
  const account = { metadata: { name: 'default' } }
  await api.ask('POST', '/api/v1/namespaces/default/serviceaccounts', account)
  return {
    api,
    changing: changing.asked,
    judging: judging.asked,
    async begin() {
      await api.configure('Mutating', 'one', at(changing, EVERYTHING))
      await api.configure('Validating', 'one', at(judging, EVERYTHING))
    },
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]()
      await changing[Symbol.asyncDispose]()
      await judging[Symbol.asyncDispose]()
    },
  }
}

const pod = (name: string) => ({
  metadata: { name },
  spec: {
    containers: [{ name: 'c', image: 'i' }],
    automountServiceAccountToken: false,
    serviceAccountName: 'default',
  },
})

test('a name is made after a draft was changed, and before it is judged', async () => {
  await using all = await watched()
  await all.begin()
  const body = { metadata: { generateName: 'made-', uid: 'mine', selfLink: '/x' } }
  const made = await all.api.ask('POST', MAPS, body)
  assert.match(made.body.metadata.name, /^made-\w{5}$/)
  const [changing, judging] = [all.changing[0], all.judging[0]]
  assert.deepEqual([changing.name, changing.object.metadata.name], [undefined, undefined])
  assert.deepEqual(
    [changing.object.metadata.uid, changing.object.metadata.selfLink],
    [undefined, undefined],
  )
  assert.deepEqual(
    [judging.name, judging.object.metadata.uid !== 'mine'],
    [made.body.metadata.name, true],
  )
})

test('an update is shown as it was sent to who may change it, and as it will be to who judges', async () => {
  await using all = await watched()
  await all.api.create('a', { data: { k: 'v' } })
  await all.begin()
  await all.api.ask('PUT', `${MAPS}/a`, { metadata: { name: 'a' }, data: { x: 'y' } })
  const { uid, resourceVersion, creationTimestamp } = all.changing[0].object.metadata
  assert.deepEqual([uid, resourceVersion, creationTimestamp], [undefined, undefined, undefined])
  assert.ok(all.changing[0].object.metadata.managedFields)
  assert.equal(all.judging[0].object.metadata.uid, all.judging[0].oldObject.metadata.uid)
  await all.api.ask('PATCH', `${MAPS}/a`, { data: { x: 'z' } }, MERGE)
  const { object, oldObject } = all.changing[1]
  assert.equal(object.metadata.uid, oldObject.metadata.uid)
  assert.equal(object.metadata.resourceVersion, oldObject.metadata.resourceVersion)
})

test('the half that an update does not write is shown and not taken', async () => {
  await using all = await watched(({ operation }) =>
    operation === 'UPDATE' ? patchOf({ op: 'add', path: '/status/message', value: 'webhook' }) : {},
  )
  await all.api.ask('POST', PODS, pod('p'))
  await all.begin()
  const status = { phase: 'Failed' }
  const { body } = await all.api.ask('PUT', `${PODS}/p`, { ...pod('p'), status })
  assert.equal(all.changing[0].object.status.phase, 'Failed')
  assert.deepEqual([body.status.phase, body.status.message], ['Pending', undefined])
  const patched = await all.api.ask('PATCH', `${PODS}/p/status`, { status: { reason: 'r' } }, MERGE)
  assert.equal(all.changing[1].object.kind, 'Pod')
  assert.deepEqual([patched.body.status.reason, patched.body.status.message], ['r', 'webhook'])
})

test('another identity or revision that a webhook gives an object is refused', async () => {
  for (const [field, status] of [
    ['uid', 422],
    ['resourceVersion', 409],
  ] as const) {
    await using all = await watched(() =>
      patchOf({ op: 'add', path: `/metadata/${field}`, value: '1' }),
    )
    await all.api.create('a')
    await all.begin()
    const answer = await all.api.ask('PATCH', `${MAPS}/a`, { data: { x: 'y' } }, MERGE)
    assert.equal(answer.status, status)
  }
})

test('one of many that go has no name of its own in the question, and its options are told as they were sent', async () => {
  await using all = await watched()
  await all.api.create('a')
  await all.begin()
  const options = { preconditions: {}, gracePeriodSeconds: 3 }
  assert.equal((await all.api.ask('DELETE', MAPS, options)).status, 200)
  const asked = all.judging[0]
  assert.deepEqual([asked.name, asked.namespace], [undefined, 'default'])
  assert.equal(asked.oldObject.metadata.name, 'a')
  assert.deepEqual(asked.options, {
    kind: 'DeleteOptions',
    apiVersion: 'meta.k8s.io/v1',
    ...options,
  })
})

test('how a deletion was decided is told, and what is under way is not asked about', async () => {
  await using all = await watched()
  await all.api.ask('POST', '/api/v1/namespaces', { metadata: { name: 'n' } })
  await all.api.ask('POST', PODS, pod('p'))
  const binding = { metadata: { name: 'p' }, target: { kind: 'Node', name: 'node' } }
  await all.api.ask('POST', `${PODS}/p/binding`, binding)
  await all.begin()
  for (let times = 0; times < 2; times++) {
    await all.api.ask('DELETE', `${PODS}/p`)
    await all.api.ask('DELETE', '/api/v1/namespaces/n')
  }
  assert.deepEqual(
    all.judging.map(({ name, options }) => [name, options.gracePeriodSeconds]),
    [
      ['p', 30],
      ['n', undefined],
    ],
  )
  assert.equal(all.judging[1].options.preconditions.uid, all.judging[1].oldObject.metadata.uid)
})

test('an eviction is asked about once, as one', async () => {
  await using all = await watched()
  await all.api.ask('POST', PODS, pod('p'))
  await all.begin()
  await all.api.ask('POST', `${PODS}/p/eviction`, { metadata: { name: 'p' } })
  assert.deepEqual(
    all.judging.map(({ operation, subResource }) => [operation, subResource]),
    [['CREATE', 'eviction']],
  )
})

test('a binding says by which way it came, and what a webhook adds to it comes to the pod', async () => {
  await using all = await watched(({ kind }) =>
    kind.kind === 'Binding'
      ? patchOf({ op: 'add', path: '/metadata/annotations', value: { by: 'webhook' } })
      : {},
  )
  await all.api.ask('POST', PODS, pod('p'))
  await all.begin()
  const body = { metadata: { name: 'p' }, target: { kind: 'Node', name: 'n' } }
  assert.equal((await all.api.ask('POST', '/api/v1/namespaces/default/bindings', body)).status, 201)
  const { resource, subResource, object } = all.changing[0]
  assert.deepEqual([resource.resource, subResource], ['bindings', undefined])
  assert.ok(object.metadata.managedFields)
  const { metadata, spec } = (await all.api.ask('GET', `${PODS}/p`)).body
  assert.deepEqual([metadata.annotations.by, spec.nodeName], ['webhook', 'n'])
  assert.equal(JSON.stringify(metadata.managedFields).includes('nodeName'), false)
})

test('reviews are asked about, too, and may be refused', async () => {
  await using webhook = await startWebhook(() => ({ allowed: false }))
  await using api = await startCallingServer()
  await api.configure('Validating', 'one', at(webhook, EVERYTHING))
  const reviews: [string, object][] = [
    ['authentication.k8s.io/v1/tokenreviews', { spec: { token: 'x' } }],
    [
      'authorization.k8s.io/v1/subjectaccessreviews',
      { spec: { user: 'x', nonResourceAttributes: { path: '/', verb: 'get' } } },
    ],
  ]
  for (const [path, body] of reviews)
    assert.equal((await api.ask('POST', `/apis/${path}`, body)).status, 400)
  assert.deepEqual(
    webhook.asked.map(({ kind }) => kind.kind),
    ['TokenReview', 'SubjectAccessReview'],
  )
})

test('a scale is sent, changed and judged as one, without labels', async () => {
  await using all = await watched(({ subResource }) =>
    subResource === 'scale' ? patchOf({ op: 'add', path: '/spec/replicas', value: 7 }) : {},
  )
  const path = '/apis/apps/v1/namespaces/default/deployments'
  await all.api.ask('POST', path, {
    metadata: { name: 'd', labels: { a: 'b' } },
    spec: {
      replicas: 1,
      selector: { matchLabels: { a: 'b' } },
      template: { metadata: { labels: { a: 'b' } }, spec: pod('x').spec },
    },
  })
  await all.begin()
  await using labelled = await startWebhook(() => ({}))
  const objectSelector = { matchLabels: { a: 'b' } }
  await all.api.configure('Validating', 'labelled', at(labelled, { ...EVERYTHING, objectSelector }))
  const sized = await all.api.ask('PUT', `${path}/d/scale`, {
    metadata: { name: 'd' },
    spec: { replicas: 2 },
  })
  assert.equal(sized.body.spec.replicas, 7)
  const { metadata, spec } = all.changing[0].object
  assert.deepEqual([metadata.uid, spec.replicas], [undefined, 2])
  assert.deepEqual(metadata.managedFields[0].fieldsV1, { 'f:spec': { 'f:replicas': {} } })
  assert.deepEqual(
    [all.judging[0].object.spec.replicas, typeof all.judging[0].object.metadata.uid],
    [7, 'string'],
  )
  assert.equal(labelled.asked.length, 0)
})
