/** The same object in every representation, over bytes as a remote client has them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configMap } from '#api/core/v1/config-map.ts'
import { decodeCbor, encodeCbor, encodeCborValue, selfDescribed } from '#api/machinery/cbor.ts'
import { CborReader } from '#api/machinery/cbor-reader.ts'
import type { ApiResponse } from '#client/transport.ts'
import { CBOR_SEQUENCE_TYPE, CBOR_TYPE } from './media-type.ts'
import { admin, startTestServer, type TestServer } from './testing.ts'

const configMaps = '/api/v1/namespaces/default/configmaps'
const META = 'g=meta.k8s.io;v=v1'
const cborBody = { headers: { 'content-type': CBOR_TYPE } }

function bytesOf({ body }: ApiResponse): Uint8Array {
  if (body.kind === 'bytes') return body.bytes
  return body.kind === 'chunks' ? Buffer.concat(body.chunks) : new Uint8Array()
}

async function get({ server }: TestServer, path: string, accept: string, more: object = {}) {
  const headers = { accept, ...more }
  const response = await server.handle({ method: 'GET', path, headers }, { user: admin })
  return { ...response, bytes: bytesOf(response), type: response.headers['content-type'] }
}

/** Waits for so many items of a watch. */
async function watched({ server }: TestServer, path: string, accept: string, count: number) {
  const response = await server.handle(
    { method: 'GET', path, headers: { accept } },
    { user: admin },
  )
  const { body, headers } = response
  assert.equal(body.kind, 'stream')
  if (body.kind !== 'stream') throw new Error('no stream')
  const { stream } = body
  const chunks: Uint8Array[] = []
  const come = Promise.withResolvers<void>()
  const cancel = stream.subscribe({
    next(chunk) {
      if (chunks.push(chunk) === count) come.resolve()
    },
    end: () => come.resolve(),
  })
  await come.promise
  cancel()
  return { type: headers['content-type'], chunks }
}

/** All items of a CBOR sequence. */
function sequenceOf(bytes: Uint8Array) {
  const reader = new CborReader(bytes)
  const items: { type: string; object: Record<string, unknown> }[] = []
  while (reader.position < bytes.length) items.push(reader.item() as (typeof items)[number])
  return items
}

test('CBOR: create, get, list, update, patch, apply and errors', async () => {
  const server = await startTestServer()
  const { ask } = server
  const object = {
    metadata: { name: 'c' },
    data: { a: 'ü', __proto: '1' },
    binaryData: { b: 'AQI=' },
  }
  const body = selfDescribed(encodeCbor(configMap.shape, object))
  const created = await ask('POST', configMaps, body, cborBody)
  assert.equal(created.status, 201, created.text)
  assert.deepEqual(created.body.binaryData, { b: 'AQI=' })
  const { bytes, type } = await get(server, `${configMaps}/c`, CBOR_TYPE)
  assert.equal(type, CBOR_TYPE)
  assert.deepEqual([...bytes.subarray(0, 3)], [0xd9, 0xd9, 0xf7])
  // The JSON form and this one say the same, and the bytes are bytes, not base64.
  assert.deepEqual(decodeCbor(bytes), (await ask('GET', `${configMaps}/c`)).body)
  assert.ok(Buffer.from(bytes).includes(Buffer.from('d6420102', 'hex')))
  const listed = await get(server, configMaps, CBOR_TYPE)
  assert.deepEqual(decodeCbor(listed.bytes), (await ask('GET', configMaps)).body)
  const replaced = { ...object, data: { a: '2' } }
  const update = await ask('PUT', `${configMaps}/c`, encodeCborValue(replaced), cborBody)
  assert.deepEqual(update.body.data, { a: '2' })
  const configuration = { apiVersion: 'v1', kind: 'ConfigMap', data: { applied: 'yes' } }
  const applied = await ask(
    'PATCH',
    `${configMaps}/c?fieldManager=m`,
    selfDescribed(encodeCborValue(configuration)),
    { headers: { 'content-type': 'application/apply-patch+cbor' } },
  )
  assert.equal(applied.status, 200, applied.text)
  assert.deepEqual(applied.body.data, { a: '2', applied: 'yes' })
  const missing = await get(server, `${configMaps}/none`, CBOR_TYPE)
  assert.deepEqual(
    [missing.status, missing.type, (decodeCbor(missing.bytes) as { reason: string }).reason],
    [404, CBOR_TYPE, 'NotFound'],
  )
})

