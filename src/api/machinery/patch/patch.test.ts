import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { list, map, shape, string, struct } from '../schema.ts'
import { equal, jsonPatch } from './json-patch.ts'
import { mergePatch } from './merge-patch.ts'
import { strategicMergePatch } from './strategic-merge.ts'

const port = shape('Port', '', { containerPort: string(1), protocol: string(2) })
const container = shape('Container', '', {
  name: string(1),
  image: string(2),
  command: list(3, string()),
  ports: list(4, port).mergeKey('containerPort'),
  env: map(5, string()),
})
const strategy = shape('Strategy', '', { type: string(1), rolling: map(2, string()) })
const spec = shape('Spec', '', {
  containers: list(1, container).mergeKey('name'),
  finalizers: list(2, string()).mergeKey(),
  labels: map(3, string()),
  strategy: struct(4, strategy).patchStrategy('retainKeys'),
})

test('json patch: every operation', () => {
  const document = Object.freeze({ a: 1, list: ['x', 'y'], 'sl/ash~': { deep: true } })
  const patched = jsonPatch(document, [
    { op: 'test', path: '/a', value: 1 },
    { op: 'add', path: '/list/1', value: 'between' },
    { op: 'add', path: '/list/-', value: 'last' },
    { op: 'replace', path: '/sl~1ash~0/deep', value: null },
    { op: 'copy', from: '/a', path: '/b' },
    { op: 'move', from: '/a', path: '/c' },
    { op: 'remove', path: '/list/0' },
  ])
  assert.deepEqual(patched, {
    list: ['between', 'y', 'last'],
    'sl/ash~': { deep: null },
    b: 1,
    c: 1,
  })
})

test('json patch: what does not apply is Invalid, what is no patch is BadRequest', () => {
  const code = (patch: unknown) => {
    try {
      jsonPatch({ a: [1] }, patch)
    } catch (error) {
      return (error as { code: number }).code
    }
    return 200
  }
  assert.equal(code([{ op: 'test', path: '/a', value: 2 }]), 422)
  assert.equal(code([{ op: 'remove', path: '/gone' }]), 422)
  assert.equal(code([{ op: 'add', path: '/a/5', value: 1 }]), 422)
  assert.equal(code([{ op: 'replace', path: '/constructor/prototype', value: 1 }]), 422)
  assert.equal(code({ op: 'test' }), 400)
  assert.equal(code([{ op: 'wipe', path: '/a' }]), 422)
  for (const patch of [[1], [[]], [{ op: 1, path: '/a' }], [{ op: 'add', path: 1 }]])
    assert.equal(code(patch), 400)
  assert.equal(code([{ op: 'remove', path: '' }]), 422)
  assert.equal(code([{ op: 'copy', from: '', path: '/b' }]), 422)
  assert.equal(code([{ op: 'add', path: '', value: {} }]), 422)
  assert.equal(
    code(Array.from({ length: 10_001 }, () => ({ op: 'test', path: '', value: 1 }))),
    413,
  )
})

test('json patch: what upstream lets pass', () => {
  const document = { list: [1, 2], a: 1 }
  assert.deepEqual(jsonPatch(document, null), document)
  assert.deepEqual(
    jsonPatch(document, [
      { op: 'add', path: '/none' },
      { op: 'replace', path: '/new', value: 'x' },
      { op: 'add', path: '/list/-1', value: 3 },
      { op: 'remove', path: '/list/00' },
      { op: 'test', path: '/gone', value: null },
      { op: 'copy', from: '/gone', path: '/copy' },
    ]),
    { list: [2, 3], a: 1, none: null, new: 'x', copy: null },
  )
})

