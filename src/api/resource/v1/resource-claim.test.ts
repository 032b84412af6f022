import assert from 'node:assert/strict'
import { test } from 'node:test'
import { created, lines, rowOf, updated } from '../../core/v1/testing.ts'
import { resourceClaim } from './resource-claim.ts'
import { resourceClaimTemplate } from './resource-claim-template.ts'

const exactly = { deviceClassName: 'gpu' }
const claimOf = (devices: object) => ({ spec: { devices } })
const problemsOf = (devices: object) =>
  lines(resourceClaim.validateCreate(created(resourceClaim, claimOf(devices))))
const requestProblems = (request: object) =>
  problemsOf({ requests: [{ name: 'main', ...request }] })

test('a request is for one device of its class unless it says more', () => {
  const { spec } = created(
    resourceClaim,
    claimOf({
      requests: [
        { name: 'one', exactly },
        { name: 'all', exactly: { ...exactly, allocationMode: 'All' } },
        { name: 'first', firstAvailable: [{ name: 'a', ...exactly }] },
      ],
    }),
  )
  const [one, all, first] = spec.devices.requests
  assert.deepEqual(one?.exactly, { ...exactly, allocationMode: 'ExactCount', count: 1 })
  assert.deepEqual(all?.exactly, { ...exactly, allocationMode: 'All' })
  assert.deepEqual(first?.firstAvailable, [
    { name: 'a', ...exactly, allocationMode: 'ExactCount', count: 1 },
  ])
  assert.equal(first?.exactly, undefined)
})

test('tolerations compare values unless they say otherwise', () => {
  const tolerations = [{ key: 'broken' }, { key: 'old', operator: 'Exists' }]
  const { spec } = created(
    resourceClaim,
    claimOf({ requests: [{ name: 'main', exactly: { ...exactly, tolerations } }] }),
  )
  const operators = spec.devices.requests[0]?.exactly?.tolerations?.map(each => each.operator)
  assert.deepEqual(operators, ['Equal', 'Exists'])
})

const MAIN = 'spec.devices.requests[0]'
const ONE_OF = 'exactly one of `exactly` or `firstAvailable` is required'

test('what a request asks for is well formed', () => {
  assert.deepEqual(requestProblems({ exactly }), [])
  const cases: [object, string][] = [
    [{}, `${MAIN}: Required value: ${ONE_OF}`],
    [
      { exactly, firstAvailable: [{ name: 'a', ...exactly }] },
      `${MAIN}: Invalid value: null: ${ONE_OF}, but multiple fields are set`,
    ],
    [{ exactly: {} }, `${MAIN}.exactly.deviceClassName: Required value`],
    [
      { exactly: { ...exactly, count: -1 } },
      `${MAIN}.exactly.count: Invalid value: -1: must be greater than zero`,
    ],
    [
      { exactly: { ...exactly, allocationMode: 'All', count: 2 } },
      `${MAIN}.exactly.count: Invalid value: 2: must not be specified when allocationMode is 'All'`,
    ],
    [
      { exactly: { ...exactly, allocationMode: 'Some' } },
      `${MAIN}.exactly.allocationMode: Unsupported value: "Some": supported values: "All", "ExactCount"`,
    ],
    [
      { exactly: { ...exactly, selectors: [{}] } },
      `${MAIN}.exactly.selectors[0].cel: Required value`,
    ],
    [
      { exactly: { ...exactly, selectors: [{ cel: { expression: 'a'.repeat(10_241) } }] } },
      `${MAIN}.exactly.selectors[0].cel.expression: Too long: may not be more than 10240 bytes`,
    ],
    [
      { exactly: { ...exactly, selectors: Array(33).fill({ cel: { expression: 'true' } }) } },
      `${MAIN}.exactly.selectors: Too many: 33: must have at most 32 items`,
    ],
    [
      { exactly: { ...exactly, tolerations: [{ operator: 'Exists', value: 'x' }] } },
      `${MAIN}.exactly.tolerations[0].value: Invalid value: "x": must be empty for operator \`Exists\``,
    ],
    [
      { exactly: { ...exactly, tolerations: [{ operator: 'In' }] } },
      `${MAIN}.exactly.tolerations[0].operator: Unsupported value: "In": supported values: "Equal", "Exists"`,
    ],
    [
      { exactly: { ...exactly, tolerations: [{ operator: 'Exists', effect: 'Never' }] } },
      `${MAIN}.exactly.tolerations[0].effect: Unsupported value: "Never": supported values: "NoExecute", "NoSchedule", "None"`,
    ],
    [
      {
        firstAvailable: [
          { name: 'a', ...exactly },
          { name: 'a', ...exactly },
        ],
      },
      `${MAIN}.firstAvailable[1]: Duplicate value: "a"`,
    ],
    [
      { firstAvailable: Array(9).fill({ name: 'a', ...exactly }) },
      `${MAIN}.firstAvailable: Too many: 9: must have at most 8 items`,
    ],
  ]
  for (const [request, expected] of cases) assert.deepEqual(requestProblems(request), [expected])
  assert.match(requestProblems({ name: 'Main', exactly })[0] ?? '', /requests\[0\]\.name: Invalid/)
  assert.match(
    requestProblems({ exactly: { deviceClassName: 'GPU' } })[0] ?? '',
    /deviceClassName: Invalid value: "GPU": a lowercase RFC 1123 subdomain/,
  )
})

