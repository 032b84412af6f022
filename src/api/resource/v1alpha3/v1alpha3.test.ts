import assert from 'node:assert/strict'
import { test } from 'node:test'
import { created, lines, updated } from '../../core/v1/testing.ts'
import { deviceTaintRule as betaRule } from '../v1beta2/device-taint-rule.ts'
import { type DeviceTaintRule, deviceTaintRule } from './device-taint-rule.ts'
import { resourcePoolStatusRequest } from './resource-pool-status-request.ts'

const taint = { key: 'broken', effect: 'NoExecute' }
const ruleProblems = (spec: object) =>
  lines(deviceTaintRule.validateCreate(created(deviceTaintRule, { spec: { taint, ...spec } })))

test('a rule selects devices and has a whole taint', () => {
  const deviceSelector = { driver: 'gpu.example.com', pool: 'a/b', device: 'gpu-0' }
  assert.deepEqual(ruleProblems({ deviceSelector }), [])
  assert.deepEqual(ruleProblems({ deviceSelector: {} }), [])
  assert.deepEqual(ruleProblems({ deviceSelector: { driver: '', pool: '' } }), [
    'spec.deviceSelector.driver: Required value',
    'spec.deviceSelector.pool: Required value',
  ])
  assert.deepEqual(ruleProblems({ taint: { key: 'broken' } }), [
    'spec.taint.effect: Required value',
  ])
  assert.match(
    ruleProblems({ taint: { ...taint, key: '' } })[0] ?? '',
    /^spec\.taint\.key: Invalid value: "": name part must be non-empty/,
  )
  assert.match(
    ruleProblems({ taint: { ...taint, value: '-' } })[0] ?? '',
    /^spec\.taint\.value: Invalid value: "-": a valid label/,
  )
})

test('an effect of a newer version stays, but is not chosen anew', () => {
  const body = { spec: { taint: { ...taint, effect: 'Newer' } } }
  const previous = created(deviceTaintRule, body)
  const next = updated(deviceTaintRule, previous, body)
  assert.deepEqual(lines(deviceTaintRule.validateUpdate(next, previous)), [])
  assert.deepEqual(lines(deviceTaintRule.validateCreate(previous)), [
    'spec.taint.effect: Unsupported value: "Newer": supported values: "NoExecute", "NoSchedule", "None"',
  ])
})

test('what a rule has brought about is told by few conditions', () => {
  const rule = created(deviceTaintRule, { spec: { taint }, status: { conditions: [] } })
  assert.deepEqual(rule.status, {})
  const condition = (type: string) => ({
    type,
    status: 'True' as const,
    lastTransitionTime: '2026-01-01T00:00:00Z',
    reason: 'A',
    message: '',
  })
  const told = (count: number): DeviceTaintRule => ({
    ...rule,
    status: { conditions: Array.from({ length: count }, (_, index) => condition(`C${index}`)) },
  })
  const problems = (count: number) => lines(deviceTaintRule.validateStatusUpdate(told(count), rule))
  assert.deepEqual(problems(8), [])
  assert.deepEqual(problems(9), ['status.conditions: Too many: 9: must have at most 8 items'])
  assert.deepEqual(updated(deviceTaintRule, told(1), { spec: { taint } }).status, told(1).status)
})

test('rules are stored in the version that the release before can read', () => {
  const rule = created(betaRule, { spec: { taint } })
  assert.equal(betaRule.storedAs?.kind, deviceTaintRule)
  assert.equal(betaRule.storedAs?.toStored(rule).apiVersion, 'resource.k8s.io/v1alpha3')
  assert.match(
    deviceTaintRule.deprecation ?? '',
    /v1alpha3 DeviceTaintRule is deprecated in v1\.36\+/,
  )
  assert.equal(betaRule.deprecation, undefined, 'the other version is not on its way out')
})

const requestProblems = (spec: object) =>
  lines(
    resourcePoolStatusRequest.validateCreate(
      created(resourcePoolStatusRequest, { spec: { driver: 'gpu.example.com', ...spec } }),
    ),
  )

