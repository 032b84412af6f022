/** What others have of devices and counters. */
import type { AllocationResult } from '#api/resource/v1/claim-status.schema.ts'
import { type AllocationWorld, drawn } from './dynamic-resources.allocate.ts'
import { type Amounts, sumOf } from './dynamic-resources.capacity.ts'
import { countersOf, deviceId, type Pool } from './dynamic-resources.pools.ts'

export function usageOf(
  pools: readonly Pool[],
  allocated: readonly AllocationResult[],
): Pick<AllocationWorld, 'inUse' | 'shares' | 'counters'> {
  const inUse = new Set<string>()
  const shares = new Map<string, Amounts>()
  for (const { devices } of allocated)
    for (const result of devices?.results ?? []) {
      if (result.adminAccess) continue
      const id = deviceId(result.driver, result.pool, result.device)
      if (result.shareID) shares.set(id, sumOf(shares.get(id) ?? {}, result.consumedCapacity ?? {}))
      else inUse.add(id)
    }
  let counters = countersOf(pools)
  for (const { slices } of pools)
    for (const { spec } of slices)
      for (const device of spec.devices ?? []) {
        const pool = spec.pool.name
        const id = deviceId(spec.driver, pool, device.name)
        if (!inUse.has(id) && !shares.has(id)) continue
        counters = drawn({ driver: spec.driver, pool, device }, counters) ?? counters
      }
  return { inUse, shares, counters }
}