test('CBOR bodies that are none', async () => {
  const { ask } = await startTestServer()
  const broken = await ask('POST', configMaps, new Uint8Array([0xa1, 0x41]), cborBody)
  assert.equal(broken.status, 400)
  assert.equal(
    broken.body.message,
    'the object provided is unrecognized (must be of type ConfigMap): cbor: unexpected EOF (a141)',
  )
  const object = { metadata: { name: 'c' }, spec: 1 }
  const strict = await ask(
    'POST',
    `${configMaps}?fieldValidation=Strict`,
    encodeCborValue(object),
    cborBody,
  )
  assert.match(strict.body.message, /strict decoding error: unknown field "spec"$/)
})

test('CBOR watches are a sequence whose items all watchers share', async () => {
  const server = await startTestServer()
  await server.ask('POST', configMaps, { metadata: { name: 'w' }, binaryData: { b: 'AQI=' } })
  const first = await watched(server, `${configMaps}?watch=1`, CBOR_TYPE, 1)
  const second = await watched(server, `${configMaps}?watch=1&resourceVersion=1`, CBOR_TYPE, 1)
  const third = await watched(server, `${configMaps}?watch=1&resourceVersion=1`, CBOR_TYPE, 1)
  assert.equal(first.type, CBOR_SEQUENCE_TYPE)
  const [event] = sequenceOf(Buffer.concat(first.chunks))
  assert.equal(event?.type, 'ADDED')
  assert.deepEqual(event?.object, (await server.ask('GET', `${configMaps}/w`)).body)
  assert.equal(second.chunks[0], third.chunks[0])
  const partial = await watched(
    server,
    `${configMaps}?watch=1`,
    `${CBOR_TYPE};as=PartialObjectMetadata;${META}`,
    1,
  )
  const [bare] = sequenceOf(Buffer.concat(partial.chunks))
  assert.equal(bare?.object.kind, 'PartialObjectMetadata')
  const marked = await watched(
    server,
    `${configMaps}?watch=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan`,
    CBOR_TYPE,
    2,
  )
  assert.equal(sequenceOf(Buffer.concat(marked.chunks))[1]?.type, 'BOOKMARK')
})

test('bare metadata in every encoding and both versions', async () => {
  const server = await startTestServer()
  await server.ask('POST', configMaps, { metadata: { name: 'm' }, data: { a: '1' } })
  for (const version of ['v1', 'v1beta1']) {
    const as = (kind: string) => `;as=${kind};g=meta.k8s.io;v=${version}`
    const one = await get(server, `${configMaps}/m`, `${CBOR_TYPE}${as('PartialObjectMetadata')}`)
    const shown = decodeCbor(one.bytes) as Record<string, unknown>
    assert.equal(shown.apiVersion, `meta.k8s.io/${version}`)
    assert.deepEqual(Object.keys(shown).sort(), ['apiVersion', 'kind', 'metadata'])
    const all = await get(server, configMaps, `application/json${as('PartialObjectMetadataList')}`)
    const list = JSON.parse(Buffer.from(all.bytes).toString())
    assert.equal(list.apiVersion, `meta.k8s.io/${version}`)
    assert.equal(list.items.at(-1).apiVersion, `meta.k8s.io/${version}`)
    const protobuf = await get(
      server,
      configMaps,
      `application/vnd.kubernetes.protobuf${as('PartialObjectMetadataList')}`,
    )
    assert.ok(Buffer.from(protobuf.bytes).includes(`meta.k8s.io/${version}`))
  }
  const wrong = async (path: string, kind: string) => {
    const { status, bytes } = await get(server, path, `application/json;as=${kind};${META}`)
    return [status, JSON.parse(Buffer.from(bytes).toString()).message]
  }
  assert.deepEqual(await wrong(configMaps, 'PartialObjectMetadata'), [
    406,
    'you requested PartialObjectMetadata, but the requested object is a list (*core.ConfigMapList)',
  ])
  assert.deepEqual(await wrong(`${configMaps}/m`, 'PartialObjectMetadataList'), [
    406,
    'you requested PartialObjectMetadataList, but the requested object is not a list (*core.ConfigMap)',
  ])
  // Not all groups are in a package of their name.
  for (const [group, list] of [
    ['events.k8s.io/v1/events', 'core.EventList'],
    ['internal.apiserver.k8s.io/v1alpha1/storageversions', 'apiserverinternal.StorageVersionList'],
    ['rbac.authorization.k8s.io/v1/roles', 'rbac.RoleList'],
  ]) {
    const [status, message] = await wrong(`/apis/${group}`, 'PartialObjectMetadata')
    assert.equal(status, 406)
    assert.ok(message.endsWith(`is a list (*${list})`), message)
  }
})

