/** Spreads pods over zones, nodes or any other label of nodes: never beyond a skew, or as well as it goes. */
import type { Handle } from '../framework/handle.ts'
import type { Plugin } from '../framework/plugin.ts'
import { createDefaultSpreads, type PodTopologySpreadArgs } from './topology-defaults.ts'
import { topologySpreadEvents } from './topology-events.ts'
import { createTopologyFilter } from './topology-filter.ts'
import { createTopologyScore } from './topology-score.ts'

export const POD_TOPOLOGY_SPREAD = 'PodTopologySpread'

export function podTopologySpread(args: unknown, handle: Handle): Plugin {
  const defaults = createDefaultSpreads((args ?? {}) as PodTopologySpreadArgs, handle)
  return {
    name: POD_TOPOLOGY_SPREAD,
    ...createTopologyFilter(handle.snapshot, defaults),
    ...createTopologyScore(handle.snapshot, defaults),
    events: () => topologySpreadEvents,
  }
}
