/**
 * Proa as a library: a whole cluster inside any test or program. Kinds are values, one a file under `proa/api`:
 *
 *   import { startCluster } from 'proa'
 *   import { configMap } from 'proa/api/core/v1/config-map'
 *
 *   const cluster = await startCluster()
 *   await cluster.client.create(configMap, { metadata: { name: 'x', namespace: 'default' } })
 *   await cluster.stop()
 */
import { type Cluster, type ClusterOptions, startCluster as start } from '#cluster'
import { systemClock } from '#host/clock.ts'
import { turns } from '#host/turns.ts'
import { MemoryCloud, type MemoryCloudOptions } from '#simulation/cloud/memory-cloud.ts'
import { createVirtualClock as createClock, type VirtualClock } from '#simulation/virtual-clock.ts'

export type { NewObject } from '#api/machinery/given.ts'
export type { KubernetesObject } from '#api/machinery/metadata.ts'
export { StatusError } from '#api/machinery/status.ts'
export type { Clock } from '#base/clock.ts'
export {
  type CloudProvider,
  ImplementedElsewhere,
  type InstanceMetadata,
  type Instances,
  type LoadBalancer,
  RetryLater,
  type Route,
  type Routes,
} from '#cloud/provider.ts'
export type { Cluster, ClusterOptions, ClusterSnapshot } from '#cluster'
export type { MemoryCloud, VirtualClock }

/** Turns of the event loop after which nothing that needs no time is left to happen in a cluster in memory, found by trying. */
const TURNS_TO_REST = 40

/** Starts a cluster; by default in memory, on one hollow node, without opening a port. Many may run at once. */
export function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  return start({
    ...options,
    hollowMachine: async () => (await import('#simulation')).createHollowNode,
  })
}

/** A cloud in memory for `startCluster({ cloud })`: its machines, load balancers and routes are there to be looked at, and fail where a test says so. */
export function createMemoryCloud(options: Partial<MemoryCloudOptions> = {}): MemoryCloud {
  return new MemoryCloud({ clock: systemClock, ...options })
}

/**
 * Time for `startCluster({ clock })` that passes only when a test says so: `await clock.advance(3_600_000)` lets an hour pass, and resolves when all that fell due
 * in it was done, one thing after the other. For clusters in memory: what waits for a disk or for another process needs real time. It begins now unless `startMs`,
 * in milliseconds since the epoch, says when.
 */
export function createVirtualClock({ startMs }: { readonly startMs?: number } = {}): VirtualClock {
  return createClock(startMs ?? systemClock.now(), () => turns(TURNS_TO_REST))
}
