/** Owners of another version that lacks a field: what a kube-apiserver v1.36 said where both were asked the same. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AnyKind, apiVersionOf } from '../kind.ts'
import type { KubernetesObject } from '../metadata.ts'
import { string } from '../schema.ts'
import { thingKind } from '../testing.ts'
import { serverSideApply, trackUpdate } from './apply.ts'

const fields = { a: string(2), c: string(3) }
const older = { ...thingKind(fields), version: 'v1beta1' }
const newer = thingKind({ ...fields, late: string(4) })

/** As of definitions without a conversion webhook: nothing is dropped. */
const versionsOf = (...kinds: AnyKind[]) => ({
  kindOf: (apiVersion: string) => kinds.find(kind => apiVersionOf(kind) === apiVersion),
  convert: (object: KubernetesObject, apiVersion: string) => ({ ...object, apiVersion }),
})
const both = versionsOf(older, newer)

const thing = (kind: AnyKind, content: object, metadata: object = {}) => ({
  apiVersion: apiVersionOf(kind),
  kind: 'Thing',
  ...content,
  metadata: { name: 'x', ...metadata },
})
const by = (manager: string, versions = both) => ({
  manager,
  force: true,
  subresource: '',
  time: '2026-01-01T00:00:00Z',
  versions,
})
const ownedBefore = (manager: string, content = {}) => {
  const { object } = serverSideApply(
    older,
    undefined,
    thing(older, { a: 'x', ...content }),
    by(manager),
  )
  return { ...object, apiVersion: apiVersionOf(newer) }
}
const applied = (live: KubernetesObject, content: object, versions = both) =>
  serverSideApply(newer, live, thing(newer, content), by('one', versions)).object

test('nobody applies over what is there and does not fit the version of an owner', () => {
  const message = '.late: field not declared in schema'
  for (const manager of ['one', 'two'])
    for (const content of [{}, { a: 'x' }, { c: 'y' }])
      assert.throws(() => applied({ ...ownedBefore(manager), late: 'z' } as never, content), {
        message,
      })
})

test('nobody applies what does not fit the version of an owner', () => {
  assert.throws(() => applied(ownedBefore('one'), { late: 'z' }), {
    message:
      'failed to prune fields: failed to convert merged object to last applied version: .late: field not declared in schema',
  })
  assert.throws(() => applied(ownedBefore('two'), { late: 'z' }), {
    message: 'failed to convert new object: .late: field not declared in schema',
  })
})

test('what fits goes on, and so does all once the version is gone', () => {
  const live = ownedBefore('one')
  assert.deepEqual(applied(live, { c: 'y' }), {
    ...thing(newer, { c: 'y' }),
    metadata: applied(live, { c: 'y' }).metadata,
  })
  const { late } = applied(live, { late: 'z' }, versionsOf(newer)) as { late?: string }
  assert.equal(late, 'z')
})

test('an ordinary write goes on, and nobody owns anything', () => {
  const before = ownedBefore('one')
  const { metadata } = before
  const next = thing(newer, { a: 'x', late: 'z' }, metadata)
  assert.deepEqual(trackUpdate(newer, before, next, by('two')), [])
})
