import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestServer, type TestServer } from '../../testing.ts'

const GROUP = '/apis/admissionregistration.k8s.io/v1'
const MAPS = '/api/v1/namespaces/default/configmaps'
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments'
const rulesFor = (group: string, resource: string) => ({
  resourceRules: [
    {
      operations: ['CREATE', 'UPDATE'],
      apiGroups: [group],
      apiVersions: ['*'],
      resources: [resource],
    },
  ],
})
const configMaps = rulesFor('', 'configmaps')

const configuration = (expression: string) => ({
  patchType: 'ApplyConfiguration',
  applyConfiguration: { expression },
})
const patch = (expression: string) => ({ patchType: 'JSONPatch', jsonPatch: { expression } })

interface Parts {
  readonly mutations: readonly object[]
  readonly spec?: object
  readonly binding?: object
}

/** Adds a policy and its binding. */
async function bind(api: TestServer, name: string, { mutations, spec = {}, binding = {} }: Parts) {
  const post = async (path: string, body: object) => {
    const answer = await api.ask('POST', path, body)
    assert.equal(answer.status, 201, answer.text)
  }
  await post(`${GROUP}/mutatingadmissionpolicies`, {
    metadata: { name },
    spec: { matchConstraints: configMaps, reinvocationPolicy: 'Never', mutations, ...spec },
  })
  await post(`${GROUP}/mutatingadmissionpolicybindings`, {
    metadata: { name: `${name}-here` },
    spec: { policyName: name, ...binding },
  })
}

async function serverWith(parts: Parts) {
  const api = await startTestServer()
  await bind(api, 'p', parts)
  return api
}

const send = ({ ask }: TestServer, data: object = {}, metadata: object = {}) =>
  ask('POST', MAPS, { metadata: { name: 'm', ...metadata }, data })

const changes: [string, object, object][] = [
  [
    'a configuration',
    configuration('Object{data: {"size": object.data.size + "0", "more": "yes"}}'),
    { size: '10', more: 'yes', kept: 'k' },
  ],
  [
    'a patch',
    patch(
      '[JSONPatch{op: "test", path: "/data/size", value: "1"}, JSONPatch{op: "replace", path: "/data/size", value: "2"}]',
    ),
    { size: '2', kept: 'k' },
  ],
  [
    'a patch that tests in vain',
    patch(
      '[JSONPatch{op: "test", path: "/data/size", value: "5"}, JSONPatch{op: "remove", path: "/data/size"}]',
    ),
    { size: '1', kept: 'k' },
  ],
]
for (const [name, mutation, expected] of changes)
  test(`an object is changed by ${name}`, async () => {
    const api = await serverWith({ mutations: [mutation] })
    const { status, body } = await send(api, { size: '1', kept: 'k' })
    assert.equal(status, 201, JSON.stringify(body))
    assert.deepEqual(body.data, expected)
    assert.deepEqual((await api.ask('GET', `${MAPS}/m`)).body.data, expected)
  })

test('each change sees those before it, and the variables anew', async () => {
  const api = await serverWith({
    spec: { variables: [{ name: 'n', expression: 'object.data.n' }] },
    mutations: [
      configuration('Object{data: {"n": variables.n + "a"}}'),
      patch('[JSONPatch{op: "replace", path: "/data/n", value: variables.n + "b"}]'),
    ],
  })
  assert.deepEqual((await send(api, { n: '1' })).body.data, { n: '1ab' })
})

test('a sidecar is added to the containers that are there, and defaulted', async () => {
  const api = await serverWith({
    spec: { matchConstraints: rulesFor('apps', 'deployments') },
    mutations: [
      configuration(`Object{spec: Object.spec{template: Object.spec.template{
        spec: Object.spec.template.spec{
          containers: [Object.spec.template.spec.containers{name: "side", image: "side:1"}]
        }}}}`),
    ],
  })
  const { status, body } = await api.ask('POST', DEPLOYMENTS, {
    metadata: { name: 'd' },
    spec: {
      selector: { matchLabels: { a: 'b' } },
      template: {
        metadata: { labels: { a: 'b' } },
        spec: { containers: [{ name: 'main', image: 'x' }] },
      },
    },
  })
  assert.equal(status, 201, JSON.stringify(body))
  const { containers } = body.spec.template.spec
  assert.deepEqual(containers.map((each: { name: string }) => each.name).toSorted(), [
    'main',
    'side',
  ])
  const side = containers.find((each: { name: string }) => each.name === 'side')
  assert.equal(side.imagePullPolicy, 'IfNotPresent')
})

