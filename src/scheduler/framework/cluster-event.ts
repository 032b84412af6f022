/**
 * Changes of the cluster that may turn a refusal, and which of them each plugin asks for. The finer a plugin asks, the fewer pods
 * are tried in vain.
 */

import type { KubernetesObject } from '#api/machinery/metadata.ts'
import type { QueuedPod } from '../queue/queued-pod.ts'
import type { PodInfo } from '../state/pod-info.ts'

/** Bits, so that one event can be several changes at a time. */
export const actions = {
  add: 1,
  delete: 1 << 1,
  updateNodeAllocatable: 1 << 2,
  updateNodeLabel: 1 << 3,
  updateNodeTaint: 1 << 4,
  updateNodeCondition: 1 << 5,
  updateNodeAnnotation: 1 << 6,
  updatePodLabel: 1 << 7,
  updatePodScaleDown: 1 << 8,
  updatePodToleration: 1 << 9,
  updatePodSchedulingGatesEliminated: 1 << 10,
  updatePodGeneratedResourceClaim: 1 << 11,
  /** Any other change, and any change of kinds without finer words. */
  updateOther: 1 << 12,
  updateNodeDeclaredFeature: 1 << 13,
} as const

const { add, delete: gone, ...updates } = actions
/** Every kind of update. */
export const UPDATE = Object.values(updates).reduce((all, bit) => all | bit, 0)
export const ANY = add | gone | UPDATE

/** What changed. `Pod` in an interest means pods on nodes as well as the waiting pod itself. */
export type EventResource =
  | 'Pod'
  | 'AssignedPod'
  | 'UnscheduledPod'
  | 'Node'
  | 'Namespace'
  | 'PersistentVolume'
  | 'PersistentVolumeClaim'
  | 'StorageClass'
  | 'CSINode'
  | 'CSIDriver'
  | 'CSIStorageCapacity'
  | 'VolumeAttachment'
  | 'ResourceClaim'
  | 'ResourceSlice'
  | 'DeviceClass'
  | 'DeviceTaintRule'
  | 'Workload'
  | 'PodGroup'
  | '*'

export interface ClusterEvent {
  readonly resource: EventResource
  /** Bits of `actions`. */
  readonly action: number
  /** Upstream's word for it, e.g. `AssignedPodAdd`; a label of metrics. */
  readonly label: string
  /** Undefined where something was added. */
  readonly previous?: KubernetesObject | undefined
  /** Undefined where something is gone. */
  readonly next?: KubernetesObject | undefined
  /** Whom it may help, whatever plugins think of it; everybody where it is absent. */
  readonly concerns?: (pod: QueuedPod) => boolean
}

export interface EventInterest {
  readonly resource: EventResource
  readonly action: number
  /** Whether the event may make this pod fit; without it, it always may. */
  readonly hint?: (pod: PodInfo, event: ClusterEvent) => boolean
}

/** True where an interest is about such an event. */
export function concernsEvent(interest: EventInterest, event: ClusterEvent): boolean {
  if ((interest.action & event.action) === 0) return false
  const { resource } = interest
  if (resource === '*' || event.resource === '*' || resource === event.resource) return true
  const isPod = event.resource === 'AssignedPod' || event.resource === 'UnscheduledPod'
  return resource === 'Pod' && isPod
}
