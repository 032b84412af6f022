import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestServer, startWatch } from './testing.ts'

const AT = '/api/v1/namespaces/default/configmaps'
const configMap = (name: string, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  ...more,
})
const patchOf = (type: string) => ({ headers: { 'content-type': type } })

test('generateName makes unique names, and a taken name is a conflict', async () => {
  const { ask } = await startTestServer()
  const names = new Set<string>()
  for (let i = 0; i < 20; i++) {
    const made = await ask('POST', AT, { metadata: { generateName: 'x-' } })
    assert.equal(made.status, 201)
    names.add(made.body.metadata.name)
  }
  assert.equal(names.size, 20)
  const [name = ''] = names
  const again = await ask('POST', AT, configMap(name))
  assert.equal(again.status, 409)
  assert.equal(again.body.reason, 'AlreadyExists')
  assert.equal(again.body.message, `configmaps "${name}" already exists`)
  assert.equal(again.headers['retry-after'], undefined)
  // Where a name could have been made, too, this is told as well.
  for (const query of ['', '?dryRun=All']) {
    const both = await ask('POST', `${AT}${query}`, { metadata: { name, generateName: 'x-' } })
    assert.equal(both.status, 409)
    assert.equal(
      both.body.message,
      `configmaps "${name}" already exists, the server was not able to generate a unique name for the object`,
    )
    assert.equal(both.body.details.retryAfterSeconds, 1)
    assert.equal(both.headers['retry-after'], '1')
  }
})

test('what a body may not be is told by a Status', async () => {
  const { ask } = await startTestServer()
  const code = async (body: unknown, more = {}, path = AT) =>
    (await ask('POST', path, body, more)).status
  assert.equal(await code('{'), 400)
  assert.equal(await code('[]'), 400)
  assert.equal(await code({ ...configMap('a'), kind: 'Secret' }), 400)
  assert.equal(await code({ ...configMap('a'), apiVersion: 'v2' }), 400)
  assert.equal(await code({ ...configMap('a'), metadata: { name: 'A_' } }), 422)
  assert.equal(await code({ ...configMap('a'), metadata: { name: 'a', namespace: 'b' } }), 400)
  assert.equal(await code({ ...configMap('a'), metadata: {} }), 422)
  assert.equal(await code('x', { headers: { 'content-type': 'text/plain' } }), 415)
  assert.equal(await code(configMap('a'), { headers: { accept: 'image/png' } }), 406)
  assert.equal(await code(new Uint8Array(3 * 1024 * 1024 + 1)), 413)
  assert.equal(await code(configMap('a'), {}, '/api/v1/namespaces/nowhere/configmaps'), 404)
  assert.equal(await code(configMap('a'), {}, '/api/v1/configmaps'), 405)
  assert.equal(await code(configMap('a'), {}, '/api/v1/namespaces/default/unknown'), 404)
  const bad = await ask('POST', `${AT}?fieldValidation=Strict`, { ...configMap('a'), foo: 1 })
  assert.equal(bad.status, 400)
  assert.match(bad.body.message, /strict decoding error: unknown field "foo"/)
  const warned = await ask('POST', AT, { ...configMap('a'), foo: 1 })
  assert.equal(warned.status, 201)
  assert.equal(warned.headers.warning, '299 - "unknown field \\"foo\\""')
})

test('YAML in and out', async () => {
  const { ask } = await startTestServer()
  const yaml = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: "1"}\n'
  const made = await ask('POST', AT, yaml, { headers: { 'content-type': 'application/yaml' } })
  assert.equal(made.status, 201)
  const got = await ask('GET', `${AT}/a`, undefined, { headers: { accept: 'application/yaml' } })
  assert.match(got.text, /^data:\n {2}x: "1"$/m)
})

test('dry runs check everything and change nothing', async () => {
  const { ask, server } = await startTestServer()
  const watch = await startWatch(server, `${AT}?watch=1`)
  const made = await ask('POST', `${AT}?dryRun=All`, configMap('a'))
  assert.equal(made.status, 201)
  assert.equal(made.body.metadata.resourceVersion, undefined)
  assert.equal((await ask('GET', `${AT}/a`)).status, 404)
  await ask('POST', AT, configMap('b'))
  assert.equal((await ask('DELETE', `${AT}/b?dryRun=All`)).status, 200)
  assert.equal(
    (await ask('PUT', `${AT}/b?dryRun=All`, configMap('b', { data: { x: '1' } }))).status,
    200,
  )
  assert.equal((await ask('GET', `${AT}/b`)).body.data, undefined)
  assert.equal((await ask('POST', `${AT}?dryRun=Some`, configMap('c'))).status, 422)
  const [only] = await watch.take(1)
  assert.equal(only?.object.metadata.name, 'b')
  assert.equal(watch.seen.length, 0)
  await server.stop()
})

