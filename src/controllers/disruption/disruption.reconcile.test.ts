import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { OwnerReference } from '#api/machinery/metadata.ts'
import type { PodDisruptionBudget } from '#api/policy/v1/pod-disruption-budget.ts'
import type { AnyObject } from '../runner/controller.ts'
import { conditionPatch } from '../runner/pods.ts'
import { showOutcome, testScenarios } from '../testing/state-scenarios.ts'
import { reconcile, type Scale } from './disruption.reconcile.ts'
import { reconcileStale } from './stale-disruption.ts'

const NOW = '2026-01-01T00:00:00Z'
const NOW_MS = Date.parse(NOW)

interface State {
  readonly spec: object
  readonly status?: object
  readonly pods: Readonly<Record<string, { ready?: boolean; deleting?: boolean; owner?: string }>>
}

function podOf(
  name: string,
  { ready = true, deleting, owner = 'five' }: State['pods'][string],
): Pod {
  const reference = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: owner, uid: owner }
  return {
    metadata: {
      name,
      namespace: 'a',
      ...(owner === 'none' ? {} : { ownerReferences: [{ ...reference, controller: true }] }),
      ...(deleting ? { deletionTimestamp: NOW } : {}),
    },
    status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  } as unknown as Pod
}

function scaleOf({ uid }: OwnerReference): Scale | undefined {
  if (uid === 'unscalable') throw new Error('jobs.batch does not implement the scale subresource')
  const replicas = { five: 5, two: 2 }[uid]
  return replicas === undefined ? undefined : { uid, replicas }
}

const NEVER = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 }

testScenarios<State>(new URL('disruption.scenarios.txt', import.meta.url), state => {
  const budget = {
    metadata: { name: 'budget', namespace: 'a', generation: 3 },
    spec: { selector: { matchLabels: { app: 'web' } }, ...state.spec },
    status: state.status ?? NEVER,
  } as unknown as PodDisruptionBudget
  const pods = Object.entries(state.pods).map(([name, pod]) => podOf(name, pod))
  const outcome = reconcile({ budget, pods, scaleOf, nowMs: NOW_MS })
  return showOutcome(outcome, budget as unknown as AnyObject)
})

test('a pod that lives on two minutes after it was to be disrupted is no target any more', () => {
  const target = (
    since: string,
    more: { reason?: string; phase?: string; metadata?: object } = {},
  ) =>
    reconcileStale(
      {
        metadata: { name: 'p', uid: 'u', ...more.metadata },
        status: {
          phase: more.phase ?? 'Running',
          conditions: [
            {
              type: 'DisruptionTarget',
              status: 'True',
              reason: more.reason ?? 'EvictionByEvictionAPI',
              lastTransitionTime: since,
            },
          ],
        },
      } as unknown as Pod,
      NOW_MS,
    )
  assert.deepEqual(target('2025-12-31T23:59:00Z'), { writes: [], againAfterMs: 60_000 })
  const long = '2025-12-31T23:00:00Z'
  const [write] = target(long).writes
  assert.ok(write?.verb === 'patch' && write.subresource === 'status')
  assert.deepEqual(write.patch, {
    metadata: { uid: 'u' },
    status: {
      '$setElementOrder/conditions': [{ type: 'DisruptionTarget' }],
      conditions: [
        {
          type: 'DisruptionTarget',
          status: 'False',
          reason: null,
          message: null,
          lastTransitionTime: NOW,
        },
      ],
    },
  })
  const none = { writes: [] }
  assert.deepEqual(target(long, { reason: 'TerminationByKubelet' }), none)
  assert.deepEqual(target(long, { phase: 'Failed' }), none)
  assert.deepEqual(target(long, { metadata: { deletionTimestamp: NOW } }), none)
})

test('what is said of a pod comes last, of the generation that was seen, where it was not said before', () => {
  const conditions = ['Ready', 'PodScheduled'].map(type => ({ type, status: 'True' }))
  const found = { metadata: { uid: 'u', generation: 3 }, status: { conditions } }
  const said = { type: 'DisruptionTarget', status: 'True' }
  const write = conditionPatch(found as unknown as Pod, said, { phase: 'Failed' })
  assert.ok(write.verb === 'patch')
  assert.deepEqual(write.patch, {
    metadata: { uid: 'u' },
    status: {
      phase: 'Failed',
      '$setElementOrder/conditions': [
        { type: 'Ready' },
        { type: 'PodScheduled' },
        { type: 'DisruptionTarget' },
      ],
      conditions: [{ ...said, observedGeneration: 3 }],
    },
  })
})