test('strategic merge: directives without sense are refused in upstream’s words', () => {
  const document = { containers: [{ name: 'a' }], finalizers: ['x', 'y'] }
  const refused = (patch: object, code: number, message: string) =>
    assert.throws(() => strategicMergePatch(spec, document, patch), { code, message }, message)
  const unkeyed = 'does not contain declared merge key: name'
  refused({ $patch: 1 }, 500, 'unknown patch type: %!s(int64=1) in map: map[$patch:1]')
  refused({ $patch: 'merge' }, 500, 'unknown patch type: merge in map: map[$patch:merge]')
  refused({ containers: [{ image: 'j' }] }, 500, `map: map[image:j] ${unkeyed}`)
  refused({ containers: [1] }, 500, 'list element types are not identical: [[map[name:a]] [1]]')
  refused({ $retainKeys: 'x' }, 400, 'invalid patch format of retainKeys')
  refused({ $retainKeys: ['labels'], strategy: {} }, 400, 'invalid patch format of retainKeys')
  refused({ $deleteFromPrimitiveList: ['x'] }, 400, 'invalid patch format of primitive list')
  refused(
    { '$setElementOrder/finalizers': 'x' },
    500,
    'expected a []interface {}, but received a string',
  )
  refused(
    { '$setElementOrder/finalizers': ['y'], finalizers: ['x'] },
    500,
    "The order in patch list:\n[x]\n doesn't match $setElementOrder list:\n[y]\n",
  )
})

test('json patch: copies that double stay bounded', () => {
  const doubling = Array.from({ length: 40 }, (_, i) => ({
    op: 'copy',
    from: '/a',
    path: `/a/x${i}`,
  }))
  assert.throws(() => jsonPatch({ a: { x: 'x'.repeat(1000) } }, doubling), { code: 413 })
})

test('prototype names are keys like any other', () => {
  const patch = JSON.parse(
    '{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}',
  )
  const merged = mergePatch({}, patch) as object
  assert.ok(Object.hasOwn(merged, '__proto__'))
  assert.ok(Object.hasOwn(strategicMergePatch(spec, {}, patch) as object, '__proto__'))
  assert.ok(
    Object.hasOwn(
      jsonPatch({}, [{ op: 'add', path: '/__proto__', value: 1 }]) as object,
      '__proto__',
    ),
  )
  assert.equal(({} as { polluted?: boolean }).polluted, undefined)
})

test('merge patch: null removes, objects merge, lists are replaced, inputs stay', () => {
  const document = Object.freeze({ a: { b: 1, c: 2 }, l: [1, 2] })
  assert.deepEqual(mergePatch(document, { a: { b: null, d: { e: null, f: 3 } }, l: [3] }), {
    a: { c: 2, d: { f: 3 } },
    l: [3],
  })
  const replaced = mergePatch(document, { l: [null, { a: null, b: [{ c: null }] }], n: [[null]] })
  assert.deepEqual(replaced, { ...document, l: [null, { b: [{}] }], n: [[null]] })
})

test('merge patch: a patch made from a difference leads from one document to the other', () => {
  const value = fc.dictionary(
    fc.string(),
    fc.oneof(fc.integer(), fc.string(), fc.dictionary(fc.string(), fc.integer())),
  )
  fc.assert(
    fc.property(value, value, (from, to) => {
      const gone = Object.fromEntries(
        Object.keys(from)
          .filter(key => !Object.hasOwn(to, key))
          .map(key => [key, null]),
      )
      const replaced = Object.fromEntries(Object.keys(from).map(key => [key, null]))
      assert.ok(equal(mergePatch(mergePatch(from, { ...replaced, ...gone }), to), to))
    }),
  )
})

test('strategic merge: lists of objects merge by their key, new items come first', () => {
  const document = {
    containers: [
      { name: 'a', image: '1' },
      { name: 'b', image: '1' },
    ],
  }
  const merge = (patch: unknown) =>
    (strategicMergePatch(spec, document, patch) as typeof document).containers
  assert.deepEqual(merge({ containers: [{ name: 'b', image: '2' }] }), [
    { name: 'a', image: '1' },
    { name: 'b', image: '2' },
  ])
  assert.deepEqual(
    merge({ containers: [{ name: 'c', image: '3', env: { gone: null } }] }).map(c => c.name),
    ['c', 'a', 'b'],
  )
  assert.deepEqual(merge({ containers: [{ name: 'a', $patch: 'delete' }] }), [
    { name: 'b', image: '1' },
  ])
  assert.deepEqual(merge({ containers: [{ $patch: 'replace' }, { name: 'z' }] }), [{ name: 'z' }])
  // Addresses of a node are written so: there may be several of one type.
  const alike = [{ name: 'z', image: '1' }, { name: 'y' }, { name: 'z', image: '2' }]
  assert.deepEqual(merge({ containers: [...alike, { $patch: 'replace' }] }), alike)
  assert.deepEqual(
    merge({
      '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }],
      containers: [{ name: 'a', image: '9' }],
    }),
    [
      { name: 'b', image: '1' },
      { name: 'a', image: '9' },
    ],
  )
  assert.throws(
    () => merge({ containers: [{ image: 'nameless' }] }),
    /does not contain declared merge key: name/,
  )
})

