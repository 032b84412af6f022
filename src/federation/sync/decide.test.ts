import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deployment } from '#api/apps/v1/deployment.ts'
import { job } from '#api/batch/v1/job.ts'
import { everything, nothing, parseLabelSelector } from '#api/machinery/label-selector.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { DEFAULT_PREFERENCES } from '../placement/preferences.ts'
import { type ClusterView, type DecisionInput, decide } from './decide.ts'
import { desiredObject } from './desired.ts'
import { builtInKinds, type FederatedKind } from './federated-kinds.ts'

const kindOf = (kind: object) => builtInKinds.find(each => each.kind === kind) as FederatedKind
const web = (replicas: number): KubernetesObject =>
  ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'shop', uid: 'u', generation: 1 },
    spec: { replicas, selector: {}, template: {} },
  }) as KubernetesObject

function copyOf(cluster: string, replicas: number, more: object = {}): KubernetesObject {
  const desired = desiredObject(kindOf(deployment), web(9), {
    ...{ uid: 'f', cluster },
    share: { replicas },
  })
  const metadata = { ...desired.metadata, uid: cluster, generation: 1 }
  return {
    ...desired,
    metadata,
    status: { observedGeneration: 1, readyReplicas: replicas },
    ...more,
  } as KubernetesObject
}
const cluster = (name: string, more: Partial<ClusterView> = {}): ClusterView => ({
  ...{ name, labels: { name }, state: 'Ready', isSynced: true },
  ...more,
})
const decideFor = (clusters: readonly ClusterView[], more: Partial<DecisionInput> = {}) => {
  const { actions, placement, isSettled } = decide({
    kind: kindOf(deployment),
    object: web(9),
    uid: 'f',
    clusters,
    selector: everything,
    preferences: DEFAULT_PREFERENCES,
    remembered: {},
    isAutoscaled: false,
    ...more,
  })
  const shareIn = (object: KubernetesObject) =>
    (object as unknown as { spec: { replicas?: number } }).spec.replicas
  return {
    done: actions.map(action =>
      action.verb === 'delete'
        ? `delete ${action.cluster}`
        : `${action.verb} ${action.cluster} ${shareIn(action.desired)}`,
    ),
    placement,
    isSettled,
  }
}

test('new clusters get copies, and those that have theirs are left alone', () => {
  const fresh = decideFor([cluster('a'), cluster('b'), cluster('c')])
  assert.deepEqual(fresh.done, ['create a 3', 'create b 3', 'create c 3'])
  assert.equal(fresh.isSettled, false)
  const there = ['a', 'b', 'c'].map(name => cluster(name, { copy: copyOf(name, 3) }))
  assert.deepEqual(decideFor(there), {
    done: [],
    placement: {
      a: { replicas: 3, readyReplicas: 3 },
      b: { replicas: 3, readyReplicas: 3 },
      c: { replicas: 3, readyReplicas: 3 },
    },
    isSettled: true,
  })
})

test('a cluster that does not answer keeps its share for a while, and then loses it', () => {
  const away = (state: 'Unreachable' | 'Offline') => [
    cluster('a', { copy: copyOf('a', 3) }),
    cluster('b', { copy: copyOf('b', 3) }),
    cluster('c', { state, copy: copyOf('c', 3) }),
  ]
  assert.deepEqual(decideFor(away('Unreachable')).done, [])
  assert.deepEqual(decideFor(away('Unreachable')).placement.c, {
    ...{ state: 'Unreachable', replicas: 3, readyReplicas: 3 },
  })
  const later = decideFor(away('Offline'))
  assert.deepEqual(later.done.map(each => Number(each.at(-1))).sort(), [4, 5])
  assert.deepEqual(later.placement.c, { state: 'Offline' })
})

test('of a cluster of which nothing was seen yet, the host remembers the share', () => {
  const clusters = [
    cluster('a', { copy: copyOf('a', 3) }),
    cluster('b', { copy: copyOf('b', 3) }),
    cluster('c', { isSynced: false }),
  ]
  assert.deepEqual(decideFor(clusters, { remembered: { c: { replicas: 3 } } }).done, [])
  assert.equal(decideFor(clusters).done.length, 2, 'had it none, others would get it')
})

