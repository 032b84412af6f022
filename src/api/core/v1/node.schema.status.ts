import {
  boolean,
  int32,
  int64,
  list,
  map,
  quantity,
  shape,
  string,
  struct,
  time,
  type ValueOfShape,
} from '../../machinery/schema.ts'
import { nodeConfigSource } from './node.schema.ts'

export const nodeCondition = shape('io.k8s.api.core.v1.NodeCondition', 'core.NodeCondition', {
  type: string(1).required().doc('core.NodeCondition.type'),
  status: string(2).required().doc('core.NodeCondition.status'),
  lastHeartbeatTime: time(3).doc('core.NodeCondition.lastHeartbeatTime'),
  lastTransitionTime: time(4).doc('core.NodeCondition.lastTransitionTime'),
  reason: string(5).doc('core.NodeCondition.reason'),
  message: string(6).doc('core.NodeCondition.message'),
})
export type NodeCondition = ValueOfShape<typeof nodeCondition>

export const nodeAddress = shape('io.k8s.api.core.v1.NodeAddress', 'core.NodeAddress', {
  type: string(1).required().doc('core.NodeAddress.type'),
  address: string(2).required().doc('core.NodeAddress.address'),
})
export type NodeAddress = ValueOfShape<typeof nodeAddress>

export const daemonEndpoint = shape('io.k8s.api.core.v1.DaemonEndpoint', 'core.DaemonEndpoint', {
  Port: int32(1).required().doc('core.DaemonEndpoint.Port'),
})
export type DaemonEndpoint = ValueOfShape<typeof daemonEndpoint>

export const nodeDaemonEndpoints = shape(
  'io.k8s.api.core.v1.NodeDaemonEndpoints',
  'core.NodeDaemonEndpoints',
  {
    kubeletEndpoint: struct(1, daemonEndpoint)
      .always()
      .doc('core.NodeDaemonEndpoints.kubeletEndpoint'),
  },
)
export type NodeDaemonEndpoints = ValueOfShape<typeof nodeDaemonEndpoints>

export const nodeSwapStatus = shape('io.k8s.api.core.v1.NodeSwapStatus', 'core.NodeSwapStatus', {
  capacity: int64(1).optional().doc('core.NodeSwapStatus.capacity'),
})
export type NodeSwapStatus = ValueOfShape<typeof nodeSwapStatus>

export const nodeSystemInfo = shape('io.k8s.api.core.v1.NodeSystemInfo', 'core.NodeSystemInfo', {
  machineID: string(1).required().doc('core.NodeSystemInfo.machineID'),
  systemUUID: string(2).required().doc('core.NodeSystemInfo.systemUUID'),
  bootID: string(3).required().doc('core.NodeSystemInfo.bootID'),
  kernelVersion: string(4).required().doc('core.NodeSystemInfo.kernelVersion'),
  osImage: string(5).required().doc('core.NodeSystemInfo.osImage'),
  containerRuntimeVersion: string(6).required().doc('core.NodeSystemInfo.containerRuntimeVersion'),
  kubeletVersion: string(7).required().doc('core.NodeSystemInfo.kubeletVersion'),
  kubeProxyVersion: string(8).required().deprecated().doc('core.NodeSystemInfo.kubeProxyVersion'),
  operatingSystem: string(9).required().doc('core.NodeSystemInfo.operatingSystem'),
  architecture: string(10).required().doc('core.NodeSystemInfo.architecture'),
  swap: struct(11, nodeSwapStatus).optional().doc('core.NodeSystemInfo.swap'),
})
export type NodeSystemInfo = ValueOfShape<typeof nodeSystemInfo>

export const containerImage = shape('io.k8s.api.core.v1.ContainerImage', 'core.ContainerImage', {
  names: list(1, string()).always().atomic().doc('core.ContainerImage.names'),
  sizeBytes: int64(2).doc('core.ContainerImage.sizeBytes'),
})
export type ContainerImage = ValueOfShape<typeof containerImage>

