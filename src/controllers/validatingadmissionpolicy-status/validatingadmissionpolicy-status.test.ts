import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import type { ValidatingAdmissionPolicy } from '#api/admissionregistration/v1/policies.schema.ts'
import { validatingAdmissionPolicy } from '#api/admissionregistration/v1/validating-admission-policy.ts'
import { customResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import { loadCelEngine } from '#api/cel/engine.ts'
import { kinds } from '#api/kinds.ts'
import { testScenarios } from '../testing/state-scenarios.ts'
import { startTestCluster } from '../testing/test-cluster.ts'
import { reconcile } from './validatingadmissionpolicy-status.reconcile.ts'

before(loadCelEngine)

interface State {
  readonly rules: readonly string[]
  readonly expressions: readonly string[]
  readonly messageExpression?: string
  readonly variables?: readonly object[]
  readonly paramKind?: object
}

/** `apps/v1/deployments,replicasets` */
function ruleOf(text: string) {
  const [group = '', version = '', resources = ''] = text.split('/')
  return {
    apiGroups: [group === 'core' ? '' : group],
    apiVersions: [version],
    resources: resources.split(',').map(name => name.replace('.', '/')),
    operations: ['*'],
  }
}

testScenarios<State>(
  new URL('validatingadmissionpolicy-status.scenarios.txt', import.meta.url),
  ({ rules, expressions, messageExpression, variables, paramKind }) => {
    const policy = {
      metadata: { name: 'policy', generation: 2 },
      spec: {
        matchConstraints: { resourceRules: rules.map(ruleOf) },
        validations: expressions.map(expression => ({ expression, messageExpression })),
        variables,
        paramKind,
      },
      status: { observedGeneration: 1 },
    } as unknown as ValidatingAdmissionPolicy
    const [write] = reconcile(policy, kinds).writes
    assert.ok(write?.verb === 'update' && write.subresource === 'status')
    const { status } = write.object as unknown as ValidatingAdmissionPolicy
    const { expressionWarnings = [] } = status.typeChecking ?? {}
    return [
      `observed ${status.observedGeneration}`,
      ...expressionWarnings.flatMap(({ fieldRef, warning }) => [
        `${fieldRef}:`,
        ...warning
          .trimEnd()
          .split('\n')
          .map(line => `  ${line}`.trimEnd()),
      ]),
    ]
  },
)

const policyOf = (group: string, resource: string, expression: string) =>
  ({
    metadata: { name: resource },
    spec: {
      matchConstraints: {
        resourceRules: [
          { apiGroups: [group], apiVersions: ['v1'], operations: ['*'], resources: [resource] },
        ],
      },
      validations: [{ expression }],
    },
  }) as never

test('policies about built-in and custom resources get their warnings, and lose them', async () => {
  const options = { enabled: 'validatingadmissionpolicy-status-controller' }
  await using cluster = await startTestCluster({ controllers: options, scheduler: false })
  const { client } = cluster
  await client.create(customResourceDefinition, {
    metadata: { name: 'boats.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Cluster',
      names: { plural: 'boats', kind: 'Boat' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: { spec: { type: 'object', properties: { hulls: { type: 'integer' } } } },
            },
          },
        },
      ],
    },
  } as never)
  await cluster.until('the kind', async () => {
    const { status } = await client.get(customResourceDefinition, 'boats.example.com')
    return status.conditions?.some(
      ({ type, status }) => type === 'Established' && status === 'True',
    )
  })
  await cluster.until(
    'the view',
    () => cluster.informers.for(customResourceDefinition).list()[0]?.status.acceptedNames?.plural,
  )
  await client.create(validatingAdmissionPolicy, policyOf('apps', 'deployments', 'object.x == 1'))
  await client.create(
    validatingAdmissionPolicy,
    policyOf('example.com', 'boats', 'object.spec.hulls > "1"'),
  )
  const seen = (name: string, generation: number) =>
    cluster.until(`the status of ${name}`, async () => {
      const { status } = await client.get(validatingAdmissionPolicy, name)
      return status.observedGeneration === generation ? status : undefined
    })
  const warning = async (name: string, generation: number) =>
    (await seen(name, generation)).typeChecking?.expressionWarnings?.[0]?.warning
  assert.equal(
    await warning('deployments', 1),
    "apps/v1, Kind=Deployment: ERROR: <input>:1:7: undefined field 'x'\n | object.x == 1\n | ......^\n",
  )
  assert.match(
    (await warning('boats', 1)) ?? '',
    /^example.com\/v1, Kind=Boat: .* '_>_' applied to '\(int, string\)'/,
  )
  const found = await client.get(validatingAdmissionPolicy, 'boats')
  await client.update(validatingAdmissionPolicy, {
    ...found,
    spec: { ...found.spec, validations: [{ expression: 'object.spec.hulls > 1' }] },
  })
  assert.equal(await warning('boats', 2), undefined)
})
