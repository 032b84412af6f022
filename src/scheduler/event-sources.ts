/** The kinds beside pods and nodes whose changes plugins ask for. */
import { namespace } from '#api/core/v1/namespace.ts'
import { persistentVolume } from '#api/core/v1/persistent-volume.ts'
import { persistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { deviceClass } from '#api/resource/v1/device-class.ts'
import { resourceClaim } from '#api/resource/v1/resource-claim.ts'
import { resourceSlice } from '#api/resource/v1/resource-slice.ts'
import { deviceTaintRule } from '#api/resource/v1beta2/device-taint-rule.ts'
import { podGroup } from '#api/scheduling/v1alpha2/pod-group.ts'
import { workload } from '#api/scheduling/v1alpha2/workload.ts'
import { csiDriver } from '#api/storage/v1/csi-driver.ts'
import { csiNode } from '#api/storage/v1/csi-node.ts'
import { csiStorageCapacity } from '#api/storage/v1/csi-storage-capacity.ts'
import { storageClass } from '#api/storage/v1/storage-class.ts'
import { volumeAttachment } from '#api/storage/v1/volume-attachment.ts'
import type { Informer, Informers } from '#client/informer.ts'
import { actions, type ClusterEvent, type EventResource } from './framework/cluster-event.ts'

/** Pods and nodes have events of their own. */
type OtherResource = Exclude<EventResource, 'Pod' | 'AssignedPod' | 'UnscheduledPod' | 'Node' | '*'>

const kinds: Readonly<Record<OtherResource, AnyKind>> = {
  Namespace: namespace,
  PersistentVolume: persistentVolume,
  PersistentVolumeClaim: persistentVolumeClaim,
  StorageClass: storageClass,
  CSINode: csiNode,
  CSIDriver: csiDriver,
  CSIStorageCapacity: csiStorageCapacity,
  VolumeAttachment: volumeAttachment,
  ResourceClaim: resourceClaim,
  ResourceSlice: resourceSlice,
  DeviceClass: deviceClass,
  DeviceTaintRule: deviceTaintRule,
  Workload: workload,
  PodGroup: podGroup,
}

export interface OtherSource {
  readonly resource: OtherResource
  readonly informer: Informer<KubernetesObject>
}

/** One informer for each kind that any interest names. */
export function otherSources(
  informers: Informers,
  wanted: ReadonlySet<EventResource>,
): OtherSource[] {
  return (Object.keys(kinds) as OtherResource[])
    .filter(resource => wanted.has(resource))
    .map(resource => ({
      resource,
      informer: informers.for(kinds[resource]) as unknown as Informer<KubernetesObject>,
    }))
}

export function followOthers(
  sources: readonly OtherSource[],
  happened: (event: ClusterEvent) => void,
): (() => void)[] {
  return sources.map(({ resource, informer }) =>
    informer.subscribe({
      changed(next, previous) {
        const [action, word] = previous ? [actions.updateOther, 'Update'] : [actions.add, 'Add']
        happened({ resource, action, label: `${resource}${word}`, previous, next })
      },
      deleted(previous) {
        happened({ resource, action: actions.delete, label: `${resource}Delete`, previous })
      },
    }),
  )
}
