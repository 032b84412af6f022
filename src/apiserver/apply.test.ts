import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  define,
  WIDGETS,
  widget,
  widgetSchema,
  widgets,
  widgetVersion,
} from './custom-resources/testing.ts'
import { startTestServer, type TestServer } from './testing.ts'

const APPLY = { headers: { 'content-type': 'application/apply-patch+yaml' } }
const MERGE = { headers: { 'content-type': 'application/merge-patch+json' } }
const DEPLOYMENT = '/apis/apps/v1/namespaces/default/deployments/d'

const apply = ({ ask }: TestServer, path: string, body: object, query = '') =>
  ask('PATCH', `${path}?fieldManager=me${query}`, body, APPLY)

const deployment = (spec: object, container: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'd', namespace: 'default' },
  spec: {
    selector: { matchLabels: { a: 'b' } },
    template: {
      metadata: { labels: { a: 'b' } },
      spec: { containers: [{ name: 'a', image: 'a', ...container }] },
    },
    ...spec,
  },
})

test('an apply may say nothing that has no place in the schema, however fields are validated', async () => {
  const server = await startTestServer()
  const start = 'failed to create typed patch object (default/d; apps/v1, Kind=Deployment): '
  const wrong: [object, string][] = [
    [deployment({ foo: 1 }), '.spec.foo: field not declared in schema'],
    [
      deployment({}, { bar: 2 }),
      '.spec.template.spec.containers[name="a"].bar: field not declared in schema',
    ],
    [
      { zed: 1, ...deployment({ replicas: 'x' }, { bar: 2 }) },
      'errors:\n  .spec.replicas: expected numeric (int or float), got string\n  .spec.template.spec.containers[name="a"].bar: field not declared in schema\n  .zed: field not declared in schema',
    ],
    [{ ...deployment({}, { bar: 2 }), foo: 1 }, '.foo: field not declared in schema'],
    [deployment({ replicas: '3' }), '.spec.replicas: expected numeric (int or float), got string'],
    [
      deployment({}, { image: 7 }),
      '.spec.template.spec.containers[name="a"].image: expected string, got &value.valueUnstructured{Value:7}',
    ],
    [
      deployment({}, { ports: [{ protocol: 'TCP' }, {}] }),
      '.spec.template.spec.containers[name="a"].ports: duplicate entries for key [containerPort=0,protocol="TCP"]',
    ],
    [
      deployment({}, { env: [{ name: 'x' }, { name: 'x' }] }),
      '.spec.template.spec.containers[name="a"].env: duplicate entries for key [name="x"]',
    ],
    [
      deployment({}, { stdin: 'x', tty: { a: null } }),
      'errors:\n  .spec.template.spec.containers[name="a"].stdin: expected boolean, got &{x}\n  .spec.template.spec.containers[name="a"].tty: expected boolean, got &{map[a:<nil>]}',
    ],
    [
      deployment({}, { image: [null] }),
      '.spec.template.spec.containers[name="a"].image: expected string, got &value.valueUnstructured{Value:[]interface {}{interface {}(nil)}}',
    ],
    [
      deployment({}, { resources: { limits: { cpu: [] } } }),
      '.spec.template.spec.containers[name="a"].resources.limits.cpu: expected any scalar, got &{[]}',
    ],
    ...(
      [
        [[[1]], 'not supported: associative list with lists as elements'],
        [[{}], "associative list without keys has an element that's a map type"],
        [[null], "associative list without keys has an element that's an explicit null"],
      ] as const
    ).map(([finalizers, why]): [object, string] => [
      { ...deployment({}), metadata: { name: 'd', namespace: 'default', finalizers } },
      `.metadata.finalizers: element 0: ${why}`,
    ]),
  ]
  for (const [body, fault] of wrong)
    for (const query of ['', '&fieldValidation=Ignore', '&fieldValidation=Strict']) {
      const { body: answer } = await apply(server, DEPLOYMENT, body, query)
      assert.deepEqual(answer, {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: start + fault,
        code: 500,
      })
    }
  const unnamed = await apply(server, DEPLOYMENT, deployment({}, { env: [{ name: null }] }))
  // A key that is null tells items apart, and is refused as a name only.
  assert.match(unnamed.body.message, /containers\[0\]\.env\[0\]\.name: Required value$/)
  assert.equal((await apply(server, DEPLOYMENT, deployment({}))).status, 201)
})

