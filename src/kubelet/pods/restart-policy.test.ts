import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AnyContainer, Pod } from '../pod-types.ts'
import { restartsAfter } from './restart-policy.ts'

const podWith = (restartPolicy?: string) => ({ spec: { restartPolicy } }) as unknown as Pod
const containerWith = (more: object = {}) => ({ name: 'c', ...more }) as unknown as AnyContainer
const rule = (operator: string, ...values: number[]) => ({
  action: 'Restart',
  exitCodes: { operator, values },
})

test('without rules policies decide, the container’s own before the pod’s', () => {
  const after = (pod: string | undefined, own: string | undefined) =>
    [0, 1].map(code => restartsAfter(podWith(pod), containerWith({ restartPolicy: own }), code))
  assert.deepEqual(after(undefined, undefined), [true, true])
  assert.deepEqual(after('OnFailure', undefined), [false, true])
  assert.deepEqual(after('Never', undefined), [false, false])
  assert.deepEqual(after('Always', 'Never'), [false, false])
  assert.deepEqual(after('Never', 'OnFailure'), [false, true])
})

test('a rule that speaks of the exit code brings the container back, any other leaves it to the policy', () => {
  const among = (restartPolicy: string, ...rules: object[]) => {
    const container = containerWith({ restartPolicy, restartPolicyRules: rules })
    return [0, 1, 42].filter(code => restartsAfter(podWith('Never'), container, code))
  }
  assert.deepEqual(among('Never', rule('In', 42)), [42])
  assert.deepEqual(among('Never', rule('NotIn', 0, 42)), [1])
  assert.deepEqual(among('Never', rule('In', 7), rule('In', 0, 42)), [0, 42])
  assert.deepEqual(among('OnFailure', rule('In', 0)), [0, 1, 42])
  assert.deepEqual(among('Never', { action: 'Restart' }), [])
  assert.deepEqual(among('Never', rule('In')), [])
})
