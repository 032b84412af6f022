/** Whom a dependent wakes by what happens to it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { daemonSet } from '#api/apps/v1/daemon-set.ts'
import { labelMatcherOfSet } from '#api/machinery/label-selector.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import type { Informer, InformerListener } from '#client/informer.ts'
import { wakeOwners } from './wake.ts'

const dependent = (owner?: string) =>
  ({
    metadata: {
      name: 'd',
      namespace: 'a',
      labels: { app: 'x' },
      ...(owner
        ? { ownerReferences: [{ kind: 'DaemonSet', name: owner, uid: owner, controller: true }] }
        : {}),
    },
  }) as unknown as KubernetesObject

/** Names of those whom each change wakes. */
function setUp(isNewsWhenNew?: boolean) {
  let told: InformerListener<KubernetesObject> = {}
  const dependents = {
    subscribe(listener: InformerListener<KubernetesObject>) {
      told = listener
      return () => {}
    },
  } as unknown as Informer<KubernetesObject>
  const orphanTaker = { metadata: { name: 'taker', namespace: 'a' } }
  const owners = { list: () => [orphanTaker] } as unknown as Informer<KubernetesObject>
  const woken: string[] = []
  wakeOwners(
    { add: key => void woken.push(key), addAfter: key => void woken.push(key), onStop() {} },
    {
      ownerKind: daemonSet,
      owners,
      selectorOf: () => labelMatcherOfSet({ app: 'x' }),
      dependents,
      ...(isNewsWhenNew === undefined ? {} : { isNewsWhenNew }),
    },
  )
  return {
    changed: (next: KubernetesObject, previous?: KubernetesObject) => {
      told.changed?.(next, previous)
      return woken.splice(0)
    },
    deleted: (last: KubernetesObject) => {
      told.deleted?.(last)
      return woken.splice(0)
    },
  }
}

test('an owner hears of its own, and of what changes hands both do', () => {
  const { changed, deleted } = setUp()
  assert.deepEqual(changed(dependent('one')), ['a/one'])
  assert.deepEqual(changed(dependent('one'), dependent('one')), ['a/one'])
  assert.deepEqual(deleted(dependent('one')), ['a/one'])
  assert.deepEqual(changed(dependent('one'), dependent()), ['a/taker', 'a/one'])
})

test('what is no news when it is new wakes nobody but who could take it in', () => {
  const { changed, deleted } = setUp(false)
  assert.deepEqual(changed(dependent('one')), [])
  assert.deepEqual(changed(dependent()), ['a/taker'])
  assert.deepEqual(changed(dependent('one'), dependent('one')), ['a/one'])
  assert.deepEqual(deleted(dependent('one')), ['a/one'])
})
