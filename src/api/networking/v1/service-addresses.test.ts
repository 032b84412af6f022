import assert from 'node:assert/strict'
import { test } from 'node:test'
import { created, defaulted, lines, rowOf, updated } from '../../core/v1/testing.ts'
import { wrongNames } from '../../machinery/validate-metadata.ts'
import { serviceCidr as betaServiceCidr } from '../v1beta1/service-cidr.ts'
import { ipAddress } from './ip-address.ts'
import { serviceCidr } from './service-cidr.ts'

const parentRef = { resource: 'services', namespace: 'shop', name: 'web' }
const address = (name: string, spec: object = { parentRef }) =>
  created(ipAddress, { metadata: { name }, spec })
const addressProblems = (name: string, spec?: object) => {
  const object = address(name, spec)
  return lines([...wrongNames(ipAddress, object), ...ipAddress.validate(object)])
}

test('an address is named after itself, in canonical form', () => {
  assert.deepEqual(addressProblems('10.0.0.1'), [])
  assert.deepEqual(addressProblems('2001:db8::1'), [])
  assert.deepEqual(addressProblems('2001:DB8::1'), [
    'metadata.name: Invalid value: "2001:DB8::1": must be in canonical form ("2001:db8::1")',
  ])
  assert.deepEqual(addressProblems('web'), [
    'metadata.name: Invalid value: "web": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
  ])
})

test('an address belongs to somebody, and always to the same', () => {
  const problems = (spec: object) => addressProblems('10.0.0.1', spec)
  assert.deepEqual(problems({}), ['spec.parentRef: Required value'])
  assert.deepEqual(problems({ parentRef: {} }), [
    'spec.parentRef.resource: Required value',
    'spec.parentRef.name: Required value',
  ])
  assert.deepEqual(problems({ parentRef: { group: 'A', namespace: 'a/b' } }), [
    "spec.parentRef.group: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    'spec.parentRef.resource: Required value',
    'spec.parentRef.name: Required value',
    'spec.parentRef.namespace: Invalid value: "a/b": may not contain \'/\'',
  ])
  const next = address('10.0.0.1', { parentRef: { ...parentRef, name: 'other' } })
  assert.deepEqual(lines(ipAddress.validateUpdate(next, address('10.0.0.1'))), [
    'spec.parentRef: Invalid value: {"Group":"","Resource":"services","Namespace":"shop","Name":"other"}: field is immutable',
  ])
})

test('kubectl get shows whose an address is', () => {
  const shown = (parent: object) =>
    rowOf(ipAddress, address('10.0.0.1', { parentRef: parent })).ParentRef
  assert.equal(shown(parentRef), 'services/shop/web')
  const gateway = { group: 'gateway.networking.k8s.io', resource: 'Gateways', name: 'a' }
  assert.equal(shown(gateway), 'gateways.gateway.networking.k8s.io/a')
})

const ranges = (...cidrs: string[]) => created(serviceCidr, { spec: { cidrs } })
const rangeProblems = (...cidrs: string[]) => lines(serviceCidr.validateCreate(ranges(...cidrs)))

test('ranges of services are one of each family', () => {
  assert.deepEqual(rangeProblems('10.0.0.0/16'), [])
  assert.deepEqual(rangeProblems('fd00::/64', '10.0.0.0/16'), [])
  assert.deepEqual(rangeProblems(), ['spec.cidrs: Required value: at least one CIDR required'])
  assert.deepEqual(rangeProblems('10.0.0.0/16', '11.0.0.0/16'), [
    'spec.cidrs: Invalid value: ["10.0.0.0/16","11.0.0.0/16"]: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
  ])
  assert.deepEqual(rangeProblems('10.0.0.0/16', 'fd00::/64', 'x'), [
    'spec.cidrs: Invalid value: {"cidrs":["10.0.0.0/16","fd00::/64","x"]}: may only hold up to 2 values',
  ])
  assert.deepEqual(rangeProblems('10.0.0.1/16', 'FD00::/64'), [
    'spec.cidrs[0]: Invalid value: "10.0.0.1/16": must not have bits set beyond the prefix length',
    'spec.cidrs[1]: Invalid value: "FD00::/64": must be in canonical form ("fd00::/64")',
  ])
})

test('a range may be added, but none is changed', () => {
  const update = (next: string[], previous: string[]) =>
    lines(serviceCidr.validateUpdate(ranges(...next), ranges(...previous)))
  assert.deepEqual(update(['10.0.0.0/16'], ['10.0.0.0/16']), [])
  assert.deepEqual(update(['10.0.0.0/16', 'fd00::/64'], ['10.0.0.0/16']), [])
  assert.deepEqual(update(['11.0.0.0/16'], ['10.0.0.0/16']), [
    'spec.cidrs[0]: Invalid value: "11.0.0.0/16": field is immutable',
  ])
  assert.deepEqual(update(['11.0.0.0/16', 'x'], ['10.0.0.0/16']), [
    'spec.cidrs[0]: Invalid value: "11.0.0.0/16": field is immutable',
    'spec.cidrs[1]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
  ])
  assert.deepEqual(update(['10.0.0.0/16'], ['10.0.0.0/16', 'fd00::/64']), [
    'spec.cidrs: Invalid value: ["10.0.0.0/16"]: field is immutable',
  ])
})

test('an ordinary update leaves the status of ranges', () => {
  const status = {
    conditions: [
      {
        type: 'Ready',
        status: 'True',
        reason: '',
        message: '',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      },
    ],
  }
  const previous = { ...ranges('10.0.0.0/16'), status }
  assert.deepEqual(updated(serviceCidr, previous, { spec: previous.spec }).status, status)
  assert.deepEqual(
    rowOf(serviceCidr, ranges('10.0.0.0/16', 'fd00::/64')).CIDRs,
    ['10.0.0.0/16', 'fd00::/64'].join(','),
  )
})

test('the beta version says the same and warns that it goes', () => {
  const beta = defaulted(betaServiceCidr, { spec: { cidrs: ['10.0.0.0/16'] } })
  const stored = betaServiceCidr.storedAs?.toStored(beta)
  assert.equal(stored.apiVersion, 'networking.k8s.io/v1')
  assert.deepEqual(betaServiceCidr.storedAs?.fromStored(stored), beta)
  assert.match(betaServiceCidr.deprecation ?? '', /deprecated in v1.34\+, unavailable in v1.37\+/)
})
