/** What of a patch is left to be shown, as upstream's server shows it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pod } from '../../core/v1/pod/pod.ts'
import { shownPatch } from './shown-patch.ts'

const there = {
  metadata: { name: 'p', labels: { a: 'b' } },
  spec: { containers: [{ name: 'a', image: 'b' }], volumes: [{ name: 'v' }] },
}
const shown = (patch: object) => shownPatch(pod.shape, there, patch)
const ofMeta = (metadata: object) => (shown({ metadata }) as { metadata: unknown }).metadata
const ofSpec = (spec: object) => (shown({ spec }) as { spec: unknown }).spec

test('nulls go where nothing was', () => {
  assert.deepEqual(ofMeta({ labels: { a: null, n: null }, finalizers: [null] }), {
    labels: { a: null, n: null },
    finalizers: [null],
  })
  const patch = { annotations: { a: null, b: 'c' }, deletionTimestamp: null }
  assert.deepEqual(ofMeta(patch), { annotations: { b: 'c' }, deletionTimestamp: null })
  assert.deepEqual(ofMeta({ labels: [{ a: null }] }), { labels: [{}] })
  assert.deepEqual(patch.annotations, { a: null, b: 'c' })
})

test('items of lists are merged with those that are there', () => {
  const items = [
    { name: 'new', q: null },
    { name: 'a', w: null, env: [{ name: 'x', y: null }] },
    { $patch: 'delete', name: 'z' },
  ]
  assert.deepEqual(ofSpec({ containers: items }), {
    containers: [
      { name: 'new', q: null },
      { name: 'a', w: null, env: [{ name: 'x' }] },
      { $patch: 'delete', name: 'z' },
    ],
  })
  const replaced = [{ $patch: 'replace' }, { name: 'a', env: [{ name: 'x', y: null }] }]
  assert.deepEqual(ofSpec({ containers: replaced }), { containers: replaced })
})

test('directives go when they have been followed', () => {
  assert.deepEqual(ofMeta({ labels: { $patch: 'replace', a: 'q', u: null } }), {
    labels: { a: 'q', u: null },
  })
  const deleted = { labels: { $patch: 'delete', a: 'q' } }
  assert.deepEqual(ofMeta(deleted), deleted)
  assert.deepEqual(ofMeta({ '$setElementOrder/finalizers': ['a'], finalizers: ['a'] }), {})
  assert.deepEqual(ofMeta({ '$deleteFromPrimitiveList/finalizers': ['a'] }), {
    '$deleteFromPrimitiveList/finalizers': ['a'],
  })
  assert.deepEqual(ofMeta({ $retainKeys: ['name'], name: 'p' }), { name: 'p' })
})
