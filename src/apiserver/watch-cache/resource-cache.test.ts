/** What of the past a resource keeps in memory: values of the window, but forms of the newest changes alone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Entry, StoreEvent } from '#store'
import { encodeValue, type StoredObject } from '../storage/stored-object.ts'
import { ResourceCache } from './resource-cache.ts'

const PREFIX = '/registry/things/'
/** More than are kept warm. */
const CHANGES = 100

/** One change after the other of a single object. */
function* changes(): Generator<StoreEvent> {
  let previous: Entry | undefined
  for (let revision = 2; revision < 2 + CHANGES; revision++) {
    const value = encodeValue({
      apiVersion: 'v1',
      kind: 'Thing',
      metadata: { name: 'a', namespace: 'd', labels: { at: `${revision}` } },
    })
    const entry = { key: `${PREFIX}d/a`, value, createRevision: 2, modRevision: revision }
    yield { type: 'put', revision, entry, previous }
    previous = entry
  }
}

/** A cache after all changes, somebody having asked for each form when it was new. */
function changed(isCold = false) {
  const cache = new ResourceCache(PREFIX, {}, 1, { isCold })
  const seen: { stored: StoredObject; object: object }[] = []
  for (const change of changes()) {
    cache.apply(change)
    cache.tell()
    const stored = cache.get('d', 'a') as StoredObject
    seen.push({ stored, object: stored.object })
  }
  return { cache, seen }
}

test('forms of what is long past go, and are made anew as they were', () => {
  const { cache, seen } = changed()
  const [first] = seen
  assert.ok(first)
  assert.notEqual(first.stored.object, first.object)
  assert.deepEqual(first.stored.object, first.object)
  const newest = seen.at(-2)
  assert.equal(newest?.stored.object, newest?.object)
  const told = cache.changesAfter(1) ?? []
  assert.equal(told.length, CHANGES)
  for (const { current, previous, revision } of told) {
    assert.equal(current.object.metadata.labels?.at, `${revision}`)
    if (revision > 2) assert.equal(previous?.object.metadata.labels?.at, `${revision - 1}`)
  }
})

test('the present state keeps its forms, unless objects of its kind are hardly ever read', () => {
  const others = (cache: ResourceCache) => {
    for (let turn = 0; turn < CHANGES; turn++) {
      const revision = 1000 + turn
      const metadata = { name: `b${turn}`, namespace: 'd' }
      const value = encodeValue({ apiVersion: 'v1', kind: 'Thing', metadata })
      const key = `${PREFIX}d/b${turn}`
      const entry = { key, value, createRevision: revision, modRevision: revision }
      cache.apply({ type: 'put', revision, entry, previous: undefined })
      cache.tell()
    }
  }
  for (const isCold of [false, true]) {
    const { cache, seen } = changed(isCold)
    const last = seen.at(-1)
    assert.ok(last)
    const { bytes } = last.stored
    last.stored.protobuf = bytes
    others(cache)
    assert.equal(last.stored.object === last.object, !isCold)
    for (const form of ['bytes', 'protobuf'] as const)
      assert.ok(!last.stored.has(form), `${form} for the wire were kept`)
    assert.deepEqual(last.stored.bytes, bytes)
    assert.deepEqual(last.stored.object, last.object)
  }
})

test('lists are in order, however much changed since the last', () => {
  const cache = new ResourceCache(PREFIX, {}, 1)
  const names = new Set<string>()
  let revision = 1
  const change = (name: string, isGone = false) => {
    const key = `${PREFIX}d/${name}`
    const value = encodeValue({ apiVersion: 'v1', kind: 'Thing', metadata: { name } })
    const entry = { key, value, createRevision: 2, modRevision: ++revision }
    if (isGone) cache.apply({ type: 'delete', revision, key, previous: entry })
    else cache.apply({ type: 'put', revision, entry, previous: undefined })
    cache.tell()
    if (isGone) names.delete(name)
    else names.add(name)
  }
  const check = () =>
    assert.deepEqual(
      cache.list('d').map(({ key }) => key.slice(PREFIX.length + 2)),
      [...names].sort(),
    )
  for (const changes of [10, 3, 2_000, 1, 1_200]) {
    for (let i = 0; i < changes; i++) change(`${(i * 7919) % 1_009}`, i % 3 === 2)
    check()
  }
  assert.equal([...cache.values()].length, names.size)
})
