/** From client-side to server-side apply and back: what the annotation of the former grants, and what becomes of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubernetesObject } from '../metadata.ts'
import { list, map, string } from '../schema.ts'
import { thingKind } from '../testing.ts'
import { serverSideApply, trackUpdate } from './apply.ts'

const thing = thingKind({ data: map(2, string()), tags: list(3, string()).listSet() })
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

interface Content {
  readonly data: Readonly<Record<string, string>>
  readonly tags?: readonly string[]
}
type Thing = KubernetesObject & Content

const thingWith = (content: object, annotations?: Record<string, string>): Thing =>
  ({
    apiVersion: 'test/v1',
    kind: 'Thing',
    metadata: { name: 'x', namespace: 'ns', ...(annotations && { annotations }) },
    ...content,
  }) as Thing
const by = (manager: string) => ({ manager, subresource: '', force: false, time: undefined })

/** As client-side apply leaves it; and what somebody else may have made of it meanwhile. */
function clientSide(content: Content, live: Content = content): Thing {
  const configuration = JSON.stringify(thingWith(content))
  const made = thingWith(live, { [LAST_APPLIED]: configuration })
  const managedFields = trackUpdate(thing, undefined, made, by('kubectl-client-side-apply'))
  return { ...made, metadata: { ...made.metadata, managedFields } }
}

const apply = (live: Thing, applied: Thing, manager = 'kubectl') =>
  serverSideApply(thing, live, applied, by(manager)).object as Thing
const told = ({ metadata }: Thing) => JSON.parse(metadata.annotations?.[LAST_APPLIED] ?? '')
const two = thingWith({ data: { a: '2' } })
const conflict = /conflict with "kubectl-client-side-apply" using test\/v1: \.data\.a/

test('kubectl takes over what its client-side apply set, and keeps its annotation up to date', () => {
  const after = apply(clientSide({ data: { a: '1' } }), two)
  assert.deepEqual(after.data, { a: '2' })
  assert.deepEqual(told(after).data, { a: '2' })
  const entry = after.metadata.managedFields?.find(({ manager }) => manager === 'kubectl')
  assert.deepEqual(entry?.fieldsV1, { 'f:data': { 'f:a': {} } })
})

test('an annotation that kubectl applies as null is told as empty', () => {
  const annotations = { note: null as unknown as string }
  const { data, metadata } = told(
    apply(clientSide({ data: { a: '1' } }), { ...two, metadata: { ...two.metadata, annotations } }),
  )
  assert.deepEqual([data, metadata.annotations], [{ a: '2' }, { note: '' }])
})

test('what somebody changed since, and what another manager applies, stays in dispute', () => {
  const changed = clientSide({ data: { a: '1' } }, { data: { a: '3' } })
  assert.throws(() => apply(changed, two), conflict)
  assert.throws(() => apply(clientSide({ data: { a: '1' } }), two, 'bob'), conflict)
})

test('where by now something is there twice, nothing is granted', () => {
  const data = { a: '1' }
  assert.throws(() => apply(clientSide({ data }, { data, tags: ['x', 'x'] }), two), conflict)
  assert.ok(apply(clientSide({ data }, { data, tags: ['x'] }), two))
})
