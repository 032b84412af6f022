import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import {
  changeProblemsOf,
  created,
  defaulted,
  lines,
  problemsOf,
  rowOf,
  updated,
} from '../../core/v1/testing.ts'
import { mutatingAdmissionPolicyBinding as alphaBinding } from '../v1alpha1/mutating-admission-policy-binding.ts'
import { mutatingAdmissionPolicy } from './mutating-admission-policy.ts'
import { mutatingAdmissionPolicyBinding } from './mutating-admission-policy-binding.ts'
import { validatingAdmissionPolicy } from './validating-admission-policy.ts'
import { validatingAdmissionPolicyBinding } from './validating-admission-policy-binding.ts'

before(() => validatingAdmissionPolicy.prepareWrites?.())

const rule = { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }
const matchConstraints = { resourceRules: [rule] }
const validations = [{ expression: 'object.spec.replicas < 5' }]
const policy = (more: object = {}) => ({ spec: { matchConstraints, validations, ...more } })

test('a policy matches equivalent requests, everywhere, and fails closed by default', () => {
  const { spec } = created(validatingAdmissionPolicy, policy())
  assert.equal(spec.failurePolicy, 'Fail')
  assert.deepEqual(spec.matchConstraints, {
    matchPolicy: 'Equivalent',
    namespaceSelector: {},
    objectSelector: {},
    resourceRules: [{ ...rule, scope: '*' }],
  })
  assert.deepEqual(problemsOf(validatingAdmissionPolicy, policy()), [])
})

test('expressions see parameters where there are some, and the variables before them', () => {
  const first = (spec: object) => problemsOf(validatingAdmissionPolicy, policy(spec))[0] ?? ''
  const one = { validations: [{ expression: 'params.a > 1' }] }
  assert.match(first(one), /undeclared reference to 'params'/)
  assert.equal(first({ ...one, paramKind: { apiVersion: 'v1', kind: 'ConfigMap' } }), '')
  const other = { validations: [{ expression: 'variables.a > 1' }] }
  assert.match(first(other), /undeclared reference to 'variables'/)
  assert.match(first({ ...other, variables: [{ name: 'b', expression: '1' }] }), /field 'a'\n/)
  const a = { name: 'a', expression: 'object.x' }
  assert.equal(first({ ...other, variables: [a] }), '')
  const b = { name: 'b', expression: 'variables.a' }
  assert.equal(first({ variables: [a, b] }), '')
  assert.match(first({ variables: [b, a] }), /variables\[0\].*undefined field 'a'\n/)
  assert.equal(first({ validations: [{ expression: '[1].all(x, x > 0 && type(x) == int)' }] }), '')
})

test('an expression without a type is no condition and no text', () => {
  const head = { paramKind: { apiVersion: 'v1', kind: 'ConfigMap' } }
  const spec = (expression: string, value = '1') => ({
    ...head,
    variables: [
      { name: 'a', expression: value },
      { name: 'b', expression: 'variables.a' },
    ],
    validations: [{ expression }],
  })
  const got = (expression: string, value?: string) =>
    /must evaluate to bool but got (.*)$/.exec(
      problemsOf(validatingAdmissionPolicy, policy(spec(expression, value))).at(-1) ?? '',
    )?.[1]
  for (const text of [
    'object.x',
    'oldObject',
    "params.data['a'][0]",
    'object.?x.orValue(true)',
    'object.x ? true : object.y',
    'dyn(true)',
  ])
    assert.equal(got(text), 'dyn', text)
  for (const text of ['object.x == 1', 'request.dryRun', 'namespaceObject.metadata.name == "a"'])
    assert.equal(got(text), undefined, text)
  const types: readonly [string, string | undefined][] = [
    ['1', 'int'],
    ['null', 'null_type'],
    ['object.x', 'dyn'],
    ['nothing.x', 'dyn'],
    ['[1, 2]', 'list(int)'],
    ['object.x == 1', undefined],
    ['request.dryRun', undefined],
  ]
  for (const [value, type] of types) assert.equal(got('variables.b', value), type, value)
  const texts = { validations: [{ expression: 'true', messageExpression: 'object.x' }] }
  assert.deepEqual(problemsOf(validatingAdmissionPolicy, policy(texts)), [
    'spec.validations[0].messageExpression: Invalid value: "object.x": must evaluate to string but got dyn',
  ])
  const conditions = { matchConditions: [{ name: 'a', expression: 'object.x' }] }
  assert.deepEqual(problemsOf(validatingAdmissionPolicy, policy(conditions)), [
    'spec.matchConditions[0].expression: Invalid value: "object.x": must evaluate to bool but got dyn',
  ])
})

