/** What updates of small kinds may not change, and how it is told. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AnyKind } from '../../machinery/kind.ts'
import type { KubernetesObject } from '../../machinery/metadata.ts'
import type { PlainObject } from '../../machinery/plain.ts'
import { wrongNames } from '../../machinery/validate-metadata.ts'
import { ingressClass } from '../../networking/v1/ingress-class.ts'
import { ipAddress } from '../../networking/v1/ip-address.ts'
import { serviceCidr } from '../../networking/v1/service-cidr.ts'
import { event } from './event.ts'
import { validateEvent } from './event.validation.ts'
import { persistentVolumeClaim } from './persistent-volume-claim.ts'
import { secret } from './secret.ts'
import { defaulted, lines, updated } from './testing.ts'

function told(kind: AnyKind, before: PlainObject, after: PlainObject): string[] {
  const previous = defaulted(kind, before) as KubernetesObject
  const next = updated(kind, previous, after)
  return lines(kind.validateUpdate(next, previous))
}

test('a key with nothing in it is a key of a secret', () => {
  const before = { data: { a: 'YQ==', c: '' }, immutable: true }
  assert.deepEqual(told(secret, before, before), [])
  assert.deepEqual(told(secret, before, { ...before, data: { a: 'YQ==' } }), [
    'data: Forbidden: field is immutable when `immutable` is set',
  ])
})

test('a text that is gone is told as empty', () => {
  const spec = { controller: 'example.com/c' }
  assert.deepEqual(told(ingressClass, { spec }, {}), [
    'spec.controller: Invalid value: "": field is immutable',
  ])
  const before = {
    eventTime: '2026-05-01T12:00:00.000000Z',
    reason: 'R',
    reportingComponent: 'example.com/c',
  }
  const [old, next] = [before, { eventTime: before.eventTime }].map(body => defaulted(event, body))
  assert.ok(old && next)
  const changes = lines(validateEvent('events.k8s.io', next, old)).filter(line =>
    line.endsWith('field is immutable'),
  )
  assert.deepEqual(changes, [
    'reason: Invalid value: "": field is immutable',
    'reportingController: Invalid value: "": field is immutable',
  ])
})

test('a reference or a list that is gone is told as nothing', () => {
  const spec = { parentRef: { resource: 'services', name: 'a' } }
  assert.deepEqual(told(ipAddress, { spec }, { spec: {} }), [
    'spec.parentRef: Invalid value: null: field is immutable',
  ])
  assert.deepEqual(told(serviceCidr, { spec: { cidrs: ['10.0.0.0/24'] } }, { spec: {} }), [
    'spec.cidrs: Invalid value: null: field is immutable',
  ])
})

test('a prefix of an address is an address', () => {
  const body = {
    metadata: { name: '10.0.0.1', generateName: 'a-' },
    spec: { parentRef: { resource: 'services', name: 'a' } },
  }
  const [wrong] = wrongNames(ipAddress, defaulted(ipAddress, body))
  assert.equal(wrong?.field, 'metadata.generateName')
})

test('a claim whose source has a group may get one that is none', () => {
  const claim = (apiGroup?: string) =>
    defaulted(persistentVolumeClaim, {
      spec: {
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '1Gi' } },
        dataSource: { kind: 'PersistentVolumeClaim', name: 'a', ...(apiGroup ? { apiGroup } : {}) },
      },
    })
  const { validate } = persistentVolumeClaim
  assert.equal(validate(claim('No!')).length, 1)
  assert.equal(validate(claim('No!'), claim()).length, 1)
  assert.deepEqual(validate(claim('No!'), claim('example.com')), [])
})
