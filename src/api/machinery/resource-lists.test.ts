import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deployment } from '../apps/v1/deployment.ts'
import { pod } from '../core/v1/pod/pod.ts'
import { applyDefaults } from './defaults.ts'
import type { KubernetesObject } from './metadata.ts'
import { wholeMilli } from './quantity.ts'

const container = (limits: object) => ({ name: 'a', image: 'a', resources: { limits } })
const draft = (spec: object) =>
  ({ apiVersion: 'v1', kind: 'Pod', metadata: {}, spec, status: {} }) as unknown as KubernetesObject

test('thousandths are as fine as it gets, and away from zero', () => {
  for (const [amount, rounded] of [
    ['500u', '1m'],
    ['-500u', '-1m'],
    ['1n', '1m'],
    ['1500001u', '1501m'],
    ['100e-6', '1e-3'],
    ['1m', '1m'],
    ['64Mi', '64Mi'],
    ['1e3', '1e3'],
  ] as const)
    assert.equal(wholeMilli(amount), rounded, amount)
})

test('amounts in lists of resources are rounded, wherever they stand', () => {
  const spec = {
    containers: [container({ cpu: '500u' })],
    overhead: { cpu: '1n' },
    volumes: [{ name: 'v', emptyDir: { sizeLimit: '500u' } }],
  }
  const made = draft(structuredClone(spec))
  applyDefaults(pod, made)
  const { containers, overhead, volumes } = (made as unknown as { spec: typeof spec }).spec
  assert.deepEqual(containers[0]?.resources, { limits: { cpu: '1m' }, requests: { cpu: '1m' } })
  assert.deepEqual(overhead, { cpu: '1m' })
  assert.equal(volumes[0]?.emptyDir.sizeLimit, '500u', 'which is no list of resources')
  const owner = draft({ strategy: { type: 'Recreate' }, template: { spec } })
  applyDefaults(deployment, owner)
  assert.match(JSON.stringify(owner), /"limits":\{"cpu":"1m"\}/)
})

test('what a pod requests as a whole is summed up before anything is rounded', () => {
  const made = draft({
    containers: [container({ cpu: '500u' }), { ...container({ cpu: '500u' }), name: 'b' }],
    resources: { limits: { memory: '1Gi' } },
  })
  applyDefaults(pod, made)
  assert.match(JSON.stringify(made), /"requests":\{"cpu":"1m","memory":"1Gi"\}/)
})
