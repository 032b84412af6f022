import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { numberToAddress } from './ip-address.ts'
import { canAssign, containsPrefix, overlaps, prefixOf } from './prefix.ts'

test('addresses of a range are those between its own and its broadcast address', () => {
  const small = prefixOf('10.0.0.0/30')
  const found = ['10.0.0.0', '10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '9.255.255.255']
  assert.deepEqual(
    found.filter(address => canAssign(small, address)),
    ['10.0.0.1', '10.0.0.2'],
  )
  const six = prefixOf('fd00::/126')
  assert.deepEqual(
    ['fd00::', 'fd00::1', 'fd00::3', 'fd00::4', '10.0.0.1'].filter(each => canAssign(six, each)),
    ['fd00::1', 'fd00::3'],
  )
  assert.equal(canAssign(small, 'fd00::1'), false)
  assert.equal(canAssign(prefixOf('10.0.0.0/32'), '10.0.0.0'), false)
  assert.ok(canAssign(prefixOf('0.0.0.0/0'), '255.255.255.254'))
})

test('ranges hold or overlap each other as the numbers of their addresses say', () => {
  const prefixes = fc
    .record({ address: fc.nat(255), length: fc.integer({ min: 24, max: 32 }) })
    .map(({ address, length }) => {
      const size = 2 ** (32 - length)
      return `${numberToAddress(BigInt(0x0a000000 + address - (address % size)), false)}/${length}`
    })
  const numbers = (text: string) => {
    const { base, length } = prefixOf(text)
    return Array.from({ length: 2 ** (32 - length) }, (_, at) => base + BigInt(at))
  }
  fc.assert(
    fc.property(prefixes, prefixes, (a, b) => {
      const [one, other] = [new Set(numbers(a)), numbers(b)]
      assert.equal(
        containsPrefix(prefixOf(a), prefixOf(b)),
        other.every(each => one.has(each)),
      )
      assert.equal(
        overlaps(prefixOf(a), prefixOf(b)),
        other.some(each => one.has(each)),
      )
    }),
  )
  assert.equal(overlaps(prefixOf('::/0'), prefixOf('0.0.0.0/0')), false)
})
