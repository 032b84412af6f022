import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { configMap } from '#api/core/v1/config-map.ts'
import { encodeValue, StoredObject } from '../storage/stored-object.ts'
import type { View } from '../storage/view.ts'
import { CacheEvent } from './cache-event.ts'
import { PreparedWatcher } from './prepared-watcher.ts'

const metadata = { name: 'a', namespace: 'ns' }
const value = encodeValue({ apiVersion: 'v1', kind: 'ConfigMap', metadata })
const event = (revision: number) =>
  new CacheEvent(revision, 'MODIFIED', new StoredObject('/a', revision, value))

/** What is told, where preparing takes a turn, or none. */
function watcher(prepare: () => Promise<void> | undefined) {
  const told: unknown[] = []
  const view = { kind: configMap, own: { isConverted: true, prepare } } as unknown as View
  const inner = {
    filter: { namespace: 'ns' },
    notify: ({ revision }: CacheEvent) => void told.push(revision),
    bookmark: () => void told.push('bookmark'),
    end: () => void told.push('end'),
  }
  return { told, watcher: new PreparedWatcher(view, inner, error => void told.push(error)) }
}

for (const [name, prepare] of [
  ['are ready', () => undefined],
  ['are got ready', () => turn()],
] as const)
  test(`whoever waits for objects that ${name} is told of bookmarks and of what comes after them`, async () => {
    const { told, watcher: prepared } = watcher(prepare)
    for (const revision of [1, 2]) {
      prepared.bookmark()
      prepared.notify(event(revision))
      await turn()
      await turn()
      assert.equal(prepared.settled, undefined)
      prepared.bookmark()
      assert.equal(prepared.settled, undefined)
    }
    const all = [1, 2].flatMap(revision => ['bookmark', revision, 'bookmark'])
    assert.deepEqual(told, all)
  })
