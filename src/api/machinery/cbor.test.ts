import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  decodeCbor,
  encodeCbor,
  encodeCborFrame,
  encodeCborValue,
  encodeListCbor,
  selfDescribed,
} from './cbor.ts'
import { any, bytes, double, int64, list, map, shape, string, struct } from './schema.ts'
import { isStatus } from './status.ts'

const hex = (item: Uint8Array) => Buffer.from(item).toString('hex')
const unhex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'))
const ascii = (text: string) => Buffer.from(text).toString('hex')

test('values look as upstream writes them', () => {
  const cases: [unknown, string][] = [
    [0, '00'],
    [23, '17'],
    [24, '1818'],
    [256, '190100'],
    [65536, '1a00010000'],
    [2 ** 32, '1b0000000100000000'],
    [2n ** 63n - 1n, '1b7fffffffffffffff'],
    [-(2n ** 63n), '3b7fffffffffffffff'],
    [2n ** 64n, 'fa5f800000'],
    [-1, '20'],
    [-0, '00'],
    [1.5, 'f93e00'],
    [1e20, 'fb4415af1d78b58c40'],
    [100000.5, 'fa47c35040'],
    [0.1, 'fb3fb999999999999a'],
    [true, 'f5'],
    [false, 'f4'],
    [null, 'f6'],
    ['', '40'],
    ['a', '4161'],
    ['ü', '42c3bc'],
    [[1, ['b']], `82018141${ascii('b')}`],
    // Shorter keys come first, then by bytes; what is undefined is not there.
    [{ bb: 1, a: 2, c: undefined, aa: 3 }, `a3 4161 02 42${ascii('aa')} 03 42${ascii('bb')} 01`],
  ]
  for (const [value, expected] of cases)
    assert.equal(hex(encodeCborValue(value)), expected.replaceAll(' ', ''))
})

const inner = shape('test.Inner', 'For the test.', {
  raw: bytes(1).doc('Bytes.'),
  weight: double(2).doc('A float.'),
})
const outer = shape('test.Outer', 'For the test.', {
  blobs: map(1, bytes()).doc('Bytes by key.'),
  inner: struct(2, inner).optional().doc('One of them.'),
  all: list(3, inner).doc('More of them.'),
  text: string(4).doc('Text.'),
  count: int64(5).doc('A number.'),
  extra: any(6).doc('Anything.'),
})

test('a shape says which texts are bytes and which numbers are floats', () => {
  assert.equal(
    hex(encodeCbor(inner, { weight: 3, raw: 'AQI=' })),
    `a2 43${ascii('raw')} d6 42 0102 46${ascii('weight')} f94200`.replaceAll(' ', ''),
  )
  const object = {
    kind: 'Outer',
    text: 'AQI=',
    blobs: { a: 'AQI=' },
    inner: null,
    all: [{ raw: '' }],
  }
  assert.deepEqual(decodeCbor(encodeCbor(outer, object)), object)
  assert.match(hex(encodeCbor(outer, object)), new RegExp(`44${ascii('text')}44${ascii('AQI=')}`))
})

test('bodies, lists and frames', () => {
  const item = encodeCborValue({ a: 1 })
  assert.equal(hex(selfDescribed(item)), 'd9d9f7a1416101')
  const listed = encodeListCbor({ kind: 'AList', apiVersion: 'v1' }, { resourceVersion: '5' }, [
    item,
    item,
  ])
  assert.deepEqual(decodeCbor(Buffer.concat(listed)), {
    kind: 'AList',
    items: [{ a: 1 }, { a: 1 }],
    metadata: { resourceVersion: '5' },
    apiVersion: 'v1',
  })
  assert.equal(listed[1], item)
  const frame = encodeCborFrame('ADDED', item)
  assert.equal(
    hex(frame),
    `d9d9f7 a2 44${ascii('type')} 45${ascii('ADDED')} 46${ascii('object')} d9d9f7 a1416101`.replaceAll(
      ' ',
      '',
    ),
  )
  assert.deepEqual(decodeCbor(frame), { type: 'ADDED', object: { a: 1 } })
})

