import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resourceQuota } from './resource-quota.ts'
import {
  changeProblemsOf,
  created,
  defaulted,
  lines,
  problemsOf,
  rowOf,
  updated,
} from './testing.ts'

const spec = { hard: { pods: '4', 'requests.cpu': '2', 'limits.cpu': '4', 'example.com/gpu': '1' } }

test('what is used is for its controller to say', () => {
  const object = created(resourceQuota, { spec, status: { used: { pods: '1' } } })
  assert.deepEqual(object.status, {})
  assert.deepEqual(problemsOf(resourceQuota, { spec }), [])
  const counted = defaulted(resourceQuota, { spec, status: { used: { pods: '1' } } })
  assert.deepEqual(updated(resourceQuota, counted, { spec }).status, { used: { pods: '1' } })
})

const exists = (...scopes: string[]) => ({
  matchExpressions: scopes.map(scopeName => ({ scopeName, operator: 'Exists' })),
})
const at = 'spec.scopeSelector.matchExpressions'
const wrongQuotas: [string, object, string[]][] = [
  [
    'a name of nothing',
    { hard: { money: '1' } },
    [
      'spec.hard[money]: Invalid value: "money": must be a standard resource type or fully qualified',
      'spec.hard[money]: Invalid value: "money": must be a standard resource for quota',
    ],
  ],
  [
    'storage without requests',
    { hard: { storage: '1' } },
    ['spec.hard[storage]: Invalid value: "storage": must be a standard resource for quota'],
  ],
  [
    'half and negative pods',
    { hard: { pods: '500m', services: '-1' } },
    [
      'spec.hard[pods]: Invalid value: "500m": must be an integer',
      'spec.hard[services]: Invalid value: "-1": must be greater than or equal to 0',
    ],
  ],
  [
    'an unknown scope',
    { scopes: ['Sometimes'] },
    ['spec.scopes: Invalid value: ["Sometimes"]: unsupported scope'],
  ],
  [
    'best effort by cpu',
    { hard: { cpu: '1', pods: '1' }, scopes: ['BestEffort'] },
    ['spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource'],
  ],
  [
    'scopes that exclude each other',
    { scopes: ['Terminating', 'NotTerminating'] },
    ['spec.scopes: Invalid value: ["Terminating","NotTerminating"]: conflicting scopes'],
  ],
  [
    'an unknown scope to select by',
    { scopeSelector: exists('Sometimes') },
    [`${at}.scopeName: Invalid value: "Sometimes": unsupported scope`],
  ],
  [
    'a class of volumes for pods',
    { hard: { pods: '1' }, scopeSelector: exists('VolumeAttributesClass') },
    [
      `${at}: Invalid value: {"matchExpressions":[{"scopeName":"VolumeAttributesClass","operator":"Exists"}]}: unsupported scope applied to resource`,
    ],
  ],
  [
    'values of a scope that has none',
    {
      scopeSelector: {
        matchExpressions: [{ scopeName: 'BestEffort', operator: 'In', values: ['a'] }],
      },
    },
    [
      `${at}.operator: Invalid value: "In": must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity`,
    ],
  ],
  [
    'operators without what they need',
    {
      scopeSelector: {
        matchExpressions: [
          { scopeName: 'PriorityClass', operator: 'In' },
          { scopeName: 'PriorityClass', operator: 'Exists', values: ['a'] },
          { scopeName: 'PriorityClass', operator: 'Near' },
        ],
      },
    },
    [
      `${at}.values: Required value: must be at least one value when \`operator\` is 'In' or 'NotIn' for scope selector`,
      `${at}.values: Invalid value: ["a"]: must be no value when \`operator\` is 'Exist' or 'DoesNotExist' for scope selector`,
      `${at}.operator: Invalid value: "Near": not a valid selector operator`,
    ],
  ],
  [
    'selected scopes that exclude each other',
    { scopeSelector: exists('BestEffort', 'NotBestEffort') },
    [`${at}: Invalid value: null: conflicting scopes`],
  ],
]
for (const [name, wrong, expected] of wrongQuotas)
  test(`a quota is refused: ${name}`, () => {
    assert.deepEqual(problemsOf(resourceQuota, { spec: wrong }), expected)
  })

test('scopes do not change, in whatever order they are', () => {
  const before = { spec: { scopes: ['BestEffort', 'Terminating'] } }
  const swapped = { spec: { scopes: ['Terminating', 'BestEffort'] } }
  assert.deepEqual(changeProblemsOf(resourceQuota, before, swapped), [])
  assert.deepEqual(changeProblemsOf(resourceQuota, before, { spec: { scopes: ['BestEffort'] } }), [
    'spec.scopes: Invalid value: ["BestEffort"]: field is immutable',
  ])
})

test('a status counts what a quota can limit', () => {
  const object = defaulted(resourceQuota, {
    spec,
    status: { hard: { money: '1' }, used: { pods: '-1' } },
  })
  assert.deepEqual(lines(resourceQuota.validateStatusUpdate(object, object)), [
    'status.hard[money]: Invalid value: "money": must be a standard resource type or fully qualified',
    'status.hard[money]: Invalid value: "money": must be a standard resource for quota',
    'status.used[pods]: Invalid value: "-1": must be greater than or equal to 0',
  ])
})

test('kubectl get shows what is used of what', () => {
  const status = { hard: spec.hard, used: { pods: '1', 'limits.cpu': '500m' } }
  const row = rowOf(resourceQuota, defaulted(resourceQuota, { spec, status }))
  assert.deepEqual(row, {
    Name: 'web',
    Request: 'example.com/gpu: 0/1, pods: 1/4, requests.cpu: 0/2',
    Limit: 'limits.cpu: 500m/4',
    Age: '<unknown>',
  })
})