test('copies that are not meant are deleted, unless they are going or cannot be asked about', () => {
  const selector = parseLabelSelector('name=a')
  const clusters = [
    cluster('a', { copy: copyOf('a', 9) }),
    cluster('b', { copy: copyOf('b', 3) }),
    cluster('c', { copy: copyOf('c', 3), state: 'Unreachable' }),
  ]
  assert.deepEqual(decideFor(clusters, { selector }).done, ['delete b'])
  const going = copyOf('b', 3)
  const metadata = { ...going.metadata, deletionTimestamp: '2026-05-01T12:00:00Z' }
  const views = [cluster('b', { copy: { ...going, metadata } })]
  assert.deepEqual(decideFor(views, { selector: nothing }).done, [])
})

test('who has an object of somebody else in the way, or no room, gives the share to others', () => {
  const blocked = [cluster('a', { blocked: 'Conflict' }), cluster('b'), cluster('c')]
  assert.deepEqual(
    decideFor(blocked).done.map(each => each.slice(0, -2)),
    ['create b', 'create c'],
  )
  assert.deepEqual(decideFor(blocked).placement.a, { state: 'Conflict' })
  const full = [
    cluster('a', { copy: copyOf('a', 3), capacity: 1 }),
    cluster('b', { copy: copyOf('b', 3) }),
    cluster('c', { copy: copyOf('c', 3) }),
  ]
  const { done } = decideFor(full)
  assert.ok(done.includes('apply a 1'))
  assert.deepEqual(done.map(each => Number(each.at(-1))).sort(), [1, 4, 4])
})

test('what an autoscaler made of a copy stays, and a new one begins with a share', () => {
  const clusters = [cluster('a', { copy: copyOf('a', 8) }), cluster('b'), cluster('c')]
  assert.deepEqual(decideFor(clusters, { isAutoscaled: true }).done, ['create b 3', 'create c 3'])
})

test('what somebody scaled in a cluster goes back to what was given, there alone', () => {
  const clusters = [
    cluster('a', { copy: copyOf('a', 7) }),
    cluster('b', { copy: copyOf('b', 1) }),
    cluster('c', { copy: copyOf('c', 3) }),
  ]
  const remembered = { a: { replicas: 3 }, b: { replicas: 3 }, c: { replicas: 3 } }
  assert.deepEqual(decideFor(clusters, { remembered }).done, ['apply a 3', 'apply b 3'])
})

test('completions stay where they were given; one that is over is not begun again', () => {
  const sums = (status: object = {}) =>
    ({
      kind: 'Job',
      metadata: { name: 'sums', namespace: 'shop' },
      spec: { completions: 6, parallelism: 3, template: {} },
      status,
    }) as unknown as KubernetesObject
  const shares = (clusters: readonly ClusterView[], more: Partial<DecisionInput> = {}) =>
    decide({
      ...{ kind: kindOf(job), object: sums(), uid: 'f', clusters, selector: everything },
      ...{ preferences: DEFAULT_PREFERENCES, remembered: {}, isAutoscaled: false },
      ...more,
    }).actions.map(action => {
      if (action.verb === 'delete') return 'delete'
      const { spec } = action.desired as unknown as { spec: Record<string, number> }
      return `${action.verb} ${action.cluster} ${spec.completions} ${spec.parallelism}`
    })
  assert.deepEqual(shares([cluster('a'), cluster('b')]), ['create a 3 2', 'create b 3 2'])
  const remembered = { a: { completions: 6 } }
  assert.deepEqual(
    shares([cluster('a', { state: 'Offline' }), cluster('b')], { remembered }),
    [],
    'what a cluster that is gone was to do, nobody else does',
  )
  assert.deepEqual(shares([cluster('a'), cluster('b')], { remembered }), ['create a 6 3'])
  const conditions = [{ type: 'Complete', status: 'True' }]
  assert.deepEqual(shares([cluster('a')], { remembered, object: sums({ conditions }) }), [])
})
