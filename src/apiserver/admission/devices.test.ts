import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { isStatus } from '#api/machinery/status.ts'
import type { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import type { ResourceClaimTemplate } from '#api/resource/v1/resource-claim-template.ts'
import { deviceAdminAccess } from './device-admin-access.ts'
import { type Asked, admit, testWorld } from './testing.ts'

const objectOf = (kind: string) => ({
  apiVersion: 'resource.k8s.io/v1',
  kind,
  metadata: { name: 'a' },
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