test('the four kinds of patch', async () => {
  const { ask } = await startTestServer()
  await ask('POST', AT, configMap('a', { data: { x: '1', y: '2' } }))
  const merge = await ask(
    'PATCH',
    `${AT}/a`,
    { data: { x: null } },
    patchOf('application/merge-patch+json'),
  )
  assert.deepEqual(merge.body.data, { y: '2' })
  const json = await ask(
    'PATCH',
    `${AT}/a`,
    [{ op: 'add', path: '/data/z', value: '3' }],
    patchOf('application/json-patch+json'),
  )
  assert.deepEqual(json.body.data, { y: '2', z: '3' })
  const strategic = await ask(
    'PATCH',
    `${AT}/a`,
    { metadata: { finalizers: ['a.b/c'] } },
    patchOf('application/strategic-merge-patch+json'),
  )
  assert.deepEqual(strategic.body.metadata.finalizers, ['a.b/c'])
  const applied = await ask(
    'PATCH',
    `${AT}/new?fieldManager=me`,
    configMap('new', { data: { q: '1' } }),
    patchOf('application/apply-patch+yaml'),
  )
  assert.equal(applied.status, 201)
  assert.equal(applied.body.metadata.managedFields[0].manager, 'me')
  const disputed = await ask(
    'PATCH',
    `${AT}/new?fieldManager=other`,
    configMap('new', { data: { q: '2' } }),
    patchOf('application/apply-patch+yaml'),
  )
  assert.equal(disputed.status, 409)
  assert.equal((await ask('PATCH', `${AT}/a`, {}, patchOf('text/plain'))).status, 415)
})

test('counters lose no update when many write at once', async () => {
  const { ask } = await startTestServer()
  await ask('POST', AT, configMap('a', { data: { n: '0' } }))
  const increment = async (): Promise<void> => {
    const { body } = await ask('GET', `${AT}/a`)
    const next = { ...body, data: { n: String(Number(body.data.n) + 1) } }
    const { status } = await ask('PUT', `${AT}/a`, next)
    if (status === 409) return increment()
    assert.equal(status, 200)
  }
  await Promise.all(Array.from({ length: 40 }, increment))
  assert.equal((await ask('GET', `${AT}/a`)).body.data.n, '40')
})

test('finalizers hold a deleted object until the last of them goes', async () => {
  const { ask, server } = await startTestServer()
  const held = await ask('POST', AT, {
    ...configMap('a'),
    metadata: { name: 'a', finalizers: ['x.y/z'] },
  })
  const watch = await startWatch(
    server,
    `${AT}?watch=1&resourceVersion=${held.body.metadata.resourceVersion}`,
  )
  const marked = await ask('DELETE', `${AT}/a`)
  assert.equal(marked.body.metadata.deletionTimestamp, '2026-05-01T12:00:00Z')
  const { deletionTimestamp: _, ...metadata } = marked.body.metadata
  const freed = await ask('PUT', `${AT}/a`, {
    ...marked.body,
    metadata: { ...metadata, finalizers: [] },
  })
  assert.equal(freed.status, 200)
  assert.equal((await ask('GET', `${AT}/a`)).status, 404)
  assert.deepEqual(
    (await watch.take(2)).map(({ type }) => type),
    ['MODIFIED', 'DELETED'],
  )
  await server.stop()
})

test('a foreground delete leaves the object to the garbage collector', async () => {
  const { ask } = await startTestServer()
  await ask('POST', AT, configMap('a'))
  const marked = await ask('DELETE', `${AT}/a`, { propagationPolicy: 'Foreground' })
  assert.equal(marked.status, 200)
  assert.deepEqual(marked.body.metadata.finalizers, ['foregroundDeletion'])
})

test('who makes anew what is about to go is told so', async () => {
  const { ask } = await startTestServer()
  await ask('POST', AT, { metadata: { name: 'a', finalizers: ['example.com/f'] } })
  await ask('DELETE', `${AT}/a`)
  for (const query of ['', '?dryRun=All']) {
    const { body } = await ask('POST', AT + query, configMap('a'))
    assert.equal(body.message, 'object is being deleted: configmaps "a" already exists')
  }
})

test('deletes keep their preconditions', async () => {
  const { ask } = await startTestServer()
  const { body } = await ask('POST', AT, configMap('a'))
  const wrong = await ask('DELETE', `${AT}/a`, { preconditions: { uid: 'other' } })
  assert.equal(wrong.status, 409)
  assert.match(
    wrong.body.message,
    /the UID in the precondition \(other\) does not match the UID in record/,
  )
  const right = await ask('DELETE', `${AT}/a`, { preconditions: { uid: body.metadata.uid } })
  assert.equal(right.status, 200)
})

test('a collection is deleted by its selector', async () => {
  const { ask } = await startTestServer()
  for (const [name, app] of [
    ['a', 'x'],
    ['b', 'x'],
    ['c', 'y'],
  ])
    await ask('POST', AT, { metadata: { name, labels: { app } } })
  const deleted = await ask('DELETE', `${AT}?labelSelector=app%3Dx`)
  assert.equal(deleted.status, 200)
  const left = await ask('GET', AT)
  assert.deepEqual(
    left.body.items.map((item: { metadata: { name: string } }) => item.metadata.name),
    ['c'],
  )
})

test('keys that mean something to JavaScript are data like any other', async () => {
  const { ask } = await startTestServer()
  const body = '{"metadata":{"name":"a"},"data":{"__proto__":"1","constructor":"2","toString":"3"}}'
  assert.equal((await ask('POST', AT, body)).status, 201)
  const { text } = await ask('GET', `${AT}/a`)
  assert.match(text, /"__proto__":"1"/)
  assert.equal(({} as Record<string, unknown>)['1'], undefined)
})
