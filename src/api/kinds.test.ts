import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kinds } from './kinds.ts'
import { apiVersionOf } from './machinery/kind.ts'
import type { AnySchema, ObjectShape } from './machinery/schema.ts'

function inner(schema: AnySchema): AnySchema {
  if (schema.type === 'list') return inner(schema.items)
  return schema.type === 'map' ? inner(schema.values) : schema
}

/** Every shape that the kinds are made of, once. */
function allShapes(): ObjectShape[] {
  const seen = new Set<ObjectShape>()
  const visit = (shape: ObjectShape) => {
    if (seen.has(shape)) return
    seen.add(shape)
    for (const { schema } of Object.values(shape.fields)) {
      const leaf = inner(schema)
      if (leaf.type === 'struct') visit(leaf.shape)
    }
  }
  for (const kind of kinds) visit(kind.shape)
  return [...seen]
}

test('every kind and every resource is listed once', () => {
  const kindNames = kinds.map(kind => `${apiVersionOf(kind)} ${kind.kind}`)
  const resources = kinds.map(kind => `${apiVersionOf(kind)} ${kind.plural}`)
  assert.equal(new Set(kindNames).size, kindNames.length)
  assert.equal(new Set(resources).size, resources.length)
})

test('every field says what it is for, in one short line', () => {
  for (const { name, doc, fields } of allShapes()) {
    assert.ok(doc.length > 0, name)
    for (const [field, { schema }] of Object.entries(fields)) {
      const text = schema.doc ?? ''
      assert.ok(
        text.length > 3 && text.length < 140 && /[.…]$/.test(text),
        `${name}.${field}: ${text}`,
      )
    }
  }
})

test('no two fields of a message share a number', () => {
  const check = (names: readonly string[], { name, fields, inlined = [] }: ObjectShape) => {
    const nested = new Set(inlined.flatMap(part => part.fields))
    const own = names
      .filter(field => !nested.has(field))
      .map(field => fields[field]?.schema.number)
      .filter(number => number !== undefined)
    const numbers = [...own, ...inlined.map(part => part.number)]
    assert.equal(new Set(numbers).size, numbers.length, name)
    for (const { fields: inner, shapeName, inlined: within = [] } of inlined)
      check(inner, { name: shapeName, doc: '', fields, inlined: within })
  }
  for (const shape of allShapes()) check(Object.keys(shape.fields), shape)
})

test('lists that merge by keys have items with these keys', () => {
  for (const { name, fields } of allShapes())
    for (const [field, { schema }] of Object.entries(fields)) {
      const keys = [
        ...(schema.listKeys ?? []),
        ...(schema.patchMergeKey ? [schema.patchMergeKey] : []),
      ]
      if (keys.length === 0) continue
      assert.equal(schema.type, 'list', `${name}.${field}`)
      const item = inner(schema)
      assert.equal(item.type, 'struct', `${name}.${field}`)
      if (item.type === 'struct')
        for (const key of keys) assert.ok(item.shape.fields[key], `${name}.${field} by ${key}`)
    }
})

test('shapes of one name are one shape', () => {
  const names = allShapes().map(shape => shape.name)
  const twice = names.filter((name, index) => names.indexOf(name) !== index)
  assert.deepEqual(twice, [])
})
