import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { cpuMs } from '#base/testing/cpu-time.ts'
import { int32, list, map, type ObjectShape, shape, string, struct } from '../schema.ts'
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

test('of writers who come once each, some thousands are kept', () => {
  const setOf = () => {
    const set = new FieldSet()
    set.put('f:a', LEAF)
    return set
  }
  const first = knownSet('first', setOf())
  assert.equal(knownSet('first', setOf()), first)
  for (let i = 0; i < 60_000; i++) knownSet(`writer-${i}`, setOf())
  assert.notEqual(knownSet('first', setOf()), first)
})

/** A list deep in objects: its items are below each of them. */
const deepIn = (depth: number) => {
  let level: ObjectShape = shape('Level', '', { tags: list(1, string()).listSet() })
  for (let at = 1; at < depth; at++) level = shape('Level', '', { below: struct(1, level) })
  return { type: 'struct', presence: 'always', shape: level } as const
}
const deepValue = (depth: number, tags: readonly string[]) => {
  let value: object = { tags }
  for (let at = 1; at < depth; at++) value = { below: value }
  return value
}

test('what is known already costs objects that are like it at first little', () => {
  const depth = 20
  const tags = Array.from({ length: 2_000 }, (_, i) => String(i))
  const chains = Array.from({ length: 15 }, (_, i) => deepValue(depth, [...tags, `x${i}`]))
  const many = deepValue(depth, [...Array(40_000).keys()].map(String))
  const msOf = (deep: ReturnType<typeof deepIn>, values: readonly object[]) => {
    const begun = cpuMs()
    for (const value of values) differences(deep, {}, value)
    return cpuMs() - begun
  }
  const problems = () => {
    const known = deepIn(depth)
    msOf(
      known,
      [1, 2, 3, 4, 5, 6].map(i => deepValue(depth, tags.slice(0, i))),
    )
    const [fresh, again] = [msOf(deepIn(depth), [many]), msOf(known, [many])]
    const anew = chains.reduce((sum, each) => sum + msOf(deepIn(depth), [each]), 0)
    const together = msOf(known, chains)
    return [
      ...(again < 5 * fresh + 100 ? [] : [`${again} ms for a large list, anew ${fresh}`]),
      ...(together < 5 * anew + 100 ? [] : [`${together} ms for many, each on its own ${anew}`]),
    ]
  }
  // A collection of garbage may fall into one try, and not into all of them.
  let found = problems()
  for (let tries = 1; tries < 3 && found.length > 0; tries++) found = problems()
  assert.deepEqual(found, [])
})
