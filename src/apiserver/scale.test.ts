import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deployment } from '#api/apps/v1/deployment.ts'
import { kinds } from '#api/kinds.ts'
import { invalid } from '#api/machinery/field-error.ts'
import { createMemoryStore } from '#store/memory/memory-store.ts'
import {
  define,
  WIDGETS,
  widget,
  widgetSchema,
  widgets,
  widgetVersion,
} from './custom-resources/testing.ts'
import { startTestServer } from './testing.ts'

const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments'
const LABELS = { app: 'a' }
const DEPLOYMENT = {
  metadata: { name: 'a' },
  spec: {
    selector: { matchLabels: LABELS },
    template: { metadata: { labels: LABELS }, spec: { containers: [{ name: 'a', image: 'a' }] } },
  },
}
const MERGE = { headers: { 'content-type': 'application/merge-patch+json' } }

test('a scale is written by all rules of an update', async () => {
  const strict = {
    ...deployment,
    prepareForUpdate: (draft: { metadata: object }) => {
      Object.assign(draft.metadata, { labels: { prepared: 'yes' } })
    },
    validateUpdate: (next: { spec: { replicas?: number } }) =>
      next.spec.replicas === 13 ? [invalid('spec.replicas', 13, 'brings bad luck')] : [],
    warnings: () => ['look out'],
  }
  const served = kinds.map(kind => (kind === deployment ? (strict as typeof kind) : kind))
  const { ask } = await startTestServer({ kinds: served })
  const made = await ask('POST', DEPLOYMENTS, DEPLOYMENT)
  assert.equal(made.status, 201, made.text)
  const scaled = await ask('PATCH', `${DEPLOYMENTS}/a/scale`, { spec: { replicas: 2 } }, MERGE)
  assert.equal(scaled.body.spec.replicas, 2, scaled.text)
  assert.match(scaled.headers.warning ?? '', /look out/)
  const { body } = await ask('GET', `${DEPLOYMENTS}/a`)
  assert.deepEqual([body.metadata.labels, body.metadata.generation], [{ prepared: 'yes' }, 2])
  const refused = await ask('PATCH', `${DEPLOYMENTS}/a/scale`, { spec: { replicas: 13 } }, MERGE)
  assert.equal(refused.status, 422)
  assert.match(refused.body.message, /spec\.replicas: Invalid value: 13: brings bad luck/)
})

test('a size is shown in the form that is asked for', async () => {
  const { ask } = await startTestServer()
  await ask('POST', DEPLOYMENTS, DEPLOYMENT)
  const as = (kind: string) => ({ accept: `application/json;as=${kind};g=meta.k8s.io;v=v1` })
  const body = { metadata: { name: 'a' }, spec: { replicas: 2 } }
  for (const [method, type, sent] of [
    ['GET', 'json', undefined],
    ['PUT', 'json', body],
    ['PATCH', 'merge-patch+json', body],
  ] as const) {
    const headers = { 'content-type': `application/${type}`, ...as('PartialObjectMetadata') }
    const bare = await ask(method, `${DEPLOYMENTS}/a/scale`, sent, { headers })
    assert.equal(bare.status, 200, bare.text)
    assert.deepEqual(Object.keys(bare.body).sort(), ['apiVersion', 'kind', 'metadata'])
    assert.equal(bare.body.kind, 'PartialObjectMetadata')
    assert.equal(bare.body.metadata.name, 'a')
  }
  const get = (kind: string) =>
    ask('GET', `${DEPLOYMENTS}/a/scale`, undefined, { headers: as(kind) })
  assert.equal((await get('Table')).body.rows.length, 1)
  const many = await get('PartialObjectMetadataList')
  assert.equal(many.status, 406)
  assert.match(many.body.message, /is not a list \(\*autoscaling\.Scale\)/)
})

