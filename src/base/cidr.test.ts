import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  addressAt,
  addressToNumber,
  contains,
  formatCidr,
  numberToAddress,
  overlap,
  parseCidr,
} from './cidr.ts'

test('reads a range and counts its addresses', () => {
  const range = parseCidr('10.96.0.0/12', '--service-cluster-ip-range')
  assert.equal(range.size, 2 ** 20)
  assert.equal(addressAt(range, 10), '10.96.0.10')
  assert.equal(formatCidr(range), '10.96.0.0/12')
  assert.ok(contains(range, '10.111.255.255'))
  assert.ok(!contains(range, '10.112.0.0'))
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
    '::/0',
  ])
    assert.throws(
      () => parseCidr(text, '--cluster-cidr'),
      /^UserError: --cluster-cidr wants an IPv4 range/,
    )
  assert.throws(
    () => parseCidr('10.96.0.1/12', '--cluster-cidr'),
    /did you mean 10\.96\.0\.0\/12\?/,
  )
})

test('ranges that share an address overlap', () => {
  const of = (text: string) => parseCidr(text, 'x')
  assert.ok(overlap(of('10.0.0.0/8'), of('10.244.0.0/16')))
  assert.ok(!overlap(of('10.96.0.0/12'), of('10.244.0.0/16')))
})

test('addresses and numbers are the same thing', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      number => addressToNumber(numberToAddress(number)) === number,
    ),
  )
})
