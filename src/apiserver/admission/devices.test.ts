import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { isStatus } from '#api/machinery/status.ts'
import type { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import type { ResourceClaimTemplate } from '#api/resource/v1/resource-claim-template.ts'
import type { ResourceSlice } from '#api/resource/v1/resource-slice.schema.ts'
import type { DeviceTaintRule } from '#api/resource/v1alpha3/device-taint-rule.ts'
import { deviceAdminAccess } from './device-admin-access.ts'
import { deviceTaintTimes } from './device-taint-times.ts'
import { type Asked, admit, testWorld } from './testing.ts'

const objectOf = (kind: string) => ({
  apiVersion: 'resource.k8s.io/v1',
  kind,
  metadata: { name: 'a' },
})

const NOW = '2026-01-01T00:00:00Z'
const EARLIER = '2025-01-01T00:00:00Z'
const times = deviceTaintTimes({
  clock: { ...testWorld().clock, now: () => Date.parse(NOW) },
})

test('taints of published devices get the time of the write', async () => {
  const slice: ResourceSlice = {
    ...objectOf('ResourceSlice'),
    spec: {
      driver: 'd',
      pool: { name: 'p', generation: 1, resourceSliceCount: 1 },
      devices: [
        {
          name: 'gpu',
          taints: [
            { key: 'new', effect: 'NoExecute' },
            { key: 'old', effect: 'NoExecute', timeAdded: EARLIER },
          ],
        },
      ],
    },
  }
  const { spec } = await admit(times, {
    resource: 'resourceslices.resource.k8s.io',
    object: slice,
  })
  const added = spec.devices?.[0]?.taints?.map(taint => taint.timeAdded)
  assert.deepEqual(added, [NOW, EARLIER])
})

const rule = (effect: 'NoExecute' | 'None', timeAdded?: string): DeviceTaintRule => ({
  ...objectOf('DeviceTaintRule'),
  spec: { taint: { key: 'k', effect, ...(timeAdded ? { timeAdded } : {}) } },
  status: {},
})

test('another effect of a rule begins anew, unless its time is given', async () => {
  const resource = 'devicetaintrules.resource.k8s.io'
  const write = async (object: DeviceTaintRule, oldObject?: DeviceTaintRule) => {
    const operation = oldObject ? 'UPDATE' : 'CREATE'
    const asked = { resource, operation, object, ...(oldObject ? { oldObject } : {}) } as const
    return (await admit(times, asked)).spec.taint.timeAdded
  }
  assert.equal(await write(rule('None')), NOW)
  assert.equal(await write(rule('None', EARLIER)), EARLIER)
  assert.equal(await write(rule('None', EARLIER), rule('None', EARLIER)), EARLIER)
  assert.equal(await write(rule('NoExecute', EARLIER), rule('None', EARLIER)), NOW)
  const later = '2025-06-01T00:00:00Z'
  assert.equal(await write(rule('NoExecute', later), rule('None', EARLIER)), later)
})

const world = testWorld()
const namespaceWith = (name: string, labels: Record<string, string>) =>
  world.namespaces.set(name, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels },
    spec: {},
    status: {},
  })
namespaceWith('shop', {})
namespaceWith('watchers', { 'resource.kubernetes.io/admin-access': 'true' })
const access = deviceAdminAccess(world)

const devices = (adminAccess: boolean) => ({
  requests: [
    { name: 'plain', exactly: { deviceClassName: 'gpu' } },
    { name: 'main', exactly: { deviceClassName: 'gpu', adminAccess } },
  ],
})
const claim = (adminAccess: boolean, status: ResourceClaim['status'] = {}): ResourceClaim => ({
  ...objectOf('ResourceClaim'),
  spec: { devices: devices(adminAccess) },
  status,
})
const given = {
  allocation: {
    devices: {
      results: [{ request: 'main', driver: 'd', pool: 'p', device: 'x', adminAccess: true }],
    },
  },
}
const refused = (asked: Asked & { object: KubernetesObject }, path: string) =>
  assert.rejects(admit(access, asked), error => {
    assert.ok(isStatus(error, 'Invalid'))
    assert.ok(
      error.message.includes(
        `${path}: Forbidden: admin access to devices requires the \`resource.kubernetes.io/admin-access: true\` label on the containing namespace`,
      ),
      error.message,
    )
    return true
  })

test('devices of others are for claims in marked namespaces', async () => {
  const resource = 'resourceclaims.resource.k8s.io'
  await admit(access, { resource, object: claim(false) })
  await admit(access, { resource, object: claim(true), namespace: 'watchers' })
  await refused({ resource, object: claim(true) }, 'spec.devices.requests[1].adminAccess')
  const template: ResourceClaimTemplate = {
    ...objectOf('ResourceClaimTemplate'),
    spec: { metadata: {}, spec: { devices: devices(true) } },
  }
  await refused(
    { resource: 'resourceclaimtemplates.resource.k8s.io', object: template },
    'spec.devices.requests[1].adminAccess',
  )
})

test('such devices are given only there; what was given may be written again', async () => {
  const resource = 'resourceclaims.resource.k8s.io/status'
  const update = { resource, operation: 'UPDATE', oldObject: claim(true) } as const
  const object = claim(true, given)
  await refused({ ...update, object }, 'status.allocation.devices.results[0].adminAccess')
  await admit(access, { ...update, object, namespace: 'watchers' })
  await admit(access, { ...update, object, oldObject: object })
  await admit(access, { ...update, object: claim(true) })
})