test('sizes beyond what a size may be are refused as numbers, and shown as their lower half', async () => {
  const store = createMemoryStore()
  const server = await startTestServer({ store })
  const schema = structuredClone(widgetSchema)
  delete schema.properties.spec.properties.size
  schema.properties.spec['x-kubernetes-preserve-unknown-fields'] = true
  const version = { ...widgetVersion, schema: { openAPIV3Schema: schema } }
  const { subresources: _, ...plain } = version
  // Stored before there was a scale, when nobody minded.
  await define(server, widgets({ versions: [{ ...plain, subresources: { status: {} } }] }))
  const body = JSON.stringify(widget('a', { colour: 'red', size: 0 })).replace(
    '"size":0',
    '"size":9007199254740995',
  )
  assert.equal((await server.ask('POST', WIDGETS, body)).status, 201)
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.com'
  const { body: current } = await server.ask('GET', path)
  await server.ask('PUT', path, { ...current, spec: { ...current.spec, versions: [version] } })
  const shown = await server.ask('GET', `${WIDGETS}/a/scale`)
  assert.equal(shown.body.spec.replicas, 3, shown.text)
  const refused = await server.ask('POST', WIDGETS, body.replace('"a"', '"b"'))
  assert.equal(refused.status, 422)
  assert.match(
    refused.body.message,
    /spec\.size: Invalid value: 9007199254740995: should be less than or equal to 2147483647/,
  )
})

