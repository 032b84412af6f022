import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '#base/log.ts'
import type { KubeletContext } from '../options.ts'
import type { PodEvents } from '../pod-events.ts'
import type { AnyContainer, Pod } from '../pod-types.ts'
import type { ObservedPod } from '../pods/observed-pod.ts'
import { CommandTimeout } from '../runtime.ts'
import { Probes } from './probes.ts'

const turns = async () => {
  for (let turn = 0; turn < 10; turn++) await new Promise(resolve => setImmediate(resolve))
}
const exec = (name: string, more: object = {}) => ({ exec: { command: [name] }, ...more })

function setUp(container: object) {
  const timers: { at: number; callback: () => void }[] = []
  const state = {
    now: 100_000,
    ok: true,
    asked: [] as string[],
    changed: 0,
    told: [] as string[],
    answer: undefined as object | undefined,
    trouble: undefined as Error | undefined,
  }
  const clock = {
    now: () => state.now,
    monotonicMs: () => state.now,
    after(ms: number, callback: () => void) {
      const timer = { at: state.now + ms, callback }
      timers.push(timer)
      return () => timers.splice(timers.indexOf(timer), timers.includes(timer) ? 1 : 0)
    },
  }
  const runtime = {
    execSync: async (_: string, [name = '']: readonly string[]) => {
      state.asked.push(name)
      if (state.trouble) throw state.trouble
      return { exitCode: state.ok ? 0 : 1, stdout: new Uint8Array(), stderr: new Uint8Array() }
    },
  }
  const context = {
    clock,
    log: silentLog,
    options: {
      runtime,
      nodeAddresses: [],
      hostAccess: { network: { http: async () => state.answer } },
    },
  } as unknown as KubeletContext
  const events = {
    warning: (_: Pod, reason: string, text: string) => void state.told.push(`${reason} ${text}`),
    normal() {},
  } as unknown as PodEvents
  const probes = new Probes(context, events, () => state.changed++)
  const spec = { name: 'c', ...container } as unknown as AnyContainer
  const pod = { metadata: { name: 'p', uid: 'u' }, spec: { containers: [spec] } } as unknown as Pod
  const observed = (id: string, startedAt = state.now) =>
    ({
      uid: 'u',
      sandboxes: [],
      containers: [{ id, name: 'c', state: 'running', startedAt }],
    }) as unknown as ObservedPod
  const pass = async (ms: number) => {
    const until = state.now + ms
    for (;;) {
      const due = timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0]
      if (!due) break
      timers.splice(timers.indexOf(due), 1)
      state.now = Math.max(state.now, due.at)
      due.callback()
      await turns()
    }
    state.now = until
  }
  return { probes, state, timers, pod, spec, observed, pass }
}

test('what came up since the last look counts as not ready until it was asked', () => {
  const { probes, spec } = setUp({ readinessProbe: exec('r'), startupProbe: exec('s') })
  const unknown = { started: false, ready: false, failed: undefined }
  assert.deepEqual(probes.verdictOf('new', spec), unknown)
  const plain = { name: 'c' } as AnyContainer
  assert.deepEqual(probes.verdictOf('new', plain), { ...unknown, started: true, ready: true })
})

test('the others wait for the startup probe', async () => {
  const { probes, state, pod, spec, observed, pass } = setUp({
    startupProbe: exec('s', { periodSeconds: 5, failureThreshold: 3 }),
    livenessProbe: exec('l', { periodSeconds: 1 }),
    readinessProbe: exec('r', { periodSeconds: 1 }),
  })
  state.ok = false
  probes.sync(pod, observed('a'))
  await pass(9_000)
  assert.deepEqual([...new Set(state.asked)], ['s'])
  assert.equal(probes.verdictOf('a', spec).failed, undefined)
  state.ok = true
  await pass(1_000)
  await pass(1)
  assert.deepEqual([...new Set(state.asked)], ['s', 'l', 'r'])
  assert.deepEqual(probes.verdictOf('a', spec), { started: true, ready: true, failed: undefined })
  const before = state.asked.filter(name => name === 's').length
  await pass(60_000)
  assert.equal(state.asked.filter(name => name === 's').length, before)
  probes.stopAll()
})