test('what has its place but is of a wrong type is found when it is converted', async () => {
  const server = await startTestServer()
  const why = async (body: object) => {
    const { status, body: answer } = await apply(server, DEPLOYMENT, body)
    return `${status} ${answer.message}`
  }
  const start =
    'failed to convert new object (default/d; apps/v1, Kind=Deployment) to proper version: unable to convert unstructured object to apps/v1, Kind=Deployment: '
  assert.equal(
    await why(deployment({ replicas: 1.5 })),
    `500 ${start}cannot convert float64 to int32`,
  )
  const metadata = { name: 'd', namespace: 'default', creationTimestamp: 1 }
  assert.equal(
    await why({ ...deployment({}), metadata }),
    `500 ${start}json: cannot unmarshal number into Go value of type string`,
  )
})

test('the same holds of custom resources, but where their schema keeps what it does not know', async () => {
  const server = await startTestServer()
  const schema = structuredClone(widgetSchema)
  schema.properties.spec.properties.anything = { 'x-kubernetes-preserve-unknown-fields': true }
  const version = { ...widgetVersion, schema: { openAPIV3Schema: schema } }
  await define(server, widgets({ versions: [version] }))
  const path = `${WIDGETS}/a`
  const { status, body } = await apply(server, path, widget('a', { colour: 'red', shape: 'round' }))
  assert.equal(status, 500)
  assert.equal(
    body.message,
    'failed to create typed patch object (/a; example.com/v1, Kind=Widget): .spec.shape: field not declared in schema',
  )
  const extra = { any: [{ thing: 1 }] }
  const open = widget('a', { colour: 'red', extra, anything: 1 })
  const fine = await apply(server, path, open)
  assert.equal(fine.status, 201, fine.text)
})

test('an empty list is applied where null was, and taken over from whoever owned that', async () => {
  const server = await startTestServer()
  const job = (more: object) => ({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'j', namespace: 'default' },
    spec: {
      template: { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'a' }] } },
      ...more,
    },
  })
  const at = '/apis/batch/v1/namespaces/default/jobs'
  const agent = { headers: { 'user-agent': 'first/1' } }
  await server.ask('POST', at, job({ podFailurePolicy: { rules: [] } }), agent)
  const none = await apply(server, `${at}/j`, job({ podFailurePolicy: {} }))
  assert.equal(none.status, 200, none.text)
  const refused = await apply(server, `${at}/j`, job({ podFailurePolicy: { rules: [] } }))
  assert.equal(refused.status, 409)
  assert.match(refused.body.message, /conflict with "first".*: \.spec\.podFailurePolicy\.rules$/)
  const taken = await apply(
    server,
    `${at}/j`,
    job({ podFailurePolicy: { rules: [] } }),
    '&force=true',
  )
  assert.deepEqual(taken.body.spec.podFailurePolicy, { rules: null })
  const owned = Object.fromEntries(
    taken.body.metadata.managedFields.map(
      // biome-ignore lint/suspicious/noExplicitAny: whatever was answered
      ({ manager, fieldsV1 }: any) => [manager, fieldsV1['f:spec']['f:podFailurePolicy']],
    ),
  )
  assert.deepEqual(owned, { me: { 'f:rules': {} }, first: {} })
})