test('audit annotations are texts or nothing', () => {
  const problem = (valueExpression: string) =>
    problemsOf(
      validatingAdmissionPolicy,
      policy({ auditAnnotations: [{ key: 'k', valueExpression }] }),
    )
  assert.deepEqual(problem('"a"'), [])
  assert.deepEqual(problem('null'), [])
  assert.match(problem('1')[0] ?? '', /: must evaluate to one of \[string null_type\] but got int$/)
})

const NONE = 'validations or auditAnnotations must contain at least one item'
const wrongPolicies: readonly [object, string[]][] = [
  [
    { validations: [] },
    [`validations: Required value: ${NONE}`, `auditAnnotations: Required value: ${NONE}`],
  ],
  [{ matchConstraints: undefined }, ['matchConstraints: Required value']],
  [
    { matchConstraints: { matchPolicy: 'Maybe' } },
    [
      'matchConstraints.matchPolicy: Unsupported value: "Maybe": supported values: "Equivalent", "Exact"',
      'matchConstraints.resourceRules: Required value',
    ],
  ],
  [
    { matchConstraints: { resourceRules: [{ ...rule, resourceNames: ['a/b', 'c', 'c'] }] } },
    [
      `matchConstraints.resourceRules[0].resourceNames[0]: Invalid value: "a/b": may not contain '/'`,
      'matchConstraints.resourceRules[0].resourceNames[2]: Duplicate value: "c"',
    ],
  ],
  [
    { failurePolicy: 'Maybe' },
    ['failurePolicy: Unsupported value: "Maybe": supported values: "Fail", "Ignore"'],
  ],
  [{ paramKind: {} }, ['paramKind.apiVersion: Required value', 'paramKind.kind: Required value']],
  [
    { paramKind: { apiVersion: 'a/b/c', kind: 'K' } },
    ['paramKind.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c'],
  ],
  [
    { paramKind: { apiVersion: 'apps/', kind: 'K' } },
    ['paramKind.apiVersion: Invalid value: "apps/": version must be specified'],
  ],
  [
    {
      variables: [
        { name: ' ', expression: '' },
        { name: 'in', expression: '1' },
      ],
    },
    [
      'variables[0].name: Required value: name is not specified',
      'variables[0].expression: Required value: expression is not specified',
      'variables[1].name: Invalid value: "in": must be a valid CEL identifier',
    ],
  ],
  [
    { validations: [{ expression: ' ', message: ' ', messageExpression: ' ', reason: 'Sad' }] },
    [
      'validations[0].expression: Required value: expression is not specified',
      'validations[0].messageExpression: Invalid value: " ": must be non-empty if specified',
      'validations[0].message: Invalid value: " ": message must be non-empty if specified',
      'validations[0].reason: Unsupported value: "Sad": supported values: "Forbidden", "Invalid", "RequestEntityTooLarge"',
    ],
  ],
  [
    { validations: [{ expression: 'true', message: 'a\nb' }] },
    ['validations[0].message: Invalid value: "a\\nb": message must not contain line breaks'],
  ],
  [
    {
      auditAnnotations: [
        { key: 'k', valueExpression: '' },
        { key: 'k', valueExpression: `"${'x'.repeat(5119)}"` },
      ],
    },
    [
      'auditAnnotations[0].valueExpression: Required value: valueExpression is not specified',
      'auditAnnotations[1].valueExpression: Required value: must not exceed 5120 bytes in length',
      'auditAnnotations[1].key: Duplicate value: "k"',
    ],
  ],
  [
    { matchConditions: [{ name: 'a', expression: '' }] },
    ['matchConditions[0].expression: Required value'],
  ],
]
for (const [more, expected] of wrongPolicies)
  test(`refused: ${JSON.stringify(more).slice(0, 100)}`, () =>
    assert.deepEqual(
      problemsOf(validatingAdmissionPolicy, policy(more)),
      expected.map(text => `spec.${text}`),
    ))

