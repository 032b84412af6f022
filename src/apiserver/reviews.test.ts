import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestServer } from './testing.ts'

const ACCESS = '/apis/authorization.k8s.io/v1'
const WHO = '/apis/authentication.k8s.io/v1'
const spec = { user: 'ann', resourceAttributes: { verb: 'get', resource: 'pods', namespace: 'x' } }

test('a question is read as an object to be created: what only a server says of it is not asked', async () => {
  const { ask } = await startTestServer()
  const metadata = { uid: 'x', creationTimestamp: '2020-01-01T00:00:00Z', selfLink: '/x' }
  const { status, body } = await ask('POST', `${ACCESS}/subjectaccessreviews`, {
    metadata: { ...metadata, namespace: 'x' },
    spec,
  })
  assert.equal(status, 201)
  const { managedFields, ...more } = body.metadata
  assert.deepEqual(more, {})
  assert.deepEqual(managedFields[0].fieldsV1['f:spec']['f:user'], {})
  const local = `${ACCESS}/namespaces/x/localsubjectaccessreviews`
  assert.equal((await ask('POST', local, { spec })).body.metadata.namespace, 'x')
  assert.equal((await ask('POST', local, { metadata: { namespace: 'y' }, spec })).status, 400)
})

test('questions have the options of a create', async () => {
  const { ask } = await startTestServer()
  for (const path of [`${ACCESS}/subjectaccessreviews`, `${WHO}/tokenreviews`])
    for (const query of ['dryRun=Some', 'fieldValidation=Foo'])
      assert.equal((await ask('POST', `${path}?${query}`, { spec })).status, 422)
})

test('who am I and what may I are answered without the question', async () => {
  const { ask } = await startTestServer()
  const metadata = { name: 'x' }
  const self = await ask('POST', `${WHO}/selfsubjectreviews`, { metadata })
  assert.deepEqual(Object.keys(self.body.metadata), ['creationTimestamp'])
  const rules = await ask('POST', `${ACCESS}/selfsubjectrulesreviews`, {
    metadata,
    spec: { namespace: 'x' },
  })
  assert.deepEqual([rules.body.metadata, rules.body.spec], [{}, {}])
})

test('there is no path to a question that was asked', async () => {
  const { ask } = await startTestServer()
  const access = '/apis/authorization.k8s.io/v1'
  const missing = [
    ['GET', `${access}/subjectaccessreviews/x`],
    ['POST', `${access}/subjectaccessreviews/x`],
    ['POST', `${access}/selfsubjectaccessreviews/x/status`],
    ['POST', `${access}/localsubjectaccessreviews`],
    ['GET', `${access}/localsubjectaccessreviews`],
    ['POST', '/apis/authentication.k8s.io/v1/tokenreviews/x'],
    ['GET', '/apis/authentication.k8s.io/v1/watch/tokenreviews'],
  ] as const
  for (const [method, path] of missing) {
    const { status, body } = await ask(method, path, method === 'POST' ? { spec: {} } : undefined)
    assert.equal(status, 404, `${method} ${path}`)
    assert.equal(body.message, 'the server could not find the requested resource')
  }
  const all = await ask('GET', `${access}/subjectaccessreviews`)
  const watched = await ask('GET', `${access}/subjectaccessreviews?watch=true`)
  const local = await ask('GET', `${access}/namespaces/default/localsubjectaccessreviews`)
  assert.deepEqual(
    [all, watched, local].map(({ status }) => status),
    [405, 405, 405],
  )
})
