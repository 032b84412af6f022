import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tableOf } from '../../machinery/table.ts'
import { resourcePoolStatusRequest } from './resource-pool-status-request.ts'

const now = Date.parse('2026-11-26T22:00:00Z')
const cellsOf = (status?: object) => {
  const object = {
    apiVersion: 'resource.k8s.io/v1alpha3',
    kind: 'ResourcePoolStatusRequest',
    metadata: { name: 'a' },
    spec: { driver: 'd.x' },
    ...(status && { status }),
  }
  return tableOf(resourcePoolStatusRequest, [object], { now }).rows?.[0]?.cells
}
const condition = (type: string, status = 'True') => ({
  type,
  status,
  lastTransitionTime: '2026-11-26T10:00:00Z',
})

test('a request without an answer counts nothing', () => {
  assert.deepEqual(cellsOf(), ['a', 'd.x', '-', '-', '-', '-', '-', 0, 'Pending', '<none>'])
})

test('an answer is summed up over its pools', () => {
  const counts = { totalDevices: 8, allocatedDevices: 3, availableDevices: 4 }
  const pools = [{ ...counts, unavailableDevices: 1 }, { validationError: 'oops' }]
  const status = { poolCount: 2, pools, conditions: [condition('Complete')] }
  assert.deepEqual(cellsOf(status), ['a', 'd.x', '8', '4', '3', '1', '1', 2, 'Complete', '12h'])
})

test('a failure says only how many pools there are, and what is not so says nothing', () => {
  const dashes = ['-', '-', '-', '-', '-']
  assert.deepEqual(
    cellsOf({ poolCount: 1, conditions: [condition('Failed'), condition('Complete')] }),
    ['a', 'd.x', ...dashes, 1, 'Failed', '<none>'],
  )
  const pending = cellsOf({ poolCount: 3, conditions: [condition('Complete', 'False')] })
  assert.deepEqual(pending?.slice(2), ['0', '0', '0', '0', '0', 3, 'Pending', '<none>'])
})
