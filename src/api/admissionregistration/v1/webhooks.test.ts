import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changeProblemsOf, created, problemsOf, rowOf } from '../../core/v1/testing.ts'
import { mutatingWebhookConfiguration } from './mutating-webhook-configuration.ts'
import { validatingWebhookConfiguration } from './validating-webhook-configuration.ts'

const rule = { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }
const service = { namespace: 'hooks', name: 'pods' }
const hook = (more: object = {}) => ({
  name: 'pods.example.com',
  clientConfig: { service },
  rules: [rule],
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  ...more,
})
const of = (...webhooks: object[]) => ({ webhooks })
const problems = (more: object) => problemsOf(mutatingWebhookConfiguration, of(hook(more)))

test('a webhook has a name, a place, rules and versions, and defaults for the rest', () => {
  const object = created(mutatingWebhookConfiguration, of(hook()))
  assert.deepEqual(object.webhooks, [
    {
      ...hook(),
      clientConfig: { service: { ...service, port: 443 } },
      rules: [{ ...rule, scope: '*' }],
      failurePolicy: 'Fail',
      matchPolicy: 'Equivalent',
      namespaceSelector: {},
      objectSelector: {},
      timeoutSeconds: 10,
      reinvocationPolicy: 'Never',
    },
  ])
  const [validating] = created(validatingWebhookConfiguration, of(hook())).webhooks ?? []
  assert.equal(validating?.timeoutSeconds, 10)
  assert.ok(validating && !('reinvocationPolicy' in validating))
  assert.deepEqual(problems({}), [])
  assert.deepEqual(problemsOf(validatingWebhookConfiguration, of(hook())), [])
})

const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const FORM = 'desired format: https://host[/path]'
const url = (text: string) => ({ clientConfig: { url: text } })
const path = (text: string) => ({ clientConfig: { service: { ...service, path: text } } })
const rules = (more: object) => ({ rules: [{ ...rule, ...more }] })

