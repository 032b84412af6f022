import assert from 'node:assert/strict'
import { test } from 'node:test'
import { advertisedAddress, familyOf, isHeardAt } from './ip-families.ts'

const [FOUR, SIX] = ['10.96.0.0/16', 'fd00:10:96::/112']

test('the API is advertised under an address of the family that Services have first', () => {
  const advertised = (serviceClusterIpRange: string, listening: string, asked?: string) =>
    advertisedAddress({ serviceClusterIpRange, listening, advertiseAddress: asked })
  assert.equal(advertised(FOUR, '192.0.2.1'), '192.0.2.1')
  assert.equal(advertised(`${FOUR},${SIX}`, '2001:db8::1', '192.0.2.1'), '192.0.2.1')
  assert.equal(advertised(`${SIX},${FOUR}`, '::', '2001:db8::1'), '2001:db8::1')
  for (const [range, listening] of [
    [FOUR, '2001:db8::1'],
    [SIX, '192.0.2.1'],
  ] as const)
    assert.throws(() => advertised(range, listening), /^UserError: service IP family .* must match/)
  for (const listening of ['127.0.0.1', '::1', '0.0.0.0', '::']) {
    const [four, six] = [FOUR, SIX].map(range => advertised(range, listening))
    assert.ok(four === undefined || familyOf(four) === 'IPv4')
    assert.ok(six === undefined || familyOf(six) === 'IPv6')
  }
})

test('who listens on all addresses listens on that of the link already', () => {
  assert.ok(isHeardAt('0.0.0.0', '10.244.0.1'))
  assert.ok(!isHeardAt('0.0.0.0', 'fd00::1'))
  assert.ok(isHeardAt('::', '10.244.0.1') && isHeardAt('::', 'fd00::1'))
  assert.ok(!isHeardAt('127.0.0.1', '10.244.0.1'))
})
