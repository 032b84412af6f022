import assert from 'node:assert/strict'
import { test } from 'node:test'
import { notFound, StatusError } from '#api/machinery/status.ts'
import { createManualClock } from '#client/testing/manual-clock.ts'
import { untilRegistered } from './registered-nodes.ts'

/** Nodes that are there from these moments on, and whether somebody still waits for them after each 10 ms. */
function nodes(fromMs: Readonly<Record<string, number>>) {
  const clock = createManualClock()
  let asked = 0
  const client = {
    async get(_: unknown, name: string): Promise<never> {
      asked++
      const from = fromMs[name]
      if (from === undefined || clock.monotonicMs() < from)
        throw notFound({ group: '', resource: 'nodes' }, name)
      return {} as never
    },
  }
  const waited = async (names: readonly string[], limitMs = 1000) => {
    const startMs = clock.monotonicMs()
    let isOver = false
    const over = untilRegistered(client, names, { clock, limitMs }).then(() => {
      isOver = true
    })
    for (await clock.advance(0); !isOver; ) await clock.advance(10)
    await over
    return clock.monotonicMs() - startMs
  }
  return { clock, waited, asked: () => asked }
}

test('all that are named are waited for, and no longer than they take', async () => {
  const { waited } = nodes({ early: 0, late: 200 })
  assert.equal(await waited([]), 0)
  assert.equal(await waited(['early']), 0)
  assert.equal(await waited(['late', 'early']), 200)
})

test('one that never comes is not waited for beyond the limit, nor are thousands', async () => {
  const { waited, asked } = nodes({})
  assert.equal(await waited(['none', 'other'], 100), 100)
  const before = asked()
  assert.equal(
    await waited(
      Array.from({ length: 5000 }, (_, i) => `n${i}`),
      100,
    ),
    100,
  )
  assert.ok(asked() - before <= 110)
})

test('an API that is away is told', async () => {
  const away = new StatusError('ServiceUnavailable', 'away')
  const get = async (): Promise<never> => {
    throw away
  }
  const clock = createManualClock()
  await assert.rejects(untilRegistered({ get }, ['a'], { clock, limitMs: 100 }), away)
})