test('a startup probe that fails often enough ends the container, once', async () => {
  const { probes, state, pod, spec, observed, pass, timers } = setUp({
    startupProbe: exec('s', { periodSeconds: 2, failureThreshold: 3 }),
  })
  state.ok = false
  probes.sync(pod, observed('a'))
  await pass(3_000)
  assert.equal(probes.verdictOf('a', spec).failed, undefined)
  await pass(1_000)
  assert.equal(probes.verdictOf('a', spec).failed, 'startup')
  await pass(60_000)
  assert.equal(state.asked.length, 3)
  probes.stop('a')
  assert.equal(timers.length, 0)
})

test('the first delay counts from the start of the container, and never grows', async () => {
  for (const [startedBefore, expected] of [
    [0, 10_000],
    [4_000, 6_000],
    [60_000, 0],
    [-3_600_000, 10_000],
  ] as const) {
    const { probes, state, timers, pod, observed } = setUp({
      livenessProbe: exec('l', { initialDelaySeconds: 10 }),
    })
    probes.sync(pod, observed('a', state.now - startedBefore))
    assert.equal((timers[0]?.at ?? 0) - state.now, expected)
    probes.stopAll()
  }
})

test('a restarted kubelet takes over what was known of the very same run', () => {
  const { probes, pod, spec, observed } = setUp({
    readinessProbe: exec('r'),
    startupProbe: exec('s'),
  })
  const known = { name: 'c', containerID: 'containerd://same', started: true, ready: true }
  const adopted = { ...pod, status: { containerStatuses: [known] } } as unknown as Pod
  probes.sync(adopted, observed('same'))
  assert.deepEqual(probes.verdictOf('same', spec), {
    started: true,
    ready: true,
    failed: undefined,
  })
  probes.sync(adopted, observed('other'))
  assert.equal(probes.verdictOf('other', spec).ready, false)
  probes.stopAll()
})

test('a pod that ends is not killed for being unwell, and leaves no timer', async () => {
  const { probes, state, timers, pod, spec, observed, pass } = setUp({
    livenessProbe: exec('l', { periodSeconds: 1, failureThreshold: 1 }),
    readinessProbe: exec('r', { periodSeconds: 1, failureThreshold: 1 }),
  })
  probes.sync(pod, observed('a'))
  await pass(10)
  assert.equal(probes.verdictOf('a', spec).ready, true)
  probes.terminating(pod)
  state.ok = false
  await pass(5_000)
  assert.deepEqual(probes.verdictOf('a', spec), { started: true, ready: false, failed: undefined })
  probes.forget('u')
  assert.equal(timers.length, 0)
})

test('a probe that is led elsewhere counts as success, and a warning tells so', async () => {
  const { probes, state, pod, spec, observed, pass } = setUp({
    livenessProbe: { httpGet: { port: 80 }, failureThreshold: 1 },
  })
  state.answer = { ok: true, output: 'Probe terminated redirects', isDoubtful: true }
  probes.sync(pod, observed('1'))
  await pass(0)
  assert.deepEqual(state.told, ['ProbeWarning Liveness probe warning: Probe terminated redirects'])
  assert.equal(probes.verdictOf('1', spec).failed, undefined)
  state.answer = { ok: false, output: 'statuscode: 500' }
  await pass(10_000)
  assert.equal(state.told[1], 'Unhealthy Liveness probe failed: statuscode: 500')
  assert.equal(probes.verdictOf('1', spec).failed, 'liveness')
})

test('where nobody could be asked nothing is known, and a command that takes too long is an answer', async () => {
  const { probes, state, pod, spec, observed, pass } = setUp({
    livenessProbe: exec('l', { periodSeconds: 1, failureThreshold: 1, timeoutSeconds: 2 }),
    readinessProbe: { httpGet: { port: 'none' }, failureThreshold: 1 },
  })
  state.trouble = new Error('containerd is away')
  probes.sync(pod, observed('a'))
  await pass(5_500)
  // Six times, and each time three tries.
  assert.equal(state.asked.length, 18)
  assert.deepEqual([...new Set(state.told)].sort(), [
    'Unhealthy Liveness probe errored and resulted in unknown state: containerd is away',
    "Unhealthy Readiness probe errored and resulted in unknown state: couldn't find port: none for container c",
  ])
  assert.equal(probes.verdictOf('a', spec).failed, undefined)
  state.trouble = new CommandTimeout(['l', 'x'], 2)
  await pass(1_000)
  assert.equal(
    state.told.at(-1),
    'Unhealthy Liveness probe failed: command timed out: "l x" timed out after 2s',
  )
  assert.equal(probes.verdictOf('a', spec).failed, 'liveness')
})
