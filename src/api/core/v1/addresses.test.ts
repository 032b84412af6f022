import assert from 'node:assert/strict'
import { isIPv4, isIPv6 } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  addressFamily,
  canonicalIp,
  isCidr,
  isInterfaceAddress,
  isOrdinaryIp,
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
