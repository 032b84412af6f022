import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import { createManualClock } from '#client/testing/manual-clock.ts'
import type { Handle } from '../framework/handle.ts'
import { podOf } from '../testing/world.ts'
import {
  hasConditions,
  isHopeless,
  isReady,
  waitForConditions,
} from './dynamic-resources.conditions.ts'

const TIMEOUT_MS = 600_000
const GIVEN = '2026-01-01T00:00:00Z'

function claimWith(
  conditions: Readonly<Record<string, string>> | undefined,
  more: object = {},
): ResourceClaim {
  const at = { driver: 'd', pool: 'p', device: 'x' }
  const result = {
    request: 'r',
    ...at,
    bindingConditions: ['Attached', 'Warm'],
    bindingFailureConditions: ['Broken'],
    ...more,
  }
  const all = Object.entries(conditions ?? {}).map(([type, status]) => ({
    type,
    status,
    reason: 'Told',
    message: 'by the "driver"',
  }))
  return {
    metadata: { name: 'c', namespace: 'a' },
    status: {
      allocation: { allocationTimestamp: GIVEN, devices: { results: [result] } },
      ...(conditions ? { devices: [{ ...at, conditions: all }] } : {}),
    },
  } as unknown as ResourceClaim
}

test('a claim is ready once all conditions of all its devices are true', () => {
  const ready = (conditions?: Record<string, string>) => isReady(claimWith(conditions))
  assert.equal(ready(), false)
  assert.equal(ready({ Attached: 'True' }), false)
  assert.equal(ready({ Attached: 'True', Warm: 'False' }), false)
  assert.equal(ready({ Attached: 'True', Warm: 'True', Broken: 'False' }), true)
  assert.throws(() => ready({ Attached: 'True', Warm: 'True', Broken: 'True' }), {
    message: 'claim c binding failed: reason=Told, message="by the \\"driver\\""',
  })
  const plain = claimWith({ Broken: 'True' }, { bindingConditions: [] })
  assert.deepEqual([hasConditions(plain), isReady(plain)], [false, true])
  assert.equal(isReady({ ...plain, status: {} } as never), false)
})

test('a claim is hopeless where a driver says so or it takes too long', () => {
  const start = Date.parse(GIVEN)
  const at = (afterMs: number, conditions: Record<string, string>) =>
    isHopeless(claimWith(conditions), start + afterMs, TIMEOUT_MS)
  assert.equal(at(TIMEOUT_MS, {}), false)
  assert.equal(at(TIMEOUT_MS + 1, {}), true)
  assert.equal(at(TIMEOUT_MS + 1, { Attached: 'True', Warm: 'True' }), false)
  assert.equal(at(0, { Broken: 'True' }), true)
})

/** What comes of a wait during which the claim shows these states, one a look. */
async function waited(...states: readonly ResourceClaim[]): Promise<string> {
  const clock = createManualClock()
  const events: string[] = []
  const recorder = {
    record: (_pod: unknown, type: string, reason: string, { message }: { message: string }) =>
      events.push(`${type} ${reason} ${message}`),
  }
  let looks = 0
  const waiting = waitForConditions(
    { clock, recorder, stopping: new AbortController().signal } as unknown as Handle,
    {
      pod: podOf('p'),
      node: 'n1',
      claims: () => [states[Math.min(looks++, states.length - 1)] as ResourceClaim],
      timeoutMs: TIMEOUT_MS,
    },
  ).then(
    () => 'ready',
    (error: Error) => error.message,
  )
  for (let i = 0; i < 200; i++) await clock.advance(5_000)
  assert.deepEqual(events, [
    'Normal BindingConditionsPending waiting for binding conditions for device on node n1',
  ])
  return waiting
}

test('a pod is held until its devices are ready, or never will be', async () => {
  const [open, ready] = [claimWith({}), claimWith({ Attached: 'True', Warm: 'True' })]
  // Given at some time that nobody knows, so that only the wait itself counts.
  const timeless = (claim: ResourceClaim) => {
    const { allocationTimestamp: _, ...allocation } = claim.status.allocation ?? {}
    return { ...claim, status: { ...claim.status, allocation } } as ResourceClaim
  }
  assert.equal(await waited(timeless(open), timeless(open), ready), 'ready')
  assert.match(await waited(timeless(open), claimWith({ Broken: 'True' })), /binding failed/)
  assert.equal(await waited(timeless(open)), 'device binding timeout')
})
