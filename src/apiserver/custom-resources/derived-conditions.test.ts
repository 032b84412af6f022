import assert from 'node:assert/strict'
import { test } from 'node:test'
import { structureCondition } from './derived-conditions.ts'
import { widgets } from './testing.ts'

test('definitions that keep all fields tell why they are not structural', () => {
  assert.equal(structureCondition(widgets()), undefined)
  const bare = { name: 'v1', served: true, storage: true }
  const { message } = structureCondition(
    widgets({ preserveUnknownFields: true, versions: [bare] }),
  ) ?? { message: '' }
  assert.equal(message, 'spec.preserveUnknownFields: Invalid value: true: must be false')
  const openAPIV3Schema = { properties: {} }
  const told = structureCondition(
    widgets({ preserveUnknownFields: true, versions: [{ ...bare, schema: { openAPIV3Schema } }] }),
  )
  assert.match(
    told?.message ?? '',
    /^\[spec\.preserveUnknownFields: .*, spec\.versions\[0\]\.schema/,
  )
})
