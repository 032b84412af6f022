/** What is told of changes that came together is what would be told of each alone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { configMap } from '#api/core/v1/config-map.ts'
import { encodeValue, StoredObject } from '../storage/stored-object.ts'
import { viewOf } from '../storage/view.ts'
import { CacheEvent, type ChangeType } from './cache-event.ts'
import { EventGroup } from './event-group.ts'
import type { Filter } from './filter.ts'
import { notifyIfWanted, type Watcher, Watchers } from './watchers.ts'

const view = viewOf(configMap)

function stored(namespace: string, name: string, app: string, revision: number, size = 1) {
  const value = encodeValue({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace, name, labels: { app } },
    data: { payload: 'x'.repeat(size) },
  } as never)
  return new StoredObject(`/registry/configmaps/${namespace}/${name}`, revision, value)
}

const names = fc.constantFrom('a', 'b')
const change = fc.record({
  type: fc.constantFrom<ChangeType>('ADDED', 'MODIFIED', 'DELETED'),
  namespace: names,
  name: names,
  app: names,
  before: names,
})
const appOf = (object: { metadata: { labels?: Record<string, string> } }) =>
  object.metadata.labels?.app ?? ''
const filter = fc.oneof(
  fc.record<Filter>({ namespace: fc.constantFrom('', 'a', 'b') }),
  fc.record<Filter>({ namespace: fc.constantFrom('', 'a', 'b'), name: names }),
  names.map<Filter>(app => ({ namespace: '', matches: object => appOf(object as never) === app })),
  names.map<Filter>(value => ({
    namespace: '',
    indexed: { field: 'app', value },
    matches: object => appOf(object as never) === value,
  })),
)

/** Keeps what it is told. */
class Recorder implements Watcher {
  readonly told: string[] = []
  calls = 0
  readonly filter: Filter
  constructor(filter: Filter) {
    this.filter = filter
  }
  notify(event: CacheEvent, as: ChangeType): void {
    this.calls++
    this.told.push(`${as} ${event.revision}`)
  }
  end(): void {}
}

class GroupRecorder extends Recorder {
  notifyAll({ events }: EventGroup): void {
    this.calls++
    for (const { type, revision } of events) this.told.push(`${type} ${revision}`)
  }
}

test('each watcher is told what it wants of a group, in order, as it would be of each change', () => {
  fc.assert(
    fc.property(
      fc.array(change, { minLength: 1, maxLength: 12 }),
      fc.array(filter, { minLength: 1, maxLength: 8 }),
      (changes, filters) => {
        const events = changes.map(({ type, namespace, name, app, before }, at) => {
          const previous = type === 'ADDED' ? undefined : stored(namespace, name, before, at)
          return new CacheEvent(at + 1, type, stored(namespace, name, app, at + 1), previous)
        })
        const watchers = new Watchers({ app: appOf as never })
        const alone = filters.map(each => new Recorder(each))
        const together = filters.flatMap(each => [new Recorder(each), new GroupRecorder(each)])
        for (const watcher of together) watchers.add(watcher)
        watchers.dispatch(events)
        for (const [at, watcher] of alone.entries()) {
          for (const event of events) notifyIfWanted(watcher, event)
          assert.deepEqual(together[2 * at]?.told, watcher.told)
          assert.deepEqual(together[2 * at + 1]?.told, watcher.told)
        }
      },
    ),
  )
})

test('whoever wants everything is told once, and of one change as ever', () => {
  const watchers = new Watchers({})
  const watcher = new GroupRecorder({ namespace: 'a' })
  watchers.add(watcher)
  const event = (revision: number) =>
    new CacheEvent(revision, 'ADDED', stored('a', `${revision}`, '', revision))
  watchers.dispatch([event(1), event(2), event(3)])
  assert.equal(watcher.calls, 1)
  watchers.dispatch([event(4)])
  assert.equal(watcher.calls, 2)
  assert.deepEqual(watcher.told, ['ADDED 1', 'ADDED 2', 'ADDED 3', 'ADDED 4'])
})

test('a group is the bytes of its events, in pieces that a frame holds, and large ones are not copied', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(1, 700, 5_000, 40_000), { minLength: 1, maxLength: 30 }),
      sizes => {
        const event = (size: number, at: number) =>
          new CacheEvent(at + 1, 'ADDED', stored('a', `${at}`, '', at + 1, size))
        const events = sizes.map(event)
        const { bytes, frames } = new EventGroup(events).in(view)
        const alone = events.map(each => each.as('ADDED', view))
        const whole = (pieces: readonly Uint8Array[]) => Buffer.concat(pieces)
        assert.deepEqual(whole(bytes), whole(alone.map(each => each.bytes)))
        assert.deepEqual(whole(frames), whole(alone.map(each => each.frame)))
        const small = bytes.filter(({ length }) => length <= 16 * 1024)
        const total = small.reduce((sum, { length }) => sum + length, 0)
        // Two neighbours together are always more than one piece, but for what goes around large ones.
        const large = sizes.filter(size => size === 40_000).length
        assert.ok(small.length <= 2 * Math.ceil(total / (16 * 1024)) + 3 * large + 1)
        for (const each of events)
          if (each.current.value.length > 16 * 1024)
            assert.ok(bytes.includes(each.current.in(view).bytes))
      },
    ),
    { numRuns: 50 },
  )
})
