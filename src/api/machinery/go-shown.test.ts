import assert from 'node:assert/strict'
import { test } from 'node:test'
import { podFailurePolicy } from '../batch/v1/job.schema.policies.ts'
import { objectReference } from '../core/v1/references.ts'
import { podDisruptionBudgetSpec } from '../policy/v1/pod-disruption-budget.ts'
import { goShown, immutableStruct, isSameStruct } from './go-shown.ts'
import { noteSaid } from './said-lists.ts'

test('all fields of a structure are shown, by the names of Go', () => {
  assert.deepEqual(goShown(objectReference, { name: 'a' }), {
    Kind: '',
    Namespace: '',
    Name: 'a',
    UID: '',
    APIVersion: '',
    ResourceVersion: '',
    FieldPath: '',
  })
  const spec = { minAvailable: 1, selector: { matchLabels: { a: 'b' } } }
  assert.deepEqual(goShown(podDisruptionBudgetSpec, spec), {
    MinAvailable: 1,
    Selector: { matchLabels: { a: 'b' } },
    MaxUnavailable: null,
    UnhealthyPodEvictionPolicy: null,
  })
})

test('a pointer to nothing is another than none, an empty list is not', () => {
  const [error] = immutableStruct(
    'spec.podFailurePolicy',
    podFailurePolicy,
    { rules: [] },
    undefined,
  )
  assert.equal(error?.message, 'Invalid value: {"Rules":null}: field is immutable')
  assert.ok(isSameStruct(podFailurePolicy, { rules: [] }, {}))
  // Where a body says that it is empty it is shown so, and is the same all the same.
  const said = { rules: noteSaid([], true) }
  assert.deepEqual(goShown(podFailurePolicy, said), { Rules: [] })
  assert.deepEqual(goShown(podFailurePolicy, { rules: noteSaid([], false) }), { Rules: null })
  assert.ok(isSameStruct(podFailurePolicy, said, {}))
  assert.ok(isSameStruct(podFailurePolicy, undefined, undefined))
  const rule = { action: 'Ignore' }
  const rules = (more: object) => ({ rules: [{ ...rule, ...more }] })
  assert.ok(isSameStruct(podFailurePolicy, rules({ onPodConditions: [] }), rules({})))
  assert.ok(!isSameStruct(podFailurePolicy, rules({ onExitCodes: {} }), rules({})))
})
