/** Rules of owning that a kube-apiserver v1.36 showed where both were asked the same. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiVersionOf } from '../kind.ts'
import type { KubernetesObject } from '../metadata.ts'
import { int32, list, map, shape, string, struct } from '../schema.ts'
import { thingKind } from '../testing.ts'
import { serverSideApply, trackUpdate } from './apply.ts'
import { FieldSet } from './field-set.ts'
import { capped, type Owner } from './managers.ts'

const part = shape('Part', '', { a: string(1), b: string(2) })
const item = shape('Item', '', { port: int32(1), name: string(2) })
const thing = thingKind(
  {
    data: map(2, string()),
    parts: map(3, struct(1, part)),
    items: list(4, item).listMap('port'),
    status: struct(5, part).always(),
  },
  { status: true },
)

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'
const A = { data: { a: '1' } }

type Thing = KubernetesObject & {
  readonly data?: object
  readonly items?: readonly object[] | null
  readonly status?: object
}
const of = (content: object, metadata: object = {}): Thing => ({
  apiVersion: 'test/v1',
  kind: 'Thing',
  ...content,
  metadata: { name: 'x', ...metadata },
})
const by = (manager: string, subresource = '') => ({
  manager,
  force: false,
  subresource,
  time: '2026-01-01T00:00:00Z',
})
const applied = (live: Thing | undefined, content: object, manager: string, more = {}): Thing =>
  serverSideApply(thing, live, of(content), { ...by(manager), ...more }).object
function updated(before: Thing | undefined, content: object, manager: string): Thing {
  const { managedFields: _, ...metadata } = before?.metadata ?? {}
  const next = of(content, metadata)
  return of(content, { ...metadata, managedFields: trackUpdate(thing, before, next, by(manager)) })
}
const owned = ({ metadata }: Pick<Thing, 'metadata'>, manager: string) =>
  metadata.managedFields?.find(entry => entry.manager === manager)?.fieldsV1

test('null that is applied is owned, and takes away what is owned as a whole', () => {
  const live = applied(undefined, { data: { a: '1', b: '2' }, items: [{ port: 1 }] }, 'one')
  const nothing = applied(live, { data: { a: null }, items: null }, 'two', { force: true })
  assert.deepEqual(nothing.data, { a: null, b: '2' })
  assert.deepEqual(nothing.items, [{ port: 1 }])
  assert.deepEqual(owned(nothing, 'two'), { 'f:data': { 'f:a': {} }, 'f:items': {} })
  assert.throws(() => applied(live, { data: { a: null } }, 'two'), /\.data\.a$/)
})

test('who applies what has no name in the schema owns it, and not only what is in it', () => {
  const live = applied(undefined, { parts: { x: { a: '1' } } }, 'one')
  assert.deepEqual(owned(live, 'one'), { 'f:parts': { 'f:x': { '.': {}, 'f:a': {} } } })
})

test('an object whose owners were taken away has none until somebody applies', () => {
  const live = of(A, { uid: 'u' })
  assert.deepEqual(trackUpdate(thing, live, of({ data: { a: '2' } }, { uid: 'u' }), by('one')), [])
  const first = applied({ ...live, status: { a: '1' } }, { data: { b: '1' } }, 'two')
  assert.deepEqual(owned(first, 'before-first-apply'), { 'f:data': { '.': {}, 'f:a': {} } })
})

test('who no longer says anything of a field takes it away with all that nobody owns', () => {
  const entry = { operation: 'Apply', apiVersion: 'test/v1', fieldsType: 'FieldsV1' }
  const fieldsV1 = { 'f:data': { 'f:a': {} } }
  const managedFields = [{ ...entry, manager: 'one', fieldsV1 }]
  const live = of({ data: { a: '1', b: '2' } }, { managedFields })
  assert.equal(applied(live, {}, 'one').data, undefined)
  const other = { ...entry, manager: 'two', fieldsV1: { 'f:data': { 'f:b': {} } } }
  const shared = of({ data: { a: '1', b: '2' } }, { managedFields: [...managedFields, other] })
  assert.deepEqual(applied(shared, {}, 'one').data, { b: '2' })
})

test('conflicts are told in the order of owners, of fields before what is in them, and of numbers', () => {
  const content = { data: { a: '1' }, items: [80, 9].map(port => ({ port, name: 'x' })) }
  const live = updated(undefined, content, 'one')
  const items = [80, 9].map(port => ({ port, name: 'y' }))
  assert.throws(() => applied(live, { data: { a: '2' }, items }, 'two'), {
    message:
      'Apply failed with 3 conflicts: conflicts with "one" using test/v1:\n- .data.a\n- .items[port=9].name\n- .items[port=80].name',
  })
})

test('kubectl writes down what it was given, and disputes only what the annotation does not allow', () => {
  const configuration = JSON.stringify(of(A))
  const metadata = { annotations: { [LAST_APPLIED]: configuration } }
  const made = of({ data: { a: '1', b: '1' } }, metadata)
  const managedFields = trackUpdate(thing, undefined, made, by('kubectl-client-side-apply'))
  const live = of({ data: { a: '1', b: '1' } }, { ...metadata, managedFields })
  assert.throws(() => applied(live, { data: { a: '2', b: '2' } }, 'kubectl'), {
    message:
      'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using test/v1: .data.b',
  })
  const written = { apiVersion: 'test/v1', kind: 'Thing', data: { a: '<2>' } } as Thing
  const after = applied(live, { data: { a: '<2>' } }, 'kubectl', { written })
  assert.equal(
    after.metadata.annotations?.[LAST_APPLIED],
    '{"apiVersion":"test/v1","data":{"a":"\\u003c2\\u003e"},"kind":"Thing"}\n',
  )
  const other = of({ data: { a: '1' } }, { annotations: { [LAST_APPLIED]: '{"data":{"a":"1"}}' } })
  assert.throws(() => applied(other, { data: { a: '2' } }, 'kubectl'), /1 conflict/)
})

test('the order of items counts as a change, and gives an applier its time', () => {
  const live = updated(undefined, { items: [{ port: 1 }, { port: 2 }] }, 'one')
  const time = (object: Thing) =>
    object.metadata.managedFields?.find(entry => entry.manager === 'two')?.time
  assert.equal(time(applied(live, { items: [{ port: 1 }] }, 'two')), undefined)
  assert.ok(time(applied(live, { items: [{ port: 2 }, { port: 1 }] }, 'two')))
})

test('who applies through the status is held to the metadata beside it', () => {
  const live = updated(undefined, A, 'one')
  const labelled = updated(live, A, 'one')
  labelled.metadata.annotations = { a: '1' }
  labelled.metadata.managedFields = trackUpdate(thing, live, labelled, by('one'))
  const content = { apiVersion: 'test/v1', kind: 'Thing', status: { a: '1' } }
  const status = { ...content, metadata: { name: 'x', annotations: { a: '2' } } } as Thing
  const options = by('two', 'status')
  assert.throws(
    () => serverSideApply(thing, labelled, status, options),
    /\.metadata\.annotations\.a$/,
  )
  const unowned = { ...options, unowned: ['metadata'] }
  const { object } = serverSideApply(thing, labelled, status, unowned)
  assert.deepEqual(owned(object, 'two'), { 'f:status': { 'f:a': {} } })
})

test('too many updaters become one of each version', () => {
  const owner = (at: number, apiVersion: string): Owner => ({
    manager: `m${at}`,
    operation: 'Update',
    apiVersion,
    subresource: '',
    time: `2026-01-01T00:00:${10 + at}Z`,
    fields: FieldSet.fromJson({ [`f:${at}`]: {} }),
  })
  const owners = Array.from({ length: 12 }, (_, at) => owner(at, at % 2 === 0 ? 'v1' : 'v2'))
  const left = capped(owners)
  assert.equal(left.length, 10)
  const ancient = left.filter(({ manager }) => manager === 'ancient-changes')
  assert.deepEqual(
    ancient.map(({ apiVersion, fields }) => [apiVersion, fields.toJson()]),
    [
      ['v1', { 'f:0': {}, 'f:2': {} }],
      ['v2', { 'f:1': {}, 'f:3': {} }],
    ],
  )
})

test('what somebody owned as empty goes with all in it that nobody owns, in whichever version it was', () => {
  const other = { ...thing, version: 'v2' }
  const versions = {
    kindOf: (apiVersion: string) => [thing, other].find(kind => apiVersionOf(kind) === apiVersion),
    convert: (object: KubernetesObject, apiVersion: string) => ({ ...object, apiVersion }),
  }
  for (const { version } of [thing, other]) {
    const entry = (manager: string, fieldsV1: object) => ({
      manager,
      operation: 'Apply',
      apiVersion: `test/${version}`,
      fieldsType: 'FieldsV1',
      fieldsV1,
    })
    const [mine, its] = [entry('one', { 'f:data': {} }), entry('two', { 'f:data': { 'f:b': {} } })]
    const lay = (managedFields: object[]) =>
      serverSideApply(thing, of({ data: { a: '1', b: '2' } }, { managedFields }), of({}), {
        ...by('one'),
        versions,
      }).object as Thing
    assert.equal(lay([mine]).data, undefined)
    assert.deepEqual(lay([mine, its]).data, { a: '1', b: '2' })
  }
})

test('what nobody can come to own stays where somebody wrote it, until its manager applies', () => {
  const name = { 'f:metadata': { 'f:name': {} } }
  const entry = (manager: string, operation: string, fieldsV1: object) => ({
    manager,
    operation,
    apiVersion: 'test/v1',
    fieldsType: 'FieldsV1',
    fieldsV1,
  })
  const seeds = [entry('one', 'Apply', name), entry('two', 'Update', name)]
  const before = updated(undefined, A, 'first')
  const next = of(A, { managedFields: seeds })
  const seeded = of(A, { managedFields: trackUpdate(thing, before, next, by('setter')) })
  assert.deepEqual(seeded.metadata.managedFields, seeds)
  const edited = updated(seeded, { data: { a: '2' } }, 'two')
  assert.deepEqual(owned(edited, 'two'), { 'f:data': { 'f:a': {} }, ...name })
  const taken = applied(edited, { data: { b: '1' } }, 'one')
  assert.deepEqual(owned(taken, 'one'), { 'f:data': { 'f:b': {} } })
})
