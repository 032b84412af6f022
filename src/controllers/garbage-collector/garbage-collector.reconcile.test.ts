import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configMap } from '#api/core/v1/config-map.ts'
import type { KubernetesObject, OwnerReference } from '#api/machinery/metadata.ts'
import type { Informer, InformerListener } from '#client/informer.ts'
import type { Outcome, Write } from '../runner/controller.ts'
import { createGraph } from './garbage-collector.graph.ts'
import { type OwnerState, reconcile } from './garbage-collector.reconcile.ts'

interface Shape {
  owners?: string[]
  blocking?: boolean
  finalizers?: string[]
  deleting?: boolean
}

function objectOf(name: string, { owners = [], blocking, finalizers, deleting }: Shape = {}) {
  const ownerReferences = owners.map(owner => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    name: owner,
    uid: owner,
    ...(blocking === undefined ? {} : { blockOwnerDeletion: blocking }),
  }))
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name,
      namespace: 'a',
      uid: name,
      resourceVersion: '7',
      ...(owners.length > 0 ? { ownerReferences } : {}),
      ...(finalizers ? { finalizers } : {}),
      ...(deleting ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
  } as KubernetesObject
}

const node = (object: KubernetesObject) => ({ kind: configMap, object })
const look = (
  object: KubernetesObject,
  dependents: KubernetesObject[] = [],
  states: Record<string, OwnerState> = {},
) =>
  reconcile({
    node: node(object),
    dependents: () => dependents.map(node),
    ownerState: async (owner: OwnerReference) => states[owner.uid] ?? 'absent',
  })

const flat = ({ writes }: Outcome): Write[] =>
  writes.flatMap(write => (write.verb === 'batch' ? write.writes : write))

test('an object whose owners are all gone is deleted, on top of what was seen', async () => {
  const [write] = flat(await look(objectOf('x', { owners: ['gone'] })))
  assert.ok(write?.verb === 'delete')
  assert.deepEqual(write.options, {
    propagationPolicy: 'Background',
    uid: 'x',
    resourceVersion: '7',
  })
})

test('one owner that is there keeps the object; the gone ones are taken out of its references', async () => {
  const object = objectOf('x', { owners: ['gone', 'here'] })
  const [write] = flat(await look(object, [], { here: 'present' }))
  assert.ok(write?.verb === 'patch')
  const { metadata } = write.patch as { metadata: KubernetesObject['metadata'] }
  assert.deepEqual(
    metadata.ownerReferences?.map(({ uid }) => uid),
    ['here'],
  )
  assert.equal(metadata.resourceVersion, '7')
})

test('nothing is done while an owner cannot be asked for, or is there', async () => {
  for (const state of ['unknown', 'present'] as const)
    assert.deepEqual(flat(await look(objectOf('x', { owners: ['o'] }), [], { o: state })), [])
  assert.deepEqual(flat(await look(objectOf('x'))), [])
})

test('an owner that waits for its dependents takes them along, each with its own', async () => {
  const object = objectOf('x', { owners: ['o'] })
  const [alone] = flat(await look(object, [], { o: 'deleting' }))
  assert.ok(alone?.verb === 'delete')
  assert.equal(alone.options?.propagationPolicy, 'Background')
  const [withOwn] = flat(await look(object, [objectOf('y', { owners: ['x'] })], { o: 'deleting' }))
  assert.ok(withOwn?.verb === 'delete')
  assert.equal(withOwn.options?.propagationPolicy, 'Foreground')
})

test('whoever closes a circle of foreground deletes holds its owner back no longer, and goes then', async () => {
  const waiting = { deleting: true, finalizers: ['foregroundDeletion'] }
  const first = objectOf('a', { ...waiting, owners: ['x'], blocking: true })
  const states = { o: 'deleting' } as const
  const outcome = await look(objectOf('x', { owners: ['o'], blocking: true }), [first], states)
  const [write] = flat(outcome)
  assert.ok(write?.verb === 'patch')
  const { metadata } = write.patch as { metadata: KubernetesObject['metadata'] }
  assert.equal(metadata.resourceVersion, '7')
  assert.deepEqual(
    metadata.ownerReferences?.map(({ uid, blockOwnerDeletion }) => [uid, blockOwnerDeletion]),
    [['o', false]],
  )
  assert.equal(outcome.againAfterMs, 0)
  const [then] = flat(
    await look(objectOf('x', { owners: ['o'], blocking: false }), [first], states),
  )
  assert.ok(then?.verb === 'delete')
  assert.equal(then.options?.propagationPolicy, 'Foreground')
})

test('a foreground delete ends when no dependent blocks it', async () => {
  const object = objectOf('o', { deleting: true, finalizers: ['foregroundDeletion', 'mine'] })
  const blocking = objectOf('x', { owners: ['o'], blocking: true })
  assert.deepEqual(flat(await look(object, [blocking])), [])
  const [write] = flat(await look(object, [objectOf('x', { owners: ['o'], blocking: false })]))
  assert.ok(write?.verb === 'patch')
  assert.deepEqual((write.patch as { metadata: object }).metadata, {
    uid: 'o',
    resourceVersion: '7',
    finalizers: ['mine'],
  })
})

test('an orphaning delete lets go of the dependents first', async () => {
  const object = objectOf('o', { deleting: true, finalizers: ['orphan'] })
  const writes = flat(await look(object, [objectOf('x', { owners: ['o', 'other'] })]))
  assert.deepEqual(
    writes.map(write => write.verb === 'patch' && write.object.metadata.name),
    ['x', 'o'],
  )
  const [release] = writes
  // Custom resources and those of aggregated servers know no strategic merge patch.
  assert.ok(release?.verb === 'patch' && release.type === 'merge')
  const { metadata } = release.patch as { metadata: KubernetesObject['metadata'] }
  assert.equal(metadata.resourceVersion, '7')
  assert.deepEqual(
    metadata.ownerReferences?.map(({ uid }) => uid),
    ['other'],
  )
})

test('the graph wakes dependents of what goes, and owners that wait', () => {
  const graph = createGraph()
  let listener: InformerListener<KubernetesObject> = {}
  const informer = {
    subscribe(given: InformerListener<KubernetesObject>) {
      listener = given
      return () => {}
    },
  } as unknown as Informer<KubernetesObject>
  let woken: string[] = []
  graph.follow(configMap, informer, uid => woken.push(uid))
  const told = (act: () => void) => {
    woken = []
    act()
    return [...new Set(woken)].sort()
  }
  const owner = objectOf('o')
  const child = objectOf('x', { owners: ['o'] })
  assert.deepEqual(
    told(() => listener.changed?.(owner, undefined)),
    [],
  )
  assert.deepEqual(
    told(() => listener.changed?.(child, undefined)),
    ['x'],
    'an owner that stays does not care',
  )
  assert.deepEqual(
    graph.dependentsOf('o').map(({ object }) => object.metadata.name),
    ['x'],
  )
  const waiting = objectOf('o', { deleting: true, finalizers: ['foregroundDeletion'] })
  assert.deepEqual(
    told(() => listener.changed?.(waiting, owner)),
    ['o', 'x'],
  )
  assert.deepEqual(
    told(() => listener.changed?.({ ...waiting }, waiting)),
    [],
    'a status change',
  )
  assert.deepEqual(
    told(() => listener.deleted?.(child)),
    ['o'],
  )
  listener.changed?.(child, undefined)
  assert.deepEqual(
    told(() => listener.deleted?.(waiting)),
    ['x'],
  )
  assert.equal(graph.get('o'), undefined)
  listener.deleted?.(child)
  assert.deepEqual(graph.dependentsOf('o'), [])
})
