import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limitRange } from './limit-range.ts'
import { defaulted, problemsOf } from './testing.ts'

const limits = (...items: object[]) => ({ spec: { limits: items } })
const firstOf = (item: object) => defaulted(limitRange, limits(item)).spec.limits[0]

test('what is not said of containers follows from what is', () => {
  assert.deepEqual(
    firstOf({ type: 'Container', max: { cpu: '2' }, min: { cpu: '1', memory: '1Gi' } }),
    {
      type: 'Container',
      max: { cpu: '2' },
      min: { cpu: '1', memory: '1Gi' },
      default: { cpu: '2' },
      defaultRequest: { cpu: '2', memory: '1Gi' },
    },
  )
  const said = { type: 'Container', default: { cpu: '2' }, defaultRequest: { cpu: '1' } }
  assert.deepEqual(firstOf(said), said)
})

test('nothing is made up for other types, nor out of nothing', () => {
  for (const item of [{ type: 'Pod', max: { cpu: '2' } }, { type: 'Container' }])
    assert.deepEqual(firstOf(item), item)
})

const at = 'spec.limits[0]'
const wrongLimits: [string, object[], string[]][] = [
  [
    'an unknown type',
    [{ type: 'House' }],
    [`${at}.type: Invalid value: "House": must be a standard limit type or fully qualified`],
  ],
  [
    'one type twice',
    [{ type: 'Pod' }, { type: 'Pod' }],
    ['spec.limits[1].type: Duplicate value: "Pod"'],
  ],
  [
    'storage of containers',
    [{ type: 'Container', maxLimitRequestRatio: { storage: '2' } }],
    [
      `${at}.maxLimitRequestRatio[storage]: Invalid value: "storage": must be a standard resource for containers`,
    ],
  ],
  [
    'defaults of pods',
    [{ type: 'Pod', default: { cpu: '1' }, defaultRequest: { cpu: '1' } }],
    [
      `${at}.default: Forbidden: may not be specified when \`type\` is 'Pod'`,
      `${at}.defaultRequest: Forbidden: may not be specified when \`type\` is 'Pod'`,
    ],
  ],
  [
    'claims without storage',
    [{ type: 'PersistentVolumeClaim', max: { cpu: '1' } }],
    [
      `${at}.limits: Required value: either minimum or maximum storage value is required, but neither was provided`,
    ],
  ],
  [
    'the least above the most',
    [{ type: 'Pod', min: { cpu: '2' }, max: { cpu: '1' } }],
    [`${at}.min[cpu]: Invalid value: "2": min value 2 is greater than max value 1`],
  ],
  [
    'defaults below the least',
    [
      {
        type: 'Container',
        min: { cpu: '2' },
        default: { cpu: '1' },
        defaultRequest: { cpu: '1' },
      },
    ],
    [
      `${at}.defaultRequest[cpu]: Invalid value: "1": min value 2 is greater than default request value 1`,
      `${at}.default[cpu]: Invalid value: "2": min value 2 is greater than default value 1`,
    ],
  ],
  [
    'defaults above the most',
    [
      {
        type: 'Container',
        max: { cpu: '1' },
        default: { cpu: '2' },
        defaultRequest: { cpu: '3' },
      },
    ],
    [
      `${at}.defaultRequest[cpu]: Invalid value: "3": default request value 3 is greater than max value 1`,
      `${at}.defaultRequest[cpu]: Invalid value: "3": default request value 3 is greater than default limit value 2`,
      `${at}.default[cpu]: Invalid value: "1": default value 2 is greater than max value 1`,
    ],
  ],
  [
    'a ratio below one',
    [{ type: 'Pod', maxLimitRequestRatio: { cpu: '500m' } }],
    [`${at}.maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1`],
  ],
  [
    'a ratio that cannot be',
    [{ type: 'Pod', min: { cpu: '1' }, max: { cpu: '1500m' }, maxLimitRequestRatio: { cpu: '2' } }],
    [
      `${at}.maxLimitRequestRatio[cpu]: Invalid value: "2": ratio 2 is greater than max/min = 1.500000`,
    ],
  ],
  [
    'devices that are promised twice',
    [
      {
        type: 'Container',
        default: { 'example.com/gpu': '2' },
        defaultRequest: { 'example.com/gpu': '1' },
      },
    ],
    [
      `${at}.defaultRequest[example.com/gpu]: Invalid value: "1": default value 2 must equal to defaultRequest value 1 in example.com/gpu`,
    ],
  ],
]
for (const [name, items, expected] of wrongLimits)
  test(`limits are refused: ${name}`, () => {
    assert.deepEqual(problemsOf(limitRange, limits(...items)), expected)
  })

test('limits that are well said are fine', () => {
  const items = [
    { type: 'Pod', max: { cpu: '2', 'example.com/gpu': '1' } },
    { type: 'Container', max: { memory: '2Gi' }, maxLimitRequestRatio: { cpu: '10' } },
    { type: 'PersistentVolumeClaim', min: { storage: '1Gi' } },
    { type: 'example.com/House', max: { storage: '1Gi' } },
  ]
  assert.deepEqual(problemsOf(limitRange, limits(...items)), [])
})
