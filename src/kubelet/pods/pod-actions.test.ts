import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CONTAINER_HASH, containerHash } from '../labels.ts'
import type { Pod } from '../pod-types.ts'
import type { ContainerStatus, SandboxStatus } from '../runtime.ts'
import type { ObservedPod } from './observed-pod.ts'
import { type ProbeVerdict, podActions } from './pod-actions.ts'

const podWith = (spec: object): Pod =>
  ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', uid: 'u' }, spec }) as unknown as Pod

const sandbox = (attempt = 0, ready = true): SandboxStatus => ({
  id: `s${attempt}`,
  ready,
  createdAt: attempt + 1,
  name: 'p',
  namespace: 'd',
  uid: 'u',
  attempt,
  labels: {},
  annotations: {},
  ips: ['10.0.0.1'],
})

const run = (name: string, state: ContainerStatus['state'], more: Partial<ContainerStatus> = {}) =>
  ({
    id: `${name}-${more.attempt ?? 0}`,
    sandboxId: 's0',
    name,
    attempt: 0,
    state,
    createdAt: 1,
    labels: {},
    annotations: { [CONTAINER_HASH]: containerHash({ name, image: 'i' }) },
    exitCode: 0,
    ...more,
  }) as ContainerStatus

const observed = (
  sandboxes: readonly SandboxStatus[],
  containers: readonly ContainerStatus[] = [],
): ObservedPod => ({ uid: 'u', name: 'p', namespace: 'd', sandboxes, containers })

const well: ProbeVerdict = { started: true, failed: undefined }
const decide = (pod: Pod, seen: ObservedPod, verdict: ProbeVerdict = well) =>
  podActions({ pod, observed: seen, verdictOf: () => verdict })
const names = (actions: ReturnType<typeof decide>) =>
  actions.start.map(({ container }) => container.name)

const a = { name: 'a', image: 'i' }
const b = { name: 'b', image: 'i' }

test('a new pod gets a sandbox, then its containers', () => {
  const pod = podWith({ containers: [a, b] })
  assert.equal(decide(pod, observed([])).createSandbox, 0)
  assert.deepEqual(names(decide(pod, observed([sandbox()]))), ['a', 'b'])
  const running = decide(pod, observed([sandbox()], [run('a', 'running'), run('b', 'running')]))
  assert.deepEqual([running.start, running.kill, running.finished], [[], [], false])
})

test('restart policies', () => {
  const ended = (exitCode: number) => observed([sandbox()], [run('a', 'exited', { exitCode })])
  const with_ = (restartPolicy: string) => podWith({ restartPolicy, containers: [a] })
  assert.deepEqual(names(decide(with_('Always'), ended(0))), ['a'])
  assert.deepEqual(names(decide(with_('OnFailure'), ended(1))), ['a'])
  assert.equal(decide(with_('OnFailure'), ended(0)).finished, true)
  assert.equal(decide(with_('Never'), ended(1)).finished, true)
})

test('a dead sandbox is replaced only while something is left to do', () => {
  const dead = [sandbox(0, false)]
  const pod = (restartPolicy: string) => podWith({ restartPolicy, containers: [a] })
  const replaced = decide(pod('Always'), observed(dead, [run('a', 'exited')]))
  assert.deepEqual([replaced.createSandbox, replaced.releaseSandbox], [1, 's0'])
  assert.equal(decide(pod('Never'), observed(dead, [run('a', 'exited')])).finished, true)
  assert.equal(decide(pod('Never'), observed(dead)).createSandbox, 1)
  const lost = decide(pod('Always'), observed(dead, [run('a', 'running')]))
  assert.deepEqual([lost.createSandbox, lost.stopSandboxes], [1, ['s0']])
  assert.equal(lost.releaseSandbox, undefined, 'it is stopped with what is in it')
})

test('in a new sandbox init containers run anew and old runs count for nothing but restarts', () => {
  const pod = podWith({ initContainers: [b], containers: [a] })
  const seen = observed(
    [sandbox(1), sandbox(0, false)],
    [run('a', 'exited', { exitCode: 137 }), run('b', 'exited')],
  )
  assert.deepEqual(names(decide(pod, seen)), ['b'])
})

test('only a changed image and failed probes end a running container', () => {
  const pod = podWith({ containers: [{ ...a, image: 'j' }] })
  const changed = decide(pod, observed([sandbox()], [run('a', 'running')]))
  assert.deepEqual(changed.kill, [
    { id: 'a-0', name: 'a', message: 'Container a definition changed, will be restarted' },
  ])
  assert.deepEqual(names(changed), ['a'])
  const foreign = observed([sandbox()], [run('a', 'running', { annotations: {} })])
  assert.deepEqual(decide(pod, foreign).kill, [])

  const never = podWith({ restartPolicy: 'Never', containers: [a] })
  const failed = decide(never, observed([sandbox()], [run('a', 'running')]), {
    started: true,
    failed: 'liveness',
  })
  assert.equal(failed.kill[0]?.message, 'Container a failed liveness probe')
  assert.deepEqual(failed.start, [])
})

