import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserError } from './errors.ts'
import { checkFeatureGates, isGateOn, parseFeatureGates } from './feature-gates.ts'

test('gates have their defaults until somebody sets them', () => {
  const none = parseFeatureGates('')
  const on = (name: string, text = '') => isGateOn(parseFeatureGates(text), name)
  assert.equal(isGateOn(none, 'OpportunisticBatching'), true)
  assert.equal(isGateOn(none, 'GangScheduling'), false)
  assert.equal(isGateOn(none, 'StorageCapacityScoring'), false)
  assert.equal(isGateOn(none, 'Nothing'), false)
  assert.equal(on('OpportunisticBatching', ' OpportunisticBatching = f ,GenericWorkload=T'), false)
  assert.equal(on('StorageCapacityScoring', 'AllAlpha=true'), true)
  assert.equal(on('StorageCapacityScoring', 'AllAlpha=true,StorageCapacityScoring=false'), false)
  assert.equal(on('OpportunisticBatching', 'AllBeta=false'), false)
  assert.equal(on('DRAAdminAccess', 'AllBeta=false'), true)
})

// In the words of kube-apiserver 1.36.3.
const wrong: readonly (readonly [string, string])[] = [
  ['Nothing=true', 'unrecognized feature gate: Nothing'],
  ['kube:GenericWorkload=true,kube:Nothing=true', 'unrecognized feature gate: Nothing'],
  ['wardle:GenericWorkload=true', 'component not registered: wardle'],
  ['constructor=true', 'unrecognized feature gate: constructor'],
  ['GenericWorkload', 'missing bool value for GenericWorkload'],
  [
    'GenericWorkload=yes',
    'invalid value of GenericWorkload=yes, err: strconv.ParseBool: parsing "yes": invalid syntax',
  ],
  [
    'DRAAdminAccess=false',
    'cannot set feature gate DRAAdminAccess to false, feature is locked to true',
  ],
]
for (const [text, why] of wrong)
  test(`refused: ${text}`, () => assert.throws(() => parseFeatureGates(text), new UserError(why)))

test('a gate is not on without those that it needs', () => {
  assert.throws(
    () => parseFeatureGates('GangScheduling=true'),
    new UserError(
      'GangScheduling is enabled, but depends on features that are disabled: [GenericWorkload]',
    ),
  )
  assert.equal(parseFeatureGates('GangScheduling=true,kube:GenericWorkload=true').size, 2)
  assert.throws(() => checkFeatureGates(new Map([['GangScheduling', true]])), UserError)
  checkFeatureGates(new Map([['AllAlpha', true]]))
})
