import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StatusError } from '#api/machinery/status.ts'
import { silentLog } from '#base/log.ts'
import type { Client } from '#client/client.ts'
import type { Pod, PodStatus } from '../pod-types.ts'
import { StatusWriter } from './status-writer.ts'

const turns = async () => {
  for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setImmediate(resolve))
}

const podAt = (revision: number, status: object = {}): Pod =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'd', uid: 'u', resourceVersion: String(revision) },
    status,
  }) as unknown as Pod

const ready = (status: string) => [{ type: 'Ready', status }]
const running = (status = 'True') =>
  ({ phase: 'Running', conditions: ready(status) }) as unknown as PodStatus

/** One pod in an API that answers as told: an error for each of the next writes, then as it should. */
function setUp(first: Pod = podAt(1)) {
  const timers: { ms: number; callback: () => void }[] = []
  const clock = {
    now: () => 0,
    monotonicMs: () => 0,
    after(ms: number, callback: () => void) {
      const timer = { ms, callback }
      timers.push(timer)
      return () => timers.splice(timers.indexOf(timer), timers.includes(timer) ? 1 : 0)
    },
  }
  const api = { pod: first, failures: [] as unknown[], writes: 0, reads: 0 }
  const client = {
    async get() {
      api.reads++
      return api.pod
    },
    async update(_: unknown, wanted: Pod) {
      api.writes++
      const failure = api.failures.shift()
      if (failure) throw failure
      if (wanted.metadata.resourceVersion !== api.pod.metadata.resourceVersion)
        throw new StatusError('Conflict', 'overtaken')
      api.pod = {
        ...podAt(Number(api.pod.metadata.resourceVersion) + 1),
        ...(wanted.status ? { status: wanted.status } : {}),
      }
      return api.pod
    },
  } as unknown as Client
  const writer = new StatusWriter(client, clock, silentLog)
  const tick = async () => {
    for (const { callback } of timers.splice(0)) callback()
    await turns()
  }
  return { api, writer, timers, tick }
}

test('several changes of one step become one write, and the same again none', async () => {
  const { api, writer } = setUp()
  writer.set(api.pod, { phase: 'Pending' } as PodStatus)
  writer.set(api.pod, running())
  await writer.flush('u')
  assert.equal(api.writes, 1)
  assert.equal(api.pod.status?.phase, 'Running')
  writer.set(podAt(1), running())
  await writer.flush('u')
  assert.equal(api.writes, 1)
})

test("what others wrote meanwhile stays, but for the kubelet's own words", async () => {
  const { api, writer } = setUp()
  const seen = api.pod
  const others = [{ type: 'x/gate', status: 'True' }, ...ready('Unknown')]
  api.pod = podAt(7, { conditions: others })
  writer.set(seen, running())
  await writer.flush('u')
  assert.deepEqual(
    api.pod.status?.conditions?.map(({ type, status }) => `${type} ${status}`),
    ['Ready True', 'x/gate True'],
  )
})

test('the own phase is not taken for another’s, though it shows before the answer', async () => {
  const { api, writer } = setUp(podAt(1, { phase: 'Pending' }))
  const known = api.pod
  const shows = (phase: string) => writer.hasForeignPhase(podAt(2, { phase }), known)
  assert.deepEqual([shows('Pending'), shows('Running'), shows('Failed')], [false, true, true])
  writer.set(known, running())
  assert.deepEqual([shows('Pending'), shows('Running'), shows('Failed')], [false, false, true])
  await writer.flush('u')
  assert.deepEqual([shows('Pending'), shows('Running'), shows('Failed')], [true, false, true])
})

test('a pod that is over does not come back', async () => {
  const { api, writer } = setUp(podAt(1, { phase: 'Failed' }))
  writer.set(api.pod, running())
  await writer.flush('u')
  assert.equal(api.pod.status?.phase, 'Failed')
})

test('which failures are final', async () => {
  const cases: readonly (readonly [unknown, boolean])[] = [
    [new Error('no answer'), false],
    [new StatusError('InternalError', 'x'), false],
    [new StatusError('TooManyRequests', 'x'), false],
    [new StatusError('Unauthorized', 'x'), false],
    [new StatusError('Forbidden', 'x'), false],
    [new StatusError('Invalid', 'x'), true],
    [new StatusError('BadRequest', 'x'), true],
    [new StatusError('NotFound', 'x'), true],
  ]
  for (const [failure, isFinal] of cases) {
    const { api, writer, tick, timers } = setUp()
    api.failures = [failure]
    writer.set(api.pod, running())
    await turns()
    assert.equal(timers.length, isFinal ? 0 : 1, String(failure))
    await tick()
    assert.equal(api.pod.status?.phase, isFinal ? undefined : 'Running', String(failure))
    await writer.stop()
  }
})

