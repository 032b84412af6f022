import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Pod } from '../pod-types.ts'
import type { ObservedPod } from '../pods/observed-pod.ts'
import type { ContainerStatus } from '../runtime.ts'
import { phaseOf } from './phase.ts'
import { podStatusOf } from './pod-status.ts'

const NOW = Date.parse('2026-05-01T12:00:00Z')
/** `r` runs, `w` waits, `b` waits between two runs, `0` and `1` ended so, `x` as `1`. */
const STATES: Readonly<Record<string, object>> = {
  r: { state: { running: {} }, lastState: {}, started: true },
  w: { state: { waiting: {} }, lastState: {} },
  b: { state: { waiting: {} }, lastState: { terminated: { exitCode: 1 } } },
  0: { state: { terminated: { exitCode: 0 } }, lastState: {} },
  1: { state: { terminated: { exitCode: 1 } }, lastState: {} },
  x: { state: { terminated: { exitCode: 1 } }, lastState: {} },
}
const named = (letters: string, prefix: string) =>
  [...letters].map((letter, index) => ({ name: `${prefix}${index}`, ...STATES[letter] }))

/** `init` and `regular` are letters, in upper case for a sidecar's. */
function phase(restartPolicy: string, init: string, regular: string, terminal = false) {
  const pod = {
    spec: {
      restartPolicy,
      initContainers: [...init].map((letter, index) => ({
        name: `i${index}`,
        ...(letter === letter.toLowerCase() ? {} : { restartPolicy: 'Always' }),
      })),
      containers: [...regular].map((_, index) => ({ name: `c${index}` })),
    },
  } as unknown as Pod
  const statuses = [...named(init.toLowerCase(), 'i'), ...named(regular, 'c')]
  return phaseOf(pod, statuses as never, terminal)
}

test('phases by policy and state', () => {
  const cases: readonly (readonly [string, string, string, string, boolean?])[] = [
    ['Always', '', 'w', 'Pending'],
    ['Always', '', 'rw', 'Pending'],
    ['Always', '', 'rb', 'Running'],
    ['Always', '', 'b', 'Running'],
    ['Always', '', '00', 'Running'],
    ['OnFailure', '', '01', 'Running'],
    ['OnFailure', '', '00', 'Succeeded'],
    ['OnFailure', '', 'r0', 'Running'],
    ['Never', '', '0r', 'Running'],
    ['Never', '', '01', 'Failed'],
    ['Never', '', '00', 'Succeeded'],
    ['Never', '1', 'w', 'Failed'],
    ['OnFailure', '1', 'w', 'Pending'],
    ['Never', 'r', 'w', 'Pending'],
    ['Never', '0R', 'r', 'Running'],
    ['Never', '0W', 'w', 'Pending'],
    ['Never', 'R', '0', 'Succeeded'],
    // A sidecar that failed at the end does not spoil what its pod came to.
    ['Never', 'X', '0', 'Succeeded', true],
    ['Always', '', 'w', 'Failed', true],
    ['Always', '', '0', 'Succeeded', true],
    ['Always', '', '01', 'Failed', true],
    ['Always', 'w', 'w', 'Failed', true],
  ]
  for (const [policy, init, regular, expected, terminal] of cases)
    assert.equal(
      phase(policy, init, regular, terminal),
      expected,
      `${policy} ${init}|${regular} ${terminal ? 'terminal' : ''}`,
    )
})

test('whatever is observed: no lie about readiness, and an end only at the end', () => {
  const run = fc.record({
    name: fc.constantFrom('i', 's', 'a', 'b'),
    state: fc.constantFrom<ContainerStatus['state']>('created', 'running', 'exited', 'unknown'),
    exitCode: fc.integer({ min: 0, max: 2 }),
  })
  const input = fc.record({
    runs: fc.array(run, { maxLength: 8 }),
    policy: fc.constantFrom('Always', 'OnFailure', 'Never'),
    unready: fc.subarray(['s', 'a', 'b']),
    terminal: fc.boolean(),
    previous: fc.constantFrom(undefined, 'Pending', 'Running', 'Succeeded', 'Failed'),
  })
  fc.assert(
    fc.property(input, ({ runs, policy, unready, terminal, previous }) => {
      const containers = runs.map((of, index) => ({
        ...of,
        id: `${of.name}.${index}`,
        sandboxId: 's',
        attempt: runs.length - index,
        createdAt: NOW,
        startedAt: NOW,
        finishedAt: NOW,
        labels: {},
        annotations: {},
        reason: '',
        message: '',
        image: 'i',
        imageRef: 'i',
        logPath: '',
        mounts: [],
      })) as readonly ContainerStatus[]
      const pod = {
        metadata: { name: 'p', uid: 'u' },
        spec: {
          restartPolicy: policy,
          initContainers: [{ name: 'i' }, { name: 's', restartPolicy: 'Always' }],
          containers: [{ name: 'a' }, { name: 'b' }],
        },
        status: previous ? { phase: previous } : {},
      } as unknown as Pod
      const observed = { uid: 'u', sandboxes: [], containers } as unknown as ObservedPod
      const status = podStatusOf({
        pod,
        observed,
        now: NOW,
        hostIps: [],
        verdictOf: (_, { name }) => ({
          started: true,
          ready: !unready.includes(name),
          failed: undefined,
        }),
        waitingOf: () => undefined,
        messageOf: () => '',
        terminal,
        failure: undefined,
      })
      const condition = (type: string) =>
        status.conditions?.find(other => other.type === type)?.status
      const newest = (name: string) => containers.find(container => container.name === name)
      const well = ['s', 'a', 'b'].every(
        name => newest(name)?.state === 'running' && !unready.includes(name),
      )
      const over = status.phase === 'Succeeded' || status.phase === 'Failed'
      assert.equal(condition('Ready'), well && !over ? 'True' : 'False')
      assert.equal(condition('ContainersReady'), condition('Ready'))
      if (previous === 'Succeeded' || previous === 'Failed') assert.equal(status.phase, previous)
      else if (over) assert.ok(terminal)
      const all = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]
      assert.deepEqual(
        all.map(({ name }) => name),
        ['i', 's', 'a', 'b'],
      )
      for (const { name, state, ready, restartCount } of all) {
        assert.equal(Object.keys(state).length, 1, 'exactly one state')
        if (ready && name !== 'i') assert.ok(state.running)
        assert.equal(restartCount, newest(name)?.attempt ?? 0)
      }
    }),
    { numRuns: 300 },
  )
})