test('a request asks for up to 100 pools of a driver', () => {
  const request = created(resourcePoolStatusRequest, { spec: { driver: 'a' }, status: {} })
  assert.equal(request.spec.limit, 100)
  assert.equal(request.status, undefined)
  assert.deepEqual(requestProblems({ limit: 1000, poolName: 'a/b' }), [])
  assert.deepEqual(requestProblems({ driver: '' }), ['spec.driver: Required value'])
  assert.deepEqual(requestProblems({ driver: `Example.com${'.a'.repeat(30)}` }), [])
  assert.match(
    requestProblems({ driver: 'a..b' })[0] ?? '',
    /^spec\.driver: Invalid value: "a\.\.b": an RFC 1123 subdomain must consist of alphanumeric characters, .*'Example\.com'/,
  )
  assert.deepEqual(requestProblems({ driver: 'a'.repeat(254) }), [
    `spec.driver: Invalid value: "${'a'.repeat(254)}": must be no more than 253 bytes`,
  ])
  assert.deepEqual(requestProblems({ poolName: '' }), [
    'spec.poolName: Invalid value: "": segment 0: must not be empty',
  ])
  assert.match(
    requestProblems({ poolName: 'a/B' })[0] ?? '',
    /^spec\.poolName: Invalid value: "B": segment 1: a lowercase RFC 1123 subdomain /,
  )
  const long = 'a'.repeat(254)
  assert.deepEqual(requestProblems({ poolName: long }), [
    'spec.poolName: Too long: may not be more than 253 bytes',
    `spec.poolName: Invalid value: "${long}": segment 0: must be no more than 253 bytes`,
  ])
  assert.deepEqual(requestProblems({ limit: 0 }), [
    'spec.limit: Invalid value: 0: must be greater than or equal to 1',
  ])
  assert.deepEqual(requestProblems({ limit: 1001 }), [
    'spec.limit: Invalid value: 1001: must be less than or equal to 1000',
  ])
  const other = updated(resourcePoolStatusRequest, request, { spec: { driver: 'b' } })
  assert.match(
    lines(resourcePoolStatusRequest.validateUpdate(other, request))[0] ?? '',
    /^spec: Invalid value: null: field is immutable$/,
  )
})

test('the answer is given once, and makes sense', () => {
  const request = created(resourcePoolStatusRequest, { spec: { driver: 'a' } })
  const pool = { driver: 'a', poolName: 'b', generation: 0 }
  const problems = (status: object, previous?: object) =>
    lines(
      resourcePoolStatusRequest.validateStatusUpdate(
        { ...request, status: { poolCount: 1, ...status } },
        previous ? { ...request, status: { poolCount: 1, ...previous } } : request,
      ),
    )
  assert.deepEqual(problems({ pools: [pool] }), [])
  assert.deepEqual(problems({ pools: [pool] }, { pools: [pool] }), [])
  assert.match(
    problems({ poolCount: 2 }, {}).join(),
    /^status: Invalid value: .*: field is immutable$/,
  )
  const condition = { type: 'A', status: 'Maybe' }
  assert.deepEqual(problems({ conditions: [condition] }, {}).length, 1)
  assert.match(
    problems({ conditions: [condition, condition] }, {})[1] ?? '',
    /^status\.conditions\[1\]: Duplicate value: \{"type":"A"/,
  )
  const cases: [object, string][] = [
    [{ poolCount: undefined }, 'poolCount: Required value'],
    [{ poolCount: -1 }, 'poolCount: Invalid value: -1: must be greater than or equal to 0'],
    [{ pools: [{ ...pool, poolName: '' }] }, 'pools[0].poolName: Required value'],
    [
      { pools: [{ ...pool, resourceSliceCount: 0 }] },
      'pools[0].resourceSliceCount: Invalid value: 0: must be greater than or equal to 1',
    ],
    [
      { pools: [{ ...pool, availableDevices: -1 }] },
      'pools[0].availableDevices: Invalid value: -1: must be greater than or equal to 0',
    ],
    [
      { pools: [{ ...pool, validationError: 'x'.repeat(257) }] },
      'pools[0].validationError: Too long: may not be more than 256 bytes',
    ],
    [{ pools: Array(1001).fill(pool) }, 'pools: Too many: 1001: must have at most 1000 items'],
  ]
  for (const [status, expected] of cases) assert.deepEqual(problems(status), [`status.${expected}`])
  const told = { ...request, status: { poolCount: 1 } }
  const body = { spec: { driver: 'a' } }
  assert.deepEqual(updated(resourcePoolStatusRequest, told, body).status, { poolCount: 1 })
})
