import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  boolean,
  bytes,
  integer,
  integers,
  list,
  message,
  nested,
  ProtobufError,
  string,
  stringMap,
  strings,
} from './protobuf.ts'

const inner = message({ name: string(1), count: integer(2) })
const outer = message({
  text: string(1),
  number: integer(2),
  flag: boolean(3),
  blob: bytes(4),
  child: nested(5, inner),
  children: list(6, inner),
  words: strings(7),
  numbers: integers(8),
  map: stringMap(100),
})

const hex = (data: Uint8Array) => Buffer.from(data).toString('hex')

test('the bytes are those of the protocol', () => {
  assert.equal(hex(outer.encode({ text: 'testing' })), '0a0774657374696e67')
  assert.equal(hex(outer.encode({ number: 150 })), '109601')
  // A negative number takes ten bytes.
  assert.equal(hex(outer.encode({ number: -1 })), `10${'ff'.repeat(9)}01`)
  assert.equal(hex(outer.encode({ numbers: [3, 270, 86942] })), '4206038e029ea705')
  assert.equal(hex(outer.encode({ child: { name: 'a' } })), '2a030a0161')
  assert.equal(hex(outer.encode({ map: { k: 'v' } })), 'a206060a016b120176')
  assert.equal(hex(outer.encode({ text: '', number: 0, flag: false, words: [] })), '')
  // An empty message that is there is told from one that is not.
  assert.equal(hex(outer.encode({ child: {} })), '2a00')
})

test('any value comes back', () => {
  const child = fc.record(
    { name: fc.string(), count: fc.maxSafeInteger() },
    { noNullPrototype: true },
  )
  const value = fc.record({
    text: fc.string(),
    number: fc.maxSafeInteger(),
    flag: fc.boolean(),
    blob: fc.uint8Array(),
    child: fc.option(child, { nil: undefined }),
    children: fc.array(child),
    words: fc.array(fc.string()),
    numbers: fc.array(fc.maxSafeInteger()),
    map: fc.dictionary(
      fc.string().filter(key => key !== '__proto__'),
      fc.string(),
    ),
  })
  fc.assert(
    fc.property(value, given => {
      const decoded = outer.decode(outer.encode(given))
      assert.deepEqual({ ...decoded, map: { ...decoded.map } }, { ...given, map: { ...given.map } })
    }),
  )
})

test('unknown fields are skipped, numbers apart are taken as packed ones are', () => {
  const unknown = Buffer.from('f80101fd0100000000f9010000000000000000fa0102abcd', 'hex')
  const decoded = outer.decode(Buffer.concat([unknown, outer.encode({ text: 'x' })]))
  assert.equal(decoded.text, 'x')
  assert.deepEqual(outer.decode(Buffer.from('40034005', 'hex')).numbers, [3, 5])
})

test('a time in nanoseconds keeps its milliseconds', () => {
  const now = 1_795_447_601_067
  const decoded = outer.decode(outer.encode({ number: now * 1_000_000 }))
  assert.equal(Math.floor(decoded.number / 1_000_000), now)
})

test('broken bytes are a ProtobufError, never anything else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), noise => {
      try {
        outer.decode(noise)
      } catch (error) {
        assert.ok(error instanceof ProtobufError, String(error))
      }
    }),
    { numRuns: 2000 },
  )
})