test('a size is an object of its own, with metadata that is judged and conditions that hold', async () => {
  const { ask } = await startTestServer()
  await ask('POST', DEPLOYMENTS, { ...DEPLOYMENT, spec: { ...DEPLOYMENT.spec, replicas: 2 } })
  const path = `${DEPLOYMENTS}/a/scale`
  const { body: size } = await ask('GET', path)
  const put = (metadata: object, spec: object = { replicas: 3 }) =>
    ask('PUT', `${path}?dryRun=All`, { ...size, metadata: { ...size.metadata, ...metadata }, spec })
  const answer = async (metadata: object) => {
    const { status, body } = await put(metadata)
    return `${status} ${body.message}`
  }
  assert.deepEqual((await put({})).body.spec, { replicas: 3 })
  // As with anything that Go leaves out where it is zero.
  assert.deepEqual((await put({}, {})).body.spec, {})
  assert.equal((await put({ resourceVersion: '0' })).status, 200)
  assert.equal((await put({ managedFields: [{}] })).status, 200)
  assert.match(await answer({ resourceVersion: '1' }), /^409 .*the object has been modified/)
  assert.match(await answer({ resourceVersion: 'x' }), /^500 strconv\.ParseUint: parsing "x"/)
  assert.match(await answer({ uid: 'other' }), /^409 .*UID in precondition: other, /)
  assert.match(await answer({ name: '' }), /^400 .*name must be provided$/)
  assert.match(
    await answer({ name: 'b' }),
    /^400 .*\(b\) does not match the name on the URL \(a\)$/,
  )
  assert.match(
    await answer({ namespace: 'b' }),
    /^400 the namespace of the provided object does not/,
  )
  assert.match(
    await answer({ finalizers: ['f'] }),
    /^422 Scale\.autoscaling "a" is invalid: metadata\.finalizers\[0\]: Invalid value: "f": name is neither/,
  )
  const both = { labels: { 'a!': 'b' }, generation: -1 }
  assert.match(await answer(both), /^422 .*\[metadata\.generation: .*, metadata\.labels: /)
})

interface Told {
  readonly status: number
  readonly text: string
}

test('owners of a size are found among those of the object, and lose it where they wrote in its version', async () => {
  const { ask } = await startTestServer()
  const spec = { ...DEPLOYMENT.spec, replicas: 1 }
  await ask('POST', `${DEPLOYMENTS}?fieldManager=one`, { ...DEPLOYMENT, spec })
  const path = `${DEPLOYMENTS}/a/scale`
  const write = (type: string, replicas: number, query: string) =>
    ask(
      type === 'json' ? 'PUT' : 'PATCH',
      `${path}?${query}`,
      {
        apiVersion: 'autoscaling/v1',
        kind: 'Scale',
        metadata: { name: 'a' },
        spec: { replicas },
      },
      { headers: { 'content-type': `application/${type}` } },
    )
  const owners = async () => {
    const { body } = await ask('GET', `${DEPLOYMENTS}/a`)
    return body.metadata.managedFields.map(
      (entry: Record<string, string>) =>
        `${entry.manager} ${entry.operation} ${entry.subresource ?? 'whole'} ${entry.time ? 'once' : 'never'}${'f:replicas' in (entry.fieldsV1 as never)['f:spec'] ? ' size' : ''}`,
    )
  }
  const rest = 'one Update whole once'
  assert.deepEqual(await owners(), [`${rest} size`])
  await write('json', 1, 'fieldManager=two')
  assert.deepEqual(await owners(), ['one Update whole never size', rest])
  await write('json', 2, 'fieldManager=two')
  // Of two that are called the same the last one counts, which does not own it.
  assert.deepEqual(await owners(), [rest])
  const told = ({ status, text }: Told) => `${status} ${JSON.parse(text).message}`
  assert.equal((await write('apply-patch+yaml', 2, 'fieldManager=three')).status, 200)
  const before = 'before-first-apply Update scale never size'
  assert.deepEqual(await owners(), ['three Apply scale never size', before, rest])
  assert.equal(
    told(await write('apply-patch+yaml', 3, 'fieldManager=three')),
    '409 Apply failed with 1 conflict: conflict with "before-first-apply" with subresource "scale" using autoscaling/v1: .spec.replicas',
  )
  await write('apply-patch+yaml', 3, 'fieldManager=three&force=true')
  assert.deepEqual(await owners(), ['three Apply scale never size', rest])
  await write('merge-patch+json', 4, 'fieldManager=four')
  assert.deepEqual(await owners(), ['four Update scale never size', rest])
})

test('an owner that a scale made two of is one again with the next write of the object', async () => {
  const { ask } = await startTestServer()
  await ask('POST', DEPLOYMENTS, DEPLOYMENT)
  const size = { metadata: { name: 'a', namespace: 'default' }, spec: { replicas: 1 } }
  await ask('PUT', `${DEPLOYMENTS}/a/scale`, size)
  const count = async () =>
    (await ask('GET', `${DEPLOYMENTS}/a`)).body.metadata.managedFields.length
  assert.equal(await count(), 2)
  const { text } = await ask('PATCH', `${DEPLOYMENTS}/a`, {}, MERGE)
  assert.equal(JSON.parse(text).metadata.managedFields.length, 1, text)
  assert.equal(await count(), 1)
})

test('what is wrong with a patch of a size is told with what it made', async () => {
  const { ask } = await startTestServer()
  await ask('POST', DEPLOYMENTS, DEPLOYMENT)
  const patch = async (type: string, body: unknown, query = '') => {
    const headers = { 'content-type': `application/${type}` }
    const { status, text } = await ask('PATCH', `${DEPLOYMENTS}/a/scale?${query}`, body, {
      headers,
    })
    return `${status} ${JSON.parse(text).message}`
  }
  const strategic = 'strategic-merge-patch+json'
  assert.equal(
    await patch(strategic, { spec: { replicas: 'x' } }),
    '422  "" is invalid: patch: Invalid value: "map[spec:map[replicas:x]]": unrecognized type: int32',
  )
  assert.match(
    await patch('merge-patch+json', { spec: { replicas: 'x' } }),
    /^422 .*"managedFields\\":\[.*\}": json: cannot unmarshal string into Go struct field ScaleSpec\.spec\.replicas of type int32$/,
  )
  const unknown = { zoo: 1, spec: { b: 1, a: 1 }, metadata: { x: 1 }, ape: 1 }
  assert.match(
    await patch(strategic, unknown, 'fieldValidation=Strict'),
    /^422 .*: strict decoding error: unknown field "ape", unknown field "metadata\.x", unknown field "spec\.a", unknown field "spec\.b", unknown field "zoo"$/,
  )
  assert.match(
    await patch('merge-patch+json', { metadata: { uid: 'x' } }),
    /^409 Operation cannot be fulfilled on deployments\/scale\.apps "a": Precondition failed: UID in precondition: x, /,
  )
})