describe('owners of several versions', () => {
  const V1 = '/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers/h'
  const V2 = V1.replace('/v1/', '/v2/')
  const scaler = (version: string, spec: object) => ({
    apiVersion: `autoscaling/${version}`,
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'h', namespace: 'default' },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' },
      maxReplicas: 5,
      ...spec,
    },
  })
  const cpu = (averageUtilization: number) => ({
    metrics: [
      {
        type: 'Resource',
        resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
      },
    ],
  })
  const as = (server: TestServer, manager: string, path: string, body: object, query = '') =>
    server.ask('PATCH', `${path}?fieldManager=${manager}${query}`, body, APPLY)
  // biome-ignore lint/suspicious/noExplicitAny: tests look at whatever was answered
  const owners = ({ metadata }: any) =>
    metadata.managedFields.map(({ manager, apiVersion }: Record<string, string>) => [
      manager,
      apiVersion,
    ])

  test('null that is applied is no fault of whoever wrote in another version', async () => {
    const server = await startTestServer()
    for (const [manager, version, path] of [
      ['one', 'v2', V2],
      ['two', 'v1', V1],
    ] as const)
      assert.ok((await as(server, manager, path, scaler(version, {}))).status < 300)
    const refused = await as(server, 'three', V2, scaler('v2', { maxReplicas: 6, metrics: null }))
    assert.equal(refused.status, 409, refused.text)
    const forced = scaler('v2', { maxReplicas: 6, metrics: null })
    const taken = await as(server, 'three', V2, forced, '&force=true')
    assert.equal(taken.status, 200, taken.text)
  })

  test('see nothing that is empty in another version, and do not object to it', async () => {
    const server = await startTestServer()
    const labelled = (version: string, spec: object) => {
      const { metadata, ...object } = scaler(version, spec)
      return { ...object, metadata: { ...metadata, labels: {} } }
    }
    await as(server, 'one', V1, labelled('v1', {}))
    const refused = await as(server, 'two', V2, labelled('v2', { maxReplicas: 6 }))
    const message = 'Apply failed with 1 conflict: conflict with "one": .spec.maxReplicas'
    assert.equal(refused.body.message, message)
  })

  test('are asked for their fields in their own', async () => {
    const server = await startTestServer()
    const first = await as(server, 'one', V1, scaler('v1', { targetCPUUtilizationPercentage: 70 }))
    assert.equal(first.status, 201, first.text)
    const taken = await as(server, 'two', V2, scaler('v2', cpu(50)))
    assert.equal(taken.status, 409)
    assert.equal(
      taken.body.message,
      'Apply failed with 1 conflict: conflict with "one": .spec.targetCPUUtilizationPercentage',
    )
    const forced = await as(server, 'two', V2, scaler('v2', cpu(50)), '&force=true')
    assert.equal(forced.status, 200, forced.text)
    assert.deepEqual(owners(forced.body), [
      ['one', 'autoscaling/v1'],
      ['two', 'autoscaling/v2'],
    ])
    const [one] = forced.body.metadata.managedFields
    assert.equal(one.fieldsV1['f:spec']['f:targetCPUUtilizationPercentage'], undefined)
    assert.ok(one.fieldsV1['f:spec']['f:maxReplicas'])
  })

  test('lose what somebody changes in another one', async () => {
    const server = await startTestServer()
    await as(server, 'one', V1, scaler('v1', { targetCPUUtilizationPercentage: 70 }))
    const changed = await server.ask('PATCH', `${V2}?fieldManager=editor`, { spec: cpu(60) }, MERGE)
    assert.equal(changed.status, 200, changed.text)
    const [one] = changed.body.metadata.managedFields
    assert.deepEqual(
      [one.manager, one.apiVersion, one.fieldsV1['f:spec']['f:targetCPUUtilizationPercentage']],
      ['one', 'autoscaling/v1', undefined],
    )
  })

  test('take back what they said in the other one, when they move', async () => {
    const server = await startTestServer()
    const limits = { targetCPUUtilizationPercentage: 70, minReplicas: 2 }
    await as(server, 'one', V1, scaler('v1', limits))
    const moved = await as(server, 'one', V2, scaler('v2', cpu(70)))
    assert.equal(moved.status, 200, moved.text)
    assert.deepEqual(owners(moved.body), [['one', 'autoscaling/v2']])
    const { body } = await server.ask('GET', V1)
    assert.equal(body.spec.targetCPUUtilizationPercentage, 70)
    assert.equal(body.spec.minReplicas, 1)
  })

  test('keep what another one says still', async () => {
    const server = await startTestServer()
    await as(server, 'one', V1, scaler('v1', { targetCPUUtilizationPercentage: 70 }))
    await as(server, 'two', V2, scaler('v2', cpu(70)))
    const left = await as(server, 'one', V1, scaler('v1', {}))
    assert.equal(left.status, 200, left.text)
    assert.equal(left.body.spec.targetCPUUtilizationPercentage, 70)
  })
})
