import { type ObjectOfShape, objectShape } from '../../../machinery/kind.ts'
import { objectMeta } from '../../../machinery/metadata.ts'
import {
  boolean,
  int32,
  int64,
  list,
  map,
  resourceList,
  shape,
  string,
  struct,
  type ValueOfShape,
} from '../../../machinery/schema.ts'
import { localObjectReference } from '../references.ts'
import { affinity, toleration, topologySpreadConstraint } from './schema.affinity.ts'
import { container, ephemeralContainer } from './schema.container.ts'
import { podResourceClaim, podSchedulingGroup, resourceRequirements } from './schema.resources.ts'
import { podSecurityContext } from './schema.security.ts'
import { podStatus } from './schema.status.ts'
import { volume } from './schema.volumes.ts'

export const hostAlias = shape('io.k8s.api.core.v1.HostAlias', "A line of the pod's /etc/hosts.", {
  ip: string(1).required().doc('The address.'),
  hostnames: list(2, string()).atomic().doc('Its names.'),
})
export type HostAlias = ValueOfShape<typeof hostAlias>

export const podDNSConfigOption = shape(
  'io.k8s.api.core.v1.PodDNSConfigOption',
  'An option of the resolver.',
  {
    name: string(1).doc('Name of the option.'),
    value: string(2).optional().doc('Its value, if it has one.'),
  },
)
export type PodDNSConfigOption = ValueOfShape<typeof podDNSConfigOption>

export const podDNSConfig = shape(
  'io.k8s.api.core.v1.PodDNSConfig',
  "Additions to the pod's resolv.conf.",
  {
    nameservers: list(1, string()).atomic().doc('Further name servers.'),
    searches: list(2, string()).atomic().doc('Further search domains.'),
    options: list(3, podDNSConfigOption)
      .atomic()
      .doc('Further resolver options; they win over the usual ones.'),
  },
)
export type PodDNSConfig = ValueOfShape<typeof podDNSConfig>

export const podReadinessGate = shape(
  'io.k8s.api.core.v1.PodReadinessGate',
  'An extra condition of readiness.',
  {
    conditionType: string(1).required().doc('The pod condition that must be True.'),
  },
)
export type PodReadinessGate = ValueOfShape<typeof podReadinessGate>

export const podOS = shape('io.k8s.api.core.v1.PodOS', 'The operating system that a pod needs.', {
  name: string(1).required().doc('linux or windows.'),
})
export type PodOS = ValueOfShape<typeof podOS>

export const podSchedulingGate = shape(
  'io.k8s.api.core.v1.PodSchedulingGate',
  'Something that must be settled before a pod is scheduled.',
  {
    name: string(1).required().doc('Name of the gate.'),
  },
)
export type PodSchedulingGate = ValueOfShape<typeof podSchedulingGate>

