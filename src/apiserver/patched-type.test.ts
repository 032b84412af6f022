/** What patches may say of the type of an object, and what is refused before anything is written. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestServer, type TestServer } from './testing.ts'

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps'
const of = (type: string) => ({ headers: { 'content-type': `application/${type}` } })
const MERGE = of('merge-patch+json')
const STRATEGIC = of('strategic-merge-patch+json')
const OPERATIONS = of('json-patch+json')

async function withConfigMap(): Promise<TestServer> {
  const server = await startTestServer()
  await server.ask('POST', CONFIG_MAPS, { metadata: { name: 'a' }, data: { a: '1' } })
  return server
}

test('what says no version any more is read as nothing, whatever else is wrong with it', async () => {
  const { ask } = await withConfigMap()
  const message =
    'the name of the object (a based on URL) was undeterminable: name must be provided'
  for (const patch of [{ apiVersion: null }, { apiVersion: '' }, { apiVersion: null, data: 5 }]) {
    const { status, body } = await ask('PATCH', `${CONFIG_MAPS}/a`, patch, MERGE)
    assert.deepEqual([status, body.message], [400, message])
  }
  const removed = await ask(
    'PATCH',
    `${CONFIG_MAPS}/a`,
    [{ op: 'remove', path: '/apiVersion' }],
    OPERATIONS,
  )
  assert.deepEqual([removed.status, removed.body.message], [400, message])
  for (const kind of [null, ''])
    assert.equal((await ask('PATCH', `${CONFIG_MAPS}/a`, { kind }, MERGE)).status, 200)
})

test('of what is read as nothing every field is unknown', async () => {
  const { ask } = await withConfigMap()
  const removed = (fieldValidation: string) =>
    ask('PATCH', `${CONFIG_MAPS}/a?fieldValidation=${fieldValidation}`, { apiVersion: null }, MERGE)
  const told = await removed('Warn')
  assert.equal(told.status, 400)
  assert.equal(
    told.headers?.warning,
    '299 - "unknown field \\"data\\"", 299 - "unknown field \\"metadata\\""',
  )
  const { status, body } = await removed('Strict')
  assert.equal(status, 422)
  assert.match(
    body.message,
    /: strict decoding error: unknown field "data", unknown field "metadata"$/,
  )
  assert.equal((await removed('Ignore')).headers?.warning, undefined)
})

test('another kind is not converted, and one that nobody knows not read', async () => {
  const { ask } = await withConfigMap()
  const why = async (patch: object) => {
    const { status, body } = await ask('PATCH', `${CONFIG_MAPS}/a`, patch, MERGE)
    assert.equal(status, 422)
    return body.message.split('}": ').at(-1)
  }
  assert.equal(
    await why({ kind: 'Secret' }),
    'converting (v1.Secret) to (core.ConfigMap): unknown conversion',
  )
  assert.equal(
    await why({ kind: 'Other' }),
    'no kind "Other" is registered for version "v1" in scheme "pkg/runtime/scheme.go:111"',
  )
  assert.equal(
    await why({ kind: 'a\u0000' }),
    'no kind "a\\x00" is registered for version "v1" in scheme "pkg/runtime/scheme.go:111"',
  )
  assert.equal(await why({ apiVersion: 'a/b/c' }), 'unexpected GroupVersion string: a/b/c')
  assert.equal(
    await why({ kind: 'Other', apiVersion: null }),
    'no kind "Other" is registered for the internal version of group "" in scheme "pkg/runtime/scheme.go:111"',
  )
  const deployments = '/apis/apps/v1/namespaces/default/deployments'
  const template = {
    metadata: { labels: { a: 'b' } },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  }
  const spec = { selector: { matchLabels: { a: 'b' } }, template }
  await ask('POST', deployments, { metadata: { name: 'd' }, spec })
  const type = { apiVersion: 'apps/v1', kind: 'Deployment' }
  const scaled = await ask('PATCH', `${deployments}/d/scale`, type, MERGE)
  assert.match(scaled.body.message, /converting \(v1\.Deployment\) to \(autoscaling\.Scale\)/)
  const applied = await ask(
    'PATCH',
    `${deployments}/d/scale?fieldManager=m`,
    type,
    of('apply-patch+yaml'),
  )
  assert.equal(applied.body.message, 'invalid object type: apps/v1, Kind=Deployment')
  const apply = (name: string, body: object) =>
    ask('PATCH', `${deployments}/${name}/scale?fieldManager=m`, body, of('apply-patch+yaml'))
  const odd = await apply('d', { ...type, kind: {} })
  assert.equal(odd.body.message, 'invalid object type: apps/v1, Kind=')
  // What is not there is told first.
  assert.equal((await apply('none', type)).status, 404)
})

test('a strategic patch is read as what the object is, unless it says that in numbers', async () => {
  const { ask } = await withConfigMap()
  const patch = { kind: 'text', apiVersion: 'other', data: { b: '2' } }
  const patched = await ask('PATCH', `${CONFIG_MAPS}/a`, patch, STRATEGIC)
  assert.equal(patched.status, 200, patched.text)
  assert.deepEqual(
    [patched.body.kind, patched.body.apiVersion, patched.body.data],
    ['ConfigMap', 'v1', { a: '1', b: '2' }],
  )
  for (const [kind, why] of [
    [5, 'cannot convert int64 to string'],
    [true, 'unrecognized type: string'],
  ]) {
    const { body } = await ask('PATCH', `${CONFIG_MAPS}/a`, { kind }, STRATEGIC)
    assert.equal(body.message, ` "" is invalid: patch: Invalid value: "map[kind:${kind}]": ${why}`)
  }
})

test('an operation may replace the whole document by an object', async () => {
  const { ask } = await withConfigMap()
  const replaceBy = (value: unknown) =>
    ask('PATCH', `${CONFIG_MAPS}/a`, [{ op: 'replace', path: '', value }], OPERATIONS)
  const whole = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { z: '1' } }
  const replaced = await replaceBy(whole)
  assert.equal(replaced.status, 200, replaced.text)
  assert.deepEqual(replaced.body.data, { z: '1' })
  assert.match((await replaceBy([whole])).body.message, /cannot unmarshal array into Go value/)
  for (const value of [5, null]) assert.equal((await replaceBy(value)).status, 422)
})

test('of what stands where the revision of a new object would, only revisions are refused', async () => {
  const { ask } = await startTestServer()
  const create = async (resourceVersion: string, query = '') => {
    const body = { metadata: { name: `x${resourceVersion}`, resourceVersion } }
    return ask('POST', `${CONFIG_MAPS}${query}`, body)
  }
  for (const told of ['x', '0', '-5']) {
    const { status, body } = await create(told)
    assert.equal(status, 201, told)
    assert.match(body.metadata.resourceVersion, /^[1-9]\d*$/)
  }
  assert.equal((await create('7')).status, 500)
  assert.equal((await create('7', '?dryRun=All')).status, 201)
})

test('nothing is written for who could not be told of it', async () => {
  const { ask } = await withConfigMap()
  const accept = { headers: { accept: 'text/html' } }
  const refused = await ask('POST', CONFIG_MAPS, { metadata: { name: 'b' } }, accept)
  assert.equal(refused.status, 406)
  assert.equal((await ask('GET', `${CONFIG_MAPS}/b`)).status, 404)
  const html = { headers: { ...MERGE.headers, accept: 'text/html' } }
  assert.equal((await ask('PATCH', `${CONFIG_MAPS}/a`, { data: { a: '2' } }, html)).status, 406)
  assert.equal((await ask('DELETE', `${CONFIG_MAPS}/a`, undefined, accept)).status, 406)
  assert.deepEqual((await ask('GET', `${CONFIG_MAPS}/a`)).body.data, { a: '1' })
})

test('an event of the new style has nothing of the old', async () => {
  const { ask } = await startTestServer()
  const event = {
    metadata: { name: 'e' },
    regarding: { kind: 'Pod', namespace: 'default', name: 'web' },
    reason: 'R',
    action: 'A',
    type: 'Normal',
    eventTime: '2026-05-01T12:00:00.000000Z',
    reportingController: 'example.com/tester',
    reportingInstance: 't',
    deprecatedFirstTimestamp: '2026-05-01T12:00:00Z',
    deprecatedLastTimestamp: '2026-05-01T12:00:00Z',
    deprecatedCount: 1,
    deprecatedSource: { host: 'h' },
  }
  const { body } = await ask('POST', '/apis/events.k8s.io/v1/namespaces/default/events', event)
  assert.deepEqual(
    body.details.causes.map(({ field }: { field: string }) => field),
    ['firstTimestamp', 'lastTimestamp', 'count', 'source'],
  )
})

test('whatever an object is, it says so in texts', async () => {
  const { ask } = await withConfigMap()
  const start = 'the object provided is unrecognized (must be of type ConfigMap): '
  const wrong = `${start}couldn't get version/kind; json parse error: json: cannot unmarshal`
  const why = async (body: unknown, headers?: object) => {
    const { status, body: answer } = await ask('POST', CONFIG_MAPS, body, headers)
    return `${status} ${answer.message}`
  }
  assert.equal(
    await why(new TextEncoder().encode('{"kind":[],"apiVersion":true}')),
    `400 ${wrong} array into Go struct field .kind of type string ({"kind":[],"apiVersion":true})`,
  )
  // YAML is put in order before it is read, and shown as it came.
  const yaml = new TextEncoder().encode('kind: []\napiVersion: 1\n')
  assert.equal(
    await why(yaml, of('yaml')),
    `400 ${wrong} number into Go struct field .apiVersion of type string (${Buffer.from(yaml).toString('hex')})`,
  )
  assert.equal(
    await why(new TextEncoder().encode('{"apiVersion":"a/b/c"}')),
    `400 ${start}unexpected GroupVersion string: a/b/c ({"apiVersion":"a/b/c"})`,
  )
})

test('what patches make is told in the words of what reads it, and the first in its order', async () => {
  const { ask } = await withConfigMap()
  const why = async (patch: unknown, headers: object) => {
    const { status, body } = await ask('PATCH', `${CONFIG_MAPS}/a`, patch, headers)
    return `${status} ${body.message.split('": ').at(-1)}`
  }
  const patch = { metadata: { labels: { a: 1, b: null }, generation: 'x' }, data: [] }
  const into = 'json: cannot unmarshal'
  assert.equal(await why(patch, STRATEGIC), '422 unrecognized type: int64')
  assert.equal(
    await why(patch, MERGE),
    `422 ${into} array into Go struct field ConfigMap.data of type map[string]string`,
  )
  const operations = [{ op: 'add', path: '/metadata/labels', value: { b: 1 } }]
  assert.equal(
    await why(operations, OPERATIONS),
    `422 ${into} number into Go struct field ObjectMeta.metadata.labels of type string`,
  )
  const { body } = await ask('PATCH', `${CONFIG_MAPS}/a`, patch, STRATEGIC)
  assert.match(body.message, /"map\[data:\[\] metadata:map\[generation:x labels:map\[a:1\]\]\]"/)
})
