import assert from 'node:assert/strict'
import { test } from 'node:test'
import { created, lines, rowOf, updated } from '../../core/v1/testing.ts'
import { podDisruptionBudget } from './pod-disruption-budget.ts'

const selector = { matchLabels: { app: 'web' } }
const make = (spec: object) => created(podDisruptionBudget, { spec: { selector, ...spec } })
const problems = (spec: object) => lines(podDisruptionBudget.validate(make(spec)))

test('a budget begins without counts, and only the status subresource changes them', () => {
  const body = { spec: { selector, minAvailable: 1 }, status: { disruptionsAllowed: 5 } }
  const none = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 }
  const previous = created(podDisruptionBudget, body)
  assert.deepEqual(previous.status, none)
  assert.deepEqual(updated(podDisruptionBudget, previous, body).status, none)
  assert.equal(podDisruptionBudget.hasGeneration, true)
})

const right: object[] = [
  {},
  { minAvailable: 0 },
  { minAvailable: '100%' },
  { maxUnavailable: '0%' },
  { maxUnavailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow' },
  { selector: {} },
]
for (const spec of right)
  test(`accepted: ${JSON.stringify(spec)}`, () => assert.deepEqual(problems(spec), []))

const wrong: [object, string[]][] = [
  [
    { minAvailable: 1, maxUnavailable: 1 },
    [
      'spec: Invalid value: {"MinAvailable":1,"Selector":{"matchLabels":{"app":"web"}},"MaxUnavailable":1,"UnhealthyPodEvictionPolicy":null}: minAvailable and maxUnavailable cannot be both set',
    ],
  ],
  [
    { minAvailable: -1 },
    ['spec.minAvailable: Invalid value: -1: must be greater than or equal to 0'],
  ],
  [
    { maxUnavailable: '101%' },
    ['spec.maxUnavailable: Invalid value: "101%": must not be greater than 100%'],
  ],
  [
    { maxUnavailable: 'some' },
    [
      "spec.maxUnavailable: Invalid value: \"some\": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
    ],
  ],
  [
    { selector: { matchExpressions: [{ key: 'app', operator: 'In' }] } },
    [
      "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
    ],
  ],
  [
    { unhealthyPodEvictionPolicy: 'Never' },
    [
      'spec.unhealthyPodEvictionPolicy: Unsupported value: "Never": supported values: "AlwaysAllow", "IfHealthyBudget"',
    ],
  ],
]
for (const [spec, expected] of wrong)
  test(`refused: ${JSON.stringify(spec)}`, () => assert.deepEqual(problems(spec), expected))

test('counts of a status are not negative, and conditions are whole', () => {
  const object = make({})
  const counts = {
    disruptionsAllowed: -1,
    currentHealthy: -1,
    desiredHealthy: -1,
    expectedPods: -1,
  }
  const condition = {
    type: 'DisruptionAllowed',
    status: 'Perhaps',
    reason: 'Enough',
    message: '',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  }
  const status = { ...counts, conditions: [condition] }
  assert.deepEqual(lines(podDisruptionBudget.validateStatusUpdate({ ...object, status }, object)), [
    'status.conditions[0].status: Unsupported value: "Perhaps": supported values: "False", "True", "Unknown"',
    ...Object.keys(counts).map(
      field => `status.${field}: Invalid value: -1: must be greater than or equal to 0`,
    ),
  ])
})

test('kubectl get shows what must stay and what may go', () => {
  assert.deepEqual(rowOf(podDisruptionBudget, make({ minAvailable: '50%' })), {
    Name: 'web',
    'Min Available': '50%',
    'Max Unavailable': 'N/A',
    'Allowed Disruptions': 0,
    Age: '<unknown>',
  })
})
