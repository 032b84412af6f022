import assert from 'node:assert/strict'
import { test } from 'node:test'
import { writeAmounts } from '../../machinery/resource-list.ts'
import type { DeviceClass } from '../../resource/v1/device-class.ts'
import type { ResourceClaim } from '../../resource/v1/resource-claim.schema.ts'
import type { Pod } from '../v1/pod/pod.ts'
import { type DeviceQuotaWorld, deviceClaimQuota, noDevices } from './device-claims.ts'

const gpu = {
  metadata: { name: 'gpu' },
  spec: { extendedResourceName: 'example.com/gpu' },
} as unknown as DeviceClass
const tpu = { metadata: { name: 'tpu' }, spec: {} } as unknown as DeviceClass

const EXPLICIT = 'example.com/gpu'
const IMPLICIT = 'deviceclass.resource.kubernetes.io/gpu'
const container = (...resources: string[]) => ({
  name: 'main',
  resources: { requests: Object.fromEntries(resources.map(resource => [resource, '1'])) },
})
function podOf(name: string, spec: object, claim: string | undefined = 'foo'): Pod {
  const told = claim && { extendedResourceClaimStatus: { resourceClaimName: claim } }
  const metadata = { name, namespace: 'ns', uid: 'uid' }
  return { metadata, spec: { containers: [], ...spec }, status: { ...told } } as unknown as Pod
}
const pods = [
  podOf('implicit', { containers: [container(IMPLICIT)] }),
  podOf('explicit', { initContainers: [container(EXPLICIT)] }),
  podOf('both', {
    initContainers: [container(EXPLICIT, IMPLICIT)],
    containers: [container(EXPLICIT, IMPLICIT)],
  }),
  podOf('untold', { initContainers: [container(EXPLICIT)], containers: [container(IMPLICIT)] }, ''),
  podOf('told of another', { containers: [container(EXPLICIT)] }, 'bar'),
]

function claimOf(count: number, pod?: string, name = 'foo'): ResourceClaim {
  const owner = { apiVersion: 'v1', kind: 'Pod', name: pod, uid: 'uid', controller: true }
  const made = pod && {
    annotations: { 'resource.kubernetes.io/extended-resource-claim': 'true' },
    ownerReferences: [owner],
  }
  const exactly = { deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 1 }
  const requests = Array.from({ length: count }, (_, i) => ({ name: `r${i}`, exactly }))
  const metadata = { name, namespace: 'ns', ...made }
  return { metadata, spec: { devices: { requests } }, status: {} } as unknown as ResourceClaim
}
const world: DeviceQuotaWorld = {
  classes: () => [gpu, tpu],
  pod: (_, name) => pods.find(({ metadata }) => metadata.name === name),
  claims: () => [],
}

// Claims, pods and numbers are those of upstream's TestResourceClaimEvaluatorUsage (v1.36).
const usages: [string, ResourceClaim, Record<string, string>, DeviceQuotaWorld?][] = [
  ['a claim of its own', claimOf(1), { gpu: '1', [IMPLICIT]: '1', [EXPLICIT]: '1' }],
  ['of a class that is not known', claimOf(1), { gpu: '1', [IMPLICIT]: '1' }, noDevices],
  ['for a pod that names the class', claimOf(1, 'implicit'), { gpu: '1', [EXPLICIT]: '1' }],
  ['for a pod that names the resource', claimOf(1, 'explicit'), { gpu: '1', [IMPLICIT]: '1' }],
  ['both names', claimOf(2, 'both'), { gpu: '2', [IMPLICIT]: '1', [EXPLICIT]: '1' }],
  ['a pod not told yet', claimOf(2, 'untold'), { gpu: '2', [IMPLICIT]: '1', [EXPLICIT]: '1' }],
  [
    'the second claim of a pod not told yet',
    claimOf(2, 'untold', 'foo-copy'),
    { gpu: '2', [IMPLICIT]: '2', [EXPLICIT]: '2' },
    { ...world, claims: () => [claimOf(2, 'untold'), claimOf(2, 'untold', 'foo-copy')] },
  ],
  [
    'a claim that says so itself, of a pod that was told of another',
    claimOf(1, 'told of another'),
    { gpu: '1', [IMPLICIT]: '1', [EXPLICIT]: '1' },
  ],
  [
    'a claim of a pod that is gone',
    claimOf(1, 'gone'),
    { gpu: '1', [IMPLICIT]: '1', [EXPLICIT]: '1' },
  ],
]
for (const [name, claim, expected, known = world] of usages)
  test(`towards extended resources counts: ${name}`, () => {
    const { gpu: devices = '', ...extended } = expected
    const used = writeAmounts(deviceClaimQuota(known).usage(claim, 0))
    assert.deepEqual(used, {
      'count/resourceclaims.resource.k8s.io': '1',
      'gpu.deviceclass.resource.k8s.io/devices': devices,
      ...Object.fromEntries(
        Object.entries(extended).map(([resource, amount]) => [`requests.${resource}`, amount]),
      ),
    })
  })

test('claims count towards what some class serves', () => {
  const { measures } = deviceClaimQuota(world)
  const names = [
    'count/resourceclaims.resource.k8s.io',
    'gpu.deviceclass.resource.k8s.io/devices',
    'requests.example.com/gpu',
    'requests.deviceclass.resource.kubernetes.io/gpu',
    'requests.deviceclass.resource.kubernetes.io/tpu',
    // No such things, or no such class.
    'resourceclaims',
    'requests.cpu',
    'ephemeral-storage',
    'requests.example.com/fpga',
    'requests.deviceclass.resource.kubernetes.io/fpga',
    'example.com/gpu',
    'bronze.deviceclass.resource.k8s.io/storage',
  ]
  assert.deepEqual(names.filter(measures), names.slice(0, 5))
  assert.deepEqual(names.filter(deviceClaimQuota(noDevices).measures), names.slice(0, 2))
})
