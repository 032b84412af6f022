import assert from 'node:assert/strict'
import { test } from 'node:test'
import { timeZoneOf } from './time-zone.ts'

test('zones are those of the database, as they are spelled there', () => {
  for (const name of [
    'UTC',
    'Europe/Berlin',
    'US/Pacific',
    'EST5EDT',
    'Etc/GMT+5',
    'Zulu',
    'Asia/Calcutta',
  ])
    assert.equal(timeZoneOf(name)?.name, name)
  for (const name of [
    '',
    'utc',
    'europe/berlin',
    'us/pacific',
    '+05:00',
    'AET',
    'SystemV/PST8',
    'Mars/Olympus',
    '__proto__',
  ])
    assert.equal(timeZoneOf(name), undefined, name)
})

test('what the clock shows leads back to the instant, but where it changes', () => {
  const zone = timeZoneOf('America/New_York')
  assert.ok(zone)
  const noon = Date.parse('2026-06-01T16:00:00Z')
  assert.deepEqual(zone.wallClockAt(noon), {
    year: 2026,
    month: 6,
    day: 1,
    hour: 12,
    minute: 0,
    second: 0,
  })
  assert.equal(zone.instantOf(zone.wallClockAt(noon)), noon)
  // 02:30 is skipped on this day, and 01:30 comes twice on that one.
  const skipped = { year: 2026, month: 3, day: 8, hour: 2, minute: 30, second: 0 }
  assert.equal(new Date(zone.instantOf(skipped)).toISOString(), '2026-03-08T06:30:00.000Z')
  const twice = { year: 2026, month: 11, day: 1, hour: 1, minute: 30, second: 0 }
  assert.equal(new Date(zone.instantOf(twice)).toISOString(), '2026-11-01T05:30:00.000Z')
})

test('parts beyond their range carry over', () => {
  const zone = timeZoneOf('UTC')
  const wall = { year: 2026, month: 13, day: 32, hour: 0, minute: 0, second: 0 }
  assert.equal(zone && new Date(zone.instantOf(wall)).toISOString(), '2027-02-01T00:00:00.000Z')
})
