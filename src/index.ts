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
import { MemoryCloud, type MemoryCloudOptions } from '#simulation/cloud/memory-cloud.ts'

export type { NewObject } from '#api/machinery/given.ts'
export type { KubernetesObject } from '#api/machinery/metadata.ts'
export { StatusError } from '#api/machinery/status.ts'
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
export type { MemoryCloud }

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
