import assert from 'node:assert/strict'
import { test } from 'node:test'
import { created, lines, updated } from '../../core/v1/testing.ts'
import type { ResourceClaim } from './resource-claim.schema.ts'
import { resourceClaim } from './resource-claim.ts'

const body = {
  spec: { devices: { requests: [{ name: 'main', exactly: { deviceClassName: 'x' } }] } },
}
const claim = created(resourceClaim, body)
const device = { driver: 'gpu.example.com', pool: 'node-1', device: 'gpu-0' }
const result = { request: 'main', ...device }
const allocation = { devices: { results: [result] } }
const consumer = { resource: 'pods', name: 'web', uid: '1' }
const conditions: never[] = []

const withStatus = (status: object): ResourceClaim => ({ ...claim, status })
const problemsOf = (status: object, previous: object = {}) =>
  lines(resourceClaim.validateStatusUpdate(withStatus(status), withStatus(previous)))

test('a client brings no status, and an update keeps the one that is there', () => {
  assert.deepEqual(created(resourceClaim, { ...body, status: { allocation } }).status, {})
  const stored = withStatus({ allocation })
  assert.deepEqual(updated(resourceClaim, stored, body).status, { allocation })
})

test('what a claim is given fits the claim', () => {
  assert.deepEqual(problemsOf({ allocation }), [])
  const at = 'status.allocation.devices'
  const cases: [object, string][] = [
    [
      { results: [{ ...result, request: 'other' }] },
      `${at}.results[0].request: Invalid value: "other": must be the name of a request in the claim or the name of a request and a subrequest separated by '/'`,
    ],
    [{ results: [{ ...result, pool: '' }] }, `${at}.results[0].pool: Required value`],
    [
      { results: [{ ...result, shareID: 'x' }] },
      `${at}.results[0].shareID: Invalid value: "x": error validating uid: invalid UUID length: 1`,
    ],
    [
      { results: [{ ...result, shareID: 'A10A1F6F-45A7-4F0E-9C2B-0F7A8C1D2E3F' }] },
      `${at}.results[0].shareID: Invalid value: "A10A1F6F-45A7-4F0E-9C2B-0F7A8C1D2E3F": uid must be in RFC 4122 normalized form, \`xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx\` with lowercase hexadecimal characters`,
    ],
    [
      { results: Array(33).fill(result) },
      `${at}.results: Too many: 33: must have at most 32 items`,
    ],
    [
      { config: [{ source: 'FromAir', opaque: { driver: 'a', parameters: {} } }] },
      `${at}.config[0].source: Unsupported value: "FromAir": supported values: "FromClaim", "FromClass"`,
    ],
    [
      { results: [{ ...result, bindingConditions: ['Ready'] }] },
      `${at}.results[0].bindingFailureConditions: Invalid value: null: bindingFailureConditions are required to use bindingConditions`,
    ],
  ]
  for (const [devices, expected] of cases)
    assert.deepEqual(problemsOf({ allocation: { devices } }), [expected])
  assert.deepEqual(
    problemsOf({ allocation: { ...allocation, nodeSelector: { nodeSelectorTerms: [] } } }),
    [
      'status.allocation.nodeSelector.nodeSelectorTerms: Required value: must have at least one node selector term',
    ],
  )
})

test('what was given never changes but to be taken away', () => {
  const other = { devices: { results: [{ ...result, device: 'gpu-1' }] } }
  assert.match(
    problemsOf({ allocation: other }, { allocation })[0] ?? '',
    /^status\.allocation: Invalid value: .*: field is immutable$/,
  )
  assert.deepEqual(problemsOf({}, { allocation }), [])
  // What is there is not judged again.
  const old = { devices: { results: [{ ...result, request: 'gone' }] } }
  assert.deepEqual(problemsOf({ allocation: old }, { allocation: old }), [])
})

test('only what is allocated is reserved, each user once', () => {
  assert.deepEqual(problemsOf({ allocation, reservedFor: [consumer] }), [])
  assert.deepEqual(problemsOf({ reservedFor: [consumer] }), [
    'status.reservedFor: Forbidden: may not be specified when `allocated` is not set',
  ])
  assert.deepEqual(problemsOf({ allocation, reservedFor: [consumer, consumer] }), [
    'status.reservedFor[1]: Duplicate value: "1"',
  ])
  assert.deepEqual(problemsOf({ allocation, reservedFor: [{ resource: '', name: '', uid: '' }] }), [
    'status.reservedFor[0].resource: Required value',
    'status.reservedFor[0].name: Required value',
    'status.reservedFor[0].uid: Required value',
  ])
  const many = Array.from({ length: 257 }, (_, uid) => ({ ...consumer, uid: `${uid}` }))
  assert.deepEqual(problemsOf({ allocation, reservedFor: many }), [
    'status.reservedFor: Too many: 257: must have at most 256 items',
  ])
})

test('nobody joins a claim that is on its way out', () => {
  const ending = (reservedFor: object[]) => ({
    ...withStatus({ allocation, reservedFor }),
    metadata: { ...claim.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
  })
  const check = (next: object[], previous: object[]) =>
    lines(resourceClaim.validateStatusUpdate(ending(next), ending(previous)))
  assert.deepEqual(check([consumer], [consumer]), [])
  assert.deepEqual(check([consumer], []), [
    'status.reservedFor: Forbidden: new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set',
  ])
})

test('drivers report on devices of the claim', () => {
  const report = (change: object = {}) =>
    problemsOf({ allocation, devices: [{ ...device, conditions, ...change }] })
  assert.deepEqual(report({ networkData: { ips: ['10.0.0.1/24'] } }), [])
  const cases: [object, string][] = [
    [
      { device: 'gpu-1' },
      'status.devices[0]: Invalid value: "gpu.example.com/node-1/gpu-1": must be an allocated device in the claim',
    ],
    [
      { data: 'text' },
      'status.devices[0].data: Invalid value: "<value omitted>": must be a valid JSON object',
    ],
    [
      { networkData: { interfaceName: 'e'.repeat(257) } },
      'status.devices[0].networkData.interfaceName: Too long: may not be more than 256 bytes',
    ],
    [
      { networkData: { hardwareAddress: 'e'.repeat(129) } },
      'status.devices[0].networkData.hardwareAddress: Too long: may not be more than 128 bytes',
    ],
    [
      { networkData: { ips: ['10.0.0.1'] } },
      'status.devices[0].networkData.ips[0]: Invalid value: "10.0.0.1": must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)',
    ],
    [
      { conditions: [{ type: 'Ready', status: 'True', reason: 'A', message: '' }] },
      'status.devices[0].conditions[0].lastTransitionTime: Required value',
    ],
  ]
  for (const [change, expected] of cases) assert.deepEqual(report(change), [expected])
  const twice = [device, device].map(each => ({ ...each, conditions }))
  assert.deepEqual(problemsOf({ allocation, devices: twice }), [
    'status.devices[1]: Duplicate value: "gpu.example.com/node-1/gpu-0"',
  ])
})

test('reports go with the devices that are given back, and only those', () => {
  const devices = [{ ...device, conditions }]
  const previous = withStatus({ allocation, devices })
  const after = (status: object) => {
    const draft = structuredClone(withStatus(status))
    resourceClaim.prepareForStatusUpdate(draft, previous)
    return draft.status
  }
  assert.deepEqual(after({ devices }), {})
  assert.deepEqual(after({ allocation, devices }), { allocation, devices })
  const stray = [{ ...device, device: 'gpu-1', conditions }]
  assert.deepEqual(after({ devices: stray }), { devices: stray })
})