export const attachedVolume = shape('io.k8s.api.core.v1.AttachedVolume', 'core.AttachedVolume', {
  name: string(1).required().doc('core.AttachedVolume.name'),
  devicePath: string(2).required().doc('core.AttachedVolume.devicePath'),
})
export type AttachedVolume = ValueOfShape<typeof attachedVolume>

export const nodeConfigStatus = shape(
  'io.k8s.api.core.v1.NodeConfigStatus',
  'core.NodeConfigStatus',
  {
    assigned: struct(1, nodeConfigSource).optional().doc('core.NodeConfigStatus.assigned'),
    active: struct(2, nodeConfigSource).optional().doc('core.NodeConfigStatus.active'),
    lastKnownGood: struct(3, nodeConfigSource)
      .optional()
      .doc('core.NodeConfigStatus.lastKnownGood'),
    error: string(4).doc('core.NodeConfigStatus.error'),
  },
)
export type NodeConfigStatus = ValueOfShape<typeof nodeConfigStatus>

export const nodeRuntimeHandlerFeatures = shape(
  'io.k8s.api.core.v1.NodeRuntimeHandlerFeatures',
  'core.NodeRuntimeHandlerFeatures',
  {
    recursiveReadOnlyMounts: boolean(1)
      .optional()
      .doc('core.NodeRuntimeHandlerFeatures.recursiveReadOnlyMounts'),
    userNamespaces: boolean(2).optional().doc('core.NodeRuntimeHandlerFeatures.userNamespaces'),
  },
)
export type NodeRuntimeHandlerFeatures = ValueOfShape<typeof nodeRuntimeHandlerFeatures>

export const nodeRuntimeHandler = shape(
  'io.k8s.api.core.v1.NodeRuntimeHandler',
  'core.NodeRuntimeHandler',
  {
    name: string(1).always().doc('core.NodeRuntimeHandler.name'),
    features: struct(2, nodeRuntimeHandlerFeatures)
      .optional()
      .doc('core.NodeRuntimeHandler.features'),
  },
)
export type NodeRuntimeHandler = ValueOfShape<typeof nodeRuntimeHandler>

export const nodeFeatures = shape('io.k8s.api.core.v1.NodeFeatures', 'core.NodeFeatures', {
  supplementalGroupsPolicy: boolean(1).optional().doc('core.NodeFeatures.supplementalGroupsPolicy'),
})
export type NodeFeatures = ValueOfShape<typeof nodeFeatures>

export const nodeStatus = shape('io.k8s.api.core.v1.NodeStatus', 'core.NodeStatus', {
  capacity: map(1, quantity()).doc('core.NodeStatus.capacity'),
  allocatable: map(2, quantity()).doc('core.NodeStatus.allocatable'),
  phase: string(3).enum('Pending', 'Running', 'Terminated').doc('core.NodeStatus.phase'),
  conditions: list(4, nodeCondition)
    .listMap('type')
    .mergeKey('type')
    .doc('core.NodeStatus.conditions'),
  addresses: list(5, nodeAddress).listMap('type').mergeKey('type').doc('core.NodeStatus.addresses'),
  daemonEndpoints: struct(6, nodeDaemonEndpoints).always().doc('core.NodeStatus.daemonEndpoints'),
  nodeInfo: struct(7, nodeSystemInfo).always().doc('core.NodeStatus.nodeInfo'),
  images: list(8, containerImage).atomic().doc('core.NodeStatus.images'),
  volumesInUse: list(9, string()).atomic().doc('core.NodeStatus.volumesInUse'),
  volumesAttached: list(10, attachedVolume).atomic().doc('core.NodeStatus.volumesAttached'),
  config: struct(11, nodeConfigStatus).optional().doc('core.NodeStatus.config'),
  runtimeHandlers: list(12, nodeRuntimeHandler).atomic().doc('core.NodeStatus.runtimeHandlers'),
  features: struct(13, nodeFeatures).optional().doc('core.NodeStatus.features'),
  declaredFeatures: list(14, string()).atomic().doc('core.NodeStatus.declaredFeatures'),
})
export type NodeStatus = ValueOfShape<typeof nodeStatus>
