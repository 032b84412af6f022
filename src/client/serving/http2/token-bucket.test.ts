import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TokenBucket } from './token-bucket.ts'

const taken = (bucket: TokenBucket, tries: number) => {
  let count = 0
  for (; tries > 0; tries--) if (bucket.take()) count++
  return count
}

test('a burst, then so many a second, and never more than a burst', () => {
  let now = 1000
  const bucket = new TokenBucket([10, 5], () => now)
  assert.equal(taken(bucket, 20), 10)
  assert.equal(taken(bucket, 20), 0)
  now += 1000
  assert.equal(taken(bucket, 20), 5)
  now += 3_600_000
  assert.equal(taken(bucket, 20), 10)
})

test('parts of one add up, however often it is asked', () => {
  let now = 0
  const bucket = new TokenBucket([1, 2], () => now)
  let count = 0
  for (let i = 0; i < 10_000; i++) {
    if (bucket.take()) count++
    now += 1
  }
  assert.ok(Math.abs(count - 20) <= 1, `${count} in ten seconds`)
})

test('the time is asked for at the beginning, and when the burst is used up', () => {
  let asked = 0
  const bucket = new TokenBucket([100, 1], () => asked++ * 0)
  taken(bucket, 100)
  assert.equal(asked, 1)
  taken(bucket, 1)
  assert.equal(asked, 2)
})
