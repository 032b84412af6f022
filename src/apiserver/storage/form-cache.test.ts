import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NOWHERE } from '#base/arrival-order.ts'
import { type Forgetful, FormCache } from './form-cache.ts'

function ownersOf(names: string) {
  const forgotten: string[] = []
  const ownerOf = (name: string): Forgetful => ({
    slot: NOWHERE,
    formBytes: 0,
    forget: () => void forgotten.push(name),
  })
  const owners = new Map([...names].map(name => [name, ownerOf(name)]))
  const cache = new FormCache(100)
  const owner = (name: string) => owners.get(name) ?? assert.fail(name)
  return {
    forgotten,
    add: (name: string, bytes: number) => cache.add(owner(name), bytes),
    release: (name: string) => cache.release(owner(name)),
  }
}

test('who made a form last drops it last, all of its forms together', () => {
  const { add, forgotten } = ownersOf('abc')
  add('a', 40)
  add('b', 40)
  add('a', 10)
  assert.deepEqual(forgotten, [])
  add('c', 20)
  assert.deepEqual(forgotten, ['b'])
  add('c', 60)
  assert.deepEqual(forgotten, ['b', 'a'])
})

test('one that is larger than the limit stays until the next comes', () => {
  const { add, forgotten } = ownersOf('ab')
  add('a', 500)
  assert.deepEqual(forgotten, [])
  add('b', 1)
  assert.deepEqual(forgotten, ['a'])
})

test('what was released neither counts nor is forgotten', () => {
  const { add, release, forgotten } = ownersOf('abc')
  add('a', 60)
  release('a')
  release('b')
  add('b', 60)
  add('c', 40)
  assert.deepEqual(forgotten, [])
})