test('the rows of flow schemas are in the order in which they are tried', async () => {
  const server = await startTestServer()
  const schemas = '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas'
  for (const [name, matchingPrecedence] of [
    ['a', 900],
    ['b', 20],
    ['c', 900],
  ]) {
    const spec = { matchingPrecedence, priorityLevelConfiguration: { name: 'exempt' } }
    const made = await server.ask('POST', schemas, { metadata: { name }, spec })
    assert.equal(made.status, 201, made.text)
  }
  const { bytes } = await get(server, schemas, `application/json;as=Table;${META}`)
  const { rows } = JSON.parse(Buffer.from(bytes).toString())
  const names: string[] = rows.map(({ cells }: { cells: string[] }) => cells[0])
  assert.deepEqual(
    names.filter(name => name.length === 1),
    ['b', 'a', 'c'],
  )
  const listed = (await server.ask('GET', schemas)).body.items
  assert.deepEqual(
    listed
      .map((each: { metadata: { name: string } }) => each.metadata.name)
      .filter((name: string) => name.length === 1),
    ['a', 'b', 'c'],
  )
})

test('tables: versions, objects in rows, columns in the first event only', async () => {
  const server = await startTestServer()
  await server.ask('POST', configMaps, { metadata: { name: 't' }, data: { a: '1' } })
  const table = async (path: string, version = 'v1') => {
    const { bytes } = await get(
      server,
      path,
      `application/json;as=Table;g=meta.k8s.io;v=${version}`,
    )
    return JSON.parse(Buffer.from(bytes).toString())
  }
  const old = await table(`${configMaps}/t`, 'v1beta1')
  assert.equal(old.apiVersion, 'meta.k8s.io/v1beta1')
  assert.equal(old.rows[0].object.apiVersion, 'meta.k8s.io/v1beta1')
  assert.equal(
    (await table(`${configMaps}/t?includeObject=Object`)).rows[0].object.kind,
    'ConfigMap',
  )
  assert.equal((await table(`${configMaps}/t?includeObject=None`)).rows[0].object, null)
  assert.equal(
    (await table(`${configMaps}/t?includeObject=All`)).message,
    `Unable to convert to Table as requested: includeObject: Invalid value: "All": must be 'Metadata', 'Object', 'None', or empty`,
  )
  const { chunks } = await watched(
    server,
    `${configMaps}?watch=1&includeObject=None&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan`,
    `application/json;as=Table;${META}`,
    2,
  )
  const events = chunks.map(chunk => JSON.parse(Buffer.from(chunk).toString()))
  const last = events.at(-1)
  assert.ok(events[0].object.columnDefinitions.length > 0)
  assert.equal(last.type, 'BOOKMARK')
  assert.equal(last.object.columnDefinitions, null)
  assert.equal(events[0].object.rows[0].object, null)
  // The end of the initial state can be told from the metadata alone.
  assert.equal(last.object.rows[0].object.metadata.annotations['k8s.io/initial-events-end'], 'true')
})

test('pretty where the query, the type or the client as such asks for it', async () => {
  const server = await startTestServer()
  const isPretty = async (path: string, accept: string, more = {}) =>
    Buffer.from((await get(server, path, accept, more)).bytes)
      .toString()
      .startsWith('{\n  "kind"')
  const json = 'application/json'
  const curl = { 'user-agent': 'curl/8.5.0' }
  assert.equal(await isPretty('/api', json), false)
  assert.equal(await isPretty('/api?pretty=true', json), true)
  assert.equal(await isPretty('/api?pretty=no', json, curl), false)
  assert.equal(await isPretty('/api', `${json};pretty=1`), true)
  assert.equal(await isPretty('/api', json, curl), true)
  assert.equal(await isPretty(configMaps, json, { 'user-agent': 'Mozilla/5.0 (X11)' }), true)
  assert.equal(await isPretty(`${configMaps}/none`, json, curl), true)
})

