import {
  int64,
  list,
  resourceList,
  shape,
  string,
  struct,
  time,
  type ValueOfShape,
} from '../../../machinery/schema.ts'
import { resourceRequirements } from './schema.resources.ts'
import { containerStatus } from './schema.status.container.ts'

export const podCondition = shape(
  'io.k8s.api.core.v1.PodCondition',
  "One aspect of a pod's state.",
  {
    type: string(1)
      .required()
      .doc('Names the aspect: PodScheduled, Initialized, ContainersReady, Ready and others.'),
    observedGeneration: int64(7).doc('The generation that the condition was computed from.'),
    status: string(2).required().doc('True, False or Unknown.'),
    lastProbeTime: time(3).doc('When it was last checked; rarely set.'),
    lastTransitionTime: time(4).doc('When the status last changed.'),
    reason: string(5).doc('Why, as one CamelCase word for programs.'),
    message: string(6).doc('Why, as a sentence for people.'),
  },
)
export type PodCondition = ValueOfShape<typeof podCondition>

export const hostIP = shape('io.k8s.api.core.v1.HostIP', "An address of a pod's node.", {
  ip: string(1).required().doc('The address.'),
})
export type HostIP = ValueOfShape<typeof hostIP>

export const podIP = shape('io.k8s.api.core.v1.PodIP', 'An address of a pod.', {
  ip: string(1).required().doc('The address.'),
})
export type PodIP = ValueOfShape<typeof podIP>

export const podResourceClaimStatus = shape(
  'io.k8s.api.core.v1.PodResourceClaimStatus',
  'The claim behind an entry of resourceClaims.',
  {
    name: string(1).required().doc('Name of the entry.'),
    resourceClaimName: string(2).optional().doc('Name of the claim; absent if none was needed.'),
  },
)
export type PodResourceClaimStatus = ValueOfShape<typeof podResourceClaimStatus>

export const containerExtendedResourceRequest = shape(
  'io.k8s.api.core.v1.ContainerExtendedResourceRequest',
  'Ties an extended resource of a container to a request of a claim.',
  {
    containerName: string(1).required().doc('Name of the container.'),
    resourceName: string(2).required().doc('The extended resource.'),
    requestName: string(3).required().doc('The request of the claim.'),
  },
)
export type ContainerExtendedResourceRequest = ValueOfShape<typeof containerExtendedResourceRequest>

export const podExtendedResourceClaimStatus = shape(
  'io.k8s.api.core.v1.PodExtendedResourceClaimStatus',
  "The claim made for a pod's extended resources.",
  {
    requestMappings: list(1, containerExtendedResourceRequest)
      .required()
      .atomic()
      .doc('Which request serves which container and resource.'),
    resourceClaimName: string(2).required().doc('Name of the claim.'),
  },
)
export type PodExtendedResourceClaimStatus = ValueOfShape<typeof podExtendedResourceClaimStatus>

export const nodeAllocatableResourceClaimStatus = shape(
  'io.k8s.api.core.v1.NodeAllocatableResourceClaimStatus',
  'Resources of the node that a claim uses up.',
  {
    resourceClaimName: string(1).required().doc('Name of the claim.'),
    containers: list(2, string()).listSet().doc('The containers that use it.'),
    resources: resourceList(3).required().doc('How much of which resource.'),
  },
)
export type NodeAllocatableResourceClaimStatus = ValueOfShape<
  typeof nodeAllocatableResourceClaimStatus
>

export const podStatus = shape(
  'io.k8s.api.core.v1.PodStatus',
  'How a pod is doing; written by the kubelet above all.',
  {
    observedGeneration: int64(17).doc('The generation that the kubelet has seen.'),
    phase: string(1)
      .enum('Pending', 'Running', 'Succeeded', 'Failed', 'Unknown')
      .doc('Pending, Running, Succeeded, Failed or Unknown.'),
    conditions: list(2, podCondition)
      .listMap('type')
      .mergeKey('type')
      .doc('Aspects of its state, above all Ready.'),
    message: string(3).doc('Why, as a sentence for people.'),
    reason: string(4).doc('Why it is so, as one word, such as Evicted.'),
    nominatedNodeName: string(11).doc('The node on which room is being made for it.'),
    hostIP: string(5).doc('Address of its node.'),
    hostIPs: list(16, hostIP).atomic().mergeKey('ip').doc('Addresses of its node.'),
    podIP: string(6).doc('Its address; the first of podIPs.'),
    podIPs: list(12, podIP)
      .listMap('ip')
      .mergeKey('ip')
      .doc('Its addresses, at most one for each family.'),
    startTime: time(7).optional().doc('When the kubelet took it up.'),
    initContainerStatuses: list(10, containerStatus)
      .atomic()
      .doc('How its init containers are doing.'),
    containerStatuses: list(8, containerStatus).atomic().doc('How its containers are doing.'),
    qosClass: string(9)
      .enum('Guaranteed', 'Burstable', 'BestEffort')
      .doc('Guaranteed, Burstable or BestEffort: how it is treated when the node runs short.'),
    ephemeralContainerStatuses: list(13, containerStatus)
      .atomic()
      .doc('How its ephemeral containers are doing.'),
    resize: string(14)
      .deprecated()
      .doc('State of a change of its resources; the conditions say more.'),
    resourceClaimStatuses: list(15, podResourceClaimStatus)
      .listMap('name')
      .mergeKey('name')
      .patchStrategy('merge', 'retainKeys')
      .doc('The claims behind its resourceClaims.'),
    extendedResourceClaimStatus: struct(18, podExtendedResourceClaimStatus)
      .optional()
      .doc('The claim made for its extended resources.'),
    allocatedResources: resourceList(19).doc('What the node has set aside for it as a whole.'),
    resources: struct(20, resourceRequirements).optional().doc('What it is given now as a whole.'),
    nodeAllocatableResourceClaimStatuses: list(21, nodeAllocatableResourceClaimStatus)
      .atomic()
      .doc('Resources of the node that its claims use up.'),
  },
)
export type PodStatus = ValueOfShape<typeof podStatus>
