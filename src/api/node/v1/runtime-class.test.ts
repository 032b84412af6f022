import assert from 'node:assert/strict'
import { test } from 'node:test'
import { created, lines, rowOf } from '../../core/v1/testing.ts'
import { runtimeClass } from './runtime-class.ts'

const make = (fields: object) => created(runtimeClass, { handler: 'runsc', ...fields })
const problems = (fields: object) => lines(runtimeClass.validate(make(fields)))

test('a runtime class is a handler, with costs and places or without', () => {
  assert.deepEqual(problems({}), [])
  const whole = {
    overhead: { podFixed: { cpu: '250m', memory: '64Mi' } },
    scheduling: {
      nodeSelector: { sandbox: 'yes' },
      tolerations: [{ key: 'sandbox', operator: 'Exists' }],
    },
  }
  assert.deepEqual(problems(whole), [])
  assert.equal(runtimeClass.hasGeneration, false)
})

const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const wrong: [object, string[]][] = [
  [{ handler: '' }, ['handler: Required value']],
  [{ handler: 'A' }, [`handler: Invalid value: "A": ${LABEL}`]],
  [{ handler: 'a.b' }, ['handler: Invalid value: "a.b": must not contain dots']],
  [
    { overhead: { podFixed: { cpu: '-1', moon: '1' } } },
    [
      'overhead.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0',
      'overhead.limits[moon]: Invalid value: "moon": must be a standard resource type or fully qualified',
      'overhead.limits[moon]: Invalid value: "moon": must be a standard resource for containers',
    ],
  ],
  [
    { scheduling: { nodeSelector: { 'a/b/c': 'x' }, tolerations: [{ operator: 'Equal' }] } },
    [
      "scheduling.nodeSelector: Invalid value: \"a/b/c\": a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
      'scheduling.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"',
    ],
  ],
  [
    { scheduling: { tolerations: [{ operator: 'Exists' }, { operator: 'Exists' }] } },
    ['scheduling.tolerations[1]: Duplicate value: {"operator":"Exists"}'],
  ],
]
for (const [fields, expected] of wrong)
  test(`refused: ${JSON.stringify(fields)}`, () => assert.deepEqual(problems(fields), expected))

test('the handler never changes, and kubectl get shows it', () => {
  assert.deepEqual(lines(runtimeClass.validateUpdate(make({ handler: 'kata' }), make({}))), [
    'handler: Invalid value: "kata": field is immutable',
  ])
  assert.deepEqual(rowOf(runtimeClass, make({})), {
    Name: 'web',
    Handler: 'runsc',
    Age: '<unknown>',
  })
})
