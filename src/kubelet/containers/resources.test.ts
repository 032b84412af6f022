import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { AnyContainer, Pod } from '../pod-types.ts'
import { type FieldContext, resourceValue, usableBy } from './fields.ts'
import { containerResources, cpuShares, oomScoreAdjust, podRequests } from './resources.ts'
import { cgroupOf } from './sandbox-config.ts'

const GIBIBYTE = 1024 ** 3
const container = (requests: object, limits: object = {}, more: object = {}) =>
  ({ name: 'c', resources: { requests, limits }, ...more }) as unknown as AnyContainer
const podOf = (containers: readonly AnyContainer[], more: object = {}): Pod =>
  ({ metadata: { name: 'p', uid: 'u' }, spec: { containers, ...more } }) as unknown as Pod

test('processor time as shares and quota', () => {
  const cases: readonly (readonly [number, number])[] = [
    [0, 2],
    [1, 2],
    [2, 2],
    [10, 10],
    [100, 102],
    [1000, 1024],
    [1500, 1536],
    [1_000_000, 262_144],
  ]
  for (const [millis, shares] of cases) assert.equal(cpuShares(millis), shares, `${millis}m`)
  const of = (requests: object, limits: object) => {
    const one = container(requests, limits)
    return containerResources(podOf([one]), one, GIBIBYTE)
  }
  assert.equal(of({ cpu: '100m' }, {}).cpuQuota, undefined)
  assert.equal(of({}, { cpu: '250m' }).cpuQuota, 25_000)
  assert.equal(of({}, { cpu: '250m' }).cpuShares, 256)
  assert.equal(of({}, { cpu: '1m' }).cpuQuota, 1000)
  assert.equal(of({}, { cpu: '2' }).cpuQuota, 200_000)
  assert.equal(of({}, { memory: '64Mi' }).memoryLimitBytes, 64 * 1024 ** 2)
  assert.equal(of({}, {}).memoryLimitBytes, undefined)
})

test('who dies first when memory runs out', () => {
  const score = (one: AnyContainer, more: readonly AnyContainer[] = []) =>
    oomScoreAdjust(podOf([one, ...more]), one, 4 * GIBIBYTE)
  const full = { cpu: '1', memory: '1Gi' }
  assert.equal(score(container(full, full)), -997)
  assert.equal(score(container({})), 1000)
  assert.equal(score(container({ memory: '1Gi' })), 750)
  assert.equal(score(container({ memory: '1' })), 999)
  assert.equal(score(container({ memory: '4Gi' })), 3)
  assert.equal(score(container({ memory: '9Gi' })), 3)
  const side = container({}, {}, { name: 's', restartPolicy: 'Always' })
  const served = podOf([container({ memory: '2Gi' })], { initContainers: [side] })
  assert.equal(oomScoreAdjust(served, side, 4 * GIBIBYTE), 500)
})

test('what a pod takes from its node', () => {
  const cpu = (millis: number, more: object = {}) => container({ cpu: `${millis}m` }, {}, more)
  const side = { restartPolicy: 'Always' }
  const cases: readonly (readonly [readonly AnyContainer[], readonly AnyContainer[], number])[] = [
    [[], [cpu(100), cpu(200)], 300],
    [[cpu(500)], [cpu(100), cpu(200)], 500],
    [[cpu(500), cpu(400)], [cpu(100)], 500],
    [[cpu(50, side)], [cpu(100)], 150],
    // A sidecar runs beside every init container that follows it, not beside those before.
    [[cpu(50, side), cpu(500)], [cpu(100)], 550],
    [[cpu(500), cpu(50, side)], [cpu(100)], 500],
  ]
  for (const [initContainers, containers, expected] of cases)
    assert.equal(podRequests(podOf(containers, { initContainers })).cpu, expected)
  assert.equal(podRequests(podOf([cpu(100)], { overhead: { cpu: '1' } })).cpu, 1100)
  assert.equal(podRequests(podOf([cpu(100)])).memory, 0)
})

test('a cgroup tells the quality of service', () => {
  const full = { cpu: '1', memory: '1Gi' }
  const of = (one: AnyContainer, root = '/kubepods') => cgroupOf(podOf([one]), root)
  assert.equal(of(container(full, full)), '/kubepods/podu')
  assert.equal(of(container({ cpu: '1m' })), '/kubepods/burstable/podu')
  assert.equal(of(container({})), '/kubepods/besteffort/podu')
  assert.equal(of(container({}), ''), '')
})

test('whatever is asked for, the kernel takes it', () => {
  const millis = fc.integer({ min: 0, max: 10_000_000 })
  fc.assert(
    fc.property(millis, millis, fc.nat(2 ** 45), (request, limit, memory) => {
      const one = container({ cpu: `${request}m`, memory: `${memory}` }, { cpu: `${limit}m` })
      const made = containerResources(podOf([one]), one, 16 * GIBIBYTE)
      const { cpuShares: shares = 0, cpuQuota = 1000, oomScoreAdj = 0 } = made
      assert.ok(shares >= 2 && shares <= 262_144)
      assert.ok(cpuQuota >= 1000 && Number.isInteger(cpuQuota))
      assert.ok(oomScoreAdj >= -997 && oomScoreAdj <= 1000 && Number.isInteger(oomScoreAdj))
    }),
  )
})

test('what a pod has as a whole stands for what its containers lack', () => {
  const resources = {
    requests: { cpu: '2', memory: '2Gi' },
    limits: { cpu: '4', memory: '3Gi' },
  }
  const bare = container({})
  const asking = container({ cpu: '500m', memory: '1Gi' }, { cpu: '1' })
  const pod = podOf([bare, asking], { resources, overhead: { cpu: '100m', memory: '1Ki' } })
  assert.deepEqual(podRequests(pod), {
    cpu: 2100,
    memory: 2 * GIBIBYTE + 1024,
    'ephemeral-storage': 0,
  })
  const limits = (one: AnyContainer) => {
    const { cpuShares, cpuQuota, memoryLimitBytes } = containerResources(pod, one, 4 * GIBIBYTE)
    return [cpuShares, cpuQuota, memoryLimitBytes]
  }
  assert.deepEqual(limits(bare), [4096, 400_000, 3 * GIBIBYTE])
  assert.deepEqual(limits(asking), [512, 100_000, 3 * GIBIBYTE])
  // What the pod requests beyond its containers is shared out among them.
  assert.equal(oomScoreAdjust(pod, bare, 4 * GIBIBYTE), 875)
  assert.equal(oomScoreAdjust(pod, asking, 4 * GIBIBYTE), 625)
  const equal = podOf([bare], {
    resources: { requests: resources.limits, limits: resources.limits },
  })
  assert.equal(oomScoreAdjust(equal, bare, 4 * GIBIBYTE), -997)
  assert.equal(cgroupOf(equal, '/kubepods'), '/kubepods/podu')
  const fields = { pod, hostIps: [], allocatable: { cpu: '8', 'ephemeral-storage': '9Gi' } }
  const usable = usableBy(fields as unknown as FieldContext)
  assert.equal(resourceValue({ resource: 'limits.cpu' }, bare, usable), '4')
  assert.equal(resourceValue({ resource: 'limits.cpu' }, asking, usable), '1')
})
