import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scale } from '#api/autoscaling/v1/scale.ts'
import { configMap } from '#api/core/v1/config-map.ts'
import {
  deleteOptionsKind,
  partialObjectMetadataKind,
  statusKind,
} from '#api/machinery/meta-kinds.ts'
import { decodeProtobuf } from '#api/machinery/protobuf.ts'
import {
  decodeListProtobuf,
  decodeObjectProtobuf,
  decodeWatchFrame,
  encodeObjectProtobuf,
} from '#api/machinery/protobuf-envelope.ts'
import type { ApiResponse } from '#client/transport.ts'
import { admin, startTestServer } from './testing.ts'

const AT = '/api/v1/namespaces/default/configmaps'
const PROTOBUF = 'application/vnd.kubernetes.protobuf'
const headers = { accept: PROTOBUF, 'content-type': PROTOBUF }
// biome-ignore lint/suspicious/noExplicitAny: tests look at whatever was answered
const read = (kind: typeof statusKind, bytes: Uint8Array): any => decodeObjectProtobuf(kind, bytes)

async function start() {
  const { server, ask } = await startTestServer()
  const bytesOf = (response: ApiResponse) => {
    assert.equal(response.headers['content-type'], PROTOBUF)
    if (response.body.kind === 'chunks') return Buffer.concat(response.body.chunks)
    assert.ok(response.body.kind === 'bytes')
    return response.body.bytes
  }
  const send = async (method: 'GET' | 'POST' | 'DELETE', path: string, body?: Uint8Array) =>
    bytesOf(
      await server.handle({ method, path, headers, ...(body ? { body } : {}) }, { user: admin }),
    )
  const create = (name: string) =>
    send(
      'POST',
      AT,
      encodeObjectProtobuf(configMap, {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name },
        data: { x: '1' },
      }),
    )
  return { server, ask, send, create }
}

test('objects go in and come out in protobuf, and say the same as in JSON', async () => {
  const { ask, send, create } = await start()
  const created = read(configMap, await create('a'))
  assert.deepEqual(created.data, { x: '1' })
  const { body } = await ask('GET', `${AT}/a`)
  assert.deepEqual(read(configMap, await send('GET', `${AT}/a`)), created)
  assert.equal(created.metadata.uid, body.metadata.uid)
  assert.equal(created.metadata.resourceVersion, body.metadata.resourceVersion)
})

test('lists hold the messages of their items', async () => {
  const { send, create } = await start()
  await create('a')
  await create('b')
  const { envelope, metadata, items } = decodeListProtobuf(await send('GET', AT))
  assert.equal(envelope.kind, 'ConfigMapList')
  assert.match(String(metadata.resourceVersion), /^\d+$/)
  // biome-ignore lint/suspicious/noExplicitAny: as above
  const names = items.map(item => (decodeProtobuf(configMap.shape, item) as any).metadata.name)
  assert.deepEqual(names, ['a', 'b'])
})

test('failures and deletions are a Status, options of a deletion are read', async () => {
  const { send, create } = await start()
  assert.equal(
    read(statusKind, await send('GET', `${AT}/none`)).message,
    'configmaps "none" not found',
  )
  await create('a')
  const options = (uid: string) =>
    encodeObjectProtobuf(deleteOptionsKind, { preconditions: { uid } })
  const refused = read(statusKind, await send('DELETE', `${AT}/a`, options('other')))
  assert.equal(refused.reason, 'Conflict')
  const { metadata } = read(configMap, await send('GET', `${AT}/a`))
  assert.equal(
    read(statusKind, await send('DELETE', `${AT}/a`, options(metadata.uid))).status,
    'Success',
  )
})

test('a watch is a stream of frames, shared by its watchers', async () => {
  const { server, create } = await start()
  const watch = async () => {
    const path = `${AT}?watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan`
    const { headers: answered, body } = await server.handle(
      { method: 'GET', path, headers: { accept: `${PROTOBUF};stream=watch` } },
      { user: admin },
    )
    assert.equal(answered['content-type'], `${PROTOBUF};stream=watch`)
    assert.ok(body.kind === 'stream')
    const frames: Uint8Array[] = []
    body.stream.subscribe({ next: frame => void frames.push(frame), end() {} })
    return frames
  }
  const [first, second] = [await watch(), await watch()]
  await create('a')
  await new Promise(resolve => setImmediate(resolve))
  const events = first.map(frame => {
    assert.equal(Buffer.from(frame).readUInt32BE(), frame.length - 4)
    const { type, body } = decodeWatchFrame(frame.subarray(4))
    return { type, object: read(configMap, body) }
  })
  assert.deepEqual(
    events.map(({ type, object }) => [type, object.metadata.name ?? '']),
    [
      ['BOOKMARK', ''],
      ['ADDED', 'a'],
    ],
  )
  assert.equal(events[0]?.object.metadata.annotations['k8s.io/initial-events-end'], 'true')
  assert.equal(first[1], second[1])
})

test('metadata alone and subresources have messages, tables and discovery fall back to JSON', async () => {
  const { server, send, create, ask } = await start()
  await create('a')
  const accept = (form: string) => ({
    accept: `${PROTOBUF};${form};g=meta.k8s.io;v=v1,application/json;${form};g=meta.k8s.io;v=v1`,
  })
  const partial = await server.handle(
    { method: 'GET', path: `${AT}/a`, headers: accept('as=PartialObjectMetadata') },
    { user: admin },
  )
  assert.ok(partial.body.kind === 'bytes')
  const { kind, metadata } = read(partialObjectMetadataKind, partial.body.bytes)
  assert.deepEqual([kind, metadata.name], ['PartialObjectMetadata', 'a'])
  const table = await ask('GET', AT, undefined, { headers: accept('as=Table') })
  assert.equal(table.body.kind, 'Table')
  const discovery = await ask('GET', '/apis', undefined, {
    headers: { accept: `${PROTOBUF}, */*` },
  })
  assert.equal(discovery.body.kind, 'APIGroupList')
  const labels = { app: 'a' }
  await ask('POST', '/apis/apps/v1/namespaces/default/deployments', {
    metadata: { name: 'd' },
    spec: {
      replicas: 3,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    },
  })
  const size = await send('GET', '/apis/apps/v1/namespaces/default/deployments/d/scale')
  assert.equal(read(scale, size).spec.replicas, 3)
})
