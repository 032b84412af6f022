import assert from 'node:assert/strict'
import { test } from 'node:test'
import { containerHash, fnv32a } from './labels.ts'

test('a container is told by its name and image alone, in whatever order they are asked for', () => {
  const hashOf = (name?: string, image?: string) => containerHash({ name, image } as object)
  const alike = { name: 'web', image: 'web:v1' }
  assert.equal(containerHash({ ...alike, command: ['x'] } as object), fnv32a(JSON.stringify(alike)))
  const all = [hashOf('web', 'web:v1'), hashOf('web', 'web:v2'), hashOf('api', 'web:v2'), hashOf()]
  assert.equal(new Set(all).size, all.length)
  assert.deepEqual(
    [hashOf('web', 'web:v1'), hashOf('web', 'web:v2'), hashOf('api', 'web:v2'), hashOf()],
    all,
  )
})
