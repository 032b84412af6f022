import assert from 'node:assert/strict'
import { test } from 'node:test'
import { created, lines, rowOf, updated } from '../../core/v1/testing.ts'
import { type ControllerRevision, controllerRevision } from './controller-revision.ts'

const owner = { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'log', uid: 'u', controller: true }

const withBoth = (object: ControllerRevision) =>
  lines([...controllerRevision.validate(object), ...controllerRevision.validateCreate(object)])

test('a revision has data and a number', () => {
  const problems = (body: object) => withBoth(created(controllerRevision, { ...body }))
  assert.deepEqual(problems({ data: { spec: {} }, revision: 3 }), [])
  assert.deepEqual(problems({ data: {}, revision: 3 }), [])
  assert.deepEqual(problems({ revision: -1 }), [
    'data: Required value: data is mandatory',
    'revision: Invalid value: -1: must be greater than or equal to 0',
  ])
  assert.deepEqual(problems({ data: [1, 2], revision: 1 }), [
    'data: Invalid value: [1,2]: data must be a valid JSON object',
  ])
})

test('its number may change, its data never', () => {
  const previous = created(controllerRevision, { data: { a: 1 }, revision: 1 })
  const changesOf = (body: object) => {
    const next = updated(controllerRevision, previous, { ...body })
    return lines(controllerRevision.validateUpdate(next, previous))
  }
  assert.deepEqual(changesOf({ data: { a: 1 }, revision: 2 }), [])
  assert.deepEqual(changesOf({ data: { a: 2 }, revision: 2 }), [
    'data: Invalid value: {"a":2}: field is immutable',
  ])
  const without = updated(controllerRevision, previous, { revision: 1 })
  assert.deepEqual(lines(controllerRevision.validate(without, previous)), [])
})

test('kubectl get shows whose it is', () => {
  const of = (ownerReferences: object[]) =>
    rowOf(
      controllerRevision,
      created(controllerRevision, {
        metadata: { name: 'log-1', ownerReferences, creationTimestamp: '2026-01-01T00:00:00Z' },
        revision: 4,
      }),
    )
  assert.deepEqual(of([owner]), {
    Name: 'log-1',
    Controller: 'daemonset.apps/log',
    Revision: 4,
    Age: '60m',
  })
  assert.equal(of([{ ...owner, apiVersion: 'v1', kind: 'Pod' }]).Controller, 'pod/log')
  assert.equal(of([{ ...owner, controller: false }]).Controller, '<none>')
})
