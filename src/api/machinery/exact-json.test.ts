import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  exactNumber,
  hasLongNumber,
  parseExact,
  parseExactText,
  stringifyJson,
} from './exact-json.ts'
import { StatusError } from './status.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

test('whole numbers beyond 2^53 are kept, all others stay numbers', () => {
  const cases: [string, unknown][] = [
    ['9007199254740991', 9007199254740991],
    ['9007199254740993', 9007199254740993n],
    ['-9223372036854775808', -9223372036854775808n],
    ['18446744073709551615', 18446744073709551615n],
    ['1234567890123456.5', 1234567890123456.5],
    ['1e20', 1e20],
    ['0.1000000000000000055', 0.1],
    ['"9007199254740993"', '9007199254740993'],
    ['[{"a":9007199254740993}]', [{ a: 9007199254740993n }]],
  ]
  for (const [text, value] of cases) {
    assert.deepEqual(parseExact(bytes(text)), value)
    assert.deepEqual(parseExactText(text), value)
  }
})

test('only numbers outside of strings take the slow way', () => {
  assert.equal(hasLongNumber(bytes('{"a":"1234567890123456","b\\"":"99999999999999999"}')), false)
  assert.equal(hasLongNumber(bytes('[123456789012345,123456789012345]')), false)
  assert.equal(hasLongNumber(bytes('["",1234567890123456]')), true)
})

test('__proto__ stays a key on the slow way, and malformed UTF-8 becomes U+FFFD', () => {
  const value = parseExactText('{"__proto__":{"a":9007199254740993}}') as object
  assert.equal(Object.getPrototypeOf(value), Object.prototype)
  assert.deepEqual(Object.keys(value), ['__proto__'])
  assert.equal(parseExact(Uint8Array.of(0x22, 0xff, 0x22)), '\ufffd')
})

test('a number of a thousand digits is refused, not made infinite', () => {
  const digits = '9'.repeat(1000)
  assert.throws(() => exactNumber(digits, Number(digits)), StatusError)
  assert.throws(() => parseExactText(`[${digits}]`), StatusError)
})

test('what was read is written as it was', () => {
  const leaf = fc.oneof(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n }).map(value => String(value)),
    fc.string().map(text => JSON.stringify(text)),
    fc.constantFrom('true', 'null', '0', '-1', '1.5', '"9007199254740993"'),
  )
  const { value } = fc.letrec<{ value: string }>(tie => ({
    value: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.array(tie('value'), { maxLength: 4 }).map(items => `[${items.join(',')}]`),
      fc
        .uniqueArray(fc.tuple(fc.string({ minLength: 1 }), tie('value')), {
          maxLength: 4,
          selector: ([key]) => key,
        })
        // Keys that look like indexes would be sorted to the front.
        .map(
          all => `{${all.map(([key, part]) => `${JSON.stringify(`k${key}`)}:${part}`).join(',')}}`,
        ),
    ),
  }))
  fc.assert(
    fc.property(value, text => {
      assert.equal(stringifyJson(parseExact(bytes(text))), text)
      assert.equal(stringifyJson(parseExactText(text)), text)
    }),
  )
})

test('indentation, and errors that are none of bigints', () => {
  assert.equal(stringifyJson({ a: 2n ** 60n }, 2), '{\n  "a": 1152921504606846976\n}')
  assert.equal(stringifyJson({ a: 1 }, 2), '{\n  "a": 1\n}')
  const circle: unknown[] = []
  circle.push(circle)
  assert.throws(() => stringifyJson(circle), TypeError)
})

test('a number that no float holds is none; what is small or in a text is', () => {
  for (const text of ['1e309', '[-1E+400]', '{"a":1.5e999}'])
    assert.throws(() => parseExact(bytes(text)), /cannot unmarshal number .* of type float64$/)
  const long = `1.${'0'.repeat(5000)}e999`
  assert.throws(
    () => parseExact(bytes(long)),
    ({ message }: Error) => message.length < 2000,
  )
  assert.deepEqual(parseExact(bytes('["1e400",1e3,1e-400,true]')), ['1e400', 1000, 0, true])
})
