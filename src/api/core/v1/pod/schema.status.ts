import {
  int64,
  list,
  map,
  quantity,
  shape,
  string,
  struct,
  time,
  type ValueOfShape,
} from '../../../machinery/schema.ts'
import { resourceRequirements } from './schema.resources.ts'
import { containerStatus } from './schema.status.container.ts'

export const podCondition = shape('io.k8s.api.core.v1.PodCondition', 'core.PodCondition', {
  type: string(1).required().doc('core.PodCondition.type'),
  observedGeneration: int64(7).doc('core.PodCondition.observedGeneration'),
  status: string(2).required().doc('core.PodCondition.status'),
  lastProbeTime: time(3).doc('core.PodCondition.lastProbeTime'),
  lastTransitionTime: time(4).doc('core.PodCondition.lastTransitionTime'),
  reason: string(5).doc('core.PodCondition.reason'),
  message: string(6).doc('core.PodCondition.message'),
})
export type PodCondition = ValueOfShape<typeof podCondition>

export const hostIP = shape('io.k8s.api.core.v1.HostIP', 'core.HostIP', {
  ip: string(1).required().doc('core.HostIP.ip'),
})
export type HostIP = ValueOfShape<typeof hostIP>

export const podIP = shape('io.k8s.api.core.v1.PodIP', 'core.PodIP', {
  ip: string(1).required().doc('core.PodIP.ip'),
})
export type PodIP = ValueOfShape<typeof podIP>

export const podResourceClaimStatus = shape(
  'io.k8s.api.core.v1.PodResourceClaimStatus',
  'core.PodResourceClaimStatus',
  {
    name: string(1).required().doc('core.PodResourceClaimStatus.name'),
    resourceClaimName: string(2).optional().doc('core.PodResourceClaimStatus.resourceClaimName'),
  },
)
export type PodResourceClaimStatus = ValueOfShape<typeof podResourceClaimStatus>

export const containerExtendedResourceRequest = shape(
  'io.k8s.api.core.v1.ContainerExtendedResourceRequest',
  'core.ContainerExtendedResourceRequest',
  {
    containerName: string(1).required().doc('core.ContainerExtendedResourceRequest.containerName'),
    resourceName: string(2).required().doc('core.ContainerExtendedResourceRequest.resourceName'),
    requestName: string(3).required().doc('core.ContainerExtendedResourceRequest.requestName'),
  },
)
export type ContainerExtendedResourceRequest = ValueOfShape<typeof containerExtendedResourceRequest>

export const podExtendedResourceClaimStatus = shape(
  'io.k8s.api.core.v1.PodExtendedResourceClaimStatus',
  'core.PodExtendedResourceClaimStatus',
  {
    requestMappings: list(1, containerExtendedResourceRequest)
      .required()
      .atomic()
      .doc('core.PodExtendedResourceClaimStatus.requestMappings'),
    resourceClaimName: string(2)
      .required()
      .doc('core.PodExtendedResourceClaimStatus.resourceClaimName'),
  },
)
export type PodExtendedResourceClaimStatus = ValueOfShape<typeof podExtendedResourceClaimStatus>

export const nodeAllocatableResourceClaimStatus = shape(
  'io.k8s.api.core.v1.NodeAllocatableResourceClaimStatus',
  'core.NodeAllocatableResourceClaimStatus',
  {
    resourceClaimName: string(1)
      .required()
      .doc('core.NodeAllocatableResourceClaimStatus.resourceClaimName'),
    containers: list(2, string())
      .listSet()
      .doc('core.NodeAllocatableResourceClaimStatus.containers'),
    resources: map(3, quantity())
      .required()
      .doc('core.NodeAllocatableResourceClaimStatus.resources'),
  },
)
export type NodeAllocatableResourceClaimStatus = ValueOfShape<
  typeof nodeAllocatableResourceClaimStatus
>

export const podStatus = shape('io.k8s.api.core.v1.PodStatus', 'core.PodStatus', {
  observedGeneration: int64(17).doc('core.PodStatus.observedGeneration'),
  phase: string(1)
    .enum('Pending', 'Running', 'Succeeded', 'Failed', 'Unknown')
    .doc('core.PodStatus.phase'),
  conditions: list(2, podCondition)
    .listMap('type')
    .mergeKey('type')
    .doc('core.PodStatus.conditions'),
  message: string(3).doc('core.PodStatus.message'),
  reason: string(4).doc('core.PodStatus.reason'),
  nominatedNodeName: string(11).doc('core.PodStatus.nominatedNodeName'),
  hostIP: string(5).doc('core.PodStatus.hostIP'),
  hostIPs: list(16, hostIP).atomic().mergeKey('ip').doc('core.PodStatus.hostIPs'),
  podIP: string(6).doc('core.PodStatus.podIP'),
  podIPs: list(12, podIP).listMap('ip').mergeKey('ip').doc('core.PodStatus.podIPs'),
  startTime: time(7).optional().doc('core.PodStatus.startTime'),
  initContainerStatuses: list(10, containerStatus)
    .atomic()
    .doc('core.PodStatus.initContainerStatuses'),
  containerStatuses: list(8, containerStatus).atomic().doc('core.PodStatus.containerStatuses'),
  qosClass: string(9).enum('Guaranteed', 'Burstable', 'BestEffort').doc('core.PodStatus.qosClass'),
  ephemeralContainerStatuses: list(13, containerStatus)
    .atomic()
    .doc('core.PodStatus.ephemeralContainerStatuses'),
  resize: string(14).deprecated().doc('core.PodStatus.resize'),
  resourceClaimStatuses: list(15, podResourceClaimStatus)
    .listMap('name')
    .mergeKey('name')
    .patchStrategy('merge', 'retainKeys')
    .doc('core.PodStatus.resourceClaimStatuses'),
  extendedResourceClaimStatus: struct(18, podExtendedResourceClaimStatus)
    .optional()
    .doc('core.PodStatus.extendedResourceClaimStatus'),
  allocatedResources: map(19, quantity()).doc('core.PodStatus.allocatedResources'),
  resources: struct(20, resourceRequirements).optional().doc('core.PodStatus.resources'),
  nodeAllocatableResourceClaimStatuses: list(21, nodeAllocatableResourceClaimStatus)
    .atomic()
    .doc('core.PodStatus.nodeAllocatableResourceClaimStatuses'),
})
export type PodStatus = ValueOfShape<typeof podStatus>
