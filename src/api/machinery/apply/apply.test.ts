import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { deepFreeze } from '#base/freeze.ts'
import type { KubernetesObject } from '../metadata.ts'
import { int32, list, map, shape, string, struct } from '../schema.ts'
import { thingKind } from '../testing.ts'
import { serverSideApply, trackUpdate } from './apply.ts'
import { FieldSet, pathText } from './field-set.ts'

const port = shape('Port', '', {
  port: int32(1),
  protocol: string(2).default('TCP'),
  name: string(3),
})
const container = shape('Container', '', {
  name: string(1),
  image: string(2),
  args: list(3, string()),
  ports: list(4, port).listMap('port', 'protocol'),
})
const spec = shape('Spec', '', {
  replicas: int32(1).optional(),
  containers: list(2, container).listMap('name'),
  tags: list(3, string()).listSet(),
})
const status = shape('Status', '', { phase: string(1) })
const thing = thingKind(
  {
    data: map(2, string()),
    spec: struct(3, spec).always(),
    status: struct(4, status).always(),
  },
  { status: true },
)

const object = (
  body: object,
  managedFields?: KubernetesObject['metadata']['managedFields'],
): KubernetesObject => ({
  apiVersion: 'test/v1',
  kind: 'Thing',
  ...body,
  metadata: {
    name: 'x',
    namespace: 'ns',
    ...(body as { metadata?: object }).metadata,
    ...(managedFields ? { managedFields } : {}),
  },
})
const at = (manager: string, force = false, time = '2026-01-01T00:00:00Z', subresource = '') => ({
  manager,
  force,
  time,
  subresource,
})
const apply = (live: KubernetesObject | undefined, body: object, by: ReturnType<typeof at>) =>
  serverSideApply(thing, live, object(body), by).object
const fieldsOf = (applied: KubernetesObject, manager: string) =>
  applied.metadata.managedFields?.find(entry => entry.manager === manager)?.fieldsV1

