import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FieldSet } from './field-set.ts'
import { sharedBranch } from './shared-fields.ts'

const leaf = () => {
  const set = new FieldSet()
  set.member = true
  return set
}
const branch = (children: Readonly<Record<string, FieldSet>>, member = false) => {
  const set = new FieldSet()
  for (const [element, child] of Object.entries(children)) set.put(element, child)
  set.member = member
  return set
}
const podFields = (ip: string) =>
  branch({
    'f:spec': branch({ 'f:containers': branch({ 'k:{"name":"web"}': leaf() }) }),
    'f:status': branch({ [`k:{"ip":"${ip}"}`]: branch({ 'f:ip': leaf() }, true) }),
  })

// The first of these tests: what the table puts between elements are small numbers yet.
test('an element that looks like several others and what stands between them is not taken for them', () => {
  const leaf = sharedBranch({})
  sharedBranch({ 'k:a': leaf, 'k:b': leaf })
  for (const mark of ['\0', ';', ':', ''])
    for (let number = 0; number < 20; number++) {
      const element = `k:a${mark}${number}${mark}k:b`
      assert.deepEqual(Object.keys(sharedBranch({ [element]: leaf })), [element])
    }
})

test('equal fields are one frozen value, and those that differ share their branches', () => {
  const one = podFields('10.0.0.1').toJson()
  assert.equal(podFields('10.0.0.1').toJson(), one)
  assert.ok(Object.isFrozen(one) && Object.isFrozen(one['f:spec']))

  const other = podFields('10.0.0.2').toJson()
  assert.deepEqual(other, {
    'f:spec': { 'f:containers': { 'k:{"name":"web"}': {} } },
    'f:status': { 'k:{"ip":"10.0.0.2"}': { '.': {}, 'f:ip': {} } },
  })
  assert.equal(other['f:spec'], one['f:spec'])
  assert.notEqual(other['f:status'], one['f:status'])
})

test('a node that is owned itself is not the one that only leads to others', () => {
  const owned = branch({ 'f:a': leaf() }, true).toJson()
  assert.deepEqual(owned, { '.': {}, 'f:a': {} })
  assert.deepEqual(branch({ 'f:a': leaf() }).toJson(), { 'f:a': {} })
})

test('what was given out stays as it is while many others come', () => {
  const first = podFields('first').toJson()
  const text = JSON.stringify(first)
  for (let at = 0; at < 15_000; at++) podFields(`10.0.0.${at}`).toJson()
  assert.equal(JSON.stringify(first), text)
  assert.deepEqual(podFields('first').toJson(), first)
})
