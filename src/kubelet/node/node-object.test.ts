import assert from 'node:assert/strict'
import { test } from 'node:test'
import { quantityToNumber } from '#api/machinery/quantity.ts'
import type { KubeletContext } from '../options.ts'
import { allocatableOf } from './node-object.ts'

const GIBIBYTE = 2 ** 30
const contextOf = (options: object) =>
  ({
    options: {
      hostAccess: {
        facts: {
          cpuMillis: 4000,
          memoryBytes: 8 * GIBIBYTE,
          ephemeralStorageBytes: 100 * GIBIBYTE,
        },
      },
      ...{ maxPods: 110, capacity: {}, reserved: {}, evictionHard: {} },
      ...options,
    },
  }) as unknown as KubeletContext

test('pods may have all but what is reserved, and what has to be left', () => {
  const amounts = (options: object) => {
    const { cpu, memory, 'ephemeral-storage': disk, pods } = allocatableOf(contextOf(options))
    return [cpu, quantityToNumber(memory ?? ''), quantityToNumber(disk ?? ''), pods]
  }
  assert.deepEqual(amounts({}), ['4', 8 * GIBIBYTE, 100 * GIBIBYTE, '110'])
  const reserved = { cpu: '500m', memory: '1Gi', 'ephemeral-storage': '10Gi' }
  assert.deepEqual(amounts({ reserved }), ['3500m', 7 * GIBIBYTE, 90 * GIBIBYTE, '110'])
  const evictionHard = { 'memory.available': '100Mi', 'nodefs.available': '5%' }
  assert.deepEqual(amounts({ reserved, evictionHard }), [
    '3500m',
    7 * GIBIBYTE - 100 * 2 ** 20,
    85 * GIBIBYTE,
    '110',
  ])
  assert.equal(amounts({ reserved: { memory: '9Gi' } })[1], 0)
})
