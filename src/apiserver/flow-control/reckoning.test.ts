/** Seats of levels and of requests, and when to come again. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseRequestInfo } from '../request-info.ts'
import { allocate } from './allocation.ts'
import { DemandMeter } from './demand.ts'
import { RetryAfter } from './retry-after.ts'
import { workOf } from './work.ts'

test('seats add up, keep to their bounds, and otherwise go in proportion to what is wanted', () => {
  const shares = fc.array(
    fc.tuple(fc.nat(50), fc.nat(50), fc.nat(100)).map(([lowest, more, wanted]) => ({
      lowest,
      highest: lowest + more,
      target: lowest + wanted,
    })),
    { minLength: 1, maxLength: 6 },
  )
  fc.assert(
    fc.property(shares, fc.double({ min: 0, max: 1, noNaN: true }), (all, part) => {
      const sum = (read: (share: (typeof all)[number]) => number) =>
        all.reduce((total, each) => total + read(each), 0)
      const lowest = sum(each => each.lowest)
      const total = lowest + part * (sum(each => each.highest) - lowest)
      const { seats, fraction } = allocate(total, all)
      assert.ok(Math.abs(seats.reduce((a, b) => a + b, 0) - total) < 1e-3)
      for (const [at, { lowest, highest, target }] of all.entries()) {
        const given = seats[at] ?? 0
        assert.ok(given >= lowest && given <= highest)
        const fair = fraction * Math.max(0.001, target)
        if (given > lowest + 1e-3) assert.ok(given <= fair + 1e-3, 'more than its fair part')
        if (given < highest - 1e-3) assert.ok(given >= fair - 1e-3, 'less than its fair part')
      }
    }),
  )
})

test('demand is weighed by time; what was high is forgotten slowly', () => {
  const meter = new DemandMeter(0)
  meter.set(4, 0)
  meter.set(0, 2_500)
  assert.deepEqual(meter.look(10_000), { average: 1, deviation: Math.sqrt(3), highest: 4 })
  const first = meter.smoothed
  assert.equal(first, 1 + Math.sqrt(3))
  for (let look = 2; look <= 31; look++) meter.look(look * 10_000)
  assert.ok(Math.abs(meter.smoothed / first - 0.5) < 0.02, 'half of it after five minutes')
  meter.set(9, 310_000)
  meter.look(320_000)
  assert.equal(meter.smoothed, 9)
})

test('who is refused is sent away for longer while many are, and for less afterwards', () => {
  const retry = new RetryAfter(0)
  const refuse = (second: number, times: number) => {
    for (let i = 0; i < times; i++) retry.refused(second * 1000)
  }
  for (let second = 0; second < 4; second++) refuse(second, 20)
  assert.ok(retry.seconds >= 4)
  for (let second = 4; second < 200; second++) refuse(second, 200)
  assert.equal(retry.seconds, 32)
  for (let second = 200; second < 2000; second += 40) refuse(second, 1)
  assert.equal(retry.seconds, 1)
})

test('lists weigh what they are made of, writes whom they have to tell', () => {
  const stored = { objects: 3_000, averageBytes: 1_000, watchers: 0 }
  const seats = (path: string, more: Partial<typeof stored> = {}, widest = 1_000) => {
    const info = parseRequestInfo('GET', path)
    return workOf(info, { ...stored, ...more }, widest).seats
  }
  assert.equal(seats('/api/v1/configmaps'), 10, 'a list is sent in pieces')
  assert.equal(seats('/api/v1/configmaps', {}, 4), 4)
  assert.equal(seats('/api/v1/configmaps?limit=500'), 5)
  assert.equal(seats('/api/v1/configmaps?limit=500&continue=x&labelSelector=a'), 15)
  assert.equal(seats('/api/v1/configmaps?resourceVersion=7&resourceVersionMatch=Exact'), 30)
  assert.equal(seats('/api/v1/configmaps?fieldSelector=metadata.name%3Dx'), 1)
  assert.equal(seats('/api/v1/configmaps?watch=1'), 10)
  assert.equal(seats('/api/v1/configmaps?watch=1&resourceVersion=7'), 1)
  assert.equal(seats('/api/v1/namespaces/a/configmaps/x'), 1)
  assert.equal(seats('/version'), 1)
  const write = (path: string, watchers: number, widest = 10) =>
    workOf(parseRequestInfo('POST', path), { ...stored, watchers }, widest)
  const at = '/api/v1/namespaces/a/configmaps'
  assert.deepEqual(write(at, 9), { seats: 1, lastSeats: 0, lastMs: 0 })
  assert.deepEqual(write(at, 25), { seats: 1, lastSeats: 3, lastMs: 5 })
  assert.deepEqual(write(at, 1_000), { seats: 1, lastSeats: 10, lastMs: 50 })
  assert.deepEqual(write(at, 1_000, 2), { seats: 1, lastSeats: 2, lastMs: 250 })
  const token = '/api/v1/namespaces/a/serviceaccounts/x/token'
  assert.equal(write(token, 1_000).lastSeats, 0)
})
