/** The door of the room where roles meet. */
export type { ClusterOptions, LoadHollowMachine, Nodes } from './options.ts'
export type { ClusterSnapshot } from './snapshots.ts'
export { type Cluster, type StartOptions, startCluster } from './start-cluster.ts'
