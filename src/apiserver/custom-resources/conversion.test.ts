import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createMemoryStore } from '#store/memory/memory-store.ts'
import {
  caBundle,
  type Review,
  startCallingServer,
  startWebhook,
  type TestWebhook,
} from '../admission/webhooks/testing.ts'
import type { TestServer } from '../testing.ts'
import { startWatch } from '../testing.ts'
import { DEFINITIONS, define, until } from './testing.ts'

const V1 = '/apis/stable.example.com/v1/namespaces/default/hosts'
const V2 = '/apis/stable.example.com/v2/namespaces/default/hosts'
const MERGE = { headers: { 'content-type': 'application/merge-patch+json' } }
const APPLY = { headers: { 'content-type': 'application/apply-patch+yaml' } }

// biome-ignore lint/suspicious/noExplicitAny: tests write whatever a webhook may answer
type Any = any

const versionOf = (name: string, spec: object, more: object = {}) => ({
  name,
  served: true,
  storage: false,
  schema: {
    openAPIV3Schema: {
      type: 'object',
      properties: { spec: { type: 'object', properties: spec } },
    },
  },
  ...more,
})
const text = { type: 'string' }
const address = { address: text, size: { type: 'integer' } }
const parts = { host: text, port: { type: 'string', default: '80' }, size: { type: 'integer' } }
const scale = { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size' }

/** v1 says `address: a:1`, v2 says `host: a` and `port: 1`; v1 is stored. */
const definition = (
  hook: Pick<TestWebhook, 'url'>,
  versions?: object[],
  conversion: object = {},
): Any => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'hosts.stable.example.com' },
  spec: {
    group: 'stable.example.com',
    scope: 'Namespaced',
    names: { plural: 'hosts', kind: 'Host' },
    versions: versions ?? [
      versionOf('v1', address, { storage: true, subresources: { scale } }),
      versionOf('v2', parts, {
        selectableFields: [{ jsonPath: '.spec.host' }],
        subresources: { scale },
      }),
    ],
    conversion: {
      strategy: 'Webhook',
      webhook: {
        clientConfig: { url: hook.url.replace('/review', '/convert'), caBundle },
        conversionReviewVersions: ['v1'],
        ...conversion,
      },
    },
  },
})

function convert(object: Any, apiVersion: string): Any {
  const { address: joined, host, port, ...spec } = object.spec
  if (apiVersion.endsWith('/v2')) {
    const [first, second] = joined.split(':')
    return { ...object, apiVersion, spec: { ...spec, host: first, port: second } }
  }
  return { ...object, apiVersion, spec: { ...spec, address: `${host}:${port}` } }
}

const converting = ({ objects, desiredAPIVersion }: Review) => ({
  result: { status: 'Success' },
  convertedObjects: objects.map((each: Any) => convert(each, desiredAPIVersion)),
})

const host = (name: string, spec: object, version = 'v1', more: object = {}) => ({
  apiVersion: `stable.example.com/${version}`,
  kind: 'Host',
  metadata: { name },
  spec,
  ...more,
})

const defined = async (hook: Pick<TestWebhook, 'url'>, conversion: object = {}) => {
  const server = await startCallingServer()
  await define(server as unknown as TestServer, definition(hook, undefined, conversion))
  return server
}

