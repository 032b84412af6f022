import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configMap } from '#api/core/v1/config-map.ts'
import { createFigureBook } from '#base/figures.ts'
import { silentLog } from '#base/log.ts'
import { createManualClock } from '#client/testing/manual-clock.ts'
import type { Outcome } from './controller.ts'
import { RepeatedWrites } from './repeated-writes.ts'

const update = (data: Record<string, string>, name = 'a'): Outcome => {
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data }
  return { writes: [{ verb: 'update', kind: configMap, object }] }
}

function setUp() {
  const clock = createManualClock()
  const figures = createFigureBook()
  const warnings: string[] = []
  const log = { ...silentLog, warn: (text: string) => void warnings.push(text), with: () => log }
  const repeated = new RepeatedWrites({ name: 'test', clock, figures, log })
  return {
    clock,
    repeated,
    warnings,
    counted: () => figures.source()[0]?.values[0]?.value,
    /** Looks so often, a moment apart, as soon as it may. */
    async look(times: number, outcome: (turn: number) => Outcome) {
      for (let turn = 0; turn < times; turn++) {
        await clock.advance(repeated.waitMs('key') + 1)
        repeated.performed('key', outcome(turn))
      }
    },
  }
}

test('what is the same but for the time at which it was written is noticed, told once and slowed down', async () => {
  const { look, repeated, warnings, counted, clock } = setUp()
  await look(60, turn => update({ seen: new Date(turn * 1000).toISOString() }))
  assert.equal(warnings.length, 1)
  assert.ok((counted() ?? 0) > 40)
  assert.equal(Math.round(repeated.waitMs('key') / 1000), 30)
  // A write of another content, or none, and it is as any key again.
  await clock.advance(30_000)
  repeated.performed('key', update({ seen: 'never' }))
  assert.equal(repeated.waitMs('key'), 0)
})

test('progress is no repetition, nor is what comes back after a while', async () => {
  const { look, repeated, warnings, counted, clock } = setUp()
  await look(500, turn => update({ count: String(turn) }))
  await look(100, turn => update({ same: 'x' }, `object-${turn % 2}`))
  for (let minute = 0; minute < 100; minute++) {
    await clock.advance(60_000)
    repeated.performed('key', update({ same: 'x' }))
  }
  await look(100, turn => (turn % 5 === 4 ? { writes: [] } : update({ same: 'x' })))
  assert.equal(counted(), 0)
  assert.deepEqual(warnings, [])
})

test('a busy key that gets stuck is noticed, too', async () => {
  const { look, warnings } = setUp()
  await look(500, turn => update({ count: String(turn) }))
  await look(80, () => update({ count: 'stuck' }))
  assert.equal(warnings.length, 1)
})