test('conditions that were accepted once stay, and the status is the server’s', () => {
  const old = policy({ matchConditions: [{ name: 'a', expression: '' }] })
  assert.deepEqual(changeProblemsOf(validatingAdmissionPolicy, old, old), [])
  const previous = defaulted(validatingAdmissionPolicy, {
    ...policy(),
    status: { observedGeneration: 1 },
  })
  const next = updated(validatingAdmissionPolicy, previous, { ...policy(), status: {} })
  assert.deepEqual(next.status, { observedGeneration: 1 })
  assert.deepEqual(
    created(validatingAdmissionPolicy, { ...policy(), status: { observedGeneration: 1 } }).status,
    {},
  )
})

test('a status says what is suspicious, and where', () => {
  const status = (typeChecking: object) =>
    lines(
      validatingAdmissionPolicy.validateStatusUpdate(
        defaulted(validatingAdmissionPolicy, { ...policy(), status: { typeChecking } }),
        created(validatingAdmissionPolicy, policy()),
      ),
    )
  assert.deepEqual(status({ expressionWarnings: [{ fieldRef: ' ' }] }), [
    'status.typeChecking.expressionWarnings[0].warning: Required value',
    'status.typeChecking.expressionWarnings[0].fieldRef: Required value',
  ])
  assert.deepEqual(status({ expressionWarnings: [{ fieldRef: 'spec.x', warning: 'no' }] }), [])
  assert.deepEqual(status({ expressionWarnings: [{ fieldRef: '-a ', warning: 'no' }] }), [
    'status.typeChecking.expressionWarnings[0].fieldRef: Invalid value: "-a": invalid JSONPath: cannot parse number -',
  ])
})

const binding = (more: object = {}) => ({
  spec: { policyName: 'few', validationActions: ['Deny'], ...more },
})
const ACTIONS_TWICE =
  'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)'
const wrongBindings: readonly [object, string[]][] = [
  [{}, []],
  [{ policyName: '' }, ['policyName: Required value']],
  [
    { validationActions: [] },
    ['validationActions: Required value: at least one validation action is required'],
  ],
  [
    { validationActions: ['Deny', 'Warn', 'Deny', 'Cry'] },
    [
      'validationActions[2]: Duplicate value: "Deny"',
      'validationActions[3]: Unsupported value: "Cry": supported values: "Audit", "Deny", "Warn"',
      `validationActions: Invalid value: ["Deny","Warn","Deny","Cry"]: ${ACTIONS_TWICE}`,
    ],
  ],
  [
    { paramRef: {} },
    [
      'paramRef: Required value: one of name or selector must be specified',
      'paramRef.parameterNotFoundAction: Required value',
    ],
  ],
  [
    { paramRef: { name: 'a', selector: {}, parameterNotFoundAction: 'Cry' } },
    [
      'paramRef.name: Forbidden: name and selector are mutually exclusive',
      'paramRef.selector: Forbidden: name and selector are mutually exclusive',
      'paramRef.parameterNotFoundAction: Unsupported value: "Cry": supported values: "Deny", "Allow"',
    ],
  ],
  [
    { matchResources: { objectSelector: { matchExpressions: [{ key: 'a', operator: 'Is' }] } } },
    [
      'matchResources.objectSelector.matchExpressions[0].operator: Invalid value: "Is": not a valid selector operator',
    ],
  ],
]
for (const [more, expected] of wrongBindings)
  test(`binding: ${JSON.stringify(more)}`, () =>
    assert.deepEqual(
      problemsOf(validatingAdmissionPolicyBinding, binding(more)),
      expected.map(text => `spec.${text}`),
    ))

