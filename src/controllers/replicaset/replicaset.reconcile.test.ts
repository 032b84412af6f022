import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ReplicaSet } from '#api/apps/v1/replica-set.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { replicationController } from '#api/core/v1/replication-controller.ts'
import type { Outcome, Write, WriteFailure } from '../runner/controller.ts'
import { inOrderOfDeletion } from './deletion-order.ts'
import { reconcile } from './replicaset.reconcile.ts'

const NOW_MS = Date.UTC(2026, 0, 1)
const ago = (seconds: number) => new Date(NOW_MS - seconds * 1000).toISOString()

function setOf(replicas: number, more: { spec?: object; status?: object; metadata?: object } = {}) {
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: 'web', namespace: 'a', uid: 'set', generation: 1, ...more.metadata },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web', extra: 'x' } }, spec: { containers: [] } },
      ...more.spec,
    },
    status: { ...more.status },
  } as unknown as ReplicaSet
}

const OWNED = [
  { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'set', controller: true },
]

interface PodShape {
  labels?: Record<string, string>
  owners?: object[]
  readySeconds?: number
  node?: string
  phase?: string
  deleting?: boolean
  cost?: string
  restarts?: number
  createdSeconds?: number
}

function podOf(name: string, shape: PodShape = {}): Pod {
  const { readySeconds } = shape
  const ready = {
    type: 'Ready',
    status: readySeconds === undefined ? 'False' : 'True',
    lastTransitionTime: ago(readySeconds ?? 0),
  }
  return {
    metadata: {
      name,
      namespace: 'a',
      uid: name,
      labels: shape.labels ?? { app: 'web', extra: 'x' },
      ownerReferences: shape.owners ?? OWNED,
      creationTimestamp: ago(shape.createdSeconds ?? 100),
      ...(shape.deleting ? { deletionTimestamp: ago(0) } : {}),
      ...(shape.cost
        ? { annotations: { 'controller.kubernetes.io/pod-deletion-cost': shape.cost } }
        : {}),
    },
    spec: { containers: [], ...(shape.node === '' ? {} : { nodeName: shape.node ?? 'n1' }) },
    status: {
      phase: shape.phase ?? 'Running',
      conditions: [ready],
      containerStatuses: [{ restartCount: shape.restarts ?? 0 }],
    },
  } as unknown as Pod
}

const look = (set: ReplicaSet, pods: Pod[], failure?: WriteFailure) =>
  reconcile({ set, candidates: pods, siblings: () => pods, nowMs: NOW_MS, failure })

const flat = ({ writes }: Outcome): Write[] =>
  writes.flatMap(write => (write.verb === 'batch' ? write.writes : write))
const summary = (outcome: Outcome) =>
  flat(outcome).map(write =>
    'object' in write
      ? `${write.verb} ${write.kind.kind} ${write.object.metadata.name ?? write.object.metadata.generateName}`
      : write.verb,
  )
// biome-ignore lint/suspicious/noExplicitAny: tests look into the written object
const statusIn = (outcome: Outcome): any =>
  flat(outcome).flatMap(write => (write.verb === 'update' ? [write.object.status] : []))[0]

