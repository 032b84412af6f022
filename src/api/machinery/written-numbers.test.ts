import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseJson } from './body.ts'
import type { Keeping } from './exact-json.ts'
import { equal, jsonPatch } from './patch/json-patch.ts'
import { mergePatch } from './patch/merge-patch.ts'
import { SCALARS, WrongType } from './scalars.ts'
import type { ScalarType } from './schema.ts'
import { StatusError } from './status.ts'
import { isWritten, withPlainNumbers } from './written-numbers.ts'

const parse = (text: string, keeping?: Keeping) =>
  parseJson(new TextEncoder().encode(text), keeping)
const read = (type: ScalarType, text: string) => {
  try {
    return SCALARS[type].read(parse(text, 'written'))
  } catch (thrown) {
    if (thrown instanceof WrongType) return `${thrown.found} is no ${thrown.wanted}`
    throw thrown
  }
}

test('numbers that are not written as whole numbers are kept where that is asked', () => {
  const text = '{"a":[1.0,1e3,1,-0.5],"b":"1.0","c":12}'
  assert.deepEqual(parse(text), { a: [1, 1000, 1, -0.5], b: '1.0', c: 12 })
  const kept = parse(text, 'written') as { a: unknown[]; b: unknown; c: unknown }
  assert.deepEqual(kept.a.map(isWritten), [true, true, false, true])
  assert.deepEqual([kept.b, kept.c], ['1.0', 12])
  // They come out as they came in, whoever writes them.
  assert.equal(JSON.stringify(kept), text)
  assert.deepEqual(withPlainNumbers(kept), parse(text))
  const plain = { a: [1, { b: 2 }] }
  assert.equal(withPlainNumbers(plain), plain)
})

test('what no float can hold is told by whoever reads it, or at once', () => {
  assert.equal(read('int32', '1e400'), 'number 1e400 is no int32')
  assert.equal(read('double', '1e400'), 'number 1e400 is no float64')
  assert.throws(() => parse('1e400', 'finite'), StatusError)
  assert.throws(() => read('any', '{"a":1e400}'), /cannot unmarshal number 1e400/)
})

test('no field of whole numbers takes them, others take what they mean', () => {
  for (const type of ['int32', 'int64'] as const) {
    assert.equal(read(type, '1.0'), `number 1.0 is no ${type}`)
    assert.equal(read(type, '1E3'), `number 1E3 is no ${type}`)
    assert.equal(read(type, '1'), 1)
  }
  assert.equal(read('intOrString', '80.0'), 'number 80.0 is no int32')
  assert.equal(read('string', '1.0'), 'number is no string')
  assert.equal(read('boolean', '1.0'), 'number is no bool')
  assert.equal(read('double', '1.0e2'), 100)
  assert.equal(read('quantity', '1.50'), '1500m')
  assert.equal(read('quantity', '1e-1'), '100e-3')
  assert.deepEqual(read('any', '{"a":[1.0]}'), { a: [1] })
})

test('a patch may move and copy what it has just brought', () => {
  const operations = parse(
    `[
      {"op":"add","path":"/b","value":{"c":[1.50]}},
      {"op":"copy","from":"/b/c","path":"/d"},
      {"op":"move","from":"/b/c/0","path":"/a"},
      {"op":"move","from":"/a","path":"/a"}
    ]`,
    'finite',
  )
  assert.equal(
    JSON.stringify(jsonPatch({ a: 1 }, operations)),
    '{"b":{"c":[]},"d":[1.50],"a":1.50}',
  )
})

test('patches bring them along, and test them as they are written', () => {
  const value = (text: string) => parse(text, 'finite')
  const spec = mergePatch({ spec: { a: 1 } }, value('{"spec":{"b":1.0}}'))
  assert.equal(JSON.stringify(spec), '{"spec":{"a":1,"b":1.0}}')
  const patched = jsonPatch({ a: 1 }, value('[{"op":"replace","path":"/a","value":{"b":2.0}}]'))
  assert.equal(JSON.stringify(patched), '{"a":{"b":2.0}}')
  assert.ok(equal(value('1.0'), value('1.0')))
  assert.ok(!equal(1, value('1.0')))
  assert.ok(!equal(value('1.0'), 1))
})
