/** When a set is counted: at once while it is small, or is to be other than before; else once for all that happens within a moment. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { replicaSet } from '#api/apps/v1/replica-set.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import type { InformerListener } from '#client/informer.ts'
import type { ControllerContext } from '../runner/controller.ts'
import { replicaSetController } from './replicaset.controller.ts'

function setOf(replicas: number, { generation = 1, counted = replicas } = {}) {
  const metadata = { name: 'web', namespace: 'a', uid: 'set', generation }
  return { kind: 'ReplicaSet', metadata, spec: { replicas }, status: { replicas: counted } }
}

const owner = { kind: 'ReplicaSet', name: 'web', uid: 'set', controller: true }
const podIn = (phase: string) => ({
  metadata: { name: 'p', namespace: 'a', uid: 'p', ownerReferences: [owner] },
  status: { phase },
})

/** The controller's wake-ups over one set, as delays in milliseconds; 0 is at once. */
function setUp(set: object) {
  const listeners = new Map<unknown, InformerListener<KubernetesObject>>()
  const informerOf = (kind: unknown) => ({
    addIndex() {},
    get: () => set,
    subscribe(listener: InformerListener<KubernetesObject>) {
      listeners.set(kind, listener)
      return () => {}
    },
  })
  const context = { informers: { for: informerOf } } as unknown as ControllerContext
  const delays: number[] = []
  replicaSetController(context).wake({
    add: () => void delays.push(0),
    addAfter: (key, delayMs) => {
      assert.equal(key, 'a/web')
      delays.push(delayMs)
    },
    onStop() {},
  })
  const change = (kind: unknown, next: object, previous?: object) => {
    listeners.get(kind)?.changed?.(next as KubernetesObject, previous as KubernetesObject)
    return delays.splice(0)
  }
  return { change }
}

test('pods of a small set are counted at once, those of a large one together', () => {
  const few = setUp(setOf(99))
  assert.deepEqual(few.change(pod, podIn('Running'), podIn('Pending')), [0])
  for (const [pods, delayMs] of [
    [100, 100],
    [3000, 150],
    [5000, 250],
    [50_000, 250],
  ] as const) {
    const many = setUp(setOf(pods))
    assert.deepEqual(many.change(pod, podIn('Running'), podIn('Pending')), [delayMs])
    assert.deepEqual(many.change(pod, podIn('Running'), podIn('Running')), [])
  }
})

test('a large set is looked at once more after its status changed, and at once after its spec did', () => {
  const { change } = setUp(setOf(5000))
  assert.deepEqual(change(replicaSet, setOf(5000)), [0])
  assert.deepEqual(change(replicaSet, setOf(5000), setOf(5000, { counted: 4990 })), [250])
  assert.deepEqual(change(replicaSet, setOf(4000, { generation: 2 }), setOf(5000)), [0])
})
