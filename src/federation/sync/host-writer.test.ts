import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { PLACEMENT } from '../names.ts'
import { placementOf } from './host-writer.ts'

const remembered = (text: string) =>
  placementOf({ metadata: { annotations: { [PLACEMENT]: text } } } as unknown as KubernetesObject)

test('of a cluster that is not remembered nothing is known, whatever it is called', () => {
  const placement = remembered('{"north":{"replicas":2},"__proto__":{"replicas":1},"odd":5}')
  assert.deepEqual(placement.north, { replicas: 2 })
  for (const name of ['constructor', 'valueOf', 'odd']) assert.equal(placement[name], undefined)
  assert.deepEqual(Object.keys(placement), ['north', '__proto__'])
})

test('what cannot be read counts as nothing', () => {
  for (const text of ['', '{', 'null', '[]', '5']) assert.deepEqual({ ...remembered(text) }, {})
})

test('of what somebody wrote there only counts are taken for counts', () => {
  const text = JSON.stringify({
    east: { state: 1, replicas: -3, readyReplicas: '7', completions: 1.5, more: true },
    west: { state: 'Pending', replicas: 4, readyReplicas: 0, completions: 1e300 },
    north: { replicas: null },
  })
  const read = placementOf({ metadata: { annotations: { [PLACEMENT]: text } } } as never)
  assert.deepEqual(
    { ...read },
    { east: {}, west: { state: 'Pending', replicas: 4, readyReplicas: 0 }, north: {} },
  )
})
