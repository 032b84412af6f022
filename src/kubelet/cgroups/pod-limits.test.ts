import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../pod-types.ts'
import { burstableShares, podResources } from './pod-limits.ts'

const MEBIBYTE = 2 ** 20
const container = (requests: object, limits: object = {}, more: object = {}) => ({
  name: 'c',
  resources: { requests, limits },
  ...more,
})
const podOf = (containers: readonly object[], more: object = {}) =>
  ({ metadata: { name: 'p', uid: 'u' }, spec: { containers, ...more } }) as unknown as Pod
const both = (cpu: string, memory: string) => ({ cpu, memory })
const full = (cpu: string, memory: string, more: object = {}) =>
  container(both(cpu, memory), both(cpu, memory), more)

test('limits are the sums of those of containers, where all have them', () => {
  const guaranteed = podOf([full('500m', '64Mi'), full('1', '32Mi')])
  assert.deepEqual(podResources(guaranteed), {
    cpuShares: 1536,
    cpuPeriod: 100_000,
    cpuQuota: 150_000,
    memoryLimitBytes: 96 * MEBIBYTE,
  })
  const half = podOf([full('500m', '64Mi'), container({ cpu: '1' }, { memory: '32Mi' })])
  assert.deepEqual(podResources(half), { cpuShares: 1536, memoryLimitBytes: 96 * MEBIBYTE })
  assert.deepEqual(podResources(podOf([container({ cpu: '250m' })])), { cpuShares: 256 })
  assert.deepEqual(podResources(podOf([container({})])), { cpuShares: 2 })
})

test('init containers count as they run: one by one, beside the sidecars that started before them', () => {
  const sidecar = full('100m', '10Mi', { restartPolicy: 'Always' })
  const initContainers = [sidecar, full('2', '20Mi')]
  const { cpuQuota, memoryLimitBytes } = podResources(
    podOf([full('1', '100Mi')], { initContainers }),
  )
  assert.deepEqual([cpuQuota, memoryLimitBytes], [210_000, 110 * MEBIBYTE])
  const open = podOf([full('1', '100Mi')], { initContainers: [container({})] })
  assert.deepEqual(podResources(open), { cpuShares: 1024 }, 'one without limits has no bounds')
})

test('what the pod says of itself stands for its containers; overhead comes on top', () => {
  const resources = { requests: both('1', '50Mi'), limits: { cpu: '2' } }
  const pod = podOf([container({}), container({}, { memory: '10Mi' })], { resources })
  assert.deepEqual(podResources(pod), { cpuShares: 1024, cpuPeriod: 100_000, cpuQuota: 200_000 })
  const overhead = both('100m', '6Mi')
  const { cpuQuota, memoryLimitBytes } = podResources(podOf([full('1', '10Mi')], { overhead }))
  assert.deepEqual([cpuQuota, memoryLimitBytes], [110_000, 16 * MEBIBYTE])
})

test('burstable pods share by what they request together', () => {
  const pods = [podOf([container({ cpu: '1' })]), podOf([full('4', '1Mi')]), podOf([container({})])]
  assert.equal(burstableShares(pods), 1024)
  assert.equal(burstableShares([]), 2)
})
