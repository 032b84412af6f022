import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Usage } from './usage.ts'

test('each nanosecond counts once, with what was in use then as a part of what there was', () => {
  const usage = new Usage(0)
  usage.resize({ nominalSeats: 4, currentSeats: 2, queueLength: 10 }, 0)
  usage.set({ running: 1, waiting: 0 }, 2, 2, 10)
  usage.set({ running: 0, waiting: 5 }, 0, 8, 13)
  usage.resize({ nominalSeats: 16, currentSeats: 2, queueLength: 0 }, 14)
  const spanAt = (name: 'seats' | 'executing' | 'waiting' | 'demand', le: string) =>
    usage[name].samples({ a: 'b' }, 20).find(({ labels }) => labels.le === le)?.value
  const ms = 1_000_000
  assert.equal(spanAt('seats', '0'), 17 * ms)
  assert.equal(spanAt('seats', '0.99'), 17 * ms)
  assert.equal(spanAt('seats', '1'), 20 * ms)
  assert.equal(spanAt('executing', '0.25'), 17 * ms)
  assert.equal(spanAt('executing', '0.5'), 20 * ms)
  // Half of the queues for a millisecond, five times of what there is afterwards.
  assert.equal(spanAt('waiting', '0'), 13 * ms)
  assert.equal(spanAt('waiting', '1'), 14 * ms)
  assert.equal(spanAt('waiting', '+Inf'), 20 * ms)
  // 0 for ten, 2 of 4 for three, 8 of 4 for one, 8 of 16 for six.
  assert.equal(spanAt('demand', '0.2'), 10 * ms)
  assert.equal(spanAt('demand', '0.6'), 19 * ms)
  assert.equal(spanAt('demand', '2'), 20 * ms)
  const [sum, count] = usage.demand.samples({ a: 'b' }, 20).slice(-2)
  assert.deepEqual(sum, { suffix: '_sum', labels: { a: 'b' }, value: (1.5 + 2 + 3) * ms })
  assert.deepEqual(count, { suffix: '_count', labels: { a: 'b' }, value: 20 * ms })
})