const apply = { patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{}' } }
const mutating = (more: object = {}) => ({
  spec: { matchConstraints, mutations: [apply], reinvocationPolicy: 'Never', ...more },
})
const wrongMutations: readonly [object, string[]][] = [
  [{}, []],
  [{ mutations: [] }, ['mutations: Required value: mutations must contain at least one item']],
  [{ reinvocationPolicy: '' }, ['reinvocationPolicy: Required value']],
  [
    { reinvocationPolicy: 'Maybe' },
    ['reinvocationPolicy: Unsupported value: "Maybe": supported values: "IfNeeded", "Never"'],
  ],
  [
    { mutations: [{ ...apply, patchType: 'JSONPatch' }] },
    [
      'mutations[0].jsonPatch: Required value: must be specified when patchType is JSONPatch',
      'mutations[0].applyConfiguration: Invalid value: "{applyConfiguration}": must not be specified when patchType is JSONPatch',
    ],
  ],
  [
    { mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: ' ' } }, {}] },
    ['mutations[0].jsonPatch.expression: Required value', 'mutations[1].patchType: Required value'],
  ],
  [
    { mutations: [{ patchType: 'Magic' }] },
    [
      'mutations[0].patchType: Unsupported value: "Magic": supported values: "ApplyConfiguration", "JSONPatch"',
    ],
  ],
  [
    { matchConstraints: { resourceRules: [{ ...rule, operations: ['DELETE'] }] } },
    [
      'matchConstraints.resourceRules.operations: Unsupported value: "DELETE": supported values: "*", "CONNECT", "CREATE", "UPDATE"',
    ],
  ],
]
test('what is left over behind a construction is told where it was written', () => {
  const expression = 'Object{metadata: Object.metadata{}}x'
  const spoiled = { ...apply, applyConfiguration: { expression } }
  assert.match(
    problemsOf(mutatingAdmissionPolicy, mutating({ mutations: [spoiled] }))[0] ?? '',
    /ERROR: <input>:1:36: Syntax error: extraneous input 'x' expecting <EOF>/,
  )
})

for (const [more, expected] of wrongMutations)
  test(`mutation: ${JSON.stringify(more).slice(0, 100)}`, () =>
    assert.deepEqual(
      problemsOf(mutatingAdmissionPolicy, mutating(more)),
      expected.map(text => `spec.${text}`),
    ))

test('bindings of changes cannot be about deletions; only the alpha version denies by default', () => {
  const spec = {
    policyName: 'few',
    paramRef: { name: 'x' },
    matchResources: { resourceRules: [{ ...rule, operations: ['DELETE'] }] },
  }
  const operations =
    'spec.matchResources.resourceRules.operations: Unsupported value: "DELETE": supported values: "*", "CONNECT", "CREATE", "UPDATE"'
  assert.deepEqual(problemsOf(mutatingAdmissionPolicyBinding, { spec }), [
    'spec.paramRef.parameterNotFoundAction: Required value',
    operations,
  ])
  assert.deepEqual(problemsOf(alphaBinding, { spec }), [operations])
})

test('kubectl get shows rules, changes and parameters', () => {
  const paramKind = { apiVersion: 'v1', kind: 'ConfigMap' }
  const head = { Name: 'web', Age: '<unknown>' }
  assert.deepEqual(
    rowOf(validatingAdmissionPolicy, created(validatingAdmissionPolicy, policy({ paramKind }))),
    { ...head, Validations: 1, ParamKind: 'v1/ConfigMap' },
  )
  assert.deepEqual(rowOf(mutatingAdmissionPolicy, created(mutatingAdmissionPolicy, mutating())), {
    ...head,
    Mutations: 1,
    ParamKind: '<unset>',
  })
  const paramRefOf = (paramRef: object | undefined) =>
    rowOf(
      validatingAdmissionPolicyBinding,
      created(validatingAdmissionPolicyBinding, binding({ paramRef })),
    ).ParamRef
  assert.equal(paramRefOf(undefined), '<unset>')
  assert.equal(paramRefOf({ name: 'a' }), '*/a')
  assert.equal(paramRefOf({ name: 'a', namespace: 'b' }), 'b/a')
  assert.equal(
    paramRefOf({ selector: { matchLabels: { b: '1', a: '2' } } }),
    '&LabelSelector{MatchLabels:map[string]string{a: 2,b: 1,},MatchExpressions:[]LabelSelectorRequirement{},}',
  )
})
