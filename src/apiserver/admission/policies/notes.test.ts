import assert from 'node:assert/strict'
import { test } from 'node:test'
import type {
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from '#api/admissionregistration/v1/policies.schema.ts'
import { configMap } from '#api/core/v1/config-map.ts'
import { viewOf } from '../../storage/view.ts'
import { requestOf, testWorld } from '../testing.ts'
import { validatingPolicies } from './validating.ts'

const resourceRules = [
  { operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] },
]

interface Parts {
  readonly spec: object
  readonly bindings: readonly object[]
}

/** What the audit log and the client are told of a request, and why it was refused. */
async function judge({ spec, bindings }: Parts) {
  const policy = {
    metadata: { name: 'p' },
    spec: { matchConstraints: { resourceRules }, ...spec },
  } as unknown as ValidatingAdmissionPolicy
  const all = bindings.map((each, index) => ({
    metadata: { name: `b${index}` },
    spec: { policyName: 'p', ...each },
  })) as unknown as ValidatingAdmissionPolicyBinding[]
  const resource = {
    kind: configMap,
    view: viewOf(configMap),
    name: { group: '', resource: 'configmaps' },
  }
  const webhooks = {
    mutating: () => [],
    validating: () => [],
    policies: () => [policy],
    policyBindings: () => all,
    mutatingPolicies: () => [],
    mutatingPolicyBindings: () => [],
    ofKind: () => undefined,
    served: () => resource,
    equivalents: () => [],
    service: () => undefined,
    endpointSlices: () => [],
    caller: undefined,
    canReachPods: false,
  }
  const notes = new Map<string, string>()
  const warnings: string[] = []
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: { a: '1' } }
  const request = {
    ...requestOf({ resource: 'configmaps', object, namespace: '' }),
    annotate: (key: string, value: string) => notes.set(key, value),
    warn: (text: string) => warnings.push(text),
  }
  let refusal = ''
  try {
    await validatingPolicies({ ...testWorld(), webhooks }).validate?.(request)
  } catch (thrown) {
    refusal = (thrown as Error).message
  }
  return { notes: Object.fromEntries(notes), warnings, refusal }
}

const audit = { validationActions: ['Audit'] }
const deny = { validationActions: ['Deny'] }

test('notes for the audit log are computed, each once', async () => {
  const { notes, refusal } = await judge({
    spec: {
      auditAnnotations: [
        { key: 'value', valueExpression: '"a is " + object.data.a' },
        { key: 'none', valueExpression: 'null' },
        { key: 'empty', valueExpression: '" "' },
        { key: 'where', valueExpression: 'params == null ? "here" : "there"' },
      ],
    },
    bindings: [deny, audit],
  })
  assert.equal(refusal, '')
  assert.deepEqual(notes, { 'p/value': 'a is 1', 'p/where': 'here' })
})

test('a note that cannot be computed refuses the request, whatever the binding says', async () => {
  const spec = { auditAnnotations: [{ key: 'x', valueExpression: 'object.none' }] }
  const { refusal } = await judge({ spec, bindings: [audit] })
  assert.match(refusal, /denied request: expression 'object.none' resulted in error: no such key/)
  const lenient = await judge({ spec: { ...spec, failurePolicy: 'Ignore' }, bindings: [audit] })
  assert.equal(lenient.refusal, '')
  const odd = { auditAnnotations: [{ key: 'x', valueExpression: 'dyn(1)' }] }
  assert.match((await judge({ spec: odd, bindings: [audit] })).refusal, /unsupported return type/)
})

test('a rule that does not hold is noted where the binding says so', async () => {
  const validations = [{ expression: 'true' }, { expression: 'false', message: 'never' }]
  const { notes, warnings, refusal } = await judge({
    spec: { validations },
    bindings: [{ validationActions: ['Audit', 'Warn'] }],
  })
  assert.equal(refusal, '')
  assert.deepEqual(warnings, [
    "Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b0': never",
  ])
  assert.deepEqual(
    JSON.parse(notes['validation.policy.admission.k8s.io/validation_failure'] ?? ''),
    [
      {
        message: 'never',
        policy: 'p',
        binding: 'b0',
        expressionIndex: 1,
        validationActions: ['Audit', 'Warn'],
      },
    ],
  )
})

test('a binding that cannot work refuses, whatever it says', async () => {
  const spec = { paramKind: { apiVersion: 'v1', kind: 'Nothing' }, validations: [] }
  const paramRef = { name: 'x', parameterNotFoundAction: 'Allow' }
  const binding = { ...audit, paramRef }
  assert.match(
    (await judge({ spec, bindings: [binding] })).refusal,
    /'p' denied request: failed to configure policy: failed to find resource/,
  )
  const lenient = { ...spec, failurePolicy: 'Ignore' }
  assert.equal((await judge({ spec: lenient, bindings: [binding] })).refusal, '')
})

test('a policy that is bound without its parameters sees null', async () => {
  const spec = {
    paramKind: { apiVersion: 'v1', kind: 'Secret' },
    validations: [{ expression: 'params == null' }],
  }
  assert.equal((await judge({ spec, bindings: [deny] })).refusal, '')
})
