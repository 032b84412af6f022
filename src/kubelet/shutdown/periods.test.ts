import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../pod-types.ts'
import { graceOf, groupsOf, periodsOf, wholeSeconds } from './periods.ts'

const podOf = (priority?: number, terminationGracePeriodSeconds?: number) =>
  ({ spec: { priority, terminationGracePeriodSeconds } }) as unknown as Pod

const grouped = (periods: Parameters<typeof groupsOf>[0], ...priorities: (number | undefined)[]) =>
  groupsOf(
    periods,
    priorities.map(priority => ({ pod: podOf(priority), priority })),
  ).map(({ period, members }) => [period.priority, members.map(({ priority }) => priority)])

test('the last seconds are for critical pods', () => {
  assert.deepEqual(periodsOf(30, 10), [
    { priority: 0, seconds: 20 },
    { priority: 2_000_000_000, seconds: 10 },
  ])
  assert.deepEqual(periodsOf(0, 0), [])
  assert.equal(wholeSeconds(periodsOf(30, 10)), 30)
})

test('each pod ends with the highest priority that it reaches, the least first', () => {
  const periods = [100_000, 1_000, 0].map(priority => ({ priority, seconds: 1 }))
  assert.deepEqual(grouped(periods, 100_001, 100_000, 10_000, 999, undefined, -5), [
    [0, [999, undefined, -5]],
    [1_000, [10_000]],
    [100_000, [100_001, 100_000]],
  ])
  // Whom nobody is in is not waited for.
  assert.deepEqual(grouped(periods, 5), [[0, [5]]])
})

test('a pod gets what it asks for, but no more than there is', () => {
  const period = { priority: 0, seconds: 20 }
  assert.deepEqual(
    [podOf(0, 5), podOf(0, 0), podOf(0, 50), podOf(0)].map(pod => graceOf(pod, period)),
    [5, 0, 20, 20],
  )
})