const failures: [string, object, string, number, string][] = [
  [
    'an expression that fails',
    configuration('Object{data: {"a": object.data.none}}'),
    `expression 'Object{data: {"a": object.data.none}}' resulted in error: no such key: none`,
    403,
    'Invalid',
  ],
  [
    'a field that there is not',
    configuration('Object{date: {"a": "b"}}'),
    'error applying patch: failed to convert patch object to typed object: .date: field not declared in schema',
    403,
    'Invalid',
  ],
  [
    'a name that does not match',
    configuration('Object{metadata: Object.data{}}'),
    'type mismatch: unexpected type name "Object.data", expected "Object.metadata", which matches field name path from root Object type',
    403,
    'Invalid',
  ],
  [
    'a patch that leads nowhere',
    patch('[JSONPatch{op: "remove", path: "/data/none"}]'),
    'JSON Patch: ',
    403,
    'Invalid',
  ],
]
for (const [name, mutation, why, code, reason] of failures)
  test(`a request is refused: ${name}`, async () => {
    const strict = await serverWith({ mutations: [mutation] })
    const { status, body } = await send(strict, { a: 'b' })
    assert.equal(status, code)
    assert.equal(body.reason, reason)
    const start = "policy 'p' with binding 'p-here' denied request: "
    assert.equal(body.message.slice(0, start.length + why.length), start + why)
    assert.equal(body.details.causes[0].message, body.message)
    const lenient = await serverWith({ mutations: [mutation], spec: { failurePolicy: 'Ignore' } })
    assert.equal((await send(lenient, { a: 'b' })).status, 201)
  })

test('what can only be replaced as a whole is not for configurations', async () => {
  const api = await serverWith({
    spec: { matchConstraints: rulesFor('apps', 'deployments') },
    mutations: [
      configuration(
        'Object{spec: Object.spec{selector: Object.spec.selector{matchLabels: {"x": "y"}}}}',
      ),
    ],
  })
  const { body } = await api.ask('POST', DEPLOYMENTS, {
    metadata: { name: 'd' },
    spec: {
      selector: { matchLabels: { a: 'b' } },
      template: {
        metadata: { labels: { a: 'b' } },
        spec: { containers: [{ name: 'main', image: 'x' }] },
      },
    },
  })
  assert.match(
    body.message,
    /error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.selector$/,
  )
})

test('a patch whose result has unknown fields is the fault of the policy', async () => {
  const api = await serverWith({
    mutations: [patch('[JSONPatch{op: "add", path: "/date", value: "x"}]')],
  })
  const { status, body } = await send(api)
  assert.equal(status, 500)
  assert.equal(body.message, 'Internal error occurred: strict decoding error: unknown field "date"')
})

test('conditions, bindings and parameters decide where a policy works', async () => {
  const paramKind = { apiVersion: 'v1', kind: 'Secret' }
  const api = await serverWith({
    spec: {
      paramKind,
      matchConditions: [{ name: 'c', expression: '!("skip" in object.data)' }],
    },
    mutations: [configuration('Object{data: {"from": params.metadata.name}}')],
    binding: {
      paramRef: { name: 's', parameterNotFoundAction: 'Deny' },
      matchResources: { objectSelector: { matchLabels: { on: 'yes' } } },
    },
  })
  const on = { labels: { on: 'yes' } }
  assert.deepEqual((await send(api, { a: '1' }, { name: 'off' })).body.data, { a: '1' })
  const missing = await send(api, { a: '1' }, on)
  assert.equal(missing.body.reason, 'Forbidden')
  assert.equal(
    missing.body.message,
    "policy 'p' with binding 'p-here' denied request: failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction",
  )
  await api.ask('POST', '/api/v1/namespaces/default/secrets', { metadata: { name: 's' } })
  assert.deepEqual((await send(api, { skip: '1' }, { name: 'x', ...on })).body.data, { skip: '1' })
  assert.deepEqual((await send(api, { a: '1' }, on)).body.data, { a: '1', from: 's' })
})