/** What makes a webhook wrong, and what is told, below `webhooks[0].`. */
const wrong: readonly [object, string[]][] = [
  [{ name: '' }, ['name: Required value']],
  [
    { name: 'a.b' },
    [
      'name: Invalid value: "a.b": should be a domain with at least three segments separated by dots',
    ],
  ],
  [{ name: 'A.b.c' }, [`name: Invalid value: "A.b.c": ${SUBDOMAIN}`]],
  [
    { failurePolicy: 'Maybe' },
    ['failurePolicy: Unsupported value: "Maybe": supported values: "Fail", "Ignore"'],
  ],
  [
    { matchPolicy: 'Maybe' },
    ['matchPolicy: Unsupported value: "Maybe": supported values: "Equivalent", "Exact"'],
  ],
  [
    { reinvocationPolicy: 'Maybe' },
    ['reinvocationPolicy: Unsupported value: "Maybe": supported values: "IfNeeded", "Never"'],
  ],
  [
    { sideEffects: 'Some' },
    ['sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"'],
  ],
  [
    { sideEffects: '' },
    ['sideEffects: Unsupported value: "": supported values: "None", "NoneOnDryRun"'],
  ],
  [
    { sideEffects: undefined },
    ['sideEffects: Required value: must specify one of None, NoneOnDryRun'],
  ],
  [
    { timeoutSeconds: 31 },
    ['timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds'],
  ],
  [
    { timeoutSeconds: 0 },
    ['timeoutSeconds: Invalid value: 0: the timeout value must be between 1 and 30 seconds'],
  ],
  [
    { namespaceSelector: { matchExpressions: [{ key: 'a', operator: 'Is' }] } },
    [
      'namespaceSelector.matchExpressions[0].operator: Invalid value: "Is": not a valid selector operator',
    ],
  ],
  [
    { admissionReviewVersions: [] },
    ['admissionReviewVersions: Required value: must specify one of v1, v1beta1'],
  ],
  [
    { admissionReviewVersions: ['v2', 'v2'] },
    [
      'admissionReviewVersions[1]: Invalid value: "v2": duplicate version',
      'admissionReviewVersions: Invalid value: ["v2","v2"]: must include at least one of v1, v1beta1',
    ],
  ],
  [
    { clientConfig: {} },
    ['clientConfig: Required value: exactly one of url or service is required'],
  ],
  [
    { clientConfig: { service, url: 'https://a' } },
    ['clientConfig: Required value: exactly one of url or service is required'],
  ],
  [
    url('http://a'),
    [`clientConfig.url: Invalid value: "http": 'https' is the only allowed URL scheme; ${FORM}`],
  ],
  [url('https:///x'), [`clientConfig.url: Invalid value: "": host must be specified; ${FORM}`]],
  [
    url('https://me@host/?a=b#c'),
    [
      'clientConfig.url: Invalid value: "me": user information is not permitted in the URL',
      'clientConfig.url: Invalid value: "c": fragments are not permitted in the URL',
      'clientConfig.url: Invalid value: "a=b": query parameters are not permitted in the URL',
    ],
  ],
  [
    url('https://a%zz'),
    [
      `clientConfig.url: Required value: url must be a valid URL: parse "https://a%zz": invalid URL escape "%zz"; ${FORM}`,
    ],
  ],
  [
    { clientConfig: { service: { port: 70000 } } },
    [
      'clientConfig.service.name: Required value',
      'clientConfig.service.namespace: Required value',
      'clientConfig.service.port: Invalid value: 70000: port is not valid: must be between 1 and 65535, inclusive',
    ],
  ],
  [path('xy'), ['clientConfig.service.path: Invalid value: "xy": must start with a \'/\'']],
  [path('//'), ['clientConfig.service.path: Invalid value: "//": segment[0] may not be empty']],
  [
    path('/a//b'),
    ['clientConfig.service.path: Invalid value: "/a//b": segment[1] may not be empty'],
  ],
  [path('/A'), [`clientConfig.service.path: Invalid value: "/A": segment[0]: ${SUBDOMAIN}`]],
  [rules({ operations: [] }), ['rules[0].operations: Required value']],
  [
    rules({ operations: ['*', 'GET'] }),
    [
      `rules[0].operations: Invalid value: ["*","GET"]: if '*' is present, must not specify other operations`,
      'rules[0].operations[1]: Unsupported value: "GET": supported values: "*", "CONNECT", "CREATE", "DELETE", "UPDATE"',
    ],
  ],
  [
    rules({ apiGroups: ['*', 'apps'], apiVersions: [''], scope: 'Planet' }),
    [
      `rules[0].apiGroups: Invalid value: ["*","apps"]: if '*' is present, must not specify other API groups`,
      'rules[0].apiVersions[0]: Required value',
      'rules[0].scope: Unsupported value: "Planet": supported values: "*", "Cluster", "Namespaced"',
    ],
  ],
  [
    rules({ resources: ['pods/*', 'pods/log', '*/*'] }),
    [
      `rules[0].resources[1]: Invalid value: "pods/log": if 'pods/*' is present, must not specify pods/log`,
      `rules[0].resources: Invalid value: ["pods/*","pods/log","*/*"]: if '*/*' is present, must not specify other resources`,
    ],
  ],
  [
    rules({ resources: ['*', 'pods'] }),
    [
      `rules[0].resources: Invalid value: ["*","pods"]: if '*' is present, must not specify other resources without subresources`,
    ],
  ],
  [
    {
      matchConditions: [
        { name: 'a', expression: ' ' },
        { name: 'a', expression: 'true' },
        { expression: 'true' },
      ],
    },
    [
      'matchConditions[0].expression: Required value',
      'matchConditions[1].name: Duplicate value: "a"',
      'matchConditions[2].name: Required value',
    ],
  ],
]

for (const [more, expected] of wrong)
  test(`refused: ${JSON.stringify(more)}`, () =>
    assert.deepEqual(
      problems(more),
      expected.map(text => `webhooks[0].${text}`),
    ))

test('more than 64 conditions are too many', () => {
  const matchConditions = Array.from({ length: 65 }, (_, i) => ({ name: `n${i}`, expression: '1' }))
  assert.deepEqual(problems({ matchConditions }), [
    'webhooks[0].matchConditions: Too many: 65: must have at most 64 items',
  ])
})

test('names are unique, in old configurations only if they were', () => {
  const twice = of(hook(), hook())
  const expected = ['webhooks[1].name: Duplicate value: "pods.example.com"']
  assert.deepEqual(problemsOf(validatingWebhookConfiguration, twice), expected)
  const change = (before: object, after: object) =>
    changeProblemsOf(
      validatingWebhookConfiguration,
      before as { webhooks: object[] },
      after as { webhooks: object[] },
    )
  assert.deepEqual(change(of(hook()), twice), expected)
  assert.deepEqual(change(twice, twice), [])
  const old = of(hook({ sideEffects: 'Some', admissionReviewVersions: ['v0'] }))
  assert.deepEqual(change(old, old), [])
  assert.equal(change(of(hook()), old).length, 2)
  const empty = of(hook({ matchConditions: [{ name: 'a', expression: '' }] }))
  assert.deepEqual(change(empty, empty), [])
  assert.equal(change(of(hook()), empty).length, 1)
})

test('kubectl get shows how many webhooks there are', () => {
  const object = created(validatingWebhookConfiguration, of(hook()))
  assert.deepEqual(rowOf(validatingWebhookConfiguration, object), {
    Name: 'web',
    Webhooks: 1,
    Age: '<unknown>',
  })
  assert.equal(mutatingWebhookConfiguration.hasGeneration, true)
})