test('what others may write is read', () => {
  const cases: [string, unknown][] = [
    ['d9d9f7 d9d9f7 01', 1],
    [`63${ascii('abc')}`, 'abc'],
    [`5f 41${ascii('a')} 42${ascii('bc')} ff`, 'abc'],
    [`7f 61${ascii('a')} 60 ff`, 'a'],
    ['9f 01 02 ff', [1, 2]],
    [`bf 61${ascii('a')} 01 41${ascii('b')} 02 ff`, { a: 1, b: 2 }],
    ['d6 42 0102', 'AQI='],
    ['d5 42 fbff', '-_8'],
    ['d7 42 fbff', 'fbff'],
    ['d6 01', 1],
    [`c0 74${ascii('2026-01-02T03:04:05Z')}`, '2026-01-02T03:04:05Z'],
    ['c1 1a 6a000000', '2026-05-10T03:48:16Z'],
    ['c1 f9 3e00', '1970-01-01T00:00:01.5Z'],
    ['1b 001fffffffffffff', Number.MAX_SAFE_INTEGER],
    ['1b 0020000000000000', 2n ** 53n],
    ['f9 4200', 3],
    ['41 ff', '\ufffd'],
    ['d8 2a 01', 1],
  ]
  for (const [text, value] of cases) assert.deepEqual(decodeCbor(unhex(text)), value, text)
})

test('what is no such item is a BadRequest', () => {
  const cases: [string, RegExp][] = [
    ['', /^cbor: unexpected EOF$/],
    ['19 01', /unexpected EOF/],
    ['5a ffffffff 00', /unexpected EOF/],
    ['9b ffffffffffffffff', /unexpected EOF/],
    ['01 02', /^cbor: 1 bytes of extraneous data starting at index 1$/],
    ['a2 4161 01 4161 02', /^cbor: found duplicate map key "a" at map element index 1$/],
    [`a2 4161 01 6161 02`, /duplicate map key/],
    ['a1 01 02', /key/],
    ['61 ff', /invalid UTF-8/],
    ['f9 7e00', /NaN/],
    ['f9 7c00', /infinity/],
    ['f7', /simple value 23/],
    ['f8 20', /simple value 32/],
    ['1c', /invalid additional information 28/],
    ['1b 8000000000000000', /overflows Go's int64/],
    ['3b 8000000000000000', /overflows Go's int64/],
    ['c2 41 01', /bignum/],
    ['c0 01', /tag number 0/],
    ['c1 4161', /tag number 1/],
    ['5f 6161 ff', /wrong element type/],
    ['5f 5f ff ff', /wrong element type/],
    ['ff', /simple value/],
    ['81'.repeat(1002), /exceeded max depth/],
    ['c6'.repeat(1002), /exceeded max depth/],
  ]
  for (const [text, message] of cases)
    assert.throws(
      () => decodeCbor(unhex(text)),
      thrown => isStatus(thrown, 'BadRequest') && message.test(thrown.message),
      text,
    )
  const many = unhex(`9a 00010000 ${'00'.repeat(65536)}`)
  assert.throws(
    () => decodeCbor(many),
    thrown => isStatus(thrown, 'RequestEntityTooLarge'),
  )
})

test('__proto__ is a key like any other', () => {
  const value = decodeCbor(encodeCborValue(JSON.parse('{"__proto__":{"a":1}}'))) as object
  assert.deepEqual(Object.keys(value), ['__proto__'])
  assert.equal(Object.getPrototypeOf(value), Object.prototype)
})

test('any JSON data comes back, and the order of its keys does not matter', () => {
  const value = fc.letrec(tie => ({
    any: fc.oneof(
      { maxDepth: 5 },
      fc.string({ unit: 'grapheme' }),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }).filter(number => !Object.is(number, -0)),
      fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('any'), { maxLength: 5 }),
      fc.dictionary(fc.string({ unit: 'grapheme' }), tie('any'), { maxKeys: 5 }),
    ),
  })).any
  const reversed = (part: unknown): unknown =>
    Array.isArray(part)
      ? part.map(reversed)
      : typeof part === 'object' && part !== null
        ? Object.fromEntries(
            Object.entries(part)
              .reverse()
              .map(([key, below]) => [key, reversed(below)]),
          )
        : part
  fc.assert(
    fc.property(value, original => {
      const item = encodeCborValue(original)
      const read = decodeCbor(selfDescribed(item))
      assert.equal(hex(encodeCborValue(read)), hex(item))
      assert.equal(hex(encodeCborValue(reversed(original))), hex(item))
    }),
  )
})
