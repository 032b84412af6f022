import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestServer, type TestServer } from '../../testing.ts'

const GROUP = '/apis/admissionregistration.k8s.io/v1'
const MAPS = '/api/v1/namespaces/default/configmaps'
const configMaps = {
  operations: ['*'],
  apiGroups: [''],
  apiVersions: ['v1'],
  resources: ['configmaps'],
}

interface Parts {
  readonly spec?: object
  readonly binding?: object
  readonly validations?: readonly object[]
}

/** A server with one policy and its binding. */
async function serverWith({ spec = {}, binding = {}, validations = [] }: Parts) {
  const api = await startTestServer()
  const post = async (path: string, body: object) => {
    const answer = await api.ask('POST', path, body)
    assert.equal(answer.status, 201, answer.text)
  }
  await post(`${GROUP}/validatingadmissionpolicies`, {
    metadata: { name: 'few' },
    spec: { matchConstraints: { resourceRules: [configMaps] }, validations, ...spec },
  })
  await post(`${GROUP}/validatingadmissionpolicybindings`, {
    metadata: { name: 'here' },
    spec: { policyName: 'few', validationActions: ['Deny'], ...binding },
  })
  return api
}

const create = ({ ask }: TestServer, name: string, data: object = {}, more: object = {}) =>
  ask('POST', MAPS, { metadata: { name, ...more }, data })

const SIZE = { expression: "int(object.data['size']) < 5" }
const DENIED = "ValidatingAdmissionPolicy 'few' with binding 'here' denied request: "

test('a rule that does not hold refuses the request', async () => {
  const api = await serverWith({ validations: [SIZE] })
  assert.equal((await create(api, 'a', { size: '4' })).status, 201)
  const { status, body } = await create(api, 'b', { size: '7' })
  assert.equal(status, 422)
  const why = `${DENIED}failed expression: ${SIZE.expression}`
  assert.equal(body.message, `configmaps "b" is forbidden: ${why}`)
  assert.equal(body.reason, 'Invalid')
  assert.deepEqual(body.details, { name: 'b', kind: 'configmaps', causes: [{ message: why }] })
})

const messages: [object, string, number][] = [
  [{ message: ' too big ' }, 'too big', 422],
  [{ messageExpression: "'size ' + object.data['size']", message: 'big' }, 'size 7', 422],
  [{ messageExpression: "string(object.data['none'])", message: 'big' }, 'big', 422],
  [{ messageExpression: "' '", reason: 'Forbidden' }, `failed expression: ${SIZE.expression}`, 403],
]
for (const [more, expected, code] of messages)
  test(`told is: ${JSON.stringify(more)}`, async () => {
    const api = await serverWith({ validations: [{ ...SIZE, ...more }] })
    const { status, body } = await create(api, 'a', { size: '7' })
    assert.equal(body.message, `configmaps "a" is forbidden: ${DENIED}${expected}`)
    assert.equal(status, code)
  })

test('an error refuses the request, or is passed over', async () => {
  const strict = await serverWith({ validations: [SIZE] })
  assert.match(
    (await create(strict, 'a')).body.message,
    /denied request: expression 'int\(object.data\['size'\]\) < 5' resulted in error: no such key/,
  )
  const lenient = await serverWith({ validations: [SIZE], spec: { failurePolicy: 'Ignore' } })
  assert.equal((await create(lenient, 'a')).status, 201)
})

test('warnings let the request pass', async () => {
  const api = await serverWith({ validations: [SIZE], binding: { validationActions: ['Warn'] } })
  const { status, headers } = await create(api, 'a', { size: '7' })
  assert.equal(status, 201)
  assert.match(headers.warning ?? '', /Validation failed for ValidatingAdmissionPolicy 'few' with/)
})

