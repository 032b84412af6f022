import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createManualClock } from '#client/testing/manual-clock.ts'
import type { KubeletContext } from '../options.ts'
import type { RuntimeCache } from '../pods/runtime-cache.ts'
import { RuntimeHealth } from './runtime-health.ts'

function health(status: () => Promise<{ runtimeReady: boolean; networkReady: boolean }>) {
  const clock = createManualClock()
  const context = { clock, options: { runtime: { status } } } as unknown as KubeletContext
  return { clock, health: new RuntimeHealth(context, { lastError: '' } as RuntimeCache) }
}
const GOOD = { runtimeReady: true, networkReady: true }

test('a runtime that is restarted does not make its node not ready, one that stays away does', async () => {
  let away = false
  const { clock, health: checked } = health(async () => {
    if (away) throw new Error('nobody listens')
    return GOOD
  })
  await checked.start()
  away = true
  await clock.advance(20_000)
  assert.equal(checked.report().runtimeProblem, '')
  away = false
  await clock.advance(5_000)
  away = true
  await clock.advance(25_000)
  assert.equal(checked.report().runtimeProblem, '', 'the time begins anew')
  await clock.advance(10_000)
  assert.equal(checked.report().runtimeProblem, 'nobody listens')
  away = false
  await clock.advance(2_000)
  assert.equal(checked.report().runtimeProblem, '', 'good news are told at once')
  await checked.stop()
})

test('what was wrong from the start is told from the start', async () => {
  const { health: checked } = health(async () => ({ runtimeReady: true, networkReady: false }))
  await checked.start()
  assert.equal(checked.report().networkProblem, 'network is not ready')
  await checked.stop()
})
