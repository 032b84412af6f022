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
import { createHollowNode } from '#simulation'

export type { Cluster, ClusterOptions, ClusterSnapshot } from '#cluster'

/** Starts a cluster; by default in memory, on one hollow node, without opening a port. Many may run at once. */
export function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  return start({ ...options, hollowMachine: createHollowNode })
}