test('rules see the old object, the namespace, variables, and who asks', async () => {
  const api = await serverWith({
    spec: {
      variables: [
        { name: 'unused', expression: 'object.nothing' },
        { name: 'isNew', expression: 'oldObject == null' },
        { name: 'owner', expression: 'variables.isNew ? "" : oldObject.data.owner' },
      ],
    },
    validations: [
      { expression: 'variables.isNew || object.data.owner == variables.owner', message: 'owner' },
      { expression: "namespaceObject.metadata.name == 'default'", message: 'namespace' },
      { expression: "request.operation in ['CREATE', 'UPDATE']", message: 'operation' },
      {
        expression:
          "authorizer.group('').resource('pods').namespace('default').check('delete').allowed()",
        message: 'rights',
      },
      { expression: "authorizer.requestResource.check('get').allowed()", message: 'own rights' },
      {
        expression:
          "!authorizer.serviceAccount('default', 'x').path('/metrics').check('get').allowed()",
        message: 'rights of others',
      },
    ],
  })
  assert.equal((await create(api, 'a', { owner: 'ann' })).body.message, undefined)
  const patch = (data: object) =>
    api.ask(
      'PATCH',
      `${MAPS}/a`,
      { data },
      {
        headers: { 'content-type': 'application/merge-patch+json' },
      },
    )
  assert.equal((await patch({ more: '1' })).status, 200)
  assert.match((await patch({ owner: 'bob' })).body.message, /denied request: owner$/)
  assert.match(
    (await api.ask('DELETE', `${MAPS}/a`)).body.message,
    /denied request: expression 'variables.isNew .*' resulted in error/,
  )
})

test('a policy looks only at what it matches, and the binding at less', async () => {
  const no = [{ expression: 'false' }]
  const status = async (parts: Parts, name: string, more: object = {}) =>
    (await create(await serverWith(parts), name, {}, more)).status
  const rules = (more: object) => ({
    matchConstraints: { resourceRules: [{ ...configMaps, ...more }] },
  })
  assert.equal(await status({ validations: no }, 'a'), 422)
  const named = { validations: no, spec: rules({ resourceNames: ['a'] }) }
  assert.equal(await status(named, 'a'), 422)
  assert.equal(await status(named, 'b'), 201)
  const excluding = { resourceRules: [configMaps], excludeResourceRules: [configMaps] }
  assert.equal(await status({ validations: no, spec: { matchConstraints: excluding } }, 'a'), 201)
  const conditions = [{ name: 'c', expression: "object.metadata.name.startsWith('a')" }]
  const conditional = { validations: no, spec: { matchConditions: conditions } }
  assert.equal(await status(conditional, 'ab'), 422)
  assert.equal(await status(conditional, 'b'), 201)
  const objectSelector = { matchLabels: { strict: 'yes' } }
  const narrow = { validations: no, binding: { matchResources: { objectSelector } } }
  assert.equal(await status(narrow, 'a'), 201)
  assert.equal(await status(narrow, 'a', { labels: { strict: 'yes' } }), 422)
})

test('parameters are found by name or by labels', async () => {
  const paramKind = { apiVersion: 'v1', kind: 'Secret' }
  const validations = [{ expression: "object.data.size <= string(params.metadata.labels['most'])" }]
  const withRef = (paramRef: object) =>
    serverWith({ spec: { paramKind }, validations, binding: { paramRef } })
  const secret = (api: TestServer, name: string, most: string) =>
    api.ask('POST', '/api/v1/namespaces/default/secrets', {
      metadata: { name, labels: { most, limit: 'yes' } },
    })
  const byName = await withRef({ name: 'p', parameterNotFoundAction: 'Deny' })
  assert.match(
    (await create(byName, 'a', { size: '1' })).body.message,
    /failed to configure binding: no params found for policy binding with `Deny` parameterNotFou/,
  )
  await secret(byName, 'p', '5')
  assert.equal((await create(byName, 'a', { size: '5' })).status, 201)
  assert.equal((await create(byName, 'b', { size: '6' })).status, 422)
  const selector = { matchLabels: { limit: 'yes' } }
  const byLabels = await withRef({ selector, parameterNotFoundAction: 'Allow' })
  assert.equal((await create(byLabels, 'a', { size: '9' })).status, 201)
  await secret(byLabels, 'p', '5')
  await secret(byLabels, 'q', '3')
  assert.equal((await create(byLabels, 'b', { size: '4' })).status, 422)
})

test('a loop that goes on for too long is an error', async () => {
  const list = 'dyn([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])'
  const nested = ['a', 'b', 'c', 'd', 'e', 'f'].reduce(
    (inner, name) => `${list}.all(${name}, ${inner})`,
    'true',
  )
  const api = await serverWith({ validations: [{ expression: nested }] })
  assert.match((await create(api, 'a')).body.message, /actual cost limit exceeded/)
})

