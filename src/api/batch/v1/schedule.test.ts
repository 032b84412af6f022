import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { cpuMs } from '#base/testing/cpu-time.ts'
import { parseSchedule } from './schedule.ts'
import { type TimeZone, timeZoneOf } from './time-zone.ts'

function zoneNamed(name: string): TimeZone {
  const zone = timeZoneOf(name)
  assert.ok(zone, name)
  return zone
}
const UTC = zoneNamed('UTC')
const nextAfter = (schedule: string, time: string, zone = UTC) => {
  const next = parseSchedule(schedule).next(Date.parse(time), zone)
  return next === undefined ? undefined : new Date(next).toISOString().replace('.000Z', 'Z')
}

const upcoming: [schedule: string, after: string, expected: string | undefined][] = [
  ['* * * * *', '2026-01-01T00:00:00Z', '2026-01-01T00:01:00Z'],
  ['* * * * *', '2026-01-01T00:00:30.5Z', '2026-01-01T00:01:00Z'],
  ['*/15 * * * *', '2026-01-01T00:46:00Z', '2026-01-01T01:00:00Z'],
  ['10/20 * * * *', '2026-01-01T00:10:00Z', '2026-01-01T00:30:00Z'],
  ['5-9/2 1,3 * * *', '2026-01-01T01:09:00Z', '2026-01-01T03:05:00Z'],
  ['0 0 1 JAN-mar ?', '2026-01-02T00:00:00Z', '2026-02-01T00:00:00Z'],
  ['0 0 31 * *', '2026-01-31T00:00:00Z', '2026-03-31T00:00:00Z'],
  ['0 0 29 2 *', '2026-01-01T00:00:00Z', '2028-02-29T00:00:00Z'],
  ['0 0 30 2 *', '2026-01-01T00:00:00Z', undefined],
  ['0 12 * * mon-FRI', '2026-01-02T12:00:00Z', '2026-01-05T12:00:00Z'],
  // Both days are restricted, so either is enough.
  ['0 0 13 * 5', '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'],
  // A star with a step is a star no more, unless the step is one.
  ['0 0 */2 * 0', '2026-01-02T00:00:00Z', '2026-01-03T00:00:00Z'],
  ['0 0 */1 * 0', '2026-01-02T00:00:00Z', '2026-01-04T00:00:00Z'],
  [', * * * *', '2026-01-01T00:00:00Z', undefined],
  ['0 , * * *', '2026-01-01T00:00:00Z', undefined],
  ['0 0 * , *', '2026-01-01T00:00:00Z', undefined],
  ['0 0 * * ,', '2026-01-01T00:00:00Z', undefined],
  ['0 0 1 * ,', '2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z'],
  ['@hourly', '2026-01-01T00:00:00Z', '2026-01-01T01:00:00Z'],
  ['@midnight', '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'],
  ['@weekly', '2026-01-01T00:00:00Z', '2026-01-04T00:00:00Z'],
  ['@monthly', '2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z'],
  ['@yearly', '2026-01-01T00:00:00Z', '2027-01-01T00:00:00Z'],
  ['@every 1h30m', '2026-01-01T00:00:00.7Z', '2026-01-01T01:30:00Z'],
  ['@every 1ms', '2026-01-01T00:00:00Z', '2026-01-01T00:00:01Z'],
  ['@every 2.9s', '2026-01-01T00:00:00Z', '2026-01-01T00:00:02Z'],
  ['TZ=Asia/Tokyo 0 9 * * *', '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'],
  ['CRON_TZ=Asia/Tokyo  30 9 * * *', '2026-01-01T00:00:00Z', '2026-01-01T00:30:00Z'],
]
for (const [schedule, after, expected] of upcoming)
  test(`${schedule} after ${after}`, () => assert.equal(nextAfter(schedule, after), expected))

const daylight: [string, schedule: string, after: string, expected: string, zone: string][] = [
  ['a summer hour', '0 9 * * *', '2026-07-01T00:00:00Z', '2026-07-01T07:00:00Z', 'Europe/Berlin'],
  [
    'the skipped hour is left out',
    '30 2 * * *',
    '2026-03-28T12:00:00Z',
    '2026-03-30T00:30:00Z',
    'Europe/Berlin',
  ],
  [
    'the repeated hour comes twice',
    '30 2 * * *',
    '2026-10-25T00:30:00Z',
    '2026-10-25T01:30:00Z',
    'Europe/Berlin',
  ],
  [
    'a day that begins at one',
    '0 0 * * *',
    '2018-11-03T12:00:00Z',
    '2018-11-05T02:00:00Z',
    'America/Sao_Paulo',
  ],
  [
    'half an hour off',
    '0 6 * * *',
    '2026-01-01T00:00:00Z',
    '2026-01-01T00:30:00Z',
    'Asia/Calcutta',
  ],
]
for (const [name, schedule, after, expected, zone] of daylight)
  test(`in ${zone}: ${name}`, () =>
    assert.equal(nextAfter(schedule, after, zoneNamed(zone)), expected))

const atoi = (text: string, why = 'invalid syntax') =>
  `failed to parse int from ${text}: strconv.Atoi: parsing "${text}": ${why}`
