/** What becomes of writes of custom resources on their way through the server. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { startTestServer, type TestServer } from '../testing.ts'
import {
  DEFINITIONS,
  define,
  until,
  WIDGETS,
  widget,
  widgetSchema,
  widgets,
  widgetVersion,
} from './testing.ts'

const MERGE = { headers: { 'content-type': 'application/merge-patch+json' } }
const APPLY = { headers: { 'content-type': 'application/apply-patch+yaml' } }

async function served(spec: object = {}): Promise<TestServer> {
  const server = await startTestServer()
  await define(server, widgets(spec))
  return server
}

describe('a create', () => {
  test('is pruned, defaulted, stamped and without status', async () => {
    const server = await served()
    const { status, body, headers } = await server.ask(
      'POST',
      WIDGETS,
      widget('a', { colour: 'red', unknown: 1, extra: { kept: true } }, { status: { ready: 3 } }),
    )
    assert.equal(status, 201)
    assert.deepEqual(body.spec, { colour: 'red', extra: { kept: true }, size: 3 })
    assert.equal(body.status, undefined)
    assert.equal(body.metadata.generation, 1)
    assert.match(headers.warning ?? '', /unknown field \\"spec\.unknown\\"/)
    assert.deepEqual(body.metadata.managedFields[0].fieldsV1['f:spec'], {
      '.': {},
      'f:colour': {},
      'f:extra': { '.': {}, 'f:kept': {} },
      'f:size': {},
    })
  })

  test('has the status that it has by default, whatever its creator says', async () => {
    const status = {
      type: 'object',
      default: { observedGeneration: -1 },
      properties: { observedGeneration: { type: 'integer' }, phase: { type: 'string' } },
    }
    const spec = { type: 'object', properties: { colour: { type: 'string' } } }
    const rules = [{ rule: '!has(self.status) || has(self.status.phase)' }]
    const openAPIV3Schema = {
      type: 'object',
      properties: { spec, status },
      'x-kubernetes-validations': rules,
    }
    const server = await served({
      versions: [{ ...widgetVersion, schema: { openAPIV3Schema } }],
    })
    const said = [undefined, {}, { observedGeneration: 7 }]
    for (const [at, its] of said.entries()) {
      const name = `w${at}`
      const made = await server.ask('POST', WIDGETS, widget(name, {}, its && { status: its }))
      assert.deepEqual([made.status, made.body.status], [201, { observedGeneration: -1 }])
      const dry = await server.ask('POST', `${WIDGETS}?dryRun=All`, widget(`dry${at}`, {}))
      assert.deepEqual(dry.body.status, { observedGeneration: -1 })
      const change = { status: { phase: 'New' } }
      const { body } = await server.ask('PATCH', `${WIDGETS}/${name}/status`, change, MERGE)
      assert.deepEqual(body.status, { observedGeneration: -1, phase: 'New' })
    }
  })

  test('keeps null where it may be a value, and else takes the default for it', async () => {
    const text = { type: 'string', default: 'd' }
    const spec = { type: 'object', properties: { may: { ...text, nullable: true }, not: text } }
    const openAPIV3Schema = { type: 'object', properties: { spec } }
    const server = await served({
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema } }],
    })
    const { body } = await server.ask('POST', WIDGETS, widget('a', { may: null, not: null }))
    assert.deepEqual(body.spec, { may: null, not: 'd' })
    const [owned] = body.metadata.managedFields
    assert.deepEqual(owned.fieldsV1, { 'f:spec': { '.': {}, 'f:may': {}, 'f:not': {} } })
    const again = await server.ask('PUT', `${WIDGETS}/a`, body)
    assert.deepEqual(again.body.spec, { may: null, not: 'd' })
    const absent = await server.ask('POST', WIDGETS, widget('b', {}))
    assert.deepEqual(absent.body.spec, { may: 'd', not: 'd' })
  })

  test('is refused with all causes at once', async () => {
    const server = await served()
    const { status, body } = await server.ask(
      'POST',
      WIDGETS,
      widget('a', { size: 0, parts: [{ name: 'A' }] }),
    )
    assert.equal(status, 422)
    assert.deepEqual(
      body.details.causes.map(({ field, reason }: Record<string, string>) => [field, reason]),
      [
        ['spec.colour', 'FieldValueRequired'],
        ['spec.size', 'FieldValueInvalid'],
        ['spec.parts[0].name', 'FieldValueInvalid'],
      ],
    )
    assert.match(
      body.message,
      /^Widget\.example\.com "a" is invalid: \[spec\.colour: Required value, /,
    )
  })

  test('in strict mode tells fields that nobody knows or that come twice', async () => {
    const server = await served()
    const text =
      '{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"a"},"spec":{"colour":"red","colour":"red","x":1}}'
    const { status, body } = await server.ask('POST', `${WIDGETS}?fieldValidation=Strict`, text)
    assert.equal(status, 400)
    assert.match(
      body.message,
      /strict decoding error: duplicate field "spec\.colour", unknown field "spec\.x"/,
    )
  })

  test('may have fields that nobody describes, not even whether they are objects', async () => {
    const schema = structuredClone(widgetSchema)
    schema.properties.spec.properties.anything = { 'x-kubernetes-preserve-unknown-fields': true }
    const version = { ...widgetVersion, schema: { openAPIV3Schema: schema } }
    const server = await served({ versions: [version] })
    const spec = { colour: 'red', anything: [{ a: { b: 1 } }, 2] }
    const made = await server.ask('POST', WIDGETS, widget('a', spec))
    assert.equal(made.status, 201, made.text)
    assert.deepEqual(made.body.spec.anything, spec.anything)
    const headers = { accept: 'application/cbor' }
    assert.equal((await server.ask('GET', `${WIDGETS}/a`, undefined, { headers })).status, 200)
  })

  test('in protobuf has no meaning', async () => {
    const server = await served()
    const sent = await server.ask('POST', WIDGETS, new Uint8Array([0x6b, 0x38, 0x73, 0]), {
      headers: { 'content-type': 'application/vnd.kubernetes.protobuf' },
    })
    assert.equal(sent.status, 415)
    const accept = (text: string) =>
      server.ask('GET', WIDGETS, undefined, { headers: { accept: text } })
    assert.equal((await accept('application/vnd.kubernetes.protobuf')).status, 406)
    const either = await accept('application/vnd.kubernetes.protobuf, application/json')
    assert.equal(either.headers['content-type'], 'application/json')
  })
})

describe('an update', () => {
  test('that a patch makes needs a revision, which is held before another identity', async () => {
    const server = await served()
    const { body: made } = await server.ask('POST', WIDGETS, widget('a'))
    const answer = async (metadata: object) => {
      const { status, body } = await server.ask('PATCH', `${WIDGETS}/a`, { metadata }, MERGE)
      return `${status} ${body.message}`
    }
    for (const resourceVersion of [null, '', '0'])
      assert.match(await answer({ resourceVersion, uid: 'x' }), /^422 .*must be specified/)
    assert.match(await answer({ resourceVersion: '1', uid: 'x' }), /^409 .*has been modified/)
    const { resourceVersion } = made.metadata
    for (const named of [{}, { resourceVersion }])
      assert.match(await answer({ ...named, uid: 'x' }), /^422 .*metadata\.uid.*immutable/)
    assert.match(await answer({ labels: { a: 'b' } }), /^200 /)
  })

  test('needs a revision, counts generations and keeps the status', async () => {
    const server = await served()
    const { body: made } = await server.ask('POST', WIDGETS, widget('a'))
    const blind = await server.ask('PUT', `${WIDGETS}/a`, widget('a', { colour: 'green' }))
    assert.equal(blind.status, 422)
    assert.match(blind.body.message, /metadata\.resourceVersion.*must be specified for an update/)
    const { body } = await server.ask('PUT', `${WIDGETS}/a`, {
      ...made,
      spec: { colour: 'green' },
      status: { ready: 9 },
    })
    assert.equal(body.metadata.generation, 2)
    assert.equal(body.status, undefined)
    const { body: ready } = await server.ask(
      'PATCH',
      `${WIDGETS}/a/status`,
      { status: { ready: 1 }, spec: { colour: 'red' } },
      MERGE,
    )
    assert.deepEqual(
      [ready.status, ready.spec.colour, ready.metadata.generation],
      [{ ready: 1 }, 'green', 2],
    )
    const wrong = await server.ask(
      'PATCH',
      `${WIDGETS}/a/status`,
      { status: { ready: 'x' } },
      MERGE,
    )
    assert.match(
      wrong.body.message,
      /status\.ready: Invalid value: "string": ready in body must be of type/,
    )
  })

  test('of a resource without a status of its own counts all changes', async () => {
    const { subresources: _, selectableFields: __, ...plain } = widgetVersion
    const server = await served({ versions: [plain] })
    await server.ask('POST', WIDGETS, widget('a', { colour: 'red' }, { status: { ready: 1 } }))
    const { body } = await server.ask('PATCH', `${WIDGETS}/a`, { status: { ready: 2 } }, MERGE)
    assert.equal(body.metadata.generation, 2)
    assert.equal((await server.ask('GET', `${WIDGETS}/a/status`)).status, 404)
  })

  test('leaves what was wrong before a rule came, and no more', async () => {
    const server = await served()
    await server.ask('POST', WIDGETS, widget('a', { colour: 'red', size: 1 }))
    const schema = structuredClone(widgetSchema)
    schema.properties.spec.properties.size.minimum = 2
    const { body: current } = await server.ask('GET', `${DEFINITIONS}/widgets.example.com`)
    const versions = [{ ...widgetVersion, schema: { openAPIV3Schema: schema } }]
    await server.ask('PUT', `${DEFINITIONS}/widgets.example.com`, {
      ...current,
      spec: { ...current.spec, versions },
    })
    const patch = (spec: object) => server.ask('PATCH', `${WIDGETS}/a`, { spec }, MERGE)
    assert.equal((await patch({ colour: 'green' })).status, 200)
    assert.equal((await patch({ size: 0 })).status, 422)
  })
})

test('scale reads and writes at the paths of the definition', async () => {
  const server = await served()
  await server.ask('POST', WIDGETS, widget('a'))
  await server.ask('PATCH', `${WIDGETS}/a/status`, { status: { ready: 2, selector: 'a=b' } }, MERGE)
  const { body } = await server.ask('GET', `${WIDGETS}/a/scale`)
  assert.deepEqual(
    [body.kind, body.spec, body.status],
    ['Scale', { replicas: 3 }, { replicas: 2, selector: 'a=b' }],
  )
  await server.ask('PATCH', `${WIDGETS}/a/scale`, { spec: { replicas: 5 } }, MERGE)
  assert.equal((await server.ask('GET', `${WIDGETS}/a`)).body.spec.size, 5)
  const refused = await server.ask('PATCH', `${WIDGETS}/a/scale`, { spec: { replicas: 0 } }, MERGE)
  assert.equal(refused.status, 422)
  // Nothing but the size is taken, and it is judged where it lands.
  const sized = (replicas: number) =>
    server.ask(
      'PATCH',
      `${WIDGETS}/a/scale`,
      { metadata: { labels: { '-': '!' } }, spec: { replicas } },
      MERGE,
    )
  assert.equal((await sized(4)).status, 200)
  const fields = (await sized(-1)).body.details.causes.map(({ field }: { field: string }) => field)
  assert.ok(fields.includes('.spec.size') && !fields.includes('metadata.labels'), fields.join())
})

test('what was sized or applied shows its defaults, and no null where none is allowed', async () => {
  const server = await served()
  const bare = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'a' } }
  const { body } = await server.ask('PATCH', `${WIDGETS}/a?fieldManager=me`, bare, APPLY)
  assert.equal(body.spec, undefined)
  const properties = {
    size: { type: 'integer' },
    colour: { type: 'string', default: 'red' },
    any: { 'x-kubernetes-preserve-unknown-fields': true },
  }
  const spec = { type: 'object', properties }
  const openAPIV3Schema = { type: 'object', properties: { spec } }
  const scale = { specReplicasPath: '.spec.size', statusReplicasPath: '.status.ready' }
  const version = { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema } }
  const other = await served({ versions: [{ ...version, subresources: { scale } }] })
  const patch = (path: string, content: object, type: object) =>
    other.ask('PATCH', `${WIDGETS}${path}`, content, type)
  await patch('/a?fieldManager=me', bare, APPLY)
  await patch('/a/scale', { spec: { replicas: 2 } }, MERGE)
  const sized = await other.ask('GET', `${WIDGETS}/a`)
  assert.deepEqual(sized.body.spec, { colour: 'red', size: 2 })
  assert.equal(sized.body.metadata.managedFields, undefined, 'a default is nobody’s')
  const applied = await patch('/a?fieldManager=me', { ...bare, spec: { any: null } }, APPLY)
  assert.equal(applied.status, 200, applied.text)
  assert.deepEqual(applied.body.spec, { colour: 'red', size: 2 })
})

test('apply merges keyed lists, and owns what nobody described field by field', async () => {
  const server = await served()
  const apply = (manager: string, spec: object, more = '') =>
    server.ask('PATCH', `${WIDGETS}/a?fieldManager=${manager}${more}`, widget('a', spec), APPLY)
  const first = await apply('one', {
    colour: 'red',
    parts: [{ name: 'x', count: 1 }],
    extra: { deep: { a: 1 } },
  })
  assert.equal(first.status, 201, first.text)
  const second = await apply('two', {
    colour: 'red',
    parts: [{ name: 'y' }],
    extra: { deep: { b: 2 } },
  })
  assert.equal(second.status, 200, second.text)
  assert.deepEqual(second.body.spec, {
    colour: 'red',
    parts: [{ name: 'x', count: 1 }, { name: 'y' }],
    extra: { deep: { a: 1, b: 2 } },
    size: 3,
  })
  const conflict = await apply('two', { colour: 'green' })
  assert.equal(conflict.status, 409)
  assert.match(conflict.body.message, /conflict with "one": \.spec\.colour/)
  const strategic = await server.ask(
    'PATCH',
    `${WIDGETS}/a`,
    {},
    {
      headers: { 'content-type': 'application/strategic-merge-patch+json' },
    },
  )
  assert.equal(strategic.status, 415)
})

test('rules in the expression language are obeyed', async () => {
  const schema = structuredClone(widgetSchema)
  schema.properties.spec['x-kubernetes-validations'] = [
    { rule: "self.colour != 'red' || self.size < 5", message: 'red ones are small' },
    { rule: 'self.colour == oldSelf.colour', message: 'colours stay', fieldPath: '.colour' },
  ]
  const server = await served({
    versions: [{ ...widgetVersion, schema: { openAPIV3Schema: schema } }],
  })
  const large = await server.ask('POST', WIDGETS, widget('a', { colour: 'red', size: 9 }))
  assert.equal(large.status, 422)
  assert.equal(
    large.body.message,
    'Widget.example.com "a" is invalid: spec: Invalid value: red ones are small',
  )
  assert.equal((await server.ask('POST', WIDGETS, widget('a'))).status, 201)
  const changed = await server.ask('PATCH', `${WIDGETS}/a`, { spec: { colour: 'green' } }, MERGE)
  assert.match(changed.body.message, /spec\.colour: Invalid value: colours stay/)
  assert.equal(
    (await server.ask('PATCH', `${WIDGETS}/a`, { spec: { size: 4 } }, MERGE)).status,
    200,
  )
})

test('a definition with a rule that cannot be compiled is refused', async () => {
  const server = await startTestServer()
  const schema = structuredClone(widgetSchema)
  schema.properties.spec['x-kubernetes-validations'] = [{ rule: 'self.colour ==' }]
  const { status, body } = await server.ask(
    'POST',
    DEFINITIONS,
    widgets({ versions: [{ ...widgetVersion, schema: { openAPIV3Schema: schema } }] }),
  )
  assert.equal(status, 422)
  assert.match(body.message, /x-kubernetes-validations\[0\]\.rule: .*compilation failed/)
})

test('only who may do so reaches custom resources', async () => {
  const server = await served()
  const stranger = { user: { name: 'stranger', groups: ['system:authenticated'] } }
  const request = { method: 'GET' as const, path: WIDGETS }
  assert.equal((await server.server.handle(request, stranger)).status, 403)
  await server.ask('POST', '/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles', {
    metadata: { name: 'reader' },
    rules: [{ apiGroups: ['example.com'], resources: ['widgets'], verbs: ['list'] }],
  })
  await server.ask('POST', '/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings', {
    metadata: { name: 'reader' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' },
    subjects: [{ kind: 'User', name: 'stranger', apiGroup: 'rbac.authorization.k8s.io' }],
  })
  await until(async () => (await server.server.handle(request, stranger)).status === 200)
})
