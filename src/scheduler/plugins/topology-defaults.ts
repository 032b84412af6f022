/** Constraints for pods that have none of their own: given in the configuration, or upstream's own (system defaults). */
import { replicaSet } from '#api/apps/v1/replica-set.ts'
import { statefulSet } from '#api/apps/v1/stateful-set.ts'
import type { TopologySpreadConstraint } from '#api/core/v1/pod/pod.ts'
import { replicationController } from '#api/core/v1/replication-controller.ts'
import { service } from '#api/core/v1/service.ts'
import {
  everything,
  type LabelMatcher,
  labelMatcherOf,
  labelMatcherOfSet,
  parseLabelSelector,
} from '#api/machinery/label-selector.ts'
import type { Handle } from '../framework/handle.ts'
import type { PodInfo } from '../state/pod-info.ts'
import { type Spread, spreadOf, spreadWith } from './topology-constraint.ts'

export interface PodTopologySpreadArgs {
  readonly defaultConstraints?: readonly TopologySpreadConstraint[]
  /** `System` takes upstream's constraints, `List` those above. */
  readonly defaultingType?: 'System' | 'List'
}

export interface Spreads {
  readonly spreads: readonly Spread[]
  /** Nobody asked for these constraints: nodes without their labels are judged by what they have. */
  readonly isSystem: boolean
}

export type WhenUnsatisfiable = TopologySpreadConstraint['whenUnsatisfiable']
export type SpreadsOf = (pod: PodInfo, when: WhenUnsatisfiable) => Spreads

const SYSTEM: readonly TopologySpreadConstraint[] = [
  { topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 3 },
  { topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 5 },
]

export function createDefaultSpreads(
  { defaultConstraints = [], defaultingType = 'System' }: PodTopologySpreadArgs,
  handle: Handle,
): SpreadsOf {
  const isSystem = defaultingType === 'System'
  const defaults = isSystem ? SYSTEM : defaultConstraints
  const selectorFor = createDefaultSelector(handle)
  return (pod, when) => {
    const own = pod.pod.spec.topologySpreadConstraints ?? []
    if (own.length > 0) {
      const wanted = own.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === when)
      return { spreads: wanted.map(constraint => spreadOf(constraint, pod)), isSystem: false }
    }
    const wanted = defaults.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === when)
    const selector = wanted.length > 0 ? selectorFor(pod) : everything
    // A pod of nobody has no companions from which to be kept apart.
    if (selector.selectsEverything) return { spreads: [], isSystem }
    return {
      spreads: wanted.map(constraint => spreadWith(constraint, selector, pod)),
      isSystem,
    }
  }
}

/** Selects the pods of the same services and the same owner. */
function createDefaultSelector({ informers }: Handle): (pod: PodInfo) => LabelMatcher {
  const services = informers.for(service)
  const owners = {
    ReplicaSet: informers.for(replicaSet),
    ReplicationController: informers.for(replicationController),
    StatefulSet: informers.for(statefulSet),
  }
  const ownerSelector = ({ pod, namespace }: PodInfo): LabelMatcher | undefined => {
    const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller)
    const key = `${namespace}/${owner?.name ?? ''}`
    switch (owner?.kind) {
      case 'ReplicationController':
        return labelMatcherOfSet(owners.ReplicationController.get(key)?.spec.selector)
      case 'ReplicaSet':
      case 'StatefulSet': {
        const selector = owners[owner.kind].get(key)?.spec.selector
        return selector && labelMatcherOf(selector)
      }
      default:
        return undefined
    }
  }
  return pod => {
    const wanted: Record<string, string> = {}
    for (const { spec } of services.list(pod.namespace)) {
      const selector = spec.selector ?? {}
      if (Object.keys(selector).length === 0) continue
      if (labelMatcherOfSet(selector).matches(pod.labels)) Object.assign(wanted, selector)
    }
    const own = ownerSelector(pod)
    const byServices = labelMatcherOfSet(wanted)
    if (!own || own.selectsEverything) return byServices
    return byServices.selectsEverything ? own : parseLabelSelector(`${own},${byServices}`)
  }
}
