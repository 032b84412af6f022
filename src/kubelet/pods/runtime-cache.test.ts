import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '#base/log.ts'
import { POD_UID } from '../labels.ts'
import type { ContainerRuntime, ContainerStatus, RuntimeEvent, SandboxStatus } from '../runtime.ts'
import { RuntimeCache } from './runtime-cache.ts'

const turns = async () => {
  for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setImmediate(resolve))
}

/** A runtime of records, whose answers can be held back, and a clock that runs when told. */
function setUp() {
  const timers = new Set<() => void>()
  const clock = {
    now: () => 0,
    // Stands still: order must not hang on time.
    monotonicMs: () => 0,
    after(_delayMs: number, callback: () => void) {
      timers.add(callback)
      return () => timers.delete(callback)
    },
  }
  const sandboxes = new Map<string, SandboxStatus>()
  const containers = new Map<string, ContainerStatus>()
  const state = {
    away: false,
    held: undefined as (() => Promise<void>) | undefined,
    tell: (_: RuntimeEvent) => {},
  }
  const asked = async <T>(answer: () => T): Promise<T> => {
    if (state.away) throw new Error('the runtime is away')
    const now = answer()
    await state.held?.()
    return now
  }
  const runtime = {
    listPodSandboxes: () => asked(() => [...sandboxes.values()]),
    listContainers: () => asked(() => [...containers.values()]),
    podSandboxStatus: (id: string) => asked(() => sandboxes.get(id)),
    containerStatus: (id: string) => asked(() => containers.get(id)),
    events: {
      subscribe({ next }: { next: (event: RuntimeEvent) => void }) {
        state.tell = next
        return () => {}
      },
    },
  } as unknown as ContainerRuntime
  const changed: string[] = []
  const cache = new RuntimeCache({
    runtime,
    clock,
    log: silentLog,
    relistMs: 10_000,
    changed: uid => changed.push(uid),
  })
  const put = (id: string, containerState: ContainerStatus['state'], attempt = 0) =>
    containers.set(id, {
      id,
      name: 'c',
      sandboxId: 's',
      attempt,
      state: containerState,
      createdAt: attempt,
      labels: { [POD_UID]: 'u' },
      annotations: {},
    } as unknown as ContainerStatus)
  const tick = async () => {
    for (const timer of [...timers]) {
      timers.delete(timer)
      timer()
    }
    await turns()
  }
  return { cache, state, changed, put, sandboxes, containers, tick, timers }
}

test('nothing is known before a listing worked, however long the runtime is away', async () => {
  const { cache, state, put, tick, timers } = setUp()
  state.away = true
  put('a', 'running')
  let listed = false
  cache.listed.then(() => {
    listed = true
  })
  await cache.start()
  await tick()
  assert.equal(listed, false)
  assert.match(cache.lastError, /away/)
  state.away = false
  await tick()
  assert.equal(listed, true)
  assert.deepEqual([...cache.uids()], ['u'])
  await cache.stop()
  assert.equal(timers.size, 0)
})

test('an answer that was asked for earlier never takes the place of a later one', async () => {
  const { cache, state, put, changed } = setUp()
  put('a', 'running')
  await cache.start()
  let release = () => {}
  state.held = () =>
    new Promise(resolve => {
      release = resolve
    })
  const early = cache.refreshContainer('a')
  await turns()
  state.held = undefined
  put('a', 'exited')
  assert.equal(await cache.refreshContainer('a'), true)
  release()
  assert.equal(await early, false)
  assert.equal(cache.container('a')?.state, 'exited')
  assert.deepEqual(changed, ['u'])
  await cache.stop()
})

test('what a failed call may have made is looked for before anything else is made', async () => {
  const { cache, state, put } = setUp()
  await cache.start()
  put('a', 'running')
  await cache.settle('u')
  assert.equal(cache.observe('u').containers.length, 0)
  cache.doubt('u')
  state.away = true
  await assert.rejects(cache.settle('u'), /away/)
  state.away = false
  await cache.settle('u')
  assert.equal(cache.observe('u').containers.length, 1)
  await cache.stop()
})

test('an end that was told is believed before the books say so, and a removal wakes the pod', async () => {
  const { cache, state, put, containers, changed, tick } = setUp()
  put('a', 'running')
  await cache.start()
  changed.length = 0
  state.tell({ sandboxId: 's', containerId: 'a', ended: true })
  await turns()
  assert.deepEqual(changed, [])
  put('a', 'exited')
  await tick()
  assert.deepEqual(changed, ['u'])
  containers.delete('a')
  state.tell({ sandboxId: 's', containerId: 'a' })
  await turns()
  assert.deepEqual(changed, ['u', 'u'])
  assert.equal(cache.container('a'), undefined)
  await cache.stop()
})

test('the newest run comes first', async () => {
  const { cache, put } = setUp()
  put('a', 'exited', 0)
  put('c', 'running', 2)
  put('b', 'exited', 1)
  await cache.start()
  assert.deepEqual(
    cache.observe('u').containers.map(({ id }) => id),
    ['c', 'b', 'a'],
  )
  await cache.stop()
})

test('a sandbox that others made and removed again is not kept for its pod', async () => {
  const { cache, sandboxes } = setUp()
  const sandbox = { id: 's', uid: 'u', name: 'p', namespace: 'n', attempt: 0, createdAt: 0 }
  sandboxes.set('s', { ...sandbox, ready: true, labels: {}, annotations: {} } as never)
  await cache.start()
  assert.equal(cache.observe('u').sandboxes.length, 1)
  sandboxes.delete('s')
  await cache.relist()
  assert.deepEqual(cache.observe('u').sandboxes, [])
  assert.deepEqual([...cache.uids()], [])
  await cache.stop()
})
