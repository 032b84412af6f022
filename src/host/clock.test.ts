import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from './clock.ts'

test('a wait of more than 24 days does not end at once', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const days = 24 * 3_600_000
  let fired = 0
  systemClock.after(60 * days, () => fired++)
  const cancelled = systemClock.after(60 * days, () => fired++)
  // What Node can't count at once is counted in parts.
  t.mock.timers.tick(2 ** 31 - 1)
  assert.equal(fired, 0)
  cancelled()
  t.mock.timers.tick(2 ** 31 - 1)
  t.mock.timers.tick(60 * days)
  assert.equal(fired, 1)
})

test('a wait ends, unless it is cancelled', async () => {
  const order: string[] = []
  const cancel = systemClock.after(1, () => order.push('never'))
  cancel()
  cancel()
  await new Promise<void>(resolve => systemClock.after(2, resolve))
  assert.deepEqual(order, [])
})