test('a policy that wants to be asked again is when it changed the object itself', async () => {
  const api = await serverWith({
    spec: { reinvocationPolicy: 'IfNeeded' },
    mutations: [configuration('Object{data: {"count": string(size(object.data))}}')],
  })
  assert.deepEqual((await send(api, { a: '1' })).body.data, { a: '1', count: '2' })
})

const unappliable: readonly (readonly [operation: string, why: string])[] = [
  [
    'op: "remove", path: "/data/none"',
    "error in remove for path: '/data/none': Unable to remove nonexistent key: none: missing value",
  ],
  [
    'op: "move", from: "/data/none", path: "/data/x"',
    "error in move for path: 'none': Unable to remove nonexistent key: none: missing value",
  ],
  [
    'op: "add", path: "/none/x", value: "y"',
    'add operation does not apply: doc is missing path: "/none/x": missing value',
  ],
  ['op: "nope", path: "/data/x"', 'Unexpected kind: nope'],
  ['op: "add", value: "y"', 'add operation does not apply: doc is missing path: "": missing value'],
]
for (const [operation, why] of unappliable)
  test(`a patch does not apply: ${operation}`, async () => {
    const api = await serverWith({ mutations: [patch(`[JSONPatch{${operation}}]`)] })
    const { status, body } = await send(api, { a: '1' })
    assert.equal(status, 403)
    assert.equal(
      body.message,
      `policy 'p' with binding 'p-here' denied request: JSON Patch: ${why}`,
    )
  })

test('a policy is asked again when one after it changed the object, if it wants to be', async () => {
  for (const [reinvocationPolicy, expected] of [
    ['Never', { n: '1a', m: '1' }],
    ['IfNeeded', { n: '1aa', m: '1' }],
  ] as const) {
    const api = await startTestServer()
    await bind(api, 'first', {
      spec: { reinvocationPolicy },
      mutations: [configuration('Object{data: {"n": object.data.n + "a"}}')],
    })
    await bind(api, 'second', { mutations: [configuration('Object{data: {"m": "1"}}')] })
    assert.deepEqual((await send(api, { n: '1' })).body.data, expected)
  }
})

test('updates are changed, too, and see what was there', async () => {
  const api = await serverWith({
    mutations: [
      configuration('Object{data: {"was": oldObject == null ? "nothing" : oldObject.data.size}}'),
    ],
  })
  assert.equal((await send(api, { size: '1' })).body.data.was, 'nothing')
  const { body } = await api.ask('PUT', `${MAPS}/m`, {
    metadata: { name: 'm' },
    data: { size: '2' },
  })
  assert.deepEqual(body.data, { size: '2', was: '1' })
})

test('what a policy makes of an object is judged as if it had been sent so', async () => {
  const api = await serverWith({
    mutations: [patch('[JSONPatch{op: "add", path: "/data", value: {"bad key": "x"}}]')],
  })
  const { status, body } = await send(api)
  assert.equal(status, 422)
  assert.match(body.message, /data\[bad key\]/)
})

test('a policy whose expression does not compile is refused', async () => {
  const api = await startTestServer()
  const { status, body } = await api.ask('POST', `${GROUP}/mutatingadmissionpolicies`, {
    metadata: { name: 'bad' },
    spec: {
      matchConstraints: configMaps,
      reinvocationPolicy: 'Never',
      mutations: [configuration('"text"'), patch('Object{}'), patch('[JSONPatch{')],
    },
  })
  assert.equal(status, 422)
  const causes: { field: string; message: string }[] = body.details.causes
  assert.deepEqual(
    causes.map(({ field }) => field),
    [
      'spec.mutations[0].applyConfiguration.expression',
      'spec.mutations[1].jsonPatch.expression',
      'spec.mutations[2].jsonPatch.expression',
    ],
  )
  assert.match(causes[0]?.message ?? '', /: must evaluate to Object but got string$/)
  assert.match(causes[1]?.message ?? '', /: must evaluate to list\(JSONPatch\) but got Object$/)
})
