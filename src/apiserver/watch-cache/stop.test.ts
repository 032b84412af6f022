/** A watch cache that has stopped leaves nothing in what all servers of a process have in common. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { NOWHERE } from '#base/arrival-order.ts'
import { silentLog } from '#base/log.ts'
import { openSqliteStore } from '#store/sqlite/sqlite-store.ts'
import { encodeValue } from '../storage/stored-object.ts'
import { TestClock } from '../testing.ts'
import { WatchCache } from './watch-cache.ts'

const PREFIX = '/registry/example.com/widgets/'

test('objects of a store that is closed are not kept by the forms that were made of them', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'proa-watch-cache-'))
  const clock = new TestClock()
  const store = await openSqliteStore({ directory, clock, log: silentLog })
  try {
    const object = { apiVersion: 'v1', kind: 'Widget', metadata: { name: 'a' } }
    await store.commit([{ key: `${PREFIX}a`, value: encodeValue(object) }])
    const cache = new WatchCache({ store, clock })
    await cache.start()
    const resource = await cache.load(PREFIX, {})
    const [stored] = resource.list('')
    assert.equal(stored?.object.metadata.name, 'a')
    assert.notEqual(stored.slot, NOWHERE)
    cache.stop()
    assert.deepEqual([stored.slot, stored.formBytes], [NOWHERE, 0])
    // Whoever is being answered still reads on.
    assert.ok(stored.bytes.length > 0)
    assert.equal(stored.slot, NOWHERE)
  } finally {
    await store.close()
    rmSync(directory, { recursive: true })
  }
})