describe('versions that a webhook converts', () => {
  test('are read in either form, and the webhook is asked once for each revision', async () => {
    await using hook = await startWebhook(converting)
    await using server = await defined(hook)
    assert.equal((await server.ask('POST', V1, host('a', { address: 'x:1' }))).status, 201)
    assert.equal(hook.asked.length, 0)
    const { status, body, text: shown } = await server.ask('GET', `${V2}/a`)
    assert.equal(status, 200, shown)
    assert.equal(body.apiVersion, 'stable.example.com/v2')
    assert.deepEqual(body.spec, { host: 'x', port: '1' })
    const [asked] = hook.asked
    assert.equal(asked.desiredAPIVersion, 'stable.example.com/v2')
    assert.equal(asked.objects[0].metadata.resourceVersion, undefined)
    assert.deepEqual(hook.paths, ['/convert?timeout=30s'])
    await server.ask('GET', `${V2}/a`)
    await server.ask('GET', V2)
    assert.equal(hook.asked.length, 1)
    const { body: same } = await server.ask('GET', `${V1}/a`)
    assert.equal(same.metadata.resourceVersion, body.metadata.resourceVersion)
    assert.deepEqual(same.spec, { address: 'x:1' })
  })

  test('are written in either form, by every verb, and stored in one', async () => {
    await using hook = await startWebhook(converting)
    await using server = await defined(hook)
    const made = await server.ask('POST', V2, host('a', { host: 'x' }, 'v2'))
    assert.equal(made.status, 201, made.text)
    // The default is that of the version in which it came, and is stored.
    assert.deepEqual(made.body.spec, { host: 'x', port: '80' })
    assert.equal(made.body.metadata.managedFields[0].apiVersion, 'stable.example.com/v2')
    assert.deepEqual((await server.ask('GET', `${V1}/a`)).body.spec, { address: 'x:80' })

    const replaced = await server.ask('PUT', `${V2}/a`, {
      ...made.body,
      spec: { host: 'y', port: '2' },
    })
    assert.equal(replaced.status, 200, replaced.text)
    assert.equal(replaced.body.metadata.generation, 2)
    const patched = await server.ask('PATCH', `${V2}/a`, { spec: { port: '3' } }, MERGE)
    assert.deepEqual(patched.body.spec, { host: 'y', port: '3' })
    assert.deepEqual((await server.ask('GET', `${V1}/a`)).body.spec, { address: 'y:3' })
    const unchanged = await server.ask('PATCH', `${V2}/a`, { spec: { port: '3' } }, MERGE)
    assert.equal(unchanged.body.metadata.resourceVersion, patched.body.metadata.resourceVersion)

    const applied = await server.ask(
      'PATCH',
      `${V2}/b?fieldManager=me`,
      host('b', { host: 'z' }, 'v2'),
      APPLY,
    )
    assert.equal(applied.status, 201, applied.text)
    assert.deepEqual((await server.ask('GET', `${V1}/b`)).body.spec, { address: 'z:80' })

    await server.ask('PATCH', `${V2}/a`, { metadata: { finalizers: ['example.com/x'] } }, MERGE)
    const held = await server.ask('DELETE', `${V2}/a`)
    assert.deepEqual(held.body.spec, { host: 'y', port: '3' })
    const gone = await server.ask('PATCH', `${V2}/a`, { metadata: { finalizers: null } }, MERGE)
    assert.equal(gone.status, 200, gone.text)
    assert.equal((await server.ask('GET', `${V1}/a`)).status, 404)
    const all = await server.ask('DELETE', V2)
    assert.deepEqual(all.body.items[0].spec, { host: 'z', port: '80' })
  })

  test('are listed and selected in the served form, many at once', async () => {
    await using hook = await startWebhook(converting)
    await using server = await defined(hook)
    for (let at = 0; at < 5; at++)
      await server.ask('POST', V1, host(`h${at}`, { address: `x${at % 2}:1` }))
    const { body } = await server.ask('GET', `${V2}?fieldSelector=spec.host%3Dx0`)
    assert.deepEqual(
      body.items.map(({ metadata }: Any) => metadata.name),
      ['h0', 'h2', 'h4'],
    )
    assert.equal(body.apiVersion, 'stable.example.com/v2')
    assert.equal(hook.asked.length, 1)
    assert.equal(hook.asked[0].objects.length, 5)
  })

  test('are watched in order, by selectors of the served form', async () => {
    await using hook = await startWebhook(async request => {
      // The first answers are the slowest.
      await new Promise(resolve => setTimeout(resolve, Math.max(0, 30 - 10 * hook.asked.length)))
      return converting(request)
    })
    await using server = await defined(hook)
    await server.ask('POST', V1, host('old', { address: 'x:1' }))
    const watch = await startWatch(server.server, `${V2}?watch=true&fieldSelector=spec.host%3Dx`)
    assert.deepEqual((await watch.take(1))[0]?.object.spec, { host: 'x', port: '1' })
    await server.ask('POST', V1, host('other', { address: 'y:1' }))
    await server.ask('POST', V1, host('new', { address: 'x:2' }))
    await server.ask('PATCH', `${V1}/old`, { spec: { address: 'y:9' } }, MERGE)
    const seen = await watch.take(2)
    assert.deepEqual(
      seen.map(({ type, object }) => [type, object.metadata.name, object.spec.port]),
      [
        ['ADDED', 'new', '2'],
        ['DELETED', 'old', '1'],
      ],
    )
    watch.cancel()
  })

  test('scale in the version that was asked for', async () => {
    await using hook = await startWebhook(converting)
    await using server = await defined(hook)
    await server.ask('POST', V1, host('a', { address: 'x:1', size: 2 }))
    const sized = await server.ask('PATCH', `${V2}/a/scale`, { spec: { replicas: 4 } }, MERGE)
    assert.equal(sized.body.spec.replicas, 4, sized.text)
    assert.deepEqual((await server.ask('GET', `${V1}/a`)).body.spec, { address: 'x:1', size: 4 })
  })

  test('may say other labels and annotations, and nothing else of metadata', async () => {
    await using hook = await startWebhook(request => ({
      result: { status: 'Success' },
      convertedObjects: converting(request).convertedObjects.map((each: Any) => ({
        ...each,
        metadata: {
          ...each.metadata,
          labels: { new: 'one' },
          annotations: null,
          generation: 99,
          finalizers: ['x/y'],
        },
      })),
    }))
    await using server = await defined(hook)
    await server.ask('POST', V1, {
      ...host('a', { address: 'x:1' }),
      metadata: { name: 'a', annotations: { kept: 'no' } },
    })
    const { body } = await server.ask('GET', `${V2}/a`)
    assert.deepEqual(body.metadata.labels, { new: 'one' })
    assert.equal(body.metadata.annotations, undefined)
    assert.equal(body.metadata.generation, 1)
    assert.equal(body.metadata.finalizers, undefined)
  })

  test('are shown to admission webhooks in the version that they speak', async () => {
    await using hook = await startWebhook(converting)
    await using judge = await startWebhook(({ object }) => ({ allowed: object.spec.port !== '9' }))
    await using server = await defined(hook)
    const rules = [
      {
        operations: ['*'],
        apiGroups: ['stable.example.com'],
        apiVersions: ['v2'],
        resources: ['hosts'],
      },
    ]
    const clientConfig = { url: judge.url, caBundle }
    await server.configure('Validating', 'judge', { rules, clientConfig })
    const refused = await server.ask('POST', V1, host('a', { address: 'x:9' }))
    assert.equal(refused.status, 400, refused.text)
    assert.equal((await server.ask('POST', V1, host('a', { address: 'x:8' }))).status, 201)
    assert.deepEqual(judge.asked[1].object.spec, { host: 'x', port: '8' })
    assert.equal(judge.asked[1].object.apiVersion, 'stable.example.com/v2')
  })
})

