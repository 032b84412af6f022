import assert from 'node:assert/strict'
import { test } from 'node:test'
import { created, defaulted, lines, rowOf, updated } from '../../core/v1/testing.ts'
import { storageVersionMigration as kind } from './storage-version-migration.ts'

const spec = { resource: { group: 'apps', resource: 'deployments' } }
const is = (type: string, status = 'True') => ({
  type,
  status,
  reason: 'Because',
  message: '',
  lastTransitionTime: '2026-01-01T00:00:00Z',
})
const withStatus = (conditions: object[], resourceVersion?: string) =>
  defaulted(kind, { spec, status: { conditions, resourceVersion } })
const statusProblems = (next: ReturnType<typeof withStatus>, previous = withStatus([])) =>
  lines(kind.validateStatusUpdate(next, previous)).map(line =>
    line.replace(/^(status.conditions: Invalid value): .*?: (?=[A-Z])/, '$1: '),
  )

test('a migration names its resource, and keeps it', () => {
  const object = created(kind, { spec, status: { resourceVersion: '1' } })
  assert.deepEqual(object.status, {})
  assert.deepEqual(lines(kind.validate(object)), [])
  assert.deepEqual(lines(kind.validate(created(kind, {}))), [
    'spec.resource.resource: Required value: resource is required',
  ])
  const resource = { group: 'batch', resource: 'jobs' }
  const next = updated(kind, object, { spec: { resource }, status: { resourceVersion: '1' } })
  assert.deepEqual(next.status, {})
  assert.deepEqual(lines(kind.validateUpdate(next, object)), [
    'spec: Invalid value: {"resource":{"group":"batch","resource":"jobs"}}: field is immutable',
  ])
})

test('a migration ends once, in one way', () => {
  const [running, succeeded, failed] = ['Running', 'Succeeded', 'Failed'].map(type => is(type))
  assert.ok(running && succeeded && failed)
  assert.deepEqual(statusProblems(withStatus([running], '5')), [])
  assert.deepEqual(statusProblems(withStatus([is('Running', 'False'), succeeded])), [])
  assert.deepEqual(statusProblems(withStatus([running, succeeded, failed])), [
    'status.conditions: Invalid value: Both success and failed conditions cannot be true at the same time',
  ])
  assert.deepEqual(
    statusProblems(withStatus([is('Failed', 'False')]), withStatus([succeeded, failed])),
    [
      'status.conditions: Invalid value: Success condition cannot be set to false once it is true',
      'status.conditions: Invalid value: Failed condition cannot be set to false once it is true',
    ],
  )
  assert.deepEqual(
    lines(kind.validateStatusUpdate(withStatus([is('Mood', 'Fine')]), withStatus([]))),
    [
      'status.conditions[0].status: Unsupported value: "Fine": supported values: "False", "True", "Unknown"',
    ],
  )
})

test('a migration goes up to one revision', () => {
  const at = (revision: string, before?: string) =>
    statusProblems(withStatus([], revision), withStatus([], before))
  assert.deepEqual(at('9223372036854775807'), [])
  assert.deepEqual(at('5', '5'), [])
  assert.deepEqual(at('6', '5'), ['status.resourceVersion: Invalid value: "6": field is immutable'])
  for (const wrong of ['-1', '0', '05', 'x'])
    assert.deepEqual(at(wrong), [
      `status.resourceVersion: Invalid value: "${wrong}": resource version is not well formed: ${wrong}`,
    ])
  assert.deepEqual(at('9223372036854775808'), [])
})

test('kubectl get shows the whole name of the resource', () => {
  const row = (resource: object) => rowOf(kind, created(kind, { spec: { resource } }))
  assert.deepEqual(row(spec.resource), {
    Name: 'web',
    Resource: 'deployments.apps',
    Status: 'Unknown',
  })
  assert.deepEqual(row({ group: '', resource: 'pods' }).Resource, 'pods')
})

test('kubectl get shows which condition is true', () => {
  const stateOf = (...conditions: object[]) => rowOf(kind, withStatus(conditions)).Status
  assert.equal(stateOf(is('Running')), 'Running')
  assert.equal(stateOf(is('Running', 'False')), 'Unknown')
  assert.equal(stateOf(is('Running', 'False'), is('Succeeded')), 'Succeeded')
  assert.equal(stateOf(is('Running', 'False'), is('Failed')), 'Failed')
})