test('strategic merge: nested lists, plain lists, maps and nulls', () => {
  const document = {
    containers: [{ name: 'a', command: ['x'], ports: [{ containerPort: '1', protocol: 'TCP' }] }],
    labels: { a: '1', b: '2' },
  }
  assert.deepEqual(
    strategicMergePatch(spec, document, {
      containers: [{ name: 'a', command: ['y'], ports: [{ containerPort: '1', protocol: 'UDP' }] }],
      labels: { a: null, c: '3' },
    }),
    {
      containers: [{ name: 'a', command: ['y'], ports: [{ containerPort: '1', protocol: 'UDP' }] }],
      labels: { b: '2', c: '3' },
    },
  )
})

test('strategic merge: lists of values, unions', () => {
  const merge = (document: unknown, patch: unknown) => strategicMergePatch(spec, document, patch)
  assert.deepEqual(merge({ finalizers: ['a', 'b'] }, { finalizers: ['c'] }), {
    finalizers: ['c', 'a', 'b'],
  })
  assert.deepEqual(
    merge({ finalizers: ['a', 'b'] }, { '$deleteFromPrimitiveList/finalizers': ['a'] }),
    { finalizers: ['b'] },
  )
  assert.deepEqual(
    merge(
      { strategy: { type: 'RollingUpdate', rolling: { x: '1' } } },
      { strategy: { $retainKeys: ['type'], type: 'Recreate' } },
    ),
    { strategy: { type: 'Recreate' } },
  )
  assert.deepEqual(merge({ labels: { a: '1' } }, { labels: { $patch: 'replace', b: '2' } }), {
    labels: { b: '2' },
  })
  assert.throws(
    () => merge({ labels: {} }, { labels: { $patch: 'explode' } }),
    /unknown patch type: explode/,
  )
  assert.throws(
    () => merge({ labels: {} }, { labels: { $patch: null } }),
    /unknown patch type: %!s\(<nil>\)/,
  )
})

test('strategic merge: what is said of what is not there comes to nothing, and what is new stays as it is', () => {
  const merge = (document: unknown, patch: unknown) => strategicMergePatch(spec, document, patch)
  const gone = { $patch: 'replace', a: 'b' }
  assert.deepEqual(merge({}, { labels: gone }), {})
  assert.deepEqual(merge({ labels: 'x' }, { labels: gone }), {})
  assert.deepEqual(merge({}, { labels: { $patch: null, a: 'b', c: null } }), { labels: { a: 'b' } })
  assert.deepEqual(merge({}, { labels: { $retainKeys: ['c'], a: 'b' } }), {
    labels: { $retainKeys: ['c'], a: 'b' },
  })
  assert.deepEqual(merge({}, { containers: [{ name: 'a', env: gone }, gone, null] }), {
    containers: [{ name: 'a' }, null],
  })
  const item = { name: 'b', env: gone, command: null }
  assert.deepEqual(merge({ containers: [{ name: 'a' }] }, { containers: [item] }), {
    containers: [item, { name: 'a' }],
  })
  const values = { command: [null, gone] }
  assert.deepEqual(
    merge(
      { containers: [{ name: 'a', command: ['x'] }] },
      { containers: [{ name: 'a', ...values }] },
    ),
    { containers: [{ name: 'a', ...values }] },
  )
  assert.throws(
    () => merge({ finalizers: ['a'] }, { finalizers: ['b', null] }),
    /list element types are not identical: \[\[a\] \[b <nil>\]\]/,
  )
})
