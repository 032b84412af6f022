import { type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { condition } from '../../machinery/metadata.ts'
import {
  boolean,
  int32,
  intOrString,
  list,
  map,
  shape,
  string,
  struct,
  type ValueOfShape,
} from '../../machinery/schema.ts'

export const servicePort = shape('io.k8s.api.core.v1.ServicePort', 'core.ServicePort', {
  name: string(1).doc('core.ServicePort.name'),
  protocol: string(2).enum('TCP', 'UDP', 'SCTP').default('TCP').doc('core.ServicePort.protocol'),
  appProtocol: string(6).optional().doc('core.ServicePort.appProtocol'),
  port: int32(3).required().doc('core.ServicePort.port'),
  targetPort: intOrString(4).doc('core.ServicePort.targetPort'),
  nodePort: int32(5).doc('core.ServicePort.nodePort'),
})
export type ServicePort = ValueOfShape<typeof servicePort>

export const clientIPConfig = shape('io.k8s.api.core.v1.ClientIPConfig', 'core.ClientIPConfig', {
  timeoutSeconds: int32(1).optional().doc('core.ClientIPConfig.timeoutSeconds'),
})
export type ClientIPConfig = ValueOfShape<typeof clientIPConfig>

export const sessionAffinityConfig = shape(
  'io.k8s.api.core.v1.SessionAffinityConfig',
  'core.SessionAffinityConfig',
  {
    clientIP: struct(1, clientIPConfig).optional().doc('core.SessionAffinityConfig.clientIP'),
  },
)
export type SessionAffinityConfig = ValueOfShape<typeof sessionAffinityConfig>

export const serviceSpec = shape('io.k8s.api.core.v1.ServiceSpec', 'core.ServiceSpec', {
  ports: list(1, servicePort)
    .listMap('port', 'protocol')
    .mergeKey('port')
    .doc('core.ServiceSpec.ports'),
  selector: map(2, string()).atomic().doc('core.ServiceSpec.selector'),
  clusterIP: string(3).doc('core.ServiceSpec.clusterIP'),
  clusterIPs: list(18, string()).atomic().doc('core.ServiceSpec.clusterIPs'),
  type: string(4)
    .enum('ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName')
    .doc('core.ServiceSpec.type'),
  externalIPs: list(5, string()).atomic().doc('core.ServiceSpec.externalIPs'),
  sessionAffinity: string(7).enum('ClientIP', 'None').doc('core.ServiceSpec.sessionAffinity'),
  loadBalancerIP: string(8).deprecated().doc('core.ServiceSpec.loadBalancerIP'),
  loadBalancerSourceRanges: list(9, string())
    .atomic()
    .doc('core.ServiceSpec.loadBalancerSourceRanges'),
  externalName: string(10).doc('core.ServiceSpec.externalName'),
  externalTrafficPolicy: string(11)
    .enum('Cluster', 'Local')
    .doc('core.ServiceSpec.externalTrafficPolicy'),
  healthCheckNodePort: int32(12).doc('core.ServiceSpec.healthCheckNodePort'),
  publishNotReadyAddresses: boolean(13).doc('core.ServiceSpec.publishNotReadyAddresses'),
  sessionAffinityConfig: struct(14, sessionAffinityConfig)
    .optional()
    .doc('core.ServiceSpec.sessionAffinityConfig'),
  ipFamilies: list(19, string().enum('IPv4', 'IPv6', ''))
    .atomic()
    .doc('core.ServiceSpec.ipFamilies'),
  ipFamilyPolicy: string(17)
    .enum('SingleStack', 'PreferDualStack', 'RequireDualStack')
    .optional()
    .doc('core.ServiceSpec.ipFamilyPolicy'),
  allocateLoadBalancerNodePorts: boolean(20)
    .optional()
    .doc('core.ServiceSpec.allocateLoadBalancerNodePorts'),
  loadBalancerClass: string(21).optional().doc('core.ServiceSpec.loadBalancerClass'),
  internalTrafficPolicy: string(22)
    .enum('Cluster', 'Local')
    .optional()
    .doc('core.ServiceSpec.internalTrafficPolicy'),
  trafficDistribution: string(23).optional().doc('core.ServiceSpec.trafficDistribution'),
})
export type ServiceSpec = ValueOfShape<typeof serviceSpec>

export const portStatus = shape('io.k8s.api.core.v1.PortStatus', 'core.PortStatus', {
  port: int32(1).required().doc('core.PortStatus.port'),
  protocol: string(2).enum('TCP', 'UDP', 'SCTP').required().doc('core.PortStatus.protocol'),
  error: string(3).optional().doc('core.PortStatus.error'),
})
export type PortStatus = ValueOfShape<typeof portStatus>

export const loadBalancerIngress = shape(
  'io.k8s.api.core.v1.LoadBalancerIngress',
  'core.LoadBalancerIngress',
  {
    ip: string(1).doc('core.LoadBalancerIngress.ip'),
    hostname: string(2).doc('core.LoadBalancerIngress.hostname'),
    ipMode: string(3).optional().doc('core.LoadBalancerIngress.ipMode'),
    ports: list(4, portStatus).atomic().doc('core.LoadBalancerIngress.ports'),
  },
)
export type LoadBalancerIngress = ValueOfShape<typeof loadBalancerIngress>

export const loadBalancerStatus = shape(
  'io.k8s.api.core.v1.LoadBalancerStatus',
  'core.LoadBalancerStatus',
  {
    ingress: list(1, loadBalancerIngress).atomic().doc('core.LoadBalancerStatus.ingress'),
  },
)
export type LoadBalancerStatus = ValueOfShape<typeof loadBalancerStatus>

export const serviceStatus = shape('io.k8s.api.core.v1.ServiceStatus', 'core.ServiceStatus', {
  loadBalancer: struct(1, loadBalancerStatus).always().doc('core.ServiceStatus.loadBalancer'),
  conditions: list(2, condition)
    .listMap('type')
    .mergeKey('type')
    .doc('core.ServiceStatus.conditions'),
})
export type ServiceStatus = ValueOfShape<typeof serviceStatus>

export const serviceShape = objectShape('io.k8s.api.core.v1.Service', 'core.Service', {
  spec: struct(2, serviceSpec).always().doc('core.Service.spec'),
  status: struct(3, serviceStatus).always().doc('core.Service.status'),
})
export type Service = ObjectOfShape<typeof serviceShape>