test('a sidecar that has not started holds back what follows, one that ended comes back', () => {
  const side = { ...b, restartPolicy: 'Always' }
  const pod = podWith({ initContainers: [side], containers: [a] })
  assert.deepEqual(names(decide(pod, observed([sandbox()]))), ['b'])
  const starting = decide(pod, observed([sandbox()], [run('b', 'running')]), {
    started: false,
    failed: undefined,
  })
  assert.deepEqual(names(starting), [])
  assert.deepEqual(names(decide(pod, observed([sandbox()], [run('b', 'running')]))), ['a'])
  const later = observed([sandbox()], [run('a', 'running'), run('b', 'exited', { exitCode: 0 })])
  assert.deepEqual(names(decide(pod, later)), ['b'])
})

test('ephemeral containers start once', () => {
  const pod = podWith({ containers: [a], ephemeralContainers: [b] })
  const seen = (more: ContainerStatus[]) => observed([sandbox()], [run('a', 'running'), ...more])
  assert.deepEqual(names(decide(pod, seen([]))), ['b'])
  assert.deepEqual(names(decide(pod, seen([run('b', 'exited', { exitCode: 1 })]))), [])
})

test('whatever the runtime shows: what runs as wanted is left alone, and nothing starts twice', () => {
  const state = fc.constantFrom<ContainerStatus['state']>('created', 'running', 'exited', 'unknown')
  const runs = fc.array(
    fc.tuple(fc.constantFrom('a', 'b', 'i', 's'), state, fc.integer({ min: 0, max: 2 })),
  )
  const policy = fc.constantFrom('Always', 'OnFailure', 'Never')
  fc.assert(
    fc.property(runs, policy, fc.boolean(), (tuples, restartPolicy, ready) => {
      const pod = podWith({
        restartPolicy,
        initContainers: [
          { name: 'i', image: 'i' },
          { name: 's', image: 'i', restartPolicy: 'Always' },
        ],
        containers: [a, b],
      })
      const containers = tuples.map(([name, is, exitCode], index) =>
        run(name, is, { id: `${name}${index}`, exitCode }),
      )
      const actions = decide(pod, observed([sandbox(0, ready)], containers))
      assert.deepEqual(actions.kill, [])
      const starts = names(actions)
      assert.equal(new Set(starts).size, starts.length)
      for (const name of starts)
        assert.notEqual(containers.find(container => container.name === name)?.state, 'running')
      if (actions.finished) assert.deepEqual(starts, [])
      if (starts.includes('i')) assert.ok(!starts.includes('a') && !starts.includes('b'))
    }),
  )
})

test('what init containers and sidecars came to decides what starts', () => {
  const side = { name: 's', image: 'i', restartPolicy: 'Always' }
  const init = { name: 'i', image: 'i' }
  const exited = (name: string, exitCode = 0) => run(name, 'exited', { exitCode })
  const cases: readonly (readonly [string, readonly object[], ContainerStatus[], string])[] = [
    ['Always', [init, side], [], 'i'],
    ['Always', [init, side], [run('i', 'running')], ''],
    ['Always', [init, side], [exited('i')], 's'],
    ['Always', [init, side], [exited('i', 1)], 'i'],
    ['Never', [init, side], [exited('i', 1)], 'finished'],
    ['Always', [init, side], [exited('i'), run('s', 'running')], 'a'],
    // Its record was collected; that the sidecar began shows that it had succeeded.
    ['Always', [init, side], [run('s', 'running')], 'a'],
    ['Always', [side, init], [run('s', 'running'), run('i', 'running')], ''],
    ['Always', [side, init], [exited('s', 1), run('i', 'running')], 's'],
    ['Never', [side], [exited('s', 1), run('a', 'running')], 's'],
    ['Never', [side], [run('s', 'running'), exited('a')], 'finished'],
    ['Never', [side], [run('s', 'running'), exited('a', 1)], 'finished'],
    ['OnFailure', [side], [run('s', 'running'), exited('a', 1)], 'a'],
    ['OnFailure', [side], [exited('s'), exited('a')], 'finished'],
    ['Always', [side], [run('s', 'running'), exited('a')], 'a'],
    ['Always', [], [run('a', 'created')], 'a'],
    ['Always', [], [run('a', 'unknown')], 'a'],
  ]
  for (const [restartPolicy, initContainers, runs, expected] of cases) {
    const actions = decide(
      podWith({ restartPolicy, initContainers, containers: [a] }),
      observed([sandbox()], runs),
    )
    const text = actions.finished ? 'finished' : names(actions).join(' ')
    const what = runs.map(({ name, state, exitCode }) => `${name} ${state} ${exitCode}`)
    assert.equal(text, expected, `${restartPolicy}: ${what.join(', ')}`)
  }
})

test('upstream’s words for a sidecar that is unwell', () => {
  const sidecar = { ...b, restartPolicy: 'Always' }
  const pod = podWith({ initContainers: [sidecar], containers: [a] })
  const hash = { [CONTAINER_HASH]: containerHash(sidecar) }
  const seen = observed(
    [sandbox()],
    [run('b', 'running', { annotations: hash }), run('a', 'exited')],
  )
  const { kill, start } = decide(pod, seen, { started: true, failed: 'liveness' })
  assert.equal(kill[0]?.message, 'Init container b failed liveness probe')
  assert.equal(start[0]?.container, sidecar)
})
