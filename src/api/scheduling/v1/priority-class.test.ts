import assert from 'node:assert/strict'
import { test } from 'node:test'
import { created, lines, rowOf } from '../../core/v1/testing.ts'
import { priorityClass } from './priority-class.ts'
import { systemClasses } from './system-classes.ts'

const make = (fields: object, name = 'high') =>
  created(priorityClass, { metadata: { name }, value: 1000, ...fields })
const problems = (fields: object, name?: string) =>
  lines(priorityClass.validateCreate(make(fields, name)))

test('a class pushes out less important pods unless it says otherwise', () => {
  assert.equal(make({}).preemptionPolicy, 'PreemptLowerPriority')
  assert.equal(make({ preemptionPolicy: 'Never' }).preemptionPolicy, 'Never')
  assert.equal(make({}).metadata.generation, 1)
  assert.equal(priorityClass.hasGeneration, false)
  assert.deepEqual(problems({ globalDefault: true, value: -5 }), [])
})

test('the two classes of the system are right', () => {
  assert.deepEqual(
    systemClasses.map(each => [each.metadata.name, each.value]),
    [
      ['system-node-critical', 2_000_001_000],
      ['system-cluster-critical', 2_000_000_000],
    ],
  )
  for (const each of systemClasses)
    assert.deepEqual(problems({ ...each, metadata: { name: each.metadata.name } }), [])
})

const RESERVED =
  "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: "
const wrong: [string, object, string[]][] = [
  ['system-mine', {}, [`${RESERVED}system-mine is not a known system priority class`]],
  [
    'system-node-critical',
    {},
    [`${RESERVED}value of system-node-critical PriorityClass must be 2000001000`],
  ],
  [
    'system-cluster-critical',
    { value: 2_000_000_000, globalDefault: true },
    [`${RESERVED}globalDefault of system-cluster-critical PriorityClass must be false`],
  ],
  [
    'high',
    { value: 1_000_000_001 },
    ['value: Forbidden: maximum allowed value of a user defined priority is 1000000000'],
  ],
  ['high', { preemptionPolicy: '' }, ['preemptionPolicy: Required value']],
  [
    'high',
    { preemptionPolicy: 'Always' },
    [
      'preemptionPolicy: Unsupported value: "Always": supported values: "PreemptLowerPriority", "Never"',
    ],
  ],
]
for (const [name, fields, expected] of wrong)
  test(`refused: ${name} ${JSON.stringify(fields)}`, () =>
    assert.deepEqual(problems(fields, name), expected))

test('value and policy never change, all else does', () => {
  const update = (fields: object) => lines(priorityClass.validateUpdate(make(fields), make({})))
  assert.deepEqual(update({ description: 'new', globalDefault: true }), [])
  assert.deepEqual(update({ value: 2, preemptionPolicy: 'Never' }), [
    'value: Forbidden: may not be changed in an update.',
    'preemptionPolicy: Invalid value: "Never": field is immutable',
  ])
})

test('kubectl get shows how important it is', () => {
  assert.deepEqual(rowOf(priorityClass, make({})), {
    Name: 'high',
    Value: 1000,
    'Global-Default': false,
    Age: '<unknown>',
    PreemptionPolicy: 'PreemptLowerPriority',
  })
})
