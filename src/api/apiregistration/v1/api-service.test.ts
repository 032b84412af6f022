import assert from 'node:assert/strict'
import { test } from 'node:test'
import { created, defaulted, lines, problemsOf, rowOf, updated } from '../../core/v1/testing.ts'
import { wrongNames } from '../../machinery/validate-metadata.ts'
import { apiService } from './api-service.ts'

const ranks = { groupPriorityMinimum: 100, versionPriority: 10 }
const local = { metadata: { name: 'v1.x.io' }, spec: { group: 'x.io', version: 'v1', ...ranks } }
const service = { namespace: 'a', name: 'b' }
const remote = { ...local, spec: { ...local.spec, service } }
const problems = (more: object, name = 'v1.x.io') =>
  problemsOf(apiService, { metadata: { name }, spec: { ...local.spec, ...more } })

test('what is served here is available from the start; others must first be seen', () => {
  const [condition] = created(apiService, local).status.conditions ?? []
  assert.deepEqual(condition, {
    type: 'Available',
    status: 'True',
    reason: 'Local',
    message: 'Local APIServices are always available',
  })
  const object = created(apiService, remote)
  assert.deepEqual(object.status, {})
  assert.equal(object.spec.service?.port, 443)
  assert.deepEqual(problems({}), [])
  assert.deepEqual(problems({ service }), [])
})

test('an update has no prefix of a name either', () => {
  const object = created(apiService, { ...remote, metadata: { ...remote.metadata } })
  object.metadata.generateName = 'web-'
  assert.match(
    lines(wrongNames(apiService, object))[0] ?? '',
    /^metadata\.generateName: Invalid value: "web-": must be `spec\.version/,
  )
})

const wrong: readonly [object, string, string[]][] = [
  [
    {},
    'other',
    ['metadata.name: Invalid value: "other": must be `spec.version+"."+spec.group`: "v1.x.io"'],
  ],
  [
    { group: '', version: 'v2' },
    'v2.',
    ['spec.group: Required value: only v1 may have an empty group and it better be legacy kube'],
  ],
  [{ group: '' }, 'v1.', []],
  [
    { groupPriorityMinimum: 20_001, versionPriority: 0 },
    'v1.x.io',
    [
      'spec.groupPriorityMinimum: Invalid value: 20001: must be positive and less than 20000',
      'spec.versionPriority: Invalid value: 0: must be positive and less than 1000',
    ],
  ],
  [
    { caBundle: 'YWJj', insecureSkipTLSVerify: true },
    'v1.x.io',
    [
      'spec.caBundle: Invalid value: "3 bytes": local APIServices may not have a caBundle',
      'spec.insecureSkipTLSVerify: Invalid value: true: local APIServices may not have insecureSkipTLSVerify',
    ],
  ],
  [
    { service: { port: 99999 }, caBundle: 'YWJj', insecureSkipTLSVerify: true },
    'v1.x.io',
    [
      'spec.service.namespace: Required value',
      'spec.service.name: Required value',
      'spec.service.port: Invalid value: 99999: port is not valid: must be between 1 and 65535, inclusive',
      'spec.insecureSkipTLSVerify: Invalid value: true: may not be true if caBundle is present',
    ],
  ],
]
for (const [more, name, expected] of wrong)
  test(`${name} ${JSON.stringify(more)}`, () => assert.deepEqual(problems(more, name), expected))

test('group and version are names', () => {
  assert.match(problems({ group: 'X' }, 'v1.X').join(), /^spec.group: Invalid value: "X": a lowerc/)
  assert.match(
    problems({ version: '1' }, '1.x.io').join(),
    /^spec.version: Invalid value: "1": a D/,
  )
})

test('an update keeps the status, and one of the status all else', () => {
  const previous = created(apiService, local)
  assert.deepEqual(updated(apiService, previous, { ...remote, status: {} }).status, previous.status)
  const draft = defaulted(apiService, {
    ...local,
    metadata: { name: 'v1.x.io', labels: { a: 'b' } },
    status: { conditions: [{ type: 'Available', status: 'Maybe' }] },
  })
  apiService.prepareForStatusUpdate(draft, previous)
  assert.equal(draft.metadata.labels, undefined)
  assert.deepEqual(lines(apiService.validateStatusUpdate(draft, previous)), [
    'status.conditions[0].status: Unsupported value: "Maybe": supported values: "True", "False", "Unknown"',
  ])
})

test('kubectl get shows who serves it, and whether it can be used', () => {
  assert.deepEqual(rowOf(apiService, created(apiService, local)), {
    Name: 'v1.x.io',
    Service: 'Local',
    Available: 'True',
    Age: '<unknown>',
  })
  const object = created(apiService, remote)
  assert.equal(rowOf(apiService, object).Available, 'Unknown')
  object.status = { conditions: [{ type: 'Available', status: 'False', reason: 'Gone' }] }
  assert.equal(rowOf(apiService, object).Available, 'False (Gone)')
  assert.equal(rowOf(apiService, object).Service, 'a/b')
})
