import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Reader, Writer } from './protobuf-wire.ts'

/** The text behind a length, between two numbers that show whether its room was right. */
function written(text: string): Uint8Array {
  const writer = new Writer()
  writer.varint(7)
  const before = writer.length
  writer.string(text)
  writer.varint(writer.length - before)
  writer.varint(9)
  return writer.finish()
}

const expected = (text: string): Uint8Array => {
  const bytes = new TextEncoder().encode(text)
  const size: number[] = []
  for (let rest = bytes.length; ; rest = Math.floor(rest / 128)) {
    size.push(rest >= 128 ? (rest % 128) | 128 : rest)
    if (rest < 128) return Uint8Array.from([9, ...size, ...bytes, 7])
  }
}

test('texts of any letters and length are written as UTF-8', () => {
  const unit = fc.constantFrom('a', '~', '\x7f', '\x80', 'é', '€', '😀', '\ud800', '\udc00', '\0')
  const text = fc.oneof(
    fc.string({ unit, maxLength: 200 }),
    fc.tuple(fc.nat(300), fc.string({ unit, maxLength: 3 })).map(([n, end]) => 'a'.repeat(n) + end),
    fc.tuple(fc.string({ unit, maxLength: 3 }), fc.nat(300)).map(([a, n]) => a + 'a'.repeat(n)),
  )
  fc.assert(
    fc.property(text, each => {
      assert.deepEqual(written(each), expected(each))
    }),
    { numRuns: 1000 },
  )
})

test('a text that has more bytes than the buffer that it begins in', () => {
  for (const letter of ['a', 'é', '€', '😀'])
    for (const count of [16_000, 16_384, 20_000, 70_000]) {
      const text = letter.repeat(count)
      const reader = new Reader(written(text))
      assert.equal(reader.int(), 9)
      assert.equal(reader.string(), text)
      assert.equal(reader.int(), 7)
      assert.ok(reader.done)
    }
})
