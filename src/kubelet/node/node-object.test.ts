import assert from 'node:assert/strict'
import { test } from 'node:test'
import { quantityToNumber } from '#api/machinery/quantity.ts'
import type { KubeletContext } from '../options.ts'
import { allocatableOf, type NodeStatusInput, nodeStatusOf } from './node-object.ts'

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

test('the node tells what its runtime can do, and nothing of that once the runtime tells nothing', () => {
  const statusWith = (abilities: NodeStatusInput['abilities'], previous?: object) =>
    nodeStatusOf({
      context: contextOf({ nodeAddresses: [] }),
      ...{ health: { runtimeProblem: '', networkProblem: '' }, pressure: {}, volumesInUse: [] },
      ...{ version: { runtimeName: 'r', runtimeVersion: '1' }, images: [], abilities, previous },
      ...{ devices: { capacity: {}, allocatable: {} }, now: 0 },
    } as unknown as NodeStatusInput)
  const features = { recursiveReadOnlyMounts: true, userNamespaces: false }
  const status = statusWith({
    handlers: [{ name: '', ...features }],
    supplementalGroupsPolicy: false,
  })
  assert.deepEqual(status.runtimeHandlers, [{ name: '', features }])
  assert.deepEqual(status.features, { supplementalGroupsPolicy: false })
  const older = statusWith({}, status)
  assert.equal('runtimeHandlers' in older, false)
  assert.equal('features' in older, false)
})
