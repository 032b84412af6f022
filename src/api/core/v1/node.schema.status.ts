import {
  boolean,
  int32,
  int64,
  list,
  resourceList,
  shape,
  string,
  struct,
  time,
  type ValueOfShape,
} from '../../machinery/schema.ts'
import { nodeConfigSource } from './node.schema.config-source.ts'

export const nodeCondition = shape(
  'io.k8s.api.core.v1.NodeCondition',
  "One aspect of a node's health.",
  {
    type: string(1)
      .required()
      .doc(
        'Names the aspect: Ready, MemoryPressure, DiskPressure, PIDPressure, NetworkUnavailable.',
      ),
    status: string(2).required().doc('True, False or Unknown.'),
    lastHeartbeatTime: time(3).doc('When the kubelet last confirmed it.'),
    lastTransitionTime: time(4).doc('When the status last changed.'),
    reason: string(5).doc('Why, as one CamelCase word for programs.'),
    message: string(6).doc('Why, as a sentence for people.'),
  },
)
export type NodeCondition = ValueOfShape<typeof nodeCondition>

export const nodeAddress = shape('io.k8s.api.core.v1.NodeAddress', 'One address of a node.', {
  type: string(1).required().doc('Hostname, InternalIP, ExternalIP, InternalDNS or ExternalDNS.'),
  address: string(2).required().doc('The address itself.'),
})
export type NodeAddress = ValueOfShape<typeof nodeAddress>

export const daemonEndpoint = shape('io.k8s.api.core.v1.DaemonEndpoint', 'The port of a daemon.', {
  Port: int32(1).required().doc("The port number; the capital is upstream's."),
})
export type DaemonEndpoint = ValueOfShape<typeof daemonEndpoint>

export const nodeDaemonEndpoints = shape(
  'io.k8s.api.core.v1.NodeDaemonEndpoints',
  "Ports of a node's daemons.",
  {
    kubeletEndpoint: struct(1, daemonEndpoint).always().doc('Where the kubelet listens.'),
  },
)
export type NodeDaemonEndpoints = ValueOfShape<typeof nodeDaemonEndpoints>

export const nodeSwapStatus = shape('io.k8s.api.core.v1.NodeSwapStatus', 'Swap memory of a node.', {
  capacity: int64(1).optional().doc('Total swap in bytes.'),
})
export type NodeSwapStatus = ValueOfShape<typeof nodeSwapStatus>

export const nodeSystemInfo = shape(
  'io.k8s.api.core.v1.NodeSystemInfo',
  'Identity and versions of a machine.',
  {
    machineID: string(1).required().doc("The operating system's own id of the machine."),
    systemUUID: string(2).required().doc("The firmware's id of the machine."),
    bootID: string(3).required().doc('Changes at each boot.'),
    kernelVersion: string(4).required().doc('Version of the kernel.'),
    osImage: string(5).required().doc('The operating system, as it calls itself.'),
    containerRuntimeVersion: string(6)
      .required()
      .doc('Runtime and version, as containerd://1.7.0.'),
    kubeletVersion: string(7).required().doc('Version of the kubelet.'),
    kubeProxyVersion: string(8).required().deprecated().doc('No longer reported.'),
    operatingSystem: string(9).required().doc('linux or windows.'),
    architecture: string(10).required().doc('Processor architecture, such as amd64.'),
    swap: struct(11, nodeSwapStatus).optional().doc('Swap memory, where there is any.'),
  },
)
export type NodeSystemInfo = ValueOfShape<typeof nodeSystemInfo>

export const containerImage = shape(
  'io.k8s.api.core.v1.ContainerImage',
  'An image that a node holds.',
  {
    names: list(1, string()).always().atomic().doc('Names and digests of the image.'),
    sizeBytes: int64(2).doc('Its size on disk.'),
  },
)
export type ContainerImage = ValueOfShape<typeof containerImage>

