import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jumpyClock } from '../../base/testing/jumpy-clock.ts'
import { createMemoryStore } from '../../store/memory/memory-store.ts'
import { startTestServer, TestClock } from '../testing.ts'

const HOUR_MS = 3_600_000
const AT = '/api/v1/namespaces/default/events'

async function eventually() {
  for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setImmediate(resolve))
}

type Ask = Awaited<ReturnType<typeof startTestServer>>['ask']

const makeEvent = (ask: Ask, name: string) =>
  ask('POST', AT, {
    metadata: { name },
    involvedObject: { kind: 'Pod', name: 'x', namespace: 'default' },
  })

const namesIn = async (ask: Ask): Promise<string[]> =>
  (await ask('GET', AT)).body.items.map(
    (item: { metadata: { name: string } }) => item.metadata.name,
  )

test('an event lives for an hour, whatever the wall clock is set to', async () => {
  const time = new TestClock()
  const clock = jumpyClock(time)
  const store = createMemoryStore({ clock })
  const first = await startTestServer({ store, clock })
  const make = (name: string, { ask } = first) => makeEvent(ask, name)
  const names = ({ ask } = first) => namesIn(ask)
  // Each sweep plans the next one when it is done.
  const pass = async (milliseconds: number) => {
    for (const step of [milliseconds, 61_000]) {
      time.advance(step)
      await eventually()
    }
  }
  await make('before')
  clock.jump(5 * HOUR_MS)
  await make('ahead')
  await pass(HOUR_MS / 2)
  assert.deepEqual(await names(), ['ahead', 'before'])
  clock.jump(-9 * HOUR_MS)
  await make('behind')
  await pass(HOUR_MS / 2)
  assert.deepEqual(await names(), ['behind'], 'the two others are an hour old')
  await first.server.stop()

  // Whoever starts anew knows only what events say of themselves.
  clock.jump(3 * HOUR_MS)
  await make('old')
  clock.jump(HOUR_MS / 2)
  const second = await startTestServer({ store, clock })
  await make('young', second)
  await pass(1)
  assert.deepEqual(await names(second), ['old', 'young'])
  await pass(HOUR_MS / 2)
  assert.deepEqual(await names(second), ['young'])
  await pass(HOUR_MS / 2)
  assert.deepEqual(await names(second), [])
  await second.server.stop()
})

test('--event-ttl says how long events live, 0 that they stay', async () => {
  const clock = new TestClock()
  for (const [eventTtlMs, left] of [
    [2 * HOUR_MS, ['x']],
    [HOUR_MS / 4, []],
    [0, ['x']],
  ] as const) {
    const { server, ask } = await startTestServer({ clock, eventTtlMs })
    await makeEvent(ask, 'x')
    for (const step of [HOUR_MS / 2, 61_000, 61_000]) {
      clock.advance(step)
      await eventually()
    }
    assert.deepEqual(await namesIn(ask), left, `${eventTtlMs}`)
    await server.stop()
  }
})
