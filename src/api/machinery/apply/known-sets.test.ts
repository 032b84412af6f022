import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { int32, list, map, shape, string, struct } from '../schema.ts'
import { differences } from './compare.ts'
import { FieldSet, LEAF } from './field-set.ts'
import { knownSet } from './known-sets.ts'
import { leavesOf } from './testing.ts'

const item = shape('Item', '', {
  name: string(1),
  size: int32(2),
  labels: map(3, string()),
  tags: list(4, string()).listSet(),
  parts: list(5, string()),
})
const whole = shape('Whole', '', {
  items: list(1, item).listMap('name'),
  inner: struct(2, item),
  labels: map(3, string()),
})
const schema = { type: 'struct', presence: 'always', shape: whole } as const

const names = fc.constantFrom('a', 'b', '(', ')')
const items = fc.record(
  {
    name: names,
    size: fc.nat(1),
    labels: fc.dictionary(names, fc.constant('x'), { maxKeys: 2 }),
    tags: fc.uniqueArray(names, { maxLength: 2 }),
    parts: fc.array(names, { maxLength: 2 }),
  },
  { requiredKeys: ['name'] },
)
const wholes = fc.record(
  {
    items: fc.uniqueArray(items, { maxLength: 3, selector: ({ name }) => name }),
    inner: items,
    labels: fc.dictionary(names, fc.constant('x'), { maxKeys: 2 }),
  },
  { requiredKeys: [] },
)

/** The paths of the model that the set must have: it also has the nodes above them, and those of what is empty. */
function missing(set: FieldSet, value: unknown): string[] {
  const has = new Set(
    set.paths().map(path =>
      JSON.stringify(
        path.map(element => {
          const text = element.slice(2)
          if (element.startsWith('f:')) return text
          return element.startsWith('k:') ? { key: JSON.parse(text) } : { value: JSON.parse(text) }
        }),
      ),
    ),
  )
  return [...leavesOf(schema, value).keys()].filter(path => path !== '[]' && !has.has(path))
}

test('the fields of an object are those that it has, whichever objects were looked at before', () => {
  fc.assert(
    fc.property(fc.array(wholes, { minLength: 1, maxLength: 12 }), values => {
      const seen = values.map(value => [value, differences(schema, {}, value).touched] as const)
      for (const [value, set] of seen) {
        assert.deepEqual(missing(set, value), [])
        // Of what was never looked at before, nothing can be known: an own schema has an own memory.
        const fresh = { ...schema, shape: structuredClone(whole) }
        assert.deepEqual(set.toJson(), differences(fresh, {}, value).touched.toJson())
      }
    }),
    { numRuns: 300 },
  )
})

test('items that stand twice in a list do not stand for others', () => {
  const both = { items: [{ name: 'a' }, { name: 'b' }] }
  const twice = { items: [{ name: 'a' }, { name: 'a' }] }
  const elements = (value: object) => [
    ...(differences(schema, {}, value).touched.children.get('f:items')?.children.keys() ?? []),
  ]
  elements(both)
  assert.deepEqual(elements(twice), ['k:{"name":"a"}'])
  assert.deepEqual(elements(both), ['k:{"name":"a"}', 'k:{"name":"b"}'])
})

test('a writer’s set is found again by what it says, and others are not taken for it', () => {
  const setOf = (...elements: string[]) => {
    const set = new FieldSet()
    for (const element of elements) set.put(element, LEAF)
    return set
  }
  const first = knownSet('kubelet', setOf('f:a', 'f:b'))
  assert.equal(knownSet('kubelet', setOf('f:b', 'f:a')), first)
  assert.notEqual(knownSet('kubelet', setOf('f:a')), first)
  const member = setOf('f:a', 'f:b')
  member.member = true
  assert.notEqual(knownSet('kubelet', member), first)
  // Six others, and it was asked for last before all of them.
  for (const name of '123456') knownSet('kubelet', setOf(`f:${name}`))
  const anew = setOf('f:a', 'f:b')
  assert.equal(knownSet('kubelet', anew), anew)
})
