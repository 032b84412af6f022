import assert from 'node:assert/strict'
import { isIPv4, isIPv6 } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  addressFamily,
  canonicalIp,
  cidrWarnings,
  isCanonicalCidr,
  isCanonicalIp,
  isCidr,
  isInterfaceAddress,
  isIp,
  isOrdinaryIp,
  isWithin,
} from './addresses.ts'

test('agrees with Node on what an address is', () => {
  const some = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.stringMatching(/^[0-9a-f:.]{0,20}$/),
    fc.constantFrom('::', '1::', '::1', '1:::2', '::ffff:1.2.3.4', '1.2.3', '01.2.3.4', '1::2::3'),
  )
  fc.assert(
    fc.property(some, text => {
      const expected = isIPv4(text) ? 'IPv4' : isIPv6(text) ? 'IPv6' : undefined
      assert.equal(addressFamily(text), expected, text)
    }),
  )
})

test('ranges need an address and a length that fits it', () => {
  for (const good of ['10.0.0.0/8', '0.0.0.0/0', 'fd00::/64', '1.2.3.4/32'])
    assert.deepEqual(isCidr(good), [], good)
  for (const bad of ['10.0.0.0', '10.0.0.0/33', 'fd00::/129', '10.0.0.0/08', '/8', '1.2.3.4/8/8'])
    assert.equal(isCidr(bad).length, 1, bad)
})

test('ways of writing that programs read differently are refused', () => {
  const mapped = 'must not be an IPv4-mapped IPv6 address'
  const cases: [(text: string) => string[], string, string | undefined][] = [
    [isIp, '10.9.8.7', undefined],
    [isIp, '2001:DB8::1', undefined],
    [isIp, '010.009.8.7', 'must not have leading 0s'],
    [isIp, '::ffff:1.2.3.04', 'must not have leading 0s'],
    [isIp, '::ffff:1.2.3.4', mapped],
    [isIp, '300.1.1.1', 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
    [isCanonicalIp, '2001:db8::1', undefined],
    [isCanonicalIp, '2001:DB8::1', 'must be in canonical form ("2001:db8::1")'],
    [isCanonicalIp, '::ffff:1.2.3.4', mapped],
    [isCidr, '2001:DB8::/64', undefined],
    [isCidr, '10.0.0.0/08', 'must not have leading 0s in IP or prefix length'],
    [isCidr, '10.0.00.0/8', 'must not have leading 0s in IP or prefix length'],
    [isCidr, '10.1.0.0/8', 'must not have bits set beyond the prefix length'],
    [isCidr, '2001:db8::1/64', 'must not have bits set beyond the prefix length'],
    [isCidr, '::ffff:1.2.3.4/128', 'must not have an IPv4-mapped IPv6 address'],
    [isCidr, '10.0.0.0', 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'],
    [isCanonicalCidr, '10.0.0.0/8', undefined],
    [isCanonicalCidr, '2001:DB8::/64', 'must be in canonical form ("2001:db8::/64")'],
    [isCanonicalCidr, '10.1.0.0/8', 'must not have bits set beyond the prefix length'],
  ]
  for (const [check, text, expected] of cases)
    assert.deepEqual(check(text), expected === undefined ? [] : [expected], text)
})

test('right ranges that are not written as they should be are told of', () => {
  for (const text of ['10.0.0.0/8', '2001:db8::/64', 'nonsense', '10.1.0.0/8'])
    assert.deepEqual(cidrWarnings('spec.cidr', text), [], text)
  assert.deepEqual(cidrWarnings('spec.cidr', '2001:DB8:0::/64'), [
    'spec.cidr: IPv6 CIDR value "2001:DB8:0::/64" should be in RFC 5952 canonical format ("2001:db8::/64")',
  ])
})

test('ranges lie within others', () => {
  for (const [inner, outer, expected] of [
    ['10.1.0.0/16', '10.0.0.0/8', true],
    ['10.0.0.0/8', '10.0.0.0/8', true],
    ['10.0.0.0/7', '10.0.0.0/8', false],
    ['11.0.0.0/16', '10.0.0.0/8', false],
    ['1.2.3.4/32', '0.0.0.0/0', true],
    ['fd00:1::/64', 'fd00::/16', true],
    ['fd00::/64', '0.0.0.0/0', false],
    ['x', 'x', false],
  ] as const)
    assert.equal(isWithin(inner, outer), expected, `${inner} in ${outer}`)
})

test('addresses that mean something else everywhere are named', () => {
  const problem = (text: string) => isOrdinaryIp(text)[0]
  assert.equal(problem('10.1.2.3'), undefined)
  assert.equal(problem('2001:db8::1'), undefined)
  assert.match(problem('127.9.9.9') ?? '', /loopback/)
  assert.match(problem('::1') ?? '', /loopback/)
  assert.match(problem('::ffff:127.0.0.1') ?? '', /loopback/)
  assert.match(problem('169.254.1.1') ?? '', /link-local range/)
  assert.match(problem('fe80::1') ?? '', /link-local range/)
  assert.match(problem('224.0.0.1') ?? '', /multicast/)
  assert.match(problem('0.0.0.0') ?? '', /unspecified/)
  assert.match(problem('nonsense') ?? '', /valid IP address/)
})

test('addresses have one canonical form', () => {
  const cases: [string, string | undefined][] = [
    ['10.0.0.1', '10.0.0.1'],
    ['2001:0DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['::', '::'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
    ['fe80::', 'fe80::'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['10.0.0', undefined],
  ]
  for (const [text, expected] of cases) assert.equal(canonicalIp(text), expected)
})

test('addresses of interfaces carry the length of their network', () => {
  for (const text of ['10.0.0.1/24', '2001:db8::1/64', '0.0.0.0/0'])
    assert.deepEqual(isInterfaceAddress(text), [])
  assert.deepEqual(isInterfaceAddress('2001:DB8::1/64'), [
    'must be in canonical form ("2001:db8::1/64")',
  ])
  assert.deepEqual(isInterfaceAddress('::ffff:10.0.0.1/120'), [
    'must be in canonical form ("10.0.0.1/24")',
  ])
  for (const text of ['10.0.0.1', '10.0.0.1/33', 'x/1'])
    assert.deepEqual(isInterfaceAddress(text), [
      'must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)',
    ])
})
