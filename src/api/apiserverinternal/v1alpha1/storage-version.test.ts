import assert from 'node:assert/strict'
import { test } from 'node:test'
import { created, defaulted, lines, problemsOf, rowOf, updated } from '../../core/v1/testing.ts'
import { storageVersion as kind } from './storage-version.ts'

const LABEL =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const server = (apiServerID: string, encodingVersion = 'apps/v1', more: object = {}) => ({
  apiServerID,
  encodingVersion,
  decodableVersions: ['v1', 'apps/v1', 'apps/v2'],
  ...more,
})
const withStatus = (status: object) => defaulted(kind, { status })
const problems = (status: object) =>
  lines(kind.validateStatusUpdate(withStatus(status), withStatus({})))

test('a storage version is named after group and resource', () => {
  const named = (name: string) => problemsOf(kind, { metadata: { name } })
  assert.deepEqual(named('apps.deployments'), [])
  assert.deepEqual(named('deployments'), [
    'metadata.name: Invalid value: "deployments": name must be in the form of <group>.<resource>',
  ])
  assert.deepEqual(named('A.1'), [
    `metadata.name: Invalid value: "A.1": the group segment ${SUBDOMAIN}`,
    `metadata.name: Invalid value: "A.1": the resource segment ${LABEL}`,
  ])
  const metadata = { name: 'apps.deployments', generateName: 'text' }
  assert.deepEqual(problemsOf(kind, { metadata }), [
    'metadata.generateName: Invalid value: "text": name must be in the form of <group>.<resource>',
  ])
})

test('its status is written on its own', () => {
  const object = created(kind, { status: { commonEncodingVersion: 'v1' } })
  assert.deepEqual(object.status, {})
  assert.deepEqual(updated(kind, object, { status: { commonEncodingVersion: 'v1' } }).status, {})
})

test('servers that agree have a common version, others have none', () => {
  const [a, b] = [server('a'), server('b', 'apps/v2')]
  assert.deepEqual(problems({ storageVersions: [a], commonEncodingVersion: 'apps/v1' }), [])
  assert.deepEqual(problems({ storageVersions: [a, b] }), [])
  assert.deepEqual(problems({ storageVersions: [a] }), [
    'status.commonEncodingVersion: Invalid value: null: the common encoding version is apps/v1',
  ])
  assert.deepEqual(problems({ storageVersions: [a], commonEncodingVersion: 'v1' }), [
    'status.commonEncodingVersion: Invalid value: "v1": the actual common encoding version is apps/v1',
  ])
  const differ =
    'should be nil if servers do not agree on the same encoding version, or if there is no server reporting the supported versions yet'
  for (const storageVersions of [[], [a, b]])
    assert.deepEqual(problems({ storageVersions, commonEncodingVersion: 'v1' }), [
      `status.commonEncodingVersion: Invalid value: "v1": ${differ}`,
    ])
})

test('each server stands there once and reads what it writes and serves', () => {
  const commonEncodingVersion = 'apps/v1'
  const storageVersions = [
    server('a'),
    server('a', 'apps/v1', { decodableVersions: ['v1'], servedVersions: ['v1', 'v2'] }),
  ]
  assert.deepEqual(problems({ storageVersions, commonEncodingVersion }), [
    'status.storageVersions[1].apiServerID: Duplicate value: "a"',
    'status.storageVersions[1].decodableVersions: Invalid value: ["v1"]: decodableVersions must include encodingVersion apps/v1',
    'status.storageVersions[1].servedVersions[1]: Invalid value: "v2": individual served version : v2 must be included in decodableVersions : [v1]',
  ])
})

test('versions have a group, perhaps, and a name', () => {
  const check = (version: string) =>
    problems({
      storageVersions: [server('a', version, { decodableVersions: [version] })],
      commonEncodingVersion: version,
    }).filter(line => line.includes('encodingVersion'))
  const at = (version: string) =>
    `status.storageVersions[0].encodingVersion: Invalid value: "${version}":`
  assert.deepEqual(check('v1'), [])
  assert.deepEqual(check('/v1'), [`${at('/v1')} group part: must be non-empty`])
  assert.deepEqual(check('A/1'), [`${at('A/1')} group part: ${SUBDOMAIN},version part: ${LABEL}`])
  assert.deepEqual(check('a/'), [`${at('a/')} version part: must be non-empty`])
  assert.match(
    check('a/b/c')[0] ?? '',
    /: an apiVersion is a DNS-1035 label, which must .* with an optional DNS subdomain prefix and '\/' \(e\.g\. 'example\.com\/MyVersion'\)$/,
  )
})

test('conditions are told apart by type, and say why', () => {
  const condition = { type: 'A', status: 'True', reason: 'R', message: 'm' }
  assert.deepEqual(problems({ conditions: [condition] }), [])
  const conditions = [condition, { ...condition, reason: '', message: '' }]
  assert.deepEqual(problems({ conditions }), [
    'status[1].type: Invalid value: "A": the type of the condition is not unique, it also appears in conditions[0]',
    'status[1].reason: Required value',
    'status[1].message: Required value',
  ])
  assert.equal(problems({ conditions: [{ ...condition, type: '!' }] }).length, 1)
})

test('kubectl get shows who stores what', () => {
  const row = (status: object) => rowOf(kind, withStatus(status))
  assert.deepEqual(row({}), {
    Name: 'web',
    CommonEncodingVersion: '<unset>',
    StorageVersions: '<unset>',
    Age: '<unknown>',
  })
  const storageVersions = [server('a'), server('b', 'apps/v2')]
  assert.equal(row({ storageVersions }).StorageVersions, 'a=apps/v1,b=apps/v2')
  assert.equal(row({ commonEncodingVersion: 'v1' }).CommonEncodingVersion, 'v1')
})