test('constraints and settings name requests of the claim', () => {
  const requests = [
    { name: 'main', firstAvailable: [{ name: 'sub', ...exactly }] },
    { name: 'other', exactly },
  ]
  const opaque = { driver: 'gpu.example.com', parameters: { mode: 'fast' } }
  const fine = {
    requests,
    constraints: [{ requests: ['main/sub', 'other'], matchAttribute: 'gpu.example.com/numa' }],
    config: [{ requests: ['main'], opaque }],
  }
  assert.deepEqual(problemsOf(fine), [])
  const unknown =
    "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"
  const cases: [object, string][] = [
    [
      { constraints: [{ requests: ['gone'], matchAttribute: 'a.b/c' }] },
      `spec.devices.constraints[0].requests[0]: Invalid value: "gone": ${unknown}`,
    ],
    [
      { constraints: [{ requests: ['main/sub/x'], matchAttribute: 'a.b/c' }] },
      `spec.devices.constraints[0].requests[0]: Invalid value: "main/sub/x": ${unknown}`,
    ],
    [
      { constraints: [{ requests: ['other', 'other'], matchAttribute: 'a.b/c' }] },
      'spec.devices.constraints[0].requests[1]: Duplicate value: "other"',
    ],
    [
      { constraints: [{}] },
      'spec.devices.constraints[0]: Required value: exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set',
    ],
    [
      { constraints: [{ distinctAttribute: 'numa' }] },
      'spec.devices.constraints[0].distinctAttribute: Invalid value: "numa": a fully qualified name must be a domain and a name separated by a slash',
    ],
    [{ config: [{}] }, 'spec.devices.config[0].opaque: Required value'],
    [
      { config: [{ opaque: { driver: '', parameters: {} } }] },
      'spec.devices.config[0].opaque.driver: Required value',
    ],
    [
      { config: [{ opaque: { driver: 'a'.repeat(64), parameters: {} } }] },
      'spec.devices.config[0].opaque.driver: Too long: may not be more than 63 bytes',
    ],
    [
      { config: [{ opaque: { ...opaque, parameters: [1] } }] },
      'spec.devices.config[0].opaque.parameters: Invalid value: "<value omitted>": must be a valid JSON object',
    ],
    [
      { config: [{ opaque: { ...opaque, parameters: { a: 'b'.repeat(10_240) } } }] },
      'spec.devices.config[0].opaque.parameters: Too long: may not be more than 10240 bytes',
    ],
  ]
  for (const [change, expected] of cases)
    assert.deepEqual(problemsOf({ requests, ...change }), [expected])
  assert.deepEqual(problemsOf({ requests: Array(33).fill({ name: 'a', exactly }) }), [
    'spec.devices.requests: Too many: 33: must have at most 32 items',
  ])
})