test('an applier owns what it sets', () => {
  const live = apply(
    undefined,
    { data: { a: '1' }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    at('alice'),
  )
  assert.deepEqual(fieldsOf(live, 'alice'), {
    'f:data': { 'f:a': {} },
    'f:spec': { 'f:containers': { 'k:{"name":"c"}': { '.': {}, 'f:image': {}, 'f:name': {} } } },
  })
})

test('a field of somebody else is refused with every cause, taken by force, shared where equal', () => {
  const live = apply(undefined, { data: { a: '1', b: '1' } }, at('alice'))
  assert.throws(
    () => apply(live, { data: { a: '2', b: '1' } }, at('bob')),
    error => {
      const { status } = error as {
        status: { reason: string; message: string; details: { causes: object[] } }
      }
      assert.equal(status.reason, 'Conflict')
      assert.equal(status.message, 'Apply failed with 1 conflict: conflict with "alice": .data.a')
      assert.deepEqual(status.details.causes, [
        { reason: 'FieldManagerConflict', message: 'conflict with "alice"', field: '.data.a' },
      ])
      return true
    },
  )
  const forced = apply(live, { data: { a: '2', b: '1' } }, at('bob', true))
  assert.deepEqual((forced as { data?: object }).data, { a: '2', b: '1' })
  assert.deepEqual(fieldsOf(forced, 'alice'), { 'f:data': { 'f:b': {} } })
  assert.deepEqual(fieldsOf(forced, 'bob'), { 'f:data': { 'f:a': {}, 'f:b': {} } })
})

test('what an applier leaves out goes, unless somebody else owns it', () => {
  const first = apply(
    undefined,
    { data: { a: '1', b: '1' }, spec: { containers: [{ name: 'one' }, { name: 'two' }] } },
    at('alice'),
  )
  const shared = apply(first, { data: { b: '1' } }, at('bob'))
  const later = apply(
    shared,
    { spec: { containers: [{ name: 'two' }] } },
    at('alice'),
  ) as KubernetesObject & { data?: object; spec: { containers: object[] } }
  assert.deepEqual(later.data, { b: '1' })
  assert.deepEqual(later.spec.containers, [{ name: 'two' }])
})

test('list items merge by all their keys, with defaults for absent ones', () => {
  const live = apply(
    undefined,
    { spec: { containers: [{ name: 'c', ports: [{ port: 80, name: 'web' }] }] } },
    at('alice'),
  )
  const more = apply(
    live,
    { spec: { containers: [{ name: 'c', ports: [{ port: 80, protocol: 'UDP' }] }] } },
    at('bob'),
  ) as KubernetesObject & { spec: { containers: { ports: object[] }[] } }
  assert.equal(more.spec.containers[0]?.ports.length, 2)
  // Null is no default, but a key like others, until it is decoded.
  const odd = { spec: { containers: [{ name: 'c', ports: [{ port: 80, protocol: null }] }] } }
  const beside = apply(live, odd, at('bob')) as typeof more
  assert.equal(beside.spec.containers[0]?.ports.length, 2)
  assert.throws(() => apply(live, { spec: { containers: [{ image: 'nameless' }] } }, at('bob')), {
    code: 400,
  })
})

test('sets are united, whole lists replaced', () => {
  const live = apply(
    undefined,
    { spec: { tags: ['a', 'b'], containers: [{ name: 'c', args: ['1'] }] } },
    at('alice'),
  )
  const more = apply(live, { spec: { tags: ['c'] } }, at('bob')) as KubernetesObject & {
    spec: { tags: string[] }
  }
  assert.deepEqual([...more.spec.tags].sort(), ['a', 'b', 'c'])
  assert.throws(
    () => apply(live, { spec: { containers: [{ name: 'c', args: ['2'] }] } }, at('bob')),
    /\.spec\.containers\[name="c"\]\.args/,
  )
})

test('ordinary writes own what they change and take it from others', () => {
  const live = apply(undefined, { data: { a: '1', b: '1' } }, at('alice'))
  const next = object({ data: { a: '2', b: '1', c: '3' } }, live.metadata.managedFields)
  const managedFields = trackUpdate(thing, live, next, {
    manager: 'edit',
    subresource: '',
    time: '2026-02-02T00:00:00Z',
  })
  const tracked = object(next, managedFields)
  assert.deepEqual(fieldsOf(tracked, 'alice'), { 'f:data': { 'f:b': {} } })
  assert.deepEqual(fieldsOf(tracked, 'edit'), { 'f:data': { 'f:a': {}, 'f:c': {} } })
  assert.throws(
    () => apply(tracked, { data: { a: '1' } }, at('alice')),
    /conflict with "edit" using test\/v1: \.data\.a/,
  )
})

test('what a write changes for nobody else is shared with the revision before', () => {
  const first = object({ data: { a: '1' }, spec: { replicas: 1 } })
  const created = deepFreeze(object(first, trackUpdate(thing, undefined, first, at('creator'))))
  const write = (from: KubernetesObject, phase: string, time: string) => {
    const entries = trackUpdate(
      thing,
      from,
      { ...from, status: { phase } } as KubernetesObject,
      at('reporter', false, time, 'status'),
    )
    return deepFreeze({ ...object({ ...from, status: { phase } }, entries) })
  }
  const pending = write(created, 'Pending', '2026-01-02T00:00:00Z')
  const running = write(pending, 'Running', '2026-01-03T00:00:00Z')
  const [byCreator, byReporter] = running.metadata.managedFields ?? []
  assert.equal(byCreator, created.metadata.managedFields?.[0])
  // It owns what it owned, but wrote again.
  assert.equal(byReporter?.fieldsV1, pending.metadata.managedFields?.[1]?.fieldsV1)
  assert.equal(byReporter?.time, '2026-01-03T00:00:00Z')
  const again = write(running, 'Pending', '2026-01-03T00:00:00Z')
  assert.equal(again.metadata.managedFields?.[1], byReporter)
  assert.deepEqual(byReporter?.fieldsV1, { 'f:status': { '.': {}, 'f:phase': {} } })
  // What was read back from a store says the same without being the same.
  const restored = JSON.parse(JSON.stringify(running)) as KubernetesObject
  assert.deepEqual(
    write(restored, 'Failed', '2026-01-03T00:00:00Z').metadata.managedFields,
    running.metadata.managedFields,
  )
})

test('who changes a value again did so now, and comes last; who only takes away keeps its time', () => {
  const write = (from: KubernetesObject, data: object, manager: string, time: string) =>
    object({ data }, trackUpdate(thing, from, object({ data }), at(manager, false, time)))
  const timesOf = ({ metadata }: KubernetesObject) =>
    metadata.managedFields?.map(({ manager, time }) => `${manager} ${time?.slice(0, 10)}`)
  const first = object({ data: { a: '1' } })
  const created = object(first, trackUpdate(thing, undefined, first, at('alice')))
  const more = write(created, { a: '1', b: '1' }, 'bob', '2026-01-02T00:00:00Z')
  assert.deepEqual(timesOf(more), ['alice 2026-01-01', 'bob 2026-01-02'])
  const changed = write(more, { a: '2', b: '1' }, 'alice', '2026-01-03T00:00:00Z')
  assert.deepEqual(timesOf(changed), ['bob 2026-01-02', 'alice 2026-01-03'])
  const same = write(changed, { a: '2', b: '1' }, 'alice', '2026-01-04T00:00:00Z')
  assert.deepEqual(timesOf(same), ['bob 2026-01-02', 'alice 2026-01-03'])
  const wider = write(same, { a: '2', b: '1', c: '1' }, 'bob', '2026-01-05T00:00:00Z')
  const less = write(wider, { a: '2', b: '1' }, 'bob', '2026-01-06T00:00:00Z')
  assert.deepEqual(timesOf(less), ['alice 2026-01-03', 'bob 2026-01-05'])
})

test('an owner whose time nobody tells has none from then on', () => {
  const sized = (a: string) => object({ data: { a } })
  const first = sized('1')
  const created = deepFreeze(object(first, trackUpdate(thing, undefined, first, at('alice'))))
  const [entry] = trackUpdate(thing, created, sized('2'), { ...at('alice'), time: undefined })
  assert.deepEqual([entry?.manager, entry && 'time' in entry], ['alice', false])
})

test('a created object is owned by its creator, with the nodes that came with it', () => {
  const created = object({ data: { a: '1' }, spec: { replicas: 1 } })
  const [entry] = trackUpdate(thing, undefined, created, at('kubectl-create'))
  assert.deepEqual(entry?.fieldsV1, {
    'f:data': { '.': {}, 'f:a': {} },
    'f:spec': { 'f:replicas': {} },
  })
  assert.equal(entry?.operation, 'Update')
})

test('of an object that nobody owns anything of nobody comes to, unless by an apply', () => {
  const unowned = object({ metadata: { uid: 'u' } })
  assert.deepEqual(trackUpdate(thing, undefined, unowned, at('creator')), [])
  const next = object({ data: { a: '1' } })
  assert.deepEqual(trackUpdate(thing, unowned, next, at('bob')), [])
  // Whoever resets the owners is none of them either.
  const made = apply(undefined, { data: { a: '1' } }, at('alice'))
  const live = { ...made, metadata: { ...made.metadata, uid: 'u' } }
  const reset = object({ data: { a: '2' } }, [{}])
  assert.deepEqual(trackUpdate(thing, live, reset, at('bob')), [])
  const applied = apply(next, { data: { b: '1' } }, at('alice'))
  const managers = applied.metadata.managedFields?.map(({ manager }) => manager)
  assert.deepEqual(managers, ['alice', 'before-first-apply'])
})

test('an item without its key is no fault of an ordinary write, but leaves it without owners', () => {
  const written = object({ spec: { containers: [{ image: 'i' }] } })
  assert.deepEqual(trackUpdate(thing, undefined, written, at('bob')), [])
  assert.throws(
    () => apply(undefined, { spec: { containers: [{ image: 'i' }] } }, at('bob')),
    /lacks its key/,
  )
})

test('status belongs to its subresource', () => {
  const live = apply(undefined, { status: { phase: 'mine' }, data: { a: '1' } }, at('alice'))
  assert.equal((live as { status?: object }).status, undefined)
  const reported = apply(
    live,
    { status: { phase: 'Ready' }, data: { a: 'ignored' } },
    at('kubelet', false, undefined, 'status'),
  )
  assert.deepEqual(
    [(reported as { status?: object }).status, (reported as { data?: object }).data],
    [{ phase: 'Ready' }, { a: '1' }],
  )
  assert.equal(
    reported.metadata.managedFields?.find(entry => entry.manager === 'kubelet')?.subresource,
    'status',
  )
})

test('who wrote before anything was tracked is asked as well', () => {
  const live = object({ data: { a: '1' } })
  assert.throws(
    () => apply(live, { data: { a: '2' } }, at('alice')),
    /conflict with "before-first-apply"/,
  )
})

test('applying the same again changes nothing, not even the time', () => {
  const first = apply(undefined, { data: { a: '1' } }, at('alice'))
  assert.deepEqual(
    apply(first, { data: { a: '1' } }, at('alice', false, '2027-01-01T00:00:00Z')),
    first,
  )
})

test('many updaters are merged into ancient changes', () => {
  const begun = object({ data: { begun: 'v' } })
  let live = object(begun, trackUpdate(thing, undefined, begun, at('creator')))
  for (let i = 0; i < 15; i++) {
    const next = object(
      { data: { ...(live as { data?: object }).data, [`k${i}`]: 'v' } },
      live.metadata.managedFields,
    )
    live = object(
      next,
      trackUpdate(thing, live, next, {
        manager: `m${i}`,
        subresource: '',
        time: `2026-01-01T00:00:${10 + i}Z`,
      }),
    )
  }
  assert.ok((live.metadata.managedFields?.length ?? 0) <= 10)
  assert.ok(fieldsOf(live, 'ancient-changes'))
})

const pathsOf = (set: FieldSet) =>
  set
    .paths()
    .map(path => path.join('\0'))
    .sort()

test('field sets: set algebra and their JSON form', () => {
  const tree = fc.letrec(tie => ({
    node: fc.dictionary(
      fc.constantFrom('f:a', 'f:b', 'f:__proto__', 'k:{"n":1}', '.'),
      fc.oneof({ depthSize: 'small' }, fc.constant({}), tie('node')),
    ),
  })).node
  fc.assert(
    fc.property(tree, tree, (x, y) => {
      const [one, other] = [FieldSet.fromJson({ 'f:x': x }), FieldSet.fromJson({ 'f:x': y })]
      assert.ok(FieldSet.fromJson(one.toJson()).equals(one))
      assert.ok(one.difference(other).union(one.intersection(other)).equals(one))
      assert.ok(one.union(other).equals(other.union(one)))
      assert.ok(one.difference(one).isEmpty)
      // The same with sets of paths.
      const [mine, its] = [pathsOf(one), pathsOf(other)]
      const common = mine.filter(path => its.includes(path))
      const alone = mine.filter(path => !its.includes(path))
      assert.deepEqual(pathsOf(one.intersection(other)), common)
      assert.deepEqual(pathsOf(one.difference(other)), alone)
      assert.deepEqual(pathsOf(one.union(other)), [...alone, ...its].sort())
      assert.equal(one.contains(other), common.length === its.length)
      assert.equal(one.union(one.intersection(other)), one)
    }),
  )
})

test('an item that nobody else owns goes with what somebody has in it; its list is null without items', () => {
  const alice = { spec: { containers: [{ name: 'c', image: 'i' }] } }
  const live = apply(undefined, alice, at('alice'))
  const changed = {
    ...live,
    spec: { containers: [{ name: 'c', image: 'j' }] },
  } as unknown as KubernetesObject
  const managedFields = trackUpdate(thing, live, changed, at('bob'))
  const tracked = { ...changed, metadata: { ...changed.metadata, managedFields } }
  const after = apply(tracked, { data: { a: '1' } }, at('alice'))
  assert.deepEqual((after as KubernetesObject & { spec: object }).spec, { containers: null })
  assert.equal(fieldsOf(after, 'bob'), undefined)
})

test('a path with something that is no key is shown all the same', () => {
  assert.equal(pathText(['f:spec', 'k:{"name":"c"}']), '.spec[name="c"]')
  for (const broken of ['k:{', 'k:', 'k:1', '.x', 'x'])
    assert.match(pathText(['f:spec', broken]), /^\.spec\[.*\]$/)
})

test('of items that share their keys a client owns the keys, and nothing in them', () => {
  const body = { spec: { containers: [{ name: 'a', image: 'x' }, { name: 'b' }, { name: 'a' }] } }
  const containers = {
    'k:{"name":"a"}': {},
    'k:{"name":"b"}': { '.': {}, 'f:name': {} },
  }
  const [entry] = trackUpdate(thing, undefined, object(body), at('client')) ?? []
  assert.deepEqual(entry?.fieldsV1, { 'f:spec': { 'f:containers': { '.': {}, ...containers } } })
})
