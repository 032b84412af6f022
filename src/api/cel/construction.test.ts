import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { cpuMs } from '#base/testing/cpu-time.ts'
import { configurationOf, operationsOf, rewriteConstructions } from './construction.ts'
import { compileExpression, loadCelEngine, type ResultType } from './engine.ts'

before(loadCelEngine)

const object = {
  spec: { replicas: 3n, names: ['a', 'b'], note: 'old' },
  metadata: { labels: { app: 'web' } },
}
const evaluate = (text: string, type: ResultType) =>
  compileExpression(text, type, 'mutations').evaluate({ object }, { cost: 1_000_000 })
const configured = (text: string) => configurationOf(evaluate(text, 'Object'))
const patched = (text: string) => operationsOf(evaluate(text, 'list<JSONPatch>'))

const configurations: [string, object][] = [
  ['Object{}', {}],
  ['Object{spec: Object.spec{replicas: object.spec.replicas + 1}}', { spec: { replicas: 4 } }],
  [
    'Object { metadata : Object.metadata { labels: {"a{b": "}c", "d": object.spec.note} } }',
    { metadata: { labels: { 'a{b': '}c', d: 'old' } } },
  ],
  [
    `Object{ // Object.other{
       spec: Object.spec{template: Object.spec.template{
         containers: object.spec.names.map(n, Object.spec.template.containers{name: n}),
         on: true, ratio: 1.5, nothing: null,
       }}
     }`,
    {
      spec: {
        template: {
          containers: [{ name: 'a' }, { name: 'b' }],
          on: true,
          ratio: 1.5,
          nothing: null,
        },
      },
    },
  ],
  [
    'Object{spec: Object.spec{?note: object.spec.?note, ?more: object.spec.?more}}',
    { spec: { note: 'old' } },
  ],
  [
    'has(object.spec.x) ? Object{} : Object{spec: Object.spec{x: [1, "b"]}}',
    { spec: { x: [1, 'b'] } },
  ],
  [
    `Object{spec: Object.spec{a: r"\\d", b: 'Object{', c: """JSONPatch{"x"}""", d: "a" in {"a": 1}}}`,
    { spec: { a: '\\d', b: 'Object{', c: 'JSONPatch{"x"}', d: true } },
  ],
  ['Object{spec: Object.spec{`odd-name`: 1}}', { spec: { 'odd-name': 1 } }],
  [
    'Object{metadata: Object.metadata{labels: {"__proto__": "a", "constructor": "b"}}}',
    { metadata: { labels: JSON.parse('{"__proto__": "a", "constructor": "b"}') } },
  ],
]
for (const [text, expected] of configurations)
  test(`an object: ${text.replaceAll(/\s+/g, ' ')}`, () => {
    assert.equal(JSON.stringify(configured(text)), JSON.stringify(expected))
  })

test('operations of a patch carry whatever value', () => {
  const text = `[
    JSONPatch{op: "test", path: "/spec/note", value: "old"},
    JSONPatch{op: "add", path: "/metadata/labels/" + jsonpatch.escapeKey("a/b~c"), value: Object.metadata.labels{x: 1}},
  ] + (has(object.spec.x) ? [JSONPatch{op: "remove", path: "/x"}] : [])`
  assert.deepEqual(patched(text), [
    { op: 'test', path: '/spec/note', value: 'old' },
    { op: 'add', path: '/metadata/labels/a~1b~0c', value: { x: 1 } },
  ])
})

const wrong: [string, ResultType, RegExp][] = [
  ['"text"', 'Object', /^must evaluate to Object but got string$/],
  ['[1]', 'list<JSONPatch>', /^must evaluate to list\(JSONPatch\) but got list\(int\)$/],
  ['Other{a: 1}', 'Object', /^undeclared reference to 'Other' \(in container ''\)$/],
  ['Object{spec: Object.spec{}', 'Object', /./],
  ['Object{1: 2}', 'Object', /mismatched input '1' expecting the name of a field/],
]
for (const [text, type, message] of wrong)
  test(`no program: ${text}`, () => {
    assert.throws(() => compileExpression(text, type, 'mutations'), { message })
  })

const mismatches: [string, RegExp][] = [
  [
    'Object{spec: Object.wrong{}}',
    /^type mismatch: unexpected type name "Object.wrong", expected "Object.spec", which matches/,
  ],
  ['Object{spec: {"a": [Object.b{}]}}', /unexpected type name "Object.b", expected "Object.spec"/],
]
for (const [text, message] of mismatches)
  test(`names do not match: ${text}`, () => {
    assert.throws(() => configured(text), { message })
  })

test('an operation has four fields at most', () => {
  assert.throws(() => patched('[JSONPatch{op: "add", way: "/x"}]'), {
    message: 'unexpected JSONPatchType field: way',
  })
  assert.throws(() => patched('[object.spec.note]'), /should evaluate to array of JSONPatch/)
})

test('a field of an operation may be there or not, and is a text', () => {
  const text =
    '[JSONPatch{op: "add", path: "/a", ?value: optional.of("b"), ?from: optional.none()}]'
  assert.deepEqual(patched(text), [{ op: 'add', path: '/a', value: 'b' }])
  assert.throws(() => patched('[JSONPatch{op: dyn(1), path: "/a"}]'), {
    message: "unexpected type int64 for JSONPatchType 'op' field",
  })
})

test('keys that are no texts cannot be written', () => {
  assert.throws(() => configured('Object{data: {1: "a"}}'), {
    message: 'invalid return type: *dynamic.ObjectVal',
  })
  assert.throws(() => patched('[JSONPatch{op: "add", path: "/a", value: {1: "a"}}]'), {
    message:
      "JSONPath valueExpression evaluated to a type that could not marshal to JSON: unsupported type conversion from 'int' to string",
  })
})

test('other scopes know nothing of it', () => {
  assert.throws(() => compileExpression('Object{a: 1} == Object{a: 1}', 'bool', 'admission'))
})

test('long texts are rewritten in no time', () => {
  const begun = cpuMs()
  for (const text of [
    '"'.repeat(16_000),
    '{'.repeat(16_000),
    'a.'.repeat(8_000),
    '\\"'.repeat(8000),
  ])
    rewriteConstructions(`{${text}`)
  assert.ok(cpuMs() - begun < 1000)
})
