import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { created, lines, problemsOf, rowOf } from '../../core/v1/testing.ts'
import { lease } from '../v1/lease.ts'
import { leaseCandidate as alphaCandidate } from '../v1alpha2/lease-candidate.ts'
import { leaseCandidate } from './lease-candidate.ts'
import { compareSemanticVersions, parseSemanticVersion } from './semantic-version.ts'

const spec = {
  leaseName: 'leader',
  binaryVersion: '1.36.1',
  emulationVersion: '1.36.0',
  strategy: 'OldestEmulationVersion',
}
const problems = (change: object) =>
  lines(leaseCandidate.validate(created(leaseCandidate, { spec: { ...spec, ...change } })))
const KEY =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"

test('a candidate says which lease, which versions and how to choose', () => {
  assert.deepEqual(problems({}), [])
  assert.deepEqual(problems({ emulationVersion: '', strategy: 'example.com/loudest' }), [])
  assert.deepEqual(lines(leaseCandidate.validate(created(leaseCandidate, {}))), [
    'spec.leaseName: Required value',
    'spec.binaryVersion: Required value',
    'spec.strategy: Required value',
  ])
})

const wrongCandidates: [string, object, string[]][] = [
  [
    'of no versions',
    { binaryVersion: 'v1', emulationVersion: '1.2' },
    [
      'spec.emulationVersion: Invalid value: "1.2": must be a valid semantic version',
      'spec.binaryVersion: Invalid value: "v1": must be a valid semantic version',
      "spec.emulationVersion: Required value: must be specified when `strategy` is 'OldestEmulationVersion'",
    ],
  ],
  [
    'that behaves newer than it is',
    { emulationVersion: '1.37.0' },
    [
      'spec.binaryVersion: Invalid value: "1.36.1": must be greater than or equal to `emulationVersion`',
    ],
  ],
  [
    'of no emulated version',
    { emulationVersion: '' },
    [
      "spec.emulationVersion: Required value: must be specified when `strategy` is 'OldestEmulationVersion'",
    ],
  ],
  [
    'with an unknown strategy',
    { strategy: 'Loudest' },
    [
      'spec.strategy.strategy: Unsupported value: "Loudest": supported values: "OldestEmulationVersion"',
    ],
  ],
  [
    'with a strange strategy of others',
    { strategy: 'example.com/!' },
    [`spec.strategy.strategy: Invalid value: "example.com/!": ${KEY}`],
  ],
]
for (const [name, change, expected] of wrongCandidates)
  test(`refused candidate ${name}`, () => {
    assert.deepEqual(problems(change), expected)
  })

test('a candidate stays with its lease, and is named like a key', () => {
  const named = (name: string) => problemsOf(leaseCandidate, { metadata: { name }, spec })
  assert.deepEqual(named('Web_1'), [])
  assert.equal(named('a:b').length, 1)
  const previous = created(leaseCandidate, { spec })
  const next = created(leaseCandidate, { spec: { ...spec, leaseName: 'other' } })
  assert.deepEqual(lines(leaseCandidate.validateUpdate(next, previous)), [
    'spec.leaseName: Invalid value: "other": field is immutable',
  ])
  assert.deepEqual(rowOf(leaseCandidate, previous), {
    Name: 'web',
    LeaseName: 'leader',
    BinaryVersion: '1.36.1',
    EmulationVersion: '1.36.0',
    Age: '<unknown>',
  })
})

test('versions are read and ordered as semver.org says', () => {
  const ordered =
    '0.0.0 1.0.0-1 1.0.0-2 1.0.0-11 1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.b 1.0.0-b 1.0.0 1.2.0 1.10.0'
  const versions = ordered.split(' ').map(text => {
    const version = parseSemanticVersion(text)
    assert.ok(version, text)
    return version
  })
  for (const [index, a] of versions.entries())
    for (const [other, b] of versions.entries())
      assert.equal(compareSemanticVersions(a, b), Math.sign(index - other))
  const [plain, built] = ['1.2.3', '1.2.3+a.b'].map(parseSemanticVersion)
  assert.ok(plain && built)
  assert.equal(compareSemanticVersions(plain, built), 0)
  for (const text of [
    '',
    '1',
    '1.2',
    'v1.2.3',
    '01.2.3',
    '1.2.3-',
    '1.2.3-01',
    '1.2.3-a..b',
    '1.2.3+',
    ' 1.2.3',
  ])
    assert.equal(parseSemanticVersion(text), undefined, text)
})

test('an alpha candidate is the beta one under another version', () => {
  const { storedAs } = alphaCandidate
  assert.ok(storedAs)
  assert.equal(storedAs.kind, leaseCandidate)
  const text = fc.string()
  const bodies = fc.record({
    leaseName: text,
    binaryVersion: text,
    emulationVersion: text,
    strategy: text,
    pingTime: fc.constant('2026-01-01T00:00:00.000001Z'),
  })
  fc.assert(
    fc.property(bodies, spec => {
      const served = created(alphaCandidate, { spec })
      assert.deepEqual(storedAs.fromStored(storedAs.toStored(served)), served)
    }),
  )
})

test('a lease has a length, and a preferred holder only by a strategy', () => {
  const check = (spec: object) => lines(lease.validate(created(lease, { spec })))
  assert.deepEqual(check({ leaseDurationSeconds: 1, leaseTransitions: 0 }), [])
  assert.deepEqual(check({ preferredHolder: 'a', strategy: 'OldestEmulationVersion' }), [])
  assert.deepEqual(
    check({ leaseDurationSeconds: 0, leaseTransitions: -1, preferredHolder: 'a', strategy: '' }),
    [
      'spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0',
      'spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0',
      'spec.strategy.strategy: Unsupported value: "": supported values: "OldestEmulationVersion"',
      'spec.preferredHolder: Forbidden: may only be specified if `strategy` is defined',
    ],
  )
})
