import { type ObjectOfShape, objectShape } from '../../../machinery/kind.ts'
import { objectMeta } from '../../../machinery/metadata.ts'
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
  type ValueOfShape,
} from '../../../machinery/schema.ts'
import { localObjectReference } from '../references.ts'
import { affinity, toleration, topologySpreadConstraint } from './schema.affinity.ts'
import { container, ephemeralContainer } from './schema.container.ts'
import { podResourceClaim, podSchedulingGroup, resourceRequirements } from './schema.resources.ts'
import { podSecurityContext } from './schema.security.ts'
import { podStatus } from './schema.status.ts'
import { volume } from './schema.volumes.ts'

export const hostAlias = shape('io.k8s.api.core.v1.HostAlias', 'core.HostAlias', {
  ip: string(1).required().doc('core.HostAlias.ip'),
  hostnames: list(2, string()).atomic().doc('core.HostAlias.hostnames'),
})
export type HostAlias = ValueOfShape<typeof hostAlias>

export const podDNSConfigOption = shape(
  'io.k8s.api.core.v1.PodDNSConfigOption',
  'core.PodDNSConfigOption',
  {
    name: string(1).doc('core.PodDNSConfigOption.name'),
    value: string(2).optional().doc('core.PodDNSConfigOption.value'),
  },
)
export type PodDNSConfigOption = ValueOfShape<typeof podDNSConfigOption>

export const podDNSConfig = shape('io.k8s.api.core.v1.PodDNSConfig', 'core.PodDNSConfig', {
  nameservers: list(1, string()).atomic().doc('core.PodDNSConfig.nameservers'),
  searches: list(2, string()).atomic().doc('core.PodDNSConfig.searches'),
  options: list(3, podDNSConfigOption).atomic().doc('core.PodDNSConfig.options'),
})
export type PodDNSConfig = ValueOfShape<typeof podDNSConfig>

export const podReadinessGate = shape(
  'io.k8s.api.core.v1.PodReadinessGate',
  'core.PodReadinessGate',
  {
    conditionType: string(1).required().doc('core.PodReadinessGate.conditionType'),
  },
)
export type PodReadinessGate = ValueOfShape<typeof podReadinessGate>

export const podOS = shape('io.k8s.api.core.v1.PodOS', 'core.PodOS', {
  name: string(1).required().doc('core.PodOS.name'),
})
export type PodOS = ValueOfShape<typeof podOS>

export const podSchedulingGate = shape(
  'io.k8s.api.core.v1.PodSchedulingGate',
  'core.PodSchedulingGate',
  {
    name: string(1).required().doc('core.PodSchedulingGate.name'),
  },
)
export type PodSchedulingGate = ValueOfShape<typeof podSchedulingGate>