test('lists that are made piece by piece have the layout of one go, and none at all is what Go makes of it', async () => {
  const server = await startTestServer()
  const wanted = [
    ['application/json', 'items', '[]'],
    [`application/json;as=Table;${META}`, 'rows', '[]'],
    [`application/json;as=PartialObjectMetadataList;${META}`, 'items', 'null'],
  ] as const
  for (const [accept, field, none] of wanted) {
    const { bytes } = await get(server, '/api/v1/pods', accept)
    assert.ok(Buffer.from(bytes).toString().endsWith(`"${field}":${none}}\n`), accept)
  }
  for (const name of ['a', 'b'])
    await server.ask('POST', configMaps, { metadata: { name }, data: { text: '[]\n{}' } })
  for (const [accept] of wanted)
    for (const query of ['pretty=true', 'includeObject=Object']) {
      const text = Buffer.from(
        (await get(server, `${configMaps}?${query}`, accept)).bytes,
      ).toString()
      const value = JSON.parse(text)
      assert.equal((value.items ?? value.rows).length, 2)
      const isPretty = query === 'pretty=true'
      const wanted = isPretty ? JSON.stringify(value, null, 2) : `${JSON.stringify(value)}\n`
      assert.equal(text, wanted, `${accept} ${query}`)
    }
})

test('what is made for one answer alone is no table, and is not made for who takes nothing else', async () => {
  const api = await startTestServer()
  const pods = '/api/v1/namespaces/default/pods'
  const table = `application/json;as=Table;${META}`
  await api.ask('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'a' } })
  const spec = { containers: [{ name: 'c', image: 'i' }], serviceAccountName: 'a' }
  const made = await api.ask('POST', pods, { metadata: { name: 'p' }, spec })
  assert.equal(made.status, 201, made.text)
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { nonResourceAttributes: { path: '/', verb: 'get' } },
  }
  const reviews = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'
  const target = { apiVersion: 'v1', kind: 'Node', name: 'n' }
  const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'p' }, target }
  const asked = (path: string, body: object, accept: string) =>
    api.ask('POST', path, body, { headers: { accept } })
  for (const [path, body] of [
    [reviews, review],
    [`${pods}/p/binding`, binding],
  ] as const) {
    const { status, body: refusal } = await asked(path, body, table)
    assert.equal(status, 406, path)
    assert.equal(refusal.reason, 'NotAcceptable')
  }
  assert.equal((await api.ask('GET', `${pods}/p`)).body.spec.nodeName, undefined)
  assert.equal((await asked(reviews, review, `${table},application/json`)).body.kind, review.kind)
  const bare = await asked(reviews, review, `application/json;as=PartialObjectMetadata;${META}`)
  assert.equal(bare.body.kind, 'PartialObjectMetadata')
  assert.equal((await asked(`${pods}/p/binding`, binding, `${table},application/json`)).status, 201)
})

test('what shows a whole object to change a part of it is no table', async () => {
  const api = await startTestServer()
  await api.ask('POST', '/api/v1/namespaces/default/serviceaccounts', {
    metadata: { name: 'default' },
  })
  const spec = { containers: [{ name: 'c', image: 'i' }] }
  await api.ask('POST', '/api/v1/namespaces/default/pods', { metadata: { name: 'p' }, spec })
  const path = '/api/v1/namespaces/default/pods/p'
  const get = async (part: string, accept: string) =>
    (await api.ask('GET', `${path}${part}`, undefined, { headers: { accept } })).body
  const table = `application/json;as=Table;${META}`
  assert.equal((await get('/status', table)).kind, 'Table')
  for (const part of ['/resize', '/ephemeralcontainers']) {
    assert.equal((await get(part, table)).reason, 'NotAcceptable')
    assert.equal((await get(part, `${table},application/json`)).kind, 'Pod')
    const bare = `application/json;as=PartialObjectMetadata;${META}`
    assert.equal((await get(part, bare)).kind, 'PartialObjectMetadata')
  }
  const finalize = '/api/v1/namespaces/default/finalize'
  const { body } = await api.ask('GET', '/api/v1/namespaces/default')
  const refused = await api.ask('PUT', finalize, body, { headers: { accept: table } })
  assert.equal(refused.status, 406)
})

test('a watch in YAML, and an answer in HTML, are not acceptable', async () => {
  const server = await startTestServer()
  const watch = await get(server, `${configMaps}?watch=1`, 'application/yaml')
  assert.equal(watch.status, 406)
  // The refusal itself is told in YAML, which it can be.
  assert.match(
    Buffer.from(watch.bytes).toString(),
    /stream=watch,\s+application\/vnd\.kubernetes\.protobuf;stream=watch, application\/cbor-seq'\n/,
  )
  const html = await get(server, configMaps, 'text/html')
  assert.deepEqual(JSON.parse(Buffer.from(html.bytes).toString()), {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message:
      '406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf, ' +
      'application/cbor, application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch, application/cbor-seq',
    reason: 'NotAcceptable',
    details: {},
    code: 406,
  })
})
