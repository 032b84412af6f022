/** The recorder and the checkers together: a good server is found good over HTTP, and each broken promise of a bad one is noticed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { kinds } from '#api/kinds.ts'
import { createApiServer } from '#apiserver'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import type { Store } from '#store'
import { createMemoryStore } from '#store/memory/memory-store.ts'
import { serve, trust } from '../../../src/client/testing/serving.ts'
import { violationsOf } from '../../../src/simulation/checkers/checkers.ts'
import { seededRandom } from '../../../src/simulation/testing/hollow-cluster.ts'
import { type AnswerFault, answerFaults, type StoreFault, storeFaults } from './faulty.ts'
import { Load } from './load.ts'
import { countsIn, Recording } from './recording.ts'

const GOOD_OPERATIONS = 1_500
const FAULTY_OPERATIONS = 500
const TRIES = 3
const LIMIT_MS = 60_000
/** A fault strikes once in so many chances. */
const RARELY = 25

interface Faults {
  readonly store?: StoreFault
  readonly answer?: AnswerFault
}

async function recordingOf(faults: Faults, operations: number): Promise<Recording> {
  const random = seededRandom(5)
  let isArmed = false
  const now = (oneIn = RARELY) => isArmed && random.integer(oneIn) === 0
  const good = createMemoryStore()
  const store = Object.assign(Object.create(good), faults.store?.(good, now)) as Store
  const log = silentLog
  const server = createApiServer({ store, kinds, clock: systemClock, random: systemRandom, log })
  await server.ready()
  isArmed = true
  const handle = faults.answer?.(server.handle, now) ?? server.handle
  const user = { name: 'admin', groups: ['system:masters'] }
  const recording = new Recording()
  {
    await using served = await serve(request => handle(request, { user }))
    const targets = [{ url: served.url, tls: trust }]
    const load = new Load({ recording, random, clients: 8, names: 12, watchers: 12 })
    await load.start(targets)
    const deadline = performance.now() + LIMIT_MS
    while (recording.operations.length < operations && performance.now() < deadline) await pause(10)
    await load.finish(targets)
  }
  await server.stop()
  await good.close()
  return recording
}

test('eight clients and twelve watchers find nothing wrong with a good server', async context => {
  const recording = await recordingOf({}, GOOD_OPERATIONS)
  assert.deepEqual(violationsOf(recording).slice(0, 10), [])
  const { operations, deliveries, unanswered, refused } = recording.counts()
  assert.ok(operations >= GOOD_OPERATIONS, `only ${operations} operations`)
  assert.ok(deliveries > operations && unanswered > 0 && refused > 0)
  context.diagnostic(countsIn(recording))
})

test('every broken promise of a server is noticed', async context => {
  const all: [string, Faults][] = [
    ...Object.entries(storeFaults).map(([what, store]) => [what, { store }] as [string, Faults]),
    ...Object.entries(answerFaults).map(([what, answer]) => [what, { answer }] as [string, Faults]),
  ]
  for (const [what, faults] of all) {
    let violations: string[] = []
    // A fault that struck where nobody looked is none.
    for (let tries = 1; tries <= TRIES && violations.length === 0; tries++)
      violations = violationsOf(await recordingOf(faults, tries * FAULTY_OPERATIONS))
    assert.notDeepEqual(violations, [], what)
    context.diagnostic(`${what}: ${violations.length} complaints, such as "${violations[0]}"`)
  }
  context.diagnostic(`faulty servers caught: ${all.length}/${all.length}`)
})