export const podSpec = shape('io.k8s.api.core.v1.PodSpec', 'core.PodSpec', {
  volumes: list(1, volume)
    .listMap('name')
    .mergeKey('name')
    .patchStrategy('merge', 'retainKeys')
    .doc('core.PodSpec.volumes'),
  initContainers: list(20, container)
    .listMap('name')
    .mergeKey('name')
    .doc('core.PodSpec.initContainers'),
  containers: list(2, container)
    .required()
    .listMap('name')
    .mergeKey('name')
    .doc('core.PodSpec.containers'),
  ephemeralContainers: list(34, ephemeralContainer)
    .listMap('name')
    .mergeKey('name')
    .doc('core.PodSpec.ephemeralContainers'),
  restartPolicy: string(3).enum('Always', 'OnFailure', 'Never').doc('core.PodSpec.restartPolicy'),
  terminationGracePeriodSeconds: int64(4)
    .optional()
    .doc('core.PodSpec.terminationGracePeriodSeconds'),
  activeDeadlineSeconds: int64(5).optional().doc('core.PodSpec.activeDeadlineSeconds'),
  dnsPolicy: string(6)
    .enum('ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None')
    .doc('core.PodSpec.dnsPolicy'),
  nodeSelector: map(7, string()).atomic().doc('core.PodSpec.nodeSelector'),
  serviceAccountName: string(8).doc('core.PodSpec.serviceAccountName'),
  serviceAccount: string(9).deprecated().doc('core.PodSpec.serviceAccount'),
  automountServiceAccountToken: boolean(21)
    .optional()
    .doc('core.PodSpec.automountServiceAccountToken'),
  nodeName: string(10).doc('core.PodSpec.nodeName'),
  hostNetwork: boolean(11).doc('core.PodSpec.hostNetwork'),
  hostPID: boolean(12).doc('core.PodSpec.hostPID'),
  hostIPC: boolean(13).doc('core.PodSpec.hostIPC'),
  shareProcessNamespace: boolean(27).optional().doc('core.PodSpec.shareProcessNamespace'),
  securityContext: struct(14, podSecurityContext).optional().doc('core.PodSpec.securityContext'),
  imagePullSecrets: list(15, localObjectReference)
    .listMap('name')
    .mergeKey('name')
    .doc('core.PodSpec.imagePullSecrets'),
  hostname: string(16).doc('core.PodSpec.hostname'),
  subdomain: string(17).doc('core.PodSpec.subdomain'),
  affinity: struct(18, affinity).optional().doc('core.PodSpec.affinity'),
  schedulerName: string(19).doc('core.PodSpec.schedulerName'),
  tolerations: list(22, toleration).atomic().doc('core.PodSpec.tolerations'),
  hostAliases: list(23, hostAlias).listMap('ip').mergeKey('ip').doc('core.PodSpec.hostAliases'),
  priorityClassName: string(24).doc('core.PodSpec.priorityClassName'),
  priority: int32(25).optional().doc('core.PodSpec.priority'),
  dnsConfig: struct(26, podDNSConfig).optional().doc('core.PodSpec.dnsConfig'),
  readinessGates: list(28, podReadinessGate).atomic().doc('core.PodSpec.readinessGates'),
  runtimeClassName: string(29).optional().doc('core.PodSpec.runtimeClassName'),
  enableServiceLinks: boolean(30).optional().doc('core.PodSpec.enableServiceLinks'),
  preemptionPolicy: string(31)
    .enum('PreemptLowerPriority', 'Never')
    .optional()
    .doc('core.PodSpec.preemptionPolicy'),
  overhead: map(32, quantity()).doc('core.PodSpec.overhead'),
  topologySpreadConstraints: list(33, topologySpreadConstraint)
    .listMap('topologyKey', 'whenUnsatisfiable')
    .mergeKey('topologyKey')
    .doc('core.PodSpec.topologySpreadConstraints'),
  setHostnameAsFQDN: boolean(35).optional().doc('core.PodSpec.setHostnameAsFQDN'),
  os: struct(36, podOS).optional().doc('core.PodSpec.os'),
  hostUsers: boolean(37).optional().doc('core.PodSpec.hostUsers'),
  schedulingGates: list(38, podSchedulingGate)
    .listMap('name')
    .mergeKey('name')
    .doc('core.PodSpec.schedulingGates'),
  resourceClaims: list(39, podResourceClaim)
    .listMap('name')
    .mergeKey('name')
    .patchStrategy('merge', 'retainKeys')
    .doc('core.PodSpec.resourceClaims'),
  resources: struct(40, resourceRequirements).optional().doc('core.PodSpec.resources'),
  hostnameOverride: string(41).optional().doc('core.PodSpec.hostnameOverride'),
  schedulingGroup: struct(43, podSchedulingGroup).optional().doc('core.PodSpec.schedulingGroup'),
})
export type PodSpec = ValueOfShape<typeof podSpec>

export const podTemplateSpec = shape('io.k8s.api.core.v1.PodTemplateSpec', 'core.PodTemplateSpec', {
  metadata: struct(1, objectMeta).always().doc('core.PodTemplateSpec.metadata'),
  spec: struct(2, podSpec).always().doc('core.PodTemplateSpec.spec'),
})
export type PodTemplateSpec = ValueOfShape<typeof podTemplateSpec>

export const podShape = objectShape('io.k8s.api.core.v1.Pod', 'core.Pod', {
  spec: struct(2, podSpec).always().doc('core.Pod.spec'),
  status: struct(3, podStatus).always().doc('core.Pod.status'),
})
export type Pod = ObjectOfShape<typeof podShape>
