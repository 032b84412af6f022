import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { addressAt, contains, formatCidr, overlap, parseCidr, parseCidrs, partOf } from './cidr.ts'
import { addressToNumber, isIpv6, numberToAddress } from './ip-address.ts'

test('reads a range and counts its addresses', () => {
  const range = parseCidr('10.96.0.0/12', '--service-cluster-ip-range')
  assert.equal(range.size, 2n ** 20n)
  assert.equal(addressAt(range, 10), '10.96.0.10')
  assert.equal(formatCidr(range), '10.96.0.0/12')
  assert.ok(contains(range, '10.111.255.255'))
  assert.ok(!contains(range, '10.112.0.0'))
  const six = parseCidr('fd00:10:96::/112', '--service-cluster-ip-range')
  assert.equal(six.size, 2n ** 16n)
  assert.equal(addressAt(six, 10), 'fd00:10:96::a')
  assert.equal(formatCidr(six), 'fd00:10:96::/112')
  assert.ok(contains(six, 'fd00:10:96:0::ffff'))
  assert.ok(!contains(six, 'fd00:10:96::1:0') && !contains(six, '10.96.0.1'))
  assert.ok(!contains(range, '::ffff:10.96.0.1') && !contains(range, 'x'))
})

test('two ranges are one of each family, the first of which comes first', () => {
  const texts = (text: string) => parseCidrs(text, '--cluster-cidr').map(formatCidr)
  assert.deepEqual(texts('10.244.0.0/16'), ['10.244.0.0/16'])
  assert.deepEqual(texts('fd00::/56, 10.244.0.0/16'), ['fd00::/56', '10.244.0.0/16'])
  const refused = (text: string, why: RegExp) =>
    assert.throws(() => parseCidrs(text, '--cluster-cidr'), why)
  refused('10.0.0.0/16,10.1.0.0/16', /\[0\] and --cluster-cidr\[1\] must be of different IP family/)
  refused('10.0.0.0/16,fd00::/56,fd01::/56', /must not contain more than two entries/)
  refused('10.0.0.0/16,', /wants a range such as .*, not ""/)
})

test('parts of a range lie side by side', () => {
  const part = (text: string, length: number, at: number) =>
    formatCidr(partOf(parseCidr(text, 'x'), length, at))
  assert.equal(part('10.244.0.0/16', 24, 255), '10.244.255.0/24')
  assert.equal(part('fd00:10:244::/56', 64, 0), 'fd00:10:244::/64')
  assert.equal(part('fd00:10:244::/56', 64, 255), 'fd00:10:244:ff::/64')
})

test('refuses what is no range with a sentence that names the flag', () => {
  for (const text of [
    '',
    '10.0.0.0',
    '10.0.0/8',
    '10.0.0.256/8',
    '10.0.0.0/33',
    '010.0.0.0/8',
    'x/8',
    '::/129',
    '1::2::3/64',
    'fd00::%eth0/64',
  ])
    assert.throws(
      () => parseCidr(text, '--cluster-cidr'),
      /^UserError: --cluster-cidr wants a range such as/,
    )
  assert.throws(
    () => parseCidr('10.96.0.1/12', '--cluster-cidr'),
    /did you mean 10\.96\.0\.0\/12\?/,
  )
  assert.throws(() => parseCidr('fd00::1/64', '--cluster-cidr'), /did you mean fd00::\/64\?/)
})

test('ranges that share an address overlap', () => {
  const of = (text: string) => parseCidr(text, 'x')
  assert.ok(overlap(of('10.0.0.0/8'), of('10.244.0.0/16')))
  assert.ok(!overlap(of('10.96.0.0/12'), of('10.244.0.0/16')))
})

test('addresses and numbers are the same thing', () => {
  const bits = { false: 32n, true: 128n }
  fc.assert(
    fc.property(fc.bigInt(0n, 2n ** 128n - 1n), fc.boolean(), (large, six) => {
      const number = large % 2n ** bits[`${six}`]
      const address = numberToAddress(number, six)
      assert.equal(addressToNumber(address), number)
      assert.equal(isIpv6(address), six)
    }),
  )
})