test('names of attributes have a domain, and an identifier after it', () => {
  const of = (matchAttribute: string) =>
    problemsOf({ requests: [{ name: 'main', exactly }], constraints: [{ matchAttribute }] })
  const at = 'spec.devices.constraints[0].matchAttribute'
  // None of a device is called so, but that is not said.
  assert.deepEqual(of('a.b/c/d'), [])
  assert.deepEqual(of('/c'), [`${at}: Invalid value: "": the domain must not be empty`])
  assert.deepEqual(of('a.b/'), [`${at}: Invalid value: "": the name must not be empty`])
  assert.match(of('a.b/c-d')[0] ?? '', /Invalid value: "c-d": a valid C identifier/)
  assert.deepEqual(of(`a.b/${'c'.repeat(33)}`), [`${at}: Too long: may not be more than 32 bytes`])
})

test('neither the spec of a claim nor that of a template changes', () => {
  const body = claimOf({ requests: [{ name: 'main', exactly }] })
  const claim = created(resourceClaim, body)
  assert.deepEqual(
    lines(resourceClaim.validateUpdate(updated(resourceClaim, claim, body), claim)),
    [],
  )
  const next = updated(resourceClaim, claim, claimOf({ requests: [] }))
  assert.match(
    lines(resourceClaim.validateUpdate(next, claim))[0] ?? '',
    /^spec: Invalid value: .*: field is immutable$/,
  )
  const template = created(resourceClaimTemplate, { spec: body })
  const changed = updated(resourceClaimTemplate, template, {
    spec: { ...body, metadata: { labels: { a: 'b' } } },
  })
  assert.match(
    lines(resourceClaimTemplate.validateUpdate(changed, template))[0] ?? '',
    /^spec: .*: field is immutable$/,
  )
  const spoiled = updated(resourceClaimTemplate, template, {
    spec: { ...body, metadata: { labels: { 'a b': 'c' } } },
  })
  const [wrong = '', kept = ''] = lines(resourceClaimTemplate.validateUpdate(spoiled, template))
  assert.match(wrong, /^spec\.metadata\.labels: Invalid value: "a b": name part /)
  assert.match(kept, /^spec: .*: field is immutable$/)
})

test('a template is as good as the claims that are made of it', () => {
  const template = (spec: object) =>
    lines(resourceClaimTemplate.validateCreate(created(resourceClaimTemplate, { spec })))
  const spec = { devices: { requests: [{ name: 'main', exactly: {} }] } }
  assert.deepEqual(template({ spec }), [
    'spec.spec.devices.requests[0].exactly.deviceClassName: Required value',
  ])
  assert.match(
    template({ metadata: { labels: { 'a b': '' } }, spec: { devices: { requests: [] } } })[0] ?? '',
    /^spec\.metadata\.labels: Invalid value: "a b"/,
  )
  assert.deepEqual(
    template({ metadata: { name: 'a', uid: 'u' }, spec: { devices: { requests: [] } } }).slice(
      0,
      2,
    ),
    ['spec.metadata.name: Forbidden: cannot be set', 'spec.metadata.uID: Forbidden: cannot be set'],
  )
  const { spec: made } = created(resourceClaimTemplate, {
    spec: { spec: { devices: { requests: [{ name: 'main', exactly }] } } },
  })
  assert.equal(made.spec.devices.requests[0]?.exactly?.count, 1)
})

test('the state of a claim is shown', () => {
  const claim = created(resourceClaim, claimOf({ requests: [] }))
  const allocation = { devices: {} }
  const consumer = { resource: 'pods', name: 'web', uid: 'u' }
  const deletionTimestamp = '2026-01-01T00:00:00Z'
  const shown = (change: object, metadata: object = {}) =>
    rowOf(resourceClaim, {
      ...claim,
      metadata: { ...claim.metadata, ...metadata },
      status: { ...change },
    }).State
  assert.equal(shown({}), 'pending')
  assert.equal(shown({ allocation }), 'allocated')
  assert.equal(shown({ allocation, reservedFor: [consumer] }), 'allocated,reserved')
  assert.equal(shown({}, { deletionTimestamp }), 'deleted')
  assert.equal(shown({ allocation }, { deletionTimestamp }), 'deleted,allocated')
})