test('a policy with an expression that does not compile is refused', async () => {
  const api = await startTestServer()
  const { status, body } = await api.ask('POST', `${GROUP}/validatingadmissionpolicies`, {
    metadata: { name: 'bad' },
    spec: {
      matchConstraints: { resourceRules: [configMaps] },
      variables: [{ name: 'v', expression: '1 +' }],
      validations: [
        { expression: 'nobody.knows', messageExpression: '1' },
        { expression: '"text"' },
      ],
      auditAnnotations: [{ key: 'k', valueExpression: ')' }],
    },
  })
  assert.equal(status, 422)
  const causes: { field: string; message: string }[] = body.details.causes
  assert.deepEqual(
    causes.map(({ field }) => field),
    [
      'spec.variables[0].expression',
      'spec.validations[0].expression',
      'spec.validations[0].messageExpression',
      'spec.validations[1].expression',
      'spec.auditAnnotations[0].valueExpression',
    ],
  )
  const messages = causes.map(({ message }) => message)
  for (const at of [0, 1, 4])
    assert.match(messages[at] ?? '', /^Invalid value: .*: compilation failed: /)
  assert.match(messages[2] ?? '', /: must evaluate to string but got int$/)
  assert.match(messages[3] ?? '', /: must evaluate to bool but got string$/)
})

test('a variable fails with its name, and only where it is asked for', async () => {
  const variables = [
    { name: 'a', expression: 'object.data.none' },
    { name: 'b', expression: 'variables.a' },
  ]
  const unused = await serverWith({ spec: { variables }, validations: [{ expression: 'true' }] })
  assert.equal((await create(unused, 'a')).status, 201)
  const api = await serverWith({
    spec: { variables },
    validations: [{ expression: 'variables.b == 1' }],
  })
  const { body } = await create(api, 'a', { x: 'y' })
  assert.equal(
    body.details.causes[0].message,
    `${DENIED}expression 'variables.b == 1' resulted in error: composited variable "b" fails to evaluate: composited variable "a" fails to evaluate: no such key: none`,
  )
})

test('messages ask for nobody’s rights', async () => {
  const may = "authorizer.path('/a').check('get').allowed()"
  const api = await serverWith({
    spec: { variables: [{ name: 'may', expression: may }] },
    validations: [
      { expression: '!variables.may', messageExpression: 'string(variables.may)', message: 'no' },
    ],
  })
  assert.equal((await create(api, 'a')).body.details.causes[0].message, `${DENIED}no`)
  const { status, body } = await api.ask('POST', `${GROUP}/validatingadmissionpolicies`, {
    metadata: { name: 'other' },
    spec: {
      matchConstraints: { resourceRules: [configMaps] },
      validations: [{ expression: 'false', messageExpression: `string(${may})` }],
    },
  })
  assert.equal(status, 422)
  assert.match(body.message, /undeclared reference to 'authorizer'/)
})

test('a policy sees the options of the update that a patch leads to, and those of a deletion as they were sent', async () => {
  const shown = '"%s".format([request.options])'
  const api = await serverWith({
    validations: [{ expression: 'false', messageExpression: shown }],
    binding: { validationActions: ['Warn'] },
  })
  await create(api, 'a')
  const patched = await api.ask(
    'PATCH',
    `${MAPS}/a?fieldManager=x`,
    { data: {} },
    { headers: { 'content-type': 'application/merge-patch+json' } },
  )
  assert.match(patched.headers.warning ?? '', /UpdateOptions/)
  const optionsOf = async (query: string) => {
    const { headers } = await api.ask('DELETE', `${MAPS}/a${query}`)
    const [, text = ''] = /(\{.*\})/.exec(headers.warning?.replaceAll('\\', '') ?? '') ?? []
    const { kind, apiVersion, ...more } = JSON.parse(text)
    assert.deepEqual([kind, apiVersion], ['DeleteOptions', 'meta.k8s.io/v1'])
    return more
  }
  const dryRun = ['All']
  assert.deepEqual(await optionsOf('?dryRun=All&orphanDependents=false'), {
    orphanDependents: false,
    dryRun,
  })
  assert.deepEqual(await optionsOf('?dryRun=All&propagationPolicy=Orphan'), {
    propagationPolicy: 'Orphan',
    dryRun,
  })
  assert.deepEqual(await optionsOf(''), {})
})