describe('a change of the stored version', () => {
  test('leaves what is stored until it is written again', async () => {
    await using hook = await startWebhook(converting)
    const store = createMemoryStore()
    await using server = await startCallingServer({ store })
    await define(server as unknown as TestServer, definition(hook))
    await server.ask('POST', V1, host('a', { address: 'x:1' }))
    const { body } = await server.ask('GET', `${DEFINITIONS}/hosts.stable.example.com`)
    for (const version of body.spec.versions) version.storage = !version.storage
    await server.ask('PUT', `${DEFINITIONS}/hosts.stable.example.com`, body)
    const stored = async () => {
      const entry = await store.get('/registry/stable.example.com/hosts/default/a')
      return JSON.parse(Buffer.from(entry?.value ?? []).toString())
    }
    await until(async () => (await server.ask('GET', `${V2}/a`)).body.spec?.host === 'x')
    assert.equal((await stored()).apiVersion, 'stable.example.com/v1')
    const { body: read } = await server.ask('GET', `${V1}/a`)
    const same = await server.ask('PUT', `${V1}/a`, read)
    assert.notEqual(same.body.metadata.resourceVersion, read.metadata.resourceVersion)
    assert.deepEqual((await stored()).spec, { host: 'x', port: '1' })
  })
})

describe('a conversion that fails', () => {
  const failures: [string, (request: Review) => object, RegExp][] = [
    [
      'by its own word',
      () => ({ result: { status: 'Failure', message: 'I do not know this one' } }),
      /^conversion webhook for stable\.example\.com\/v1, Kind=Host failed: I do not know this one$/,
    ],
    [
      'without saying why',
      () => ({}),
      /Kind=Host failed: response\.result\.status was '', not 'Success'$/,
    ],
    [
      'with an answer to something else',
      request => ({ ...converting(request), uid: 'other' }),
      /Kind=Host failed: expected response\.uid="[^"]+", got "other"$/,
    ],
    [
      'with too few objects',
      () => ({ result: { status: 'Success' }, convertedObjects: [] }),
      /Kind=Host returned 0 objects, expected 1$/,
    ],
    [
      'in the wrong version',
      ({ objects }) => ({ result: { status: 'Success' }, convertedObjects: objects }),
      /returned invalid object: invalid groupVersion \(expected stable\.example\.com\/v2, received stable\.example\.com\/v1\)$/,
    ],
    [
      'with another kind',
      request => changed(request, each => ({ ...each, kind: 'Guest' })),
      /returned invalid object: invalid kind \(expected Host, received Guest\)$/,
    ],
    [
      'with another name',
      request => renamed(request, { name: 'b' }),
      /returned invalid object: must have the same name: a != b$/,
    ],
    [
      'with another uid',
      request => renamed(request, { uid: 'b' }),
      /returned invalid object: must have the same UID: \S+ != b$/,
    ],
    [
      'with labels that are none',
      request => renamed(request, { labels: { 'a b': 'c' } }),
      /returned invalid metadata: metadata\.labels: Invalid value: "a b": /,
    ],
    [
      'with labels that are no texts',
      request => renamed(request, { labels: { a: 1 } }),
      /returned invalid metadata: metadata\.labels\[a\] must be a string, but is int64 in converted object$/,
    ],
    [
      'with an error of HTTP',
      () => ({ status: 500, text: 'broken' }),
      /Kind=Host failed: an error on the server \("broken"\) has prevented the request from succeeding$/,
    ],
  ]
  const changed = (request: Review, change: (object: Any) => object) => ({
    result: { status: 'Success' },
    convertedObjects: converting(request).convertedObjects.map(change),
  })
  const renamed = (request: Review, metadata: object) =>
    changed(request, each => ({ ...each, metadata: { ...each.metadata, ...metadata } }))

  for (const [how, answer, message] of failures)
    test(how, async () => {
      await using hook = await startWebhook(answer)
      await using server = await defined(hook)
      await server.ask('POST', V1, host('a', { address: 'x:1' }))
      for (const [method, path] of [
        ['GET', `${V2}/a`],
        ['GET', V2],
        ['DELETE', `${V2}/a`],
      ] as const) {
        const { status, body } = await server.ask(method, path)
        assert.equal(status, 500)
        assert.match(body.message, message)
        assert.equal(body.reason, undefined)
      }
      // Nothing has to be converted for these.
      assert.equal((await server.ask('GET', `${V1}/a`)).status, 200)
    })

  test('because nobody listens is told by every verb, and by watches', async () => {
    // Nobody listens there, nor is it among the ports that others are given meanwhile.
    const port = 1
    await using server = await defined({ url: `https://127.0.0.1:${port}/review` })
    const refused = new RegExp(
      `^conversion webhook for stable\\.example\\.com/v2, Kind=Host failed: Post "https://127\\.0\\.0\\.1:${port}/convert\\?timeout=30s": dial tcp 127\\.0\\.0\\.1:${port}: connect: connection refused$`,
    )
    const made = await server.ask('POST', V2, host('a', { host: 'x' }, 'v2'))
    assert.equal(made.status, 500)
    assert.match(made.body.message, refused)
    await server.ask('POST', V1, host('a', { address: 'x:1' }))
    assert.equal((await server.ask('PATCH', `${V2}/a`, {}, MERGE)).status, 500)
    const watch = await startWatch(server.server, `${V2}?watch=true`)
    const [event] = await watch.take(1)
    assert.equal(event?.type, 'ERROR')
    assert.match(event?.object.message, /connection refused$/)
    await watch.take(1)
    assert.ok(watch.state.ended)
  })

  test('because it takes too long', async () => {
    const gate = Promise.withResolvers<object>()
    await using hook = await startWebhook(() => gate.promise)
    await using server = await defined(hook)
    await server.ask('POST', V1, host('a', { address: 'x:1' }))
    const asking = server.ask('GET', `${V2}/a`)
    while (hook.asked.length === 0) await new Promise(resolve => setTimeout(resolve, 1))
    server.clock.advance(30_000)
    const { status, body } = await asking
    assert.equal(status, 500)
    assert.match(body.message, /context deadline exceeded$/)
    gate.resolve({})
  })
})
