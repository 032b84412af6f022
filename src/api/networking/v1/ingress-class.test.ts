import assert from 'node:assert/strict'
import { test } from 'node:test'
import { created, lines, rowOf } from '../../core/v1/testing.ts'
import { ingressClass } from './ingress-class.ts'

const controller = 'acme.io/ingress'
const make = (spec: object) => created(ingressClass, { spec: { controller, ...spec } })
const problems = (spec: object) => lines(ingressClass.validate(make(spec)))
const reference = { kind: 'Settings', name: 'a' }

test('parameters are cluster-scoped unless they say otherwise', () => {
  assert.equal(make({ parameters: reference }).spec.parameters?.scope, 'Cluster')
  assert.equal(make({}).spec.parameters, undefined)
  assert.deepEqual(problems({ parameters: reference }), [])
  const parameters = { ...reference, scope: 'Namespace', namespace: 'shop', apiGroup: 'acme.io' }
  assert.deepEqual(problems({ parameters }), [])
})

const long = `acme.io/${'a'.repeat(250)}`
const wrong: [object, string[]][] = [
  [{ controller: '' }, ['spec.controller: Required value']],
  [{ controller: long }, ['spec.controller: Too long: may not be more than 250 bytes']],
  ...['acme.io', 'acme.io/', '/a'].map((text): [object, string[]] => [
    { controller: text },
    [
      `spec.controller: Invalid value: "${text}": must be a domain-prefixed path (such as "acme.io/foo")`,
    ],
  ]),
  [
    { controller: 'ACME/a b' },
    [
      "spec.controller: Invalid value: \"ACME\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
      "spec.controller: Invalid value: \"a b\": Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')",
    ],
  ],
  [
    { parameters: {} },
    ['spec.parameters.kind: Required value', 'spec.parameters.name: Required value'],
  ],
  [
    { parameters: { ...reference, scope: 'World' } },
    ['spec.parameters.scope: Unsupported value: "World": supported values: "Cluster", "Namespace"'],
  ],
  [
    { parameters: { ...reference, namespace: 'shop' } },
    ["spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'"],
  ],
  [
    { parameters: { ...reference, scope: 'Namespace' } },
    ["spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'"],
  ],
]
for (const [spec, expected] of wrong)
  test(`refused: ${JSON.stringify(spec).slice(0, 60)}`, () =>
    assert.deepEqual(problems(spec), expected))

test('the controller never changes', () => {
  const next = make({ controller: 'acme.io/other' })
  assert.deepEqual(lines(ingressClass.validateUpdate(next, make({}))), [
    'spec.controller: Invalid value: "acme.io/other": field is immutable',
  ])
})

test('kubectl get shows controller and parameters', () => {
  assert.deepEqual(rowOf(ingressClass, make({})), {
    Name: 'web',
    Controller: controller,
    Parameters: '<none>',
    Age: '<unknown>',
  })
  const shown = (parameters: object) => rowOf(ingressClass, make({ parameters })).Parameters
  assert.equal(shown(reference), 'Settings/a')
  assert.equal(shown({ ...reference, apiGroup: 'acme.io' }), 'Settings.acme.io/a')
})
