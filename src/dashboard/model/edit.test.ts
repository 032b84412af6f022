import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { changedByOthers, fieldProblems, rebased, toSend } from './edit.ts'
import type { AnyObject } from './health.ts'
import { lineDiff } from './line-diff.ts'
import { applyMergePatch, mergePatchBetween } from './merge-patch.ts'

const base = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a', resourceVersion: '1', labels: { x: '1' } },
  data: { mine: 'old', theirs: 'old', gone: 'soon' },
} as unknown as AnyObject
const mine = { ...base, data: { mine: 'new', theirs: 'old' } } as AnyObject

test('what controllers change is nobody’s change; what people change is', () => {
  const noise = {
    ...base,
    status: { ready: 1 },
    metadata: { ...base.metadata, resourceVersion: '2', generation: 3 },
  } as AnyObject
  assert.equal(changedByOthers(base, noise), false)
  assert.equal(toSend(base, mine, noise).metadata.resourceVersion, '2')
  const theirs = { ...base, data: { mine: 'old', theirs: 'new', gone: 'soon' } } as AnyObject
  assert.equal(changedByOthers(base, theirs), true)
})

test('where the status is a field like any other, a change of it is not overwritten unseen', () => {
  const other = { ...base, status: { ready: 1 } } as AnyObject
  assert.equal(changedByOthers(base, other, false), true)
  const both = rebased(base, mine, other, false)
  assert.deepEqual(both.status, { ready: 1 })
  const edited = { ...mine, status: { ready: 2 } } as AnyObject
  assert.deepEqual(rebased(base, edited, base, false).status, { ready: 2 })
  assert.equal(rebased(base, edited, base).status, undefined)
})

test('one change is put onto the other', () => {
  const theirs = {
    ...base,
    metadata: { ...base.metadata, resourceVersion: '7', labels: { x: '1', y: '2' } },
    data: { mine: 'old', theirs: 'new', gone: 'soon', more: 'here' },
  } as unknown as AnyObject
  const both = rebased(base, mine, theirs)
  assert.deepEqual(both.metadata, theirs.metadata)
  assert.deepEqual((both as { data?: unknown }).data, { mine: 'new', theirs: 'new', more: 'here' })
})

test('who writes another version on purpose gets it', () => {
  const forced = { ...mine, metadata: { ...mine.metadata, resourceVersion: '' } } as AnyObject
  assert.equal(toSend(base, forced, base).metadata.resourceVersion, '')
})

test('a merge patch makes the one of the other', () => {
  const json = fc.letrec(tie => ({
    value: fc.oneof(fc.integer(), fc.string(), fc.array(fc.integer()), tie('members')),
    members: fc.dictionary(fc.string(), tie('value'), { maxKeys: 4, noNullPrototype: true }),
  })).members
  fc.assert(
    fc.property(json, json, (before, after) => {
      const patch = mergePatchBetween(before, after)
      assert.deepEqual(patch === undefined ? before : applyMergePatch(before, patch), after)
    }),
  )
})

test('a difference tells what went and what came, and leaves out what is far from it', () => {
  const before = Array.from({ length: 20 }, (_, at) => `line ${at}`)
  const after = before.with(10, 'another')
  const lines = lineDiff(before.join('\n'), after.join('\n'))
  assert.deepEqual(
    lines.map(line => line && line.sign + line.text),
    [
      undefined,
      ' line 7',
      ' line 8',
      ' line 9',
      '-line 10',
      '+another',
      ' line 11',
      ' line 12',
      ' line 13',
      undefined,
    ],
  )
})

test('both texts can be read out of a difference', () => {
  const text = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 6 })
  fc.assert(
    fc.property(text, text, (a, b) => {
      const lines = lineDiff(a.join('\n'), b.join('\n')).filter(line => line !== undefined)
      const of = (sign: string) => lines.filter(line => line.sign === sign).length
      assert.equal((a.length || 1) - of('-'), (b.length || 1) - of('+'))
    }),
  )
})

test('refusals are taken apart by field', () => {
  const invalid = { details: { causes: [{ field: 'spec.replicas', message: 'must be >= 0' }] } }
  assert.deepEqual(fieldProblems(invalid), [{ field: 'spec.replicas', message: 'must be >= 0' }])
  const strict = {
    message: 'strict decoding error: unknown field "spec.foo", duplicate field "spec.bar"',
  }
  assert.deepEqual(fieldProblems(strict), [
    { field: 'spec.foo', message: 'unknown field' },
    { field: 'spec.bar', message: 'duplicate field' },
  ])
  assert.deepEqual(fieldProblems({ message: 'no' }), [])
})
