import assert from 'node:assert/strict'
import { test } from 'node:test'
import { created, defaulted, lines, rowOf } from '../../core/v1/testing.ts'
import { deviceClass } from './device-class.ts'
import { resourceClaim } from './resource-claim.ts'
import { resourceClaimTemplate } from './resource-claim-template.ts'
import { resourceSlice } from './resource-slice.ts'

const toStored = (kind: { storedAs?: { toStored: (object: never) => unknown } }, object: unknown) =>
  kind.storedAs?.toStored(object as never)

test('fields of an exact request stand in the request itself', () => {
  const requests = [
    { name: 'one', deviceClassName: 'gpu', adminAccess: false },
    { name: 'first', firstAvailable: [{ name: 'a', deviceClassName: 'gpu' }] },
  ]
  const claim = defaulted(resourceClaim, { spec: { devices: { requests } } })
  const mode = { allocationMode: 'ExactCount', count: 1 }
  assert.deepEqual(claim.spec.devices.requests, [
    { name: 'one', deviceClassName: 'gpu', ...mode, adminAccess: false },
    {
      name: 'first',
      deviceClassName: '',
      firstAvailable: [{ name: 'a', deviceClassName: 'gpu', ...mode }],
    },
  ])
  const stored = toStored(resourceClaim, claim) as typeof claim
  assert.equal(stored.apiVersion, 'resource.k8s.io/v1')
  assert.deepEqual(stored.spec.devices.requests, [
    { name: 'one', exactly: { deviceClassName: 'gpu', ...mode, adminAccess: false } },
    { name: 'first', firstAvailable: [{ name: 'a', deviceClassName: 'gpu', ...mode }] },
  ])
  assert.deepEqual(resourceClaim.storedAs?.fromStored(stored), claim)
})

test('a request that has anything of an exact one becomes one, and is judged as one', () => {
  const requests = [{ name: 'one', count: 2 }]
  const claim = created(resourceClaim, { spec: { devices: { requests } } })
  assert.deepEqual(lines(resourceClaim.validateCreate(claim)), [
    'spec.devices.requests[0].exactly.deviceClassName: Required value',
    'spec.devices.requests[0].exactly.allocationMode: Unsupported value: "": supported values: "All", "ExactCount"',
  ])
})

test('templates are converted inside', () => {
  const requests = [{ name: 'one', deviceClassName: 'gpu' }]
  const template = defaulted(resourceClaimTemplate, {
    spec: { metadata: { labels: { a: 'b' } }, spec: { devices: { requests } } },
  })
  const stored = toStored(resourceClaimTemplate, template) as {
    spec: { spec: { devices: { requests: unknown[] } } }
  }
  assert.deepEqual(stored.spec.spec.devices.requests, [
    {
      name: 'one',
      exactly: { deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 1 },
    },
  ])
  assert.deepEqual(resourceClaimTemplate.storedAs?.fromStored(stored), template)
})

test('what a device is stands in its basic part; an empty node name is none', () => {
  const pool = { name: 'p', generation: 1, resourceSliceCount: 1 }
  const devices = [{ name: 'a', basic: { attributes: { x: { int: 1 } } } }]
  const slice = defaulted(resourceSlice, {
    spec: { driver: 'd', pool, nodeName: '', allNodes: true, devices },
  })
  const stored = toStored(resourceSlice, slice) as typeof slice
  assert.equal(Object.hasOwn(stored.spec, 'nodeName'), false)
  assert.deepEqual(stored.spec.devices, [{ name: 'a', attributes: { x: { int: 1 } } }])
  assert.deepEqual(resourceSlice.storedAs?.fromStored(stored), slice)
  assert.deepEqual(lines(resourceSlice.validateCreate(slice)), [])
  assert.equal(rowOf(resourceSlice, slice).Pool, 'p')
  assert.equal(resourceSlice.fieldSelectors['spec.driver']?.(slice), 'd')
})

test('clients are told that the version goes', () => {
  for (const kind of [deviceClass, resourceClaim, resourceClaimTemplate, resourceSlice])
    assert.equal(
      kind.deprecation,
      `resource.k8s.io/v1beta1 ${kind.kind} is deprecated in v1.35+, unavailable in v1.38+`,
    )
})
