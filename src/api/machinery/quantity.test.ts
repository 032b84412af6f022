import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  type QuantityFormat,
  quantityToMilli,
  quantityToNumber,
  subtractQuantities,
} from './quantity.ts'
import { isStatus } from './status.ts'

const CANONICAL: Readonly<Record<string, string>> = {
  '0': '0',
  '0Ki': '0',
  '-0': '0',
  '.': '0',
  '-': '0',
  Ki: '0',
  '.e3': '0',
  '0.5': '500m',
  '.5': '500m',
  '1.': '1',
  '+5': '5',
  '-0.5': '-500m',
  '1500m': '1500m',
  '2000m': '2',
  '1000': '1k',
  '100000': '100k',
  '1024': '1024',
  '0.1m': '100u',
  '0.5n': '1n',
  '-0.5n': '-1n',
  '1k': '1k',
  '1000k': '1M',
  '1E': '1E',
  '100E': '100E',
  '1e3': '1e3',
  '1E3': '1e3',
  '12e6': '12e6',
  '1e5': '100e3',
  '1e-3': '1e-3',
  '1e0': '1',
  '1024Ki': '1Mi',
  '1024Mi': '1Gi',
  '1.5Gi': '1536Mi',
  '0.5Ki': '512',
  '1.5Ki': '1536',
  '1000Ki': '1000Ki',
  '1Ei': '1Ei',
  '9999999999999Ei': '9223372036854775807',
  '0.0001Ki': '102400u',
  '-1024Ki': '-1Mi',
}

test('every amount has one canonical form', () => {
  for (const [given, canonical] of Object.entries(CANONICAL))
    assert.equal(canonicalQuantity(given), canonical, given)
})

test('no digits at all are zero, whatever stands about them', () => {
  for (const text of ['.', '+', '-', '-.', 'm', 'Ki', 'e3', '.m', '-m', 'E'])
    assert.equal(canonicalQuantity(text), '0', text)
})

test('texts that are no quantities are refused, and quickly', () => {
  const wrong = [
    '',
    ' ',
    '1 ',
    'a',
    '1.2.3',
    '--1',
    '1i',
    '1KiB',
    '1kk',
    '1e',
    '1e1.5',
    '0x1',
    '1Kii',
    'kk',
    '..',
    '1m1',
  ]
  for (const text of [
    ...wrong,
    '1e1000000000',
    '011E011110011110',
    '9'.repeat(1_000_000),
    '1e99999',
  ])
    assert.throws(
      () => parseQuantity(text),
      (thrown: unknown) => isStatus(thrown, 'BadRequest'),
      text.slice(0, 20),
    )
})

test('whatever the text, the answer is an amount or a BadRequest', () => {
  const letters = fc.string({ unit: fc.constantFrom(...'0159.+-eEnumkKMGTPi ') })
  fc.assert(
    fc.property(letters, text => {
      try {
        const canonical = canonicalQuantity(text)
        assert.equal(compareQuantities(canonical, text), 0)
        assert.equal(canonicalQuantity(canonical), canonical)
      } catch (thrown) {
        assert.ok(isStatus(thrown, 'BadRequest'), `${text}: ${thrown}`)
      }
    }),
    { numRuns: 3000 },
  )
})

const amounts = fc.record({
  nanos: fc.bigInt({ min: -(10n ** 27n), max: 10n ** 27n }),
  format: fc.constantFrom<QuantityFormat>('DecimalSI', 'DecimalExponent', 'BinarySI'),
})

test('writing and reading again keeps the amount, and the canonical form is a fixed point', () => {
  fc.assert(
    fc.property(amounts, amount => {
      const text = formatQuantity(amount)
      assert.equal(parseQuantity(text).nanos, amount.nanos, text)
      assert.equal(canonicalQuantity(text), text)
    }),
    { numRuns: 1000 },
  )
})

test('usual forms need no computing, and computing agrees', () => {
  const usual = fc.tuple(
    fc.nat(2000),
    fc.constantFrom('', 'm', 'k', 'M', 'G', 'T', 'Ki', 'Mi', 'Gi'),
  )
  fc.assert(
    fc.property(usual, ([value, suffix]) => {
      const text = `${value}${suffix}`
      assert.equal(canonicalQuantity(text), formatQuantity(parseQuantity(text)))
    }),
    { numRuns: 1000 },
  )
})

test('sums and differences are exact and keep the format', () => {
  fc.assert(
    fc.property(amounts, amounts, (a, b) => {
      const sum = addQuantities(a, b)
      assert.equal(compareQuantities(subtractQuantities(sum, b), a), 0)
      assert.equal(sum.format, a.nanos === 0n ? b.format : a.format)
    }),
  )
  assert.equal(formatQuantity(addQuantities('0.1', '0.2')), '300m')
  assert.equal(formatQuantity(addQuantities('0', '64Mi')), '64Mi')
  assert.equal(formatQuantity(subtractQuantities('1Gi', '512Mi')), '512Mi')
  assert.equal(compareQuantities('1k', '1Ki'), -1)
  assert.equal(compareQuantities('1Gi', '1024Mi'), 0)
})

test('numbers are rounded away from zero', () => {
  assert.equal(quantityToNumber('1500m'), 2)
  assert.equal(quantityToNumber('-1500m'), -2)
  assert.equal(quantityToNumber('1Gi'), 1024 ** 3)
  assert.equal(quantityToMilli('0.5'), 500)
  assert.equal(quantityToMilli('100u'), 1)
  assert.equal(quantityToMilli('2'), 2000)
})
