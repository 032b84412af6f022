/** Items that stand twice in a set or a keyed list, as only ordinary writes put them there. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubernetesObject } from '../metadata.ts'
import { list, shape, string } from '../schema.ts'
import { thingKind } from '../testing.ts'
import { serverSideApply, trackUpdate } from './apply.ts'
import { pathText } from './field-set.ts'
import { faultsIn } from './undeclared.ts'

const item = shape('Item', '', { name: string(1), image: string(2) })
const thing = thingKind({
  items: list(2, item).listMap('name'),
  tags: list(3, string()).listSet(),
})

interface Content {
  readonly items?: readonly object[]
  readonly tags?: readonly string[]
}
type Thing = KubernetesObject & Content

const thingWith = (content: Content, before?: Thing): Thing => {
  const managedFields = before?.metadata.managedFields
  const metadata = { name: 'x', namespace: 'ns', ...(managedFields && { managedFields }) }
  return { apiVersion: 'test/v1', kind: 'Thing', metadata, ...content }
}

const by = (manager: string, force = false) => ({
  manager,
  force,
  subresource: '',
  time: '2026-01-01T00:00:00Z',
})

function updated(before: Thing | undefined, content: Content, manager: string): Thing {
  const next = thingWith(content, before)
  const managedFields = trackUpdate(thing, before, next, by(manager))
  return { ...next, metadata: { ...next.metadata, managedFields } }
}

const applied = (before: Thing, content: Content, manager: string, force = false) =>
  serverSideApply(thing, before, thingWith(content), by(manager, force)).object as Thing

const owned = ({ metadata }: Thing, manager: string) =>
  metadata.managedFields?.find(entry => entry.manager === manager)?.fieldsV1

const A = 'k:{"name":"a"}'
const B = 'k:{"name":"b"}'
const [a, other, b] = [
  { name: 'a', image: '1' },
  { name: 'a', image: '2' },
  { name: 'b', image: '1' },
]
const whole = { '.': {}, 'f:image': {}, 'f:name': {} }

test('whoever puts an item there twice owns it as a whole, and nobody what is in it', () => {
  const first = updated(undefined, { items: [a, b] }, 'one')
  const twice = updated(first, { items: [a, b, other] }, 'two')
  assert.deepEqual(owned(twice, 'one'), { 'f:items': { '.': {}, [B]: whole } })
  assert.deepEqual(owned(twice, 'two'), { 'f:items': { [A]: {} } })
  const own = updated(first, { items: [a, b, other] }, 'one')
  assert.deepEqual(owned(own, 'one'), { 'f:items': { '.': {}, [A]: {}, [B]: whole } })
})

test('items that were there twice are owned by whoever changes them, and by nobody else', () => {
  const twice = updated(undefined, { items: [a, other, b] }, 'one')
  const beside = updated(twice, { items: [a, other] }, 'two')
  assert.deepEqual(owned(beside, 'one'), { 'f:items': { '.': {}, [A]: {} } })
  assert.equal(owned(beside, 'two'), undefined)
  const changed = updated(twice, { items: [other, a, b] }, 'two')
  assert.deepEqual(owned(changed, 'one'), { 'f:items': { '.': {}, [B]: whole } })
  assert.deepEqual(owned(changed, 'two'), { 'f:items': { [A]: {} } })
})

test('whoever leaves one of them owns all that is in it', () => {
  const twice = updated(undefined, { items: [a, other] }, 'one')
  const once = updated(twice, { items: [a] }, 'two')
  assert.deepEqual(owned(once, 'one'), { 'f:items': {} })
  assert.deepEqual(owned(once, 'two'), { 'f:items': { [A]: whole } })
})

test('values of a set that stand there twice are owned likewise', () => {
  const first = updated(undefined, { tags: ['x', 'y'] }, 'one')
  const twice = updated(first, { tags: ['x', 'y', 'x'] }, 'two')
  assert.deepEqual(owned(twice, 'one'), { 'f:tags': { '.': {}, 'v:"y"': {} } })
  assert.deepEqual(owned(twice, 'two'), { 'f:tags': { 'v:"x"': {} } })
  const same = updated(twice, { tags: ['x', 'x'] }, 'three')
  assert.deepEqual(owned(same, 'two'), { 'f:tags': { 'v:"x"': {} } })
  assert.equal(owned(same, 'three'), undefined)
})

test('what is applied takes the place of all of them, and leaves others alone', () => {
  const twice = updated(undefined, { items: [a, b, other], tags: ['x', 'x', 'y'] }, 'one')
  assert.throws(() => applied(twice, { items: [{ name: 'a', image: '3' }] }, 'two'), {
    message: /1 conflict: conflict with "one" using test\/v1: \.items\[name="a"\]$/,
  })
  const forced = applied(twice, { items: [{ name: 'a' }] }, 'two', true)
  assert.deepEqual(forced.items, [{ name: 'a' }, b])
  const beside = applied(twice, { tags: ['y'] }, 'two')
  assert.deepEqual([beside.items, beside.tags], [twice.items, twice.tags])
})

test('what is twice is told by its key, as Go writes it', () => {
  const faults = (content: object) =>
    faultsIn({ type: 'struct', presence: 'always', shape: thing.shape }, content)
  const key = (name: unknown) => pathText([`k:${JSON.stringify({ name })}`])
  assert.equal(key('a"\u0000'), '[name="a\\"\\x00"]')
  assert.equal(key({ b: [1, 'x', { c: true }], a: null }), '[name=a=nullb=[1,"x",c=true]]')
  assert.equal(key({}), '[name=]')
  assert.equal(
    faults({ items: [{ name: 'a' }, { name: 'a' }] }),
    '.items: duplicate entries for key [name="a"]',
  )
  assert.equal(
    faults({ tags: ['\u0000', '\u0000'] }),
    '.tags: duplicate entries for key [="\\x00"]',
  )
})

test('what is there without its key is applied over by nobody, unless it is tracked', () => {
  const keyless = thingWith({ items: [{ image: '1' }] })
  assert.throws(
    () => applied(keyless, { tags: ['x'] }, 'two'),
    /^[^:]*: failed to create manager for existing fields: failed to convert new object \(ns\/x; test\/v1, Kind=Thing\) to smd typed: \.items: element 0: associative list with keys has an element that omits all key fields/,
  )
  assert.doesNotThrow(() => applied(thingWith({ tags: ['x', 'x'] }), { tags: ['y'] }, 'two'))
})
