import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserError } from '#base/errors.ts'
import { proxyPlaces } from './proxy-flags.ts'

const { healthzBindAddress: flag } = proxyPlaces

test('a place is an address and a port, an address alone, or none', () => {
  assert.equal(flag.fallback, undefined)
  assert.equal(flag.parse(''), 'none')
  assert.deepEqual(flag.parse('10.0.0.1:1234'), { address: '10.0.0.1', port: 1234 })
  assert.deepEqual(flag.parse('10.0.0.1'), { address: '10.0.0.1', port: 10_256 })
  assert.deepEqual(flag.parse('[::1]:0'), { address: '::1', port: 0 })
  assert.deepEqual(flag.parse('::'), { address: '::', port: 10_256 })
})

for (const text of ['somewhere:1', '10.0.0.1:65536', ':1', '10.0.0.1:', '[10.0.0.1', '1.2.3.4:x'])
  test(`${JSON.stringify(text)} is no place`, () => {
    assert.throws(() => flag.parse(text), UserError)
  })