export const attachedVolume = shape(
  'io.k8s.api.core.v1.AttachedVolume',
  'A volume that is attached to a node.',
  {
    name: string(1).required().doc('Name of the volume.'),
    devicePath: string(2).required().doc('Where the device appears on the node.'),
  },
)
export type AttachedVolume = ValueOfShape<typeof attachedVolume>

export const nodeConfigStatus = shape(
  'io.k8s.api.core.v1.NodeConfigStatus',
  "What became of a kubelet's configuration source. No longer used.",
  {
    assigned: struct(1, nodeConfigSource).optional().doc('The source that the kubelet should use.'),
    active: struct(2, nodeConfigSource).optional().doc('The source that it uses.'),
    lastKnownGood: struct(3, nodeConfigSource).optional().doc('The source that it falls back to.'),
    error: string(4).doc('What is wrong with the assigned source.'),
  },
)
export type NodeConfigStatus = ValueOfShape<typeof nodeConfigStatus>

export const nodeRuntimeHandlerFeatures = shape(
  'io.k8s.api.core.v1.NodeRuntimeHandlerFeatures',
  'What a runtime handler can do.',
  {
    recursiveReadOnlyMounts: boolean(1).optional().doc('It can make whole mount trees read-only.'),
    userNamespaces: boolean(2).optional().doc('It can run pods in user namespaces.'),
  },
)
export type NodeRuntimeHandlerFeatures = ValueOfShape<typeof nodeRuntimeHandlerFeatures>

export const nodeRuntimeHandler = shape(
  'io.k8s.api.core.v1.NodeRuntimeHandler',
  'A runtime handler of a node.',
  {
    name: string(1).always().doc('Name of the handler; empty for the default one.'),
    features: struct(2, nodeRuntimeHandlerFeatures).optional().doc('What it can do.'),
  },
)
export type NodeRuntimeHandler = ValueOfShape<typeof nodeRuntimeHandler>

export const nodeFeatures = shape(
  'io.k8s.api.core.v1.NodeFeatures',
  "What a node's container runtime can do.",
  {
    supplementalGroupsPolicy: boolean(1)
      .optional()
      .doc('It honours supplementalGroupsPolicy of pods.'),
  },
)
export type NodeFeatures = ValueOfShape<typeof nodeFeatures>

export const nodeStatus = shape(
  'io.k8s.api.core.v1.NodeStatus',
  'What a kubelet reports of its node.',
  {
    capacity: resourceList(1).doc('All resources of the machine.'),
    allocatable: resourceList(2).doc('What of the capacity pods may use.'),
    phase: string(3)
      .enum('Pending', 'Running', 'Terminated')
      .doc('Set by no one any more; see the conditions.'),
    conditions: list(4, nodeCondition)
      .listMap('type')
      .mergeKey('type')
      .doc("Aspects of the node's health, above all Ready."),
    addresses: list(5, nodeAddress)
      .listMap('type')
      .mergeKey('type')
      .doc('Names and addresses under which the node is reached.'),
    daemonEndpoints: struct(6, nodeDaemonEndpoints)
      .always()
      .doc("Ports of the node's own services."),
    nodeInfo: struct(7, nodeSystemInfo).always().doc('Versions and identity of the machine.'),
    images: list(8, containerImage).atomic().doc('Images that are already on the node.'),
    volumesInUse: list(9, string())
      .atomic()
      .doc('Volumes that pods use and that must not be detached.'),
    volumesAttached: list(10, attachedVolume)
      .atomic()
      .doc('Volumes that are attached to the node.'),
    config: struct(11, nodeConfigStatus)
      .optional()
      .doc('What became of the configuration source. No longer used.'),
    runtimeHandlers: list(12, nodeRuntimeHandler)
      .atomic()
      .doc('Runtime classes that the node offers.'),
    features: struct(13, nodeFeatures).optional().doc('What the container runtime can do.'),
    declaredFeatures: list(14, string())
      .atomic()
      .doc('Names of optional features that the kubelet declares, sorted.'),
  },
)
export type NodeStatus = ValueOfShape<typeof nodeStatus>
