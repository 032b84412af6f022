import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '#base/log.ts'
import type { EndedSpan } from '#base/tracing/span.ts'
import { createManualClock } from '../testing/manual-clock.ts'
import { BATCH, MAXIMUM_QUEUED, SpanQueue } from './span-queue.ts'

const span = { name: 's' } as EndedSpan
const turns = async () => {
  for (let i = 0; i < 10; i++) await undefined
}

test('spans are told a few seconds later, or as soon as there are many; too many are lost', async () => {
  const clock = createManualClock()
  const told: number[] = []
  const gates: (() => void)[] = []
  const queue = new SpanQueue({
    clock,
    log: silentLog,
    send: spans =>
      new Promise(resolve => {
        told.push(spans.length)
        gates.push(resolve)
      }),
  })
  queue.add(span)
  await clock.advance(4_999)
  assert.deepEqual(told, [])
  await clock.advance(1)
  assert.deepEqual(told, [1])
  // While one batch is under way, nothing is sent, and no more is kept than there is room for.
  for (let i = 0; i < MAXIMUM_QUEUED + 10; i++) queue.add(span)
  assert.equal(queue.size, MAXIMUM_QUEUED)
  assert.equal(queue.lost, 10)
  gates.shift()?.()
  await turns()
  await clock.advance(0)
  assert.deepEqual(told, [1, BATCH])
  const closing = queue.close()
  while (queue.size > 0 || gates.length > 0) {
    gates.shift()?.()
    await turns()
  }
  await closing
  assert.equal(
    told.reduce((sum, each) => sum + each, 0),
    MAXIMUM_QUEUED + 1,
  )
  queue.add(span)
  assert.equal(queue.lost, 11)
})

test('who takes nothing is told of once, and kept trying', async () => {
  const clock = createManualClock()
  const lines: string[] = []
  let isAway = true
  let told = 0
  const queue = new SpanQueue({
    clock,
    log: { ...silentLog, warn: text => void lines.push(text) },
    async send(spans) {
      if (isAway) throw new Error('nobody is there')
      told += spans.length
    },
  })
  for (let i = 0; i < 3; i++) {
    queue.add(span)
    await clock.advance(5_000)
    await turns()
  }
  assert.equal(lines.length, 1)
  assert.equal(queue.lost, 3)
  isAway = false
  queue.add(span)
  await clock.advance(5_000)
  await turns()
  assert.equal(told, 1)
})
