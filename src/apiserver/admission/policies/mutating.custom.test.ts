import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestServer } from '../../testing.ts'

const GROUP = '/apis/admissionregistration.k8s.io/v1'
const text = { type: 'string' }

/** A server with a custom resource, and a policy that lays this over its objects. */
async function serverWith(expression: string) {
  const { ask } = await startTestServer()
  const post = async (path: string, body: object) => {
    const answer = await ask('POST', path, body)
    assert.equal(answer.status, 201, answer.text)
  }
  const spec = {
    type: 'object',
    properties: {
      size: { type: 'integer' },
      color: { ...text, default: 'red' },
      tags: { type: 'array', items: text },
      parts: {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
        items: { type: 'object', required: ['name'], properties: { name: text, use: text } },
      },
      free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    },
  }
  await post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    metadata: { name: 'boats.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Cluster',
      names: { plural: 'boats', singular: 'boat', kind: 'Boat', listKind: 'BoatList' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', properties: { spec } } },
        },
      ],
    },
  })
  const rule = {
    operations: ['*'],
    apiGroups: ['example.com'],
    apiVersions: ['*'],
    resources: ['boats'],
  }
  await post(`${GROUP}/mutatingadmissionpolicies`, {
    metadata: { name: 'p' },
    spec: {
      matchConstraints: { resourceRules: [{ ...rule, operations: ['CREATE', 'UPDATE'] }] },
      reinvocationPolicy: 'Never',
      mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression } }],
    },
  })
  await post(`${GROUP}/mutatingadmissionpolicybindings`, {
    metadata: { name: 'b' },
    spec: { policyName: 'p' },
  })
  return (spec: object) =>
    ask('POST', '/apis/example.com/v1/boats', {
      apiVersion: 'example.com/v1',
      kind: 'Boat',
      metadata: { name: 'proa' },
      spec,
    })
}

test('a custom resource is changed by the rules of its schema', async () => {
  const send = await serverWith(
    `Object{spec: Object.spec{
      size: object.spec.size * 2,
      parts: [Object.spec.parts{name: "mast", use: "sail"}],
      free: Object.spec.free{anything: "goes"}
    }}`,
  )
  const { status, body } = await send({
    size: 2,
    parts: [{ name: 'hull' }, { name: 'mast' }],
    free: { a: 'b' },
  })
  assert.equal(status, 201, JSON.stringify(body))
  assert.deepEqual(body.spec, {
    size: 4,
    color: 'red',
    parts: [{ name: 'hull' }, { name: 'mast', use: 'sail' }],
    free: { a: 'b', anything: 'goes' },
  })
})

const failures: [string, RegExp][] = [
  ['Object{spec: Object.spec{mast: "x"}}', /\.spec\.mast: field not declared in schema$/],
  ['Object{spec: Object.spec{tags: ["x"]}}', /may not mutate atomic arrays, .*: \.spec\.tags$/],
  // What comes out is judged by the schema, as if it had been sent so.
  ['Object{spec: Object.spec{size: "x"}}', /spec\.size: Invalid value: "string"|size.*integer/],
]
for (const [expression, message] of failures)
  test(`it is refused: ${expression}`, async () => {
    const { status, body } = await (await serverWith(expression))({ size: 1 })
    assert.ok(status >= 400, JSON.stringify(body))
    assert.match(body.message, message)
  })

test('an object in another version than the stored one is changed as the policy sees it', async () => {
  const { ask } = await startTestServer()
  const rule = {
    operations: ['CREATE'],
    apiGroups: ['autoscaling'],
    apiVersions: ['v1'],
    resources: ['horizontalpodautoscalers'],
  }
  await ask('POST', `${GROUP}/mutatingadmissionpolicies`, {
    metadata: { name: 'p' },
    spec: {
      matchConstraints: { resourceRules: [rule] },
      reinvocationPolicy: 'Never',
      mutations: [
        {
          patchType: 'ApplyConfiguration',
          applyConfiguration: {
            expression: 'Object{spec: Object.spec{targetCPUUtilizationPercentage: 42}}',
          },
        },
      ],
    },
  })
  const binding = { metadata: { name: 'b' }, spec: { policyName: 'p' } }
  await ask('POST', `${GROUP}/mutatingadmissionpolicybindings`, binding)
  const { status, body } = await ask(
    'POST',
    '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers',
    {
      metadata: { name: 'h' },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' },
        maxReplicas: 3,
      },
    },
  )
  assert.equal(status, 201, JSON.stringify(body))
  assert.equal(body.apiVersion, 'autoscaling/v2')
  assert.equal(body.spec.metrics[0].resource.target.averageUtilization, 42)
})
