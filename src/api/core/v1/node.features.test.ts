import assert from 'node:assert/strict'
import { test } from 'node:test'
import { node } from './node.ts'

test('features that a node declares have names of features, each once', () => {
  const wrong = (declaredFeatures: string[]) => {
    const draft = { spec: {}, status: { declaredFeatures } } as never
    return node
      .validateStatusUpdate(draft, draft)
      .map(({ field, message }) => [field, message.split(' ')[0]])
  }
  assert.deepEqual(wrong(['A', 'MyFeature/mySubFeature']), [])
  assert.deepEqual(wrong(['A', 'A', '', 'a', 'A/', '1', 'A_b']), [
    ['status.declaredFeatures[1]', 'Duplicate'],
    ...[2, 3, 4, 5, 6].map(index => [`status.declaredFeatures[${index}]`, 'Invalid']),
  ])
})

test('such a name is no longer than others are', () => {
  const draft = { spec: {}, status: { declaredFeatures: ['A'.repeat(253), 'a'.repeat(254)] } }
  const told = node.validateStatusUpdate(draft as never, draft as never)
  assert.equal(told.length, 1)
  assert.match(told[0]?.message ?? '', /must be no more than 253 characters$/)
})
