import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ResourceQuota } from '#api/core/v1/resource-quota.ts'
import type { Informers } from '#client/informer.ts'
import { QuotaDevices } from './resourcequota.devices.ts'

const quota = { spec: { hard: { 'requests.example.com/gpu': '1' } } } as unknown as ResourceQuota

/** Informers that outlive whoever listens to them, as those of a process do. */
function worldOf() {
  const listeners = new Set<object>()
  let see = () => {}
  const synced = new Promise<void>(resolve => {
    see = resolve
  })
  const informer = {
    synced,
    list: () => [],
    subscribe(listener: object) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  return { listeners, see, informers: { for: () => informer } as unknown as Informers }
}

test('whoever stops before all is known listens to nothing afterwards', async () => {
  for (const isKnown of [true, false]) {
    const { listeners, see, informers } = worldOf()
    const devices = new QuotaDevices(informers, { allClaims() {}, claimsOf() {} })
    const ready = devices.ready(quota)
    if (isKnown) {
      see()
      await ready
      assert.equal(listeners.size, 2, 'classes and pods')
    }
    devices.stop()
    see()
    await ready
    assert.equal(listeners.size, 0)
  }
})