test('missing pods are created from the template, at most 500 at a time and slowly at first', () => {
  const outcome = look(setOf(700), [])
  const [batch] = outcome.writes
  assert.ok(batch?.verb === 'batch' && batch.slowStart)
  assert.equal(batch.writes.length, 500)
  const [first] = batch.writes
  assert.ok(first?.verb === 'create')
  assert.deepEqual(first.object.metadata, {
    generateName: 'web-',
    namespace: 'a',
    labels: { app: 'web', extra: 'x' },
    ownerReferences: [
      {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        name: 'web',
        uid: 'set',
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
  })
})

test('finished and ending pods do not count; the ending ones are told', () => {
  const pods = [
    podOf('a', { readySeconds: 10 }),
    podOf('b', { phase: 'Succeeded' }),
    podOf('c', { deleting: true }),
  ]
  const outcome = look(setOf(2), pods)
  assert.deepEqual(summary(outcome), ['create Pod web-', 'update ReplicaSet web'])
  assert.deepEqual(statusIn(outcome), {
    replicas: 1,
    fullyLabeledReplicas: 1,
    readyReplicas: 1,
    availableReplicas: 1,
    terminatingReplicas: 1,
    observedGeneration: 1,
  })
})

test('orphans that fit are adopted, own pods that no longer fit are released, foreign ones left alone', () => {
  const outcome = look(setOf(1), [
    podOf('orphan', { owners: [] }),
    podOf('relabelled', { labels: { app: 'debug' } }),
    podOf('foreign', { owners: [{ ...OWNED[0], uid: 'other' }] }),
    podOf('unfit', { owners: [], labels: {} }),
    podOf('dying', { owners: [], deleting: true }),
  ])
  assert.deepEqual(summary(outcome), ['patch Pod orphan', 'patch Pod relabelled'])
  assert.ok(flat(outcome)[0]?.onlyWhile, 'adoption asks whether the owner is still there')
})

test('a set that is being deleted makes, adopts and deletes nothing', () => {
  const set = setOf(3, { metadata: { deletionTimestamp: ago(0) } })
  const outcome = look(set, [podOf('a'), podOf('orphan', { owners: [] })])
  assert.deepEqual(summary(outcome), ['update ReplicaSet web'])
})

test('pods are available when they have been ready for long enough, and then are looked at again', () => {
  const set = setOf(2, { spec: { minReadySeconds: 30 } })
  const outcome = look(set, [podOf('a', { readySeconds: 40 }), podOf('b', { readySeconds: 10 })])
  assert.equal(statusIn(outcome).availableReplicas, 1)
  assert.equal(outcome.againAfterMs, 20_000)
})

test('a failure to create is told in a condition before it is tried again, and taken back', () => {
  const failure = { verb: 'create', kind: 'Pod', message: 'exceeded quota' }
  const outcome = look(setOf(1), [], failure)
  assert.deepEqual(summary(outcome), ['update ReplicaSet web', 'create Pod web-'])
  const [condition] = statusIn(outcome).conditions
  assert.equal(condition.reason, 'FailedCreate')
  assert.equal(condition.message, 'exceeded quota')
  const told = setOf(1, { status: statusIn(outcome) })
  assert.deepEqual(summary(look(told, [], failure)), ['create Pod web-'], 'told once')
  const healed = look(told, [podOf('a', { readySeconds: 1 })])
  assert.equal(statusIn(healed).conditions, undefined)
})

test('nothing to do is nothing to write', () => {
  const pods = [podOf('a', { readySeconds: 10 })]
  const set = setOf(1)
  const settled = setOf(1, { status: statusIn(look(set, pods)) })
  assert.deepEqual(look(settled, pods).writes, [])
})

test('a kind that tells less has nothing to write either, once it has told that', () => {
  const pods = [podOf('a', { readySeconds: 10 })]
  const bare = setOf(1, {
    status: {
      replicas: 1,
      fullyLabeledReplicas: 1,
      readyReplicas: 1,
      availableReplicas: 1,
      observedGeneration: 1,
    },
  })
  const withStatus = ({ terminatingReplicas: _, ...status }: ReplicaSet['status']) => ({
    ...bare,
    status,
  })
  const owner = { kind: replicationController, withStatus }
  const world = { candidates: pods, siblings: () => pods, nowMs: NOW_MS, failure: undefined }
  assert.equal(look(bare, pods).writes.length, 1, 'a ReplicaSet tells how many are ending')
  const owned = pods.map(pod => ({
    ...pod,
    metadata: {
      ...pod.metadata,
      ownerReferences: [{ ...OWNED[0], kind: 'ReplicationController' }],
    },
  })) as unknown as Pod[]
  assert.deepEqual(reconcile({ ...world, candidates: owned, set: bare, owner }).writes, [])
})

test('those that do least are deleted first', () => {
  const order = (pods: Pod[]) =>
    inOrderOfDeletion(pods, pods, NOW_MS).map(({ metadata }) => metadata.name)
  const ready = { readySeconds: 1000, createdSeconds: 1000 }
  assert.deepEqual(
    order([
      podOf('old', ready),
      podOf('costly', { ...ready, cost: '5', node: 'n2' }),
      podOf('restarting', { ...ready, restarts: 3 }),
      podOf('crowded-1', { ...ready, node: 'n9' }),
      podOf('crowded-2', { ...ready, node: 'n9' }),
      podOf('crowded-3', { ...ready, node: 'n9' }),
      podOf('young', { readySeconds: 10, createdSeconds: 1000 }),
      podOf('not-ready'),
      podOf('pending', { phase: 'Pending' }),
      podOf('unassigned', { phase: 'Pending', node: '' }),
      podOf('cheap', { ...ready, cost: '-1', node: 'n3' }),
    ]),
    [
      'unassigned',
      'pending',
      'not-ready',
      'cheap',
      'young',
      'restarting',
      'old',
      'crowded-1',
      'crowded-2',
      'crowded-3',
      'costly',
    ],
    'n1 has five of them and n9 three: the fuller node gives first',
  )
})
