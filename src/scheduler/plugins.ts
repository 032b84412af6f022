/**
 * The scheduler's plugins by upstream's names, in the order in which they are asked, with the weights of their scores. Filters come
 * in order and the first refusal of a node counts: what is cheap and refuses most comes first.
 */
import type { PluginFactory } from './framework/handle.ts'
import type { PluginSets } from './framework/profile.ts'
import { balancedAllocation } from './plugins/balanced-allocation.ts'
import { defaultBinder } from './plugins/default-binder.ts'
import { defaultPreemption } from './plugins/default-preemption.ts'
import { dynamicResources } from './plugins/dynamic-resources.ts'
import { gangScheduling } from './plugins/gang-scheduling.ts'
import { imageLocality } from './plugins/image-locality.ts'
import { interPodAffinity } from './plugins/inter-pod-affinity.ts'
import { nodeAffinity } from './plugins/node-affinity.ts'
import { nodeDeclaredFeatures } from './plugins/node-declared-features.ts'
import { nodeName } from './plugins/node-name.ts'
import { nodePorts } from './plugins/node-ports.ts'
import { nodeResourcesFit } from './plugins/node-resources-fit.ts'
import { nodeUnschedulable } from './plugins/node-unschedulable.ts'
import { nodeVolumeLimits } from './plugins/node-volume-limits.ts'
import { podGroupPodsCount } from './plugins/pod-group-pods-count.ts'
import { podTopologySpread } from './plugins/pod-topology-spread.ts'
import { prioritySort } from './plugins/priority-sort.ts'
import { schedulingGates } from './plugins/scheduling-gates.ts'
import { taintToleration } from './plugins/taint-toleration.ts'
import { topologyPlacement } from './plugins/topology-placement.ts'
import { volumeBinding } from './plugins/volume-binding.ts'
import { volumeRestrictions } from './plugins/volume-restrictions.ts'
import { volumeZone } from './plugins/volume-zone.ts'

export interface PluginEntry {
  readonly name: string
  readonly create: PluginFactory
  /** How much its scores count; 1 where it is left out. */
  readonly weight?: number
  /** Not on by default without this feature gate. */
  readonly gate?: string
}

export const plugins: readonly PluginEntry[] = [
  { name: 'SchedulingGates', create: schedulingGates },
  { name: 'PrioritySort', create: prioritySort },
  { name: 'NodeUnschedulable', create: nodeUnschedulable },
  { name: 'NodeName', create: nodeName },
  { name: 'TaintToleration', create: taintToleration, weight: 3 },
  { name: 'NodeAffinity', create: nodeAffinity, weight: 2 },
  { name: 'NodePorts', create: nodePorts },
  { name: 'NodeResourcesFit', create: nodeResourcesFit, weight: 1 },
  { name: 'VolumeRestrictions', create: volumeRestrictions },
  { name: 'NodeVolumeLimits', create: nodeVolumeLimits },
  { name: 'VolumeBinding', create: volumeBinding },
  { name: 'VolumeZone', create: volumeZone },
  { name: 'PodTopologySpread', create: podTopologySpread, weight: 2 },
  { name: 'InterPodAffinity', create: interPodAffinity, weight: 2 },
  // Before preemption: freeing an idle claim is better than evicting a pod.
  { name: 'DynamicResources', create: dynamicResources, weight: 2 },
  { name: 'DefaultPreemption', create: defaultPreemption },
  { name: 'NodeResourcesBalancedAllocation', create: balancedAllocation, weight: 1 },
  { name: 'ImageLocality', create: imageLocality, weight: 1 },
  { name: 'DefaultBinder', create: defaultBinder },
  {
    name: 'NodeDeclaredFeatures',
    create: nodeDeclaredFeatures,
    gate: 'NodeDeclaredFeatures',
  },
  { name: 'GangScheduling', create: gangScheduling, gate: 'GangScheduling' },
  {
    name: 'TopologyPlacementGenerator',
    create: topologyPlacement,
    gate: 'TopologyAwareWorkloadScheduling',
  },
  {
    name: 'PodGroupPodsCount',
    create: podGroupPodsCount,
    weight: 1,
    gate: 'TopologyAwareWorkloadScheduling',
  },
]

/** What every profile runs unless its configuration says otherwise. */
export function defaultSets(isOn: (gate: string) => boolean): PluginSets {
  const enabled = plugins
    .filter(({ gate }) => gate === undefined || isOn(gate))
    .map(({ name, weight }) => ({ name, weight }))
  return { multiPoint: { enabled } }
}
