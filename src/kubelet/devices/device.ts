/** What a plugin tells of one of its devices. */
export interface Device {
  readonly id: string
  readonly healthy: boolean
  /** NUMA nodes that it is near to; none where the plugin does not say. */
  readonly numaNodes: readonly number[]
}

export const healthyIn = (devices: ReadonlyMap<string, Device>): readonly string[] =>
  [...devices.values()].filter(({ healthy }) => healthy).map(({ id }) => id)
