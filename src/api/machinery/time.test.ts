import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { canonicalDuration, formatDuration, parseDuration } from './duration.ts'
import { canonicalMicroTime, canonicalTime, millisecondsOf, wholeSecondsOf } from './time.ts'

test('times come out in UTC with whole seconds or six decimals', () => {
  const years = { min: new Date('0001-01-02'), max: new Date('9999-12-30'), noInvalidDate: true }
  fc.assert(
    fc.property(fc.date(years), fc.integer({ min: -14 * 60, max: 14 * 60 }), (date, offset) => {
      const utc = `${date.toISOString().slice(0, 19)}Z`
      assert.equal(canonicalTime(utc), utc)
      const local = new Date(date.getTime() + offset * 60_000).toISOString()
      const minutes = Math.abs(offset)
      const pad = (value: number) => String(value).padStart(2, '0')
      const zone = `${offset < 0 ? '-' : '+'}${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`
      assert.equal(canonicalTime(local.replace('Z', zone)), utc)
      assert.equal(
        canonicalMicroTime(local.replace('Z', `000${zone}`)),
        date.toISOString().replace('Z', '000Z'),
      )
    }),
  )
  assert.equal(canonicalTime('2024-02-29T23:59:59Z'), '2024-02-29T23:59:59Z')
})

test('of all days of a common and of a leap year, those that there are come out as they came', () => {
  for (const year of [2023, 2024])
    for (let month = 1; month <= 12; month++)
      for (let day = 1; day <= 31; day++) {
        const date = `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
        const isThere = new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day
        for (const [read, text] of [
          [canonicalTime, `${date}T23:59:59Z`],
          [canonicalMicroTime, `${date}T23:59:59.000001Z`],
        ] as const)
          if (isThere) assert.equal(read(text), text)
          else assert.throws(() => read(text), /day out of range/)
      }
})

test('the seconds of a time are those that it says, in any year and form', () => {
  const years = { min: new Date('0000-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }
  fc.assert(
    fc.property(fc.date(years), date => {
      const seconds = Math.floor(date.getTime() / 1000)
      const text = date.toISOString()
      for (const form of [text, text.replace(/\.\d+/, ''), text.replace('Z', '123Z')])
        assert.equal(wholeSecondsOf(form), seconds, form)
      assert.equal(wholeSecondsOf(text.replace('Z', '+01:00')), seconds - 3600)
    }),
  )
  assert.equal(wholeSecondsOf('0001-01-01T00:00:00Z'), -62_135_596_800)
  assert.equal(wholeSecondsOf('2024-02-29T23:59:59Z'), 1_709_251_199)
})

test('what is no time is refused', () => {
  for (const text of [
    '',
    '2026-01-02',
    '2026-01-02 03:04:05Z',
    '2026-13-01T00:00:00Z',
    '2026-01-32T00:00:00Z',
    '2023-02-29T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01T00:60:00Z',
    '2026-01-01T00:00:60Z',
    '2026-01-01T00:00:00',
    '9999-12-31T23:59:59-01:00',
  ])
    assert.throws(() => canonicalTime(text), /^StatusError: parsing time/, text)
})

test('a refusal names the part that could not be read, as Go does', () => {
  const layout = '2006-01-02T15:04:05Z07:00'
  for (const [text, rest, element] of [
    ['', '', '2006'],
    ['a/b/c', 'a/b/c', '2006'],
    ['2026/01', '/01', '-'],
    ['2026/ü', '/ü', '-'],
    ['2026-1-2', '1-2', '01'],
    ['2026-01-02', '', 'T'],
    ['2026-01-02T03:04:05', '', 'Z07:00'],
    ['2026-01-02T03:04:05.1234+1', '+1', 'Z07:00'],
  ] as const)
    assert.throws(() => canonicalTime(text), {
      message:
        `parsing time "${text}" as "${layout}": cannot parse "${rest}" as "${element}"`.replaceAll(
          'ü',
          String.raw`\xc3\xbc`,
        ),
    })
  for (const [decimals, rest, element] of [
    ['', 'Z', '.000000'],
    ['.12345', '.12345Z', '.000000'],
    ['.1234567', '7Z', 'Z07:00'],
  ] as const)
    assert.throws(() => canonicalMicroTime(`2026-01-02T03:04:05${decimals}Z`), {
      message: `parsing time "2026-01-02T03:04:05${decimals}Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "${rest}" as "${element}"`,
    })
  assert.throws(
    () => canonicalTime('2026-01-02T03:04:05+25:00'),
    /: time zone offset hour out of range$/,
  )
  assert.throws(() => canonicalTime('2026-01-02T03:04:05Zulu'), /extra text: "ulu"$/)
  assert.equal(canonicalTime('2026-01-02T3:04:05Z'), '2026-01-02T03:04:05Z')
})

test('durations are written as Go writes them', () => {
  const forms = {
    '90s': '1m30s',
    '1h': '1h0m0s',
    '0': '0s',
    '1.5h': '1h30m0s',
    '-1m': '-1m0s',
    '100ms': '100ms',
    '1500us': '1.5ms',
    '1ns': '1ns',
    '.5s': '500ms',
    '24h': '24h0m0s',
  }
  for (const [text, canonical] of Object.entries(forms))
    assert.equal(canonicalDuration(text), canonical)
  for (const text of ['', '1', 's', '1x', '1h1', '.s', '--1s', `${'9'.repeat(30)}h`])
    assert.throws(() => parseDuration(text), /invalid duration/, text)
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n }), nanos => {
      assert.equal(parseDuration(formatDuration(nanos)), nanos)
    }),
  )
})

test('what people write for a time is one only in RFC 3339', () => {
  assert.equal(
    millisecondsOf('2026-01-02T04:00:00.25+01:00'),
    Date.parse('2026-01-02T03:00:00.250Z'),
  )
  assert.equal(millisecondsOf('2099-01-01T00:00:00,5Z'), Date.parse('2099-01-01T00:00:00.500Z'))
  for (const text of [
    '',
    '2099',
    '2099-01-01',
    'Jan 1 2099',
    '2099-02-30T00:00:00Z',
    '2099-01-01T00:00Z',
    '2099-01-01T24:00:00Z',
    '2099-01-01 00:00:00Z',
    '2099-01-01T00:00:00',
    ' 2099-01-01T00:00:00Z',
    '2099-01-01T00:00:00Z\n',
  ])
    assert.equal(millisecondsOf(text), undefined, text)
})