test('a writer that always comes first makes us wait, not spin', async () => {
  const { api, writer, timers } = setUp()
  api.failures = Array.from({ length: 100 }, () => new StatusError('Conflict', 'again'))
  writer.set(api.pod, running())
  await turns()
  assert.ok(api.writes < 10, `${api.writes} writes at once`)
  assert.equal(timers.length, 1)
  await writer.stop()
  assert.equal(timers.length, 0)
})

test('waits grow while the API is away, and what was decided meanwhile is remembered', async () => {
  const { api, writer, timers, tick } = setUp()
  api.failures = Array.from({ length: 7 }, () => new Error('away'))
  writer.set(api.pod, running())
  const waits: number[] = []
  for (let tries = 0; tries < 7; tries++) {
    await turns()
    waits.push(timers[0]?.ms ?? 0)
    assert.equal(writer.intended(api.pod).status?.phase, 'Running')
    await tick()
  }
  assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 10_000, 10_000])
  await writer.flush('u')
  assert.equal(api.pod.status?.phase, 'Running')
})

test('tells when somebody else changed what is ours', async () => {
  const { api, writer } = setUp()
  writer.set(api.pod, running())
  await writer.flush('u')
  const { pod } = api
  assert.equal(writer.isOverwritten(pod), false)
  assert.equal(writer.isOverwritten(podAt(1)), false, 'an old object')
  const status = { ...pod.status, conditions: ready('False') }
  assert.equal(writer.isOverwritten(podAt(9, status)), true)
  const gate = [...(pod.status?.conditions ?? []), { type: 'x/gate', status: 'True' }]
  assert.equal(writer.isOverwritten(podAt(9, { ...pod.status, conditions: gate })), false)
})

test('tells so also where nothing had to be written, as after a restart', async () => {
  const { api, writer } = setUp()
  writer.set(api.pod, running())
  await writer.flush('u')
  const { pod } = api
  const again = setUp()
  again.writer.set(pod, running())
  await again.writer.flush('u')
  assert.equal(again.writer.isOverwritten(pod), false)
  const status = { ...pod.status, conditions: ready('False') }
  assert.equal(again.writer.isOverwritten(podAt(9, status)), true)
})

const starting = {
  phase: 'Pending',
  containerStatuses: [{ name: 'c', state: { waiting: { reason: 'ContainerCreating' } } }],
} as unknown as PodStatus

test('that containers are about to be made is said a turn later, unless it is over by then', async () => {
  const { api, writer, timers, tick } = setUp()
  writer.set(api.pod, starting)
  await turns()
  assert.equal(api.writes, 0)
  assert.deepEqual(
    timers.map(({ ms }) => ms),
    [0],
  )
  await tick()
  assert.equal(api.pod.status?.phase, 'Pending')

  writer.set(api.pod, { ...starting, hostIP: '10.0.0.1' } as PodStatus)
  writer.set(api.pod, running())
  await writer.flush('u')
  assert.equal(api.writes, 2)
  assert.equal(api.pod.status?.phase, 'Running')
  assert.equal(timers.length, 0)
})

test('whoever flushes, forgets or stops does not wait for a turn, begun or not', async () => {
  const moved = (hostIP: string) => ({ ...starting, hostIP }) as PodStatus
  for (const isBegun of [false, true]) {
    const { api, writer, timers } = setUp()
    writer.set(api.pod, starting)
    if (isBegun) await turns()
    await writer.flush('u')
    assert.equal(api.writes, 1)
    writer.set(api.pod, moved('10.0.0.1'))
    await turns()
    assert.equal(timers.length, 1, 'a wish counts for one write')
    await writer.flush('u')
    assert.equal(api.writes, 2)
    writer.set(api.pod, moved('10.0.0.2'))
    if (isBegun) await turns()
    writer.forget('u')
    await turns()
    assert.equal(timers.length, 0, 'nothing waits for a pod that is forgotten')
    writer.set(api.pod, moved('10.0.0.3'))
    if (isBegun) await turns()
    await writer.stop()
    writer.set(api.pod, moved('10.0.0.4'))
    await turns()
    assert.equal(api.writes, 2)
    assert.equal(timers.length, 0)
  }
})

test('a pod that is over does not come back, with conditions of others or without', async () => {
  for (const conditions of [[], [{ type: 'x/gate', status: 'True' }]]) {
    const { api, writer } = setUp(podAt(1, { phase: 'Failed', conditions }))
    writer.set(api.pod, running())
    await writer.flush('u')
    assert.equal(api.pod.status?.phase, 'Failed')
    assert.deepEqual(api.pod.status?.conditions, [...ready('True'), ...conditions])
  }
})
