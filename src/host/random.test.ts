import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemRandom } from './random.ts'

test('random bytes are as many as asked for, never the same twice, and nobody else’s', () => {
  const seen = new Set<string>()
  for (const length of [16, 32, 4096, 5000, 4095, 32, 17]) {
    const drawn = systemRandom.bytes(length)
    assert.equal(drawn.length, length)
    assert.equal(drawn.buffer.byteLength, length, 'a buffer of its own')
    for (let at = 0; at + 16 <= length; at += 16) {
      const part = Buffer.from(drawn.subarray(at, at + 16)).toString('hex')
      assert.ok(!seen.has(part), 'sixteen bytes come twice')
      seen.add(part)
    }
  }
  assert.equal(systemRandom.bytes(0).length, 0)
})