export const podSpec = shape('io.k8s.api.core.v1.PodSpec', 'What a pod runs, where and how.', {
  volumes: list(1, volume)
    .listMap('name')
    .mergeKey('name')
    .patchStrategy('merge', 'retainKeys')
    .doc('Volumes that its containers can mount.'),
  initContainers: list(20, container)
    .listMap('name')
    .mergeKey('name')
    .doc('Containers that run to their end, one after the other, before the others start.'),
  containers: list(2, container)
    .required()
    .listMap('name')
    .mergeKey('name')
    .doc('The containers; at least one.'),
  ephemeralContainers: list(34, ephemeralContainer)
    .listMap('name')
    .mergeKey('name')
    .doc('Containers added later, to look at the pod; through their subresource only.'),
  restartPolicy: string(3)
    .enum('Always', 'OnFailure', 'Never')
    .doc('Always, OnFailure or Never, for all its containers.'),
  terminationGracePeriodSeconds: int64(4)
    .optional()
    .doc('Time for an orderly end; 0 ends it at once.'),
  activeDeadlineSeconds: int64(5)
    .optional()
    .doc('The longest that the pod may run before it fails.'),
  dnsPolicy: string(6)
    .enum('ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None')
    .doc("ClusterFirst, ClusterFirstWithHostNet, Default (the node's), or None with dnsConfig."),
  nodeSelector: map(7, string()).atomic().doc('Labels that the node must have.'),
  serviceAccountName: string(8).doc('The service account that it runs as.'),
  serviceAccount: string(9).deprecated().doc('Old name of serviceAccountName.'),
  automountServiceAccountToken: boolean(21)
    .optional()
    .doc('Whether it gets a token of its service account mounted.'),
  nodeName: string(10).doc('The node that it runs on; set by the scheduler.'),
  hostNetwork: boolean(11).doc("Whether it uses the node's network."),
  hostPID: boolean(12).doc("Whether it sees the node's processes."),
  hostIPC: boolean(13).doc("Whether it shares the node's inter-process communication."),
  shareProcessNamespace: boolean(27)
    .optional()
    .doc("Whether its containers see each other's processes."),
  securityContext: struct(14, podSecurityContext)
    .optional()
    .doc('Security settings for all its containers.'),
  imagePullSecrets: list(15, struct(undefined, localObjectReference))
    .listMap('name')
    .mergeKey('name')
    .doc('Secrets for pulling its images.'),
  hostname: string(16).doc("Its host name; the pod's name if empty."),
  subdomain: string(17).doc(
    "With it, the pod's full name is hostname.subdomain.namespace.svc.domain.",
  ),
  affinity: struct(18, affinity).optional().doc('Where it wants to run.'),
  schedulerName: string(19).doc('The scheduler that places it.'),
  tolerations: list(22, toleration).atomic().doc('Taints that it tolerates.'),
  hostAliases: list(23, hostAlias)
    .listMap('ip')
    .mergeKey('ip')
    .doc('Further lines of its /etc/hosts.'),
  priorityClassName: string(24).doc('The priority class; it sets priority.'),
  priority: int32(25).optional().doc('How important it is; higher goes first.'),
  dnsConfig: struct(26, podDNSConfig).optional().doc('Additions to its resolv.conf.'),
  readinessGates: list(28, podReadinessGate)
    .atomic()
    .doc('Further conditions that must hold for it to be ready.'),
  runtimeClassName: string(29).optional().doc('The runtime class that it is run with.'),
  enableServiceLinks: boolean(30)
    .optional()
    .doc('Whether services of its namespace are given as environment variables.'),
  preemptionPolicy: string(31)
    .enum('PreemptLowerPriority', 'Never')
    .optional()
    .doc('PreemptLowerPriority, or Never to wait instead of displacing others.'),
  overhead: resourceList(32).doc('What its runtime class needs on top of the containers.'),
  topologySpreadConstraints: list(33, topologySpreadConstraint)
    .listMap('topologyKey', 'whenUnsatisfiable')
    .mergeKey('topologyKey')
    .doc('How it is spread over the cluster with its like.'),
  setHostnameAsFQDN: boolean(35).optional().doc('Whether its host name is the full name.'),
  os: struct(36, podOS).optional().doc('The operating system that it needs.'),
  hostUsers: boolean(37).optional().doc('When false, it runs in a user namespace of its own.'),
  schedulingGates: list(38, podSchedulingGate)
    .listMap('name')
    .mergeKey('name')
    .doc('What must be settled before it is scheduled.'),
  resourceClaims: list(39, podResourceClaim)
    .listMap('name')
    .mergeKey('name')
    .patchStrategy('merge', 'retainKeys')
    .doc('Claims that its containers may use.'),
  resources: struct(40, resourceRequirements)
    .optional()
    .doc('What the pod as a whole needs and may use.'),
  hostnameOverride: string(41)
    .optional()
    .doc('Its host name, whatever hostname and subdomain say.'),
  schedulingGroup: struct(43, podSchedulingGroup)
    .optional()
    .doc('The group that it is scheduled with.'),
})
export type PodSpec = ValueOfShape<typeof podSpec>

export const podTemplateSpec = shape(
  'io.k8s.api.core.v1.PodTemplateSpec',
  'The pods that a workload makes.',
  {
    metadata: struct(1, objectMeta).always().doc('Labels and annotations of the pods.'),
    spec: struct(2, podSpec).always().doc('What the pods run.'),
  },
)
export type PodTemplateSpec = ValueOfShape<typeof podTemplateSpec>

export const podShape = objectShape(
  'io.k8s.api.core.v1.Pod',
  'A group of containers that run together on one node.',
  {
    spec: struct(2, podSpec).always().doc('What it runs, where and how.'),
    status: struct(3, podStatus).always().doc('How it is doing.'),
  },
)
export type Pod = ObjectOfShape<typeof podShape>