const unreadable: [string, string][] = [
  ['', 'empty spec string'],
  ['* * * *', 'expected exactly 5 fields, found 4: [* * * *]'],
  ['0 0  * * * *', 'expected exactly 5 fields, found 6: [0 0 * * * *]'],
  ['error', 'expected exactly 5 fields, found 1: [error]'],
  ['@often', 'unrecognized descriptor: @often'],
  ['@every soon', 'failed to parse duration @every soon: time: invalid duration "soon"'],
  ['x * * * *', atoi('x')],
  ['* jan * * *', atoi('jan')],
  ['* * * * L', atoi('L')],
  ['99999999999999999999 * * * *', atoi('99999999999999999999', 'value out of range')],
  ['x-1-2 * * * *', atoi('x')],
  ['1-2-3 * * * *', 'too many hyphens: 1-2-3'],
  ['1/2/3 * * * *', 'too many slashes: 1/2/3'],
  ['*/-5 * * * *', 'negative number (-5) not allowed: -5'],
  ['*/0 * * * *', 'step of range should be a positive number: */0'],
  ['60 * * * *', 'end of range (60) above maximum (59): 60'],
  ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
  ['* 9-5 * * *', 'beginning of range (9) beyond end of range (5): 9-5'],
  ['* * * * 7', 'end of range (7) above maximum (6): 7'],
  [
    'TZ=Mars/Olympus * * * * *',
    'provided bad location Mars/Olympus: unknown time zone Mars/Olympus',
  ],
  ['TZ=UTC', 'expected exactly 5 fields, found 0: []'],
]
for (const [schedule, message] of unreadable)
  test(`unreadable: "${schedule}"`, () => assert.throws(() => parseSchedule(schedule), { message }))

/** A field as text, and what it matches. */
function fieldOf(least: number, most: number): fc.Arbitrary<[string, (value: number) => boolean]> {
  const value = fc.integer({ min: least, max: most })
  const star = fc.constant<[string, (value: number) => boolean]>(['*', () => true])
  const list = fc
    .array(value, { minLength: 1, maxLength: 4 })
    .map(
      values => [values.join(), each => values.includes(each)] as [string, (v: number) => boolean],
    )
  const range = fc.tuple(value, value, fc.integer({ min: 1, max: 5 })).map(([a, b, step]) => {
    const [low, high] = [Math.min(a, b), Math.max(a, b)]
    const matches = (each: number) => each >= low && each <= high && (each - low) % step === 0
    return [`${low}-${high}/${step}`, matches] as [string, (value: number) => boolean]
  })
  return fc.oneof(star, list, range)
}

test('the next time is the first minute that matches', () => {
  const time = fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2030, 0) })
  const fields = fc.tuple(fieldOf(0, 59), fieldOf(0, 23), fieldOf(0, 6), time)
  fc.assert(
    fc.property(fields, ([[minutes, minuteFits], [hours, hourFits], [days, dayFits], after]) => {
      const next = parseSchedule(`${minutes} ${hours} * * ${days}`).next(after, UTC)
      let expected = Math.floor(after / 60_000) * 60_000 + 60_000
      const fits = (at: Date) =>
        minuteFits(at.getUTCMinutes()) && hourFits(at.getUTCHours()) && dayFits(at.getUTCDay())
      while (!fits(new Date(expected))) expected += 60_000
      assert.equal(next, expected)
    }),
    { numRuns: 200 },
  )
})

test('in every zone time goes on, and the clock shows what was asked for', () => {
  const names = ['Europe/Berlin', 'America/Sao_Paulo', 'Asia/Beirut', 'Australia/Lord_Howe', 'UTC']
  fc.assert(
    fc.property(
      fc.constantFrom(...names),
      fc.integer({ min: Date.UTC(2015, 0), max: Date.UTC(2027, 0) }),
      fc.integer({ min: 0, max: 23 }),
      (name, after, hour) => {
        const zone = zoneNamed(name)
        const schedule = parseSchedule(`7 ${hour} * * *`)
        let time = after
        for (let round = 0; round < 5; round++) {
          const next = schedule.next(time, zone)
          assert.ok(next !== undefined && next > time)
          const wall = zone.wallClockAt(next)
          assert.deepEqual([wall.hour, wall.minute, wall.second], [hour, 7, 0])
          time = next
        }
      },
    ),
    { numRuns: 150 },
  )
})

test('whatever it is given, it gives a schedule or an Error', () => {
  const letters = fc.constantFrom(...'0123456789*/-,? @TZ=everyhdJanmon'.split(''))
  const text = fc.array(letters, { maxLength: 24 }).map(parts => parts.join(''))
  fc.assert(
    fc.property(text, schedule => {
      try {
        const next = parseSchedule(schedule).next(0, UTC)
        assert.ok(next === undefined || next > 0)
      } catch (thrown) {
        assert.ok(thrown instanceof Error && !(thrown instanceof TypeError), String(thrown))
      }
    }),
    { numRuns: 2000 },
  )
})

test('even what never comes is soon known', () => {
  const zone = zoneNamed('America/Sao_Paulo')
  parseSchedule('* * * * *').next(0, zone)
  for (const schedule of [', * * * *', '* , * * *', '* * , * ,', '0 0 30 2 *', '0 0 31 2,4,6 *']) {
    const begin = cpuMs()
    assert.equal(parseSchedule(schedule).next(Date.UTC(2026, 0), zone), undefined)
    const tookMs = cpuMs() - begin
    assert.ok(tookMs < 500, `${schedule} took ${tookMs} ms`)
  }
})
