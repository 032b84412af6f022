/** Where quotas are read, and where their usage is written: past admission, which has no say in it. */
import type { ResourceQuota } from '#api/core/v1/resource-quota.ts'
import type { ResourceStorage } from '../../storage/resource-storage.ts'
import type { StoredObject } from '../../storage/stored-object.ts'

export interface QuotaStore {
  /** The newest that were acknowledged, by name. */
  list(namespace: string): readonly ResourceQuota[]
  /** The state that the next write builds on. */
  latest(quota: ResourceQuota): Promise<ResourceQuota | undefined>
  /** Writes `status.used` where nothing was written since the quota was read; else false. */
  setUsed(quota: ResourceQuota): Promise<boolean>
}

export function quotaStore(storage: ResourceStorage | undefined): QuotaStore {
  const latest = async ({ metadata }: ResourceQuota): Promise<StoredObject | undefined> =>
    storage?.latest(metadata.namespace ?? '', metadata.name ?? '')
  return {
    list: namespace =>
      (storage?.cache.list(namespace) ?? []).map(stored => stored.object as ResourceQuota),
    latest: async quota => (await latest(quota))?.object as ResourceQuota | undefined,
    async setUsed(quota) {
      const previous = await latest(quota)
      if (!storage || String(previous?.revision) !== quota.metadata.resourceVersion) return false
      return (await storage.replace(previous as StoredObject, quota)) !== undefined
    },
  }
}
