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

export const servicePort = shape('io.k8s.api.core.v1.ServicePort', 'A port of a service.', {
  name: string(1).doc('Name of the port; needed if there are several.'),
  protocol: string(2).enum('TCP', 'UDP', 'SCTP').default('TCP').doc('TCP, UDP or SCTP.'),
  appProtocol: string(6)
    .optional()
    .doc('The protocol spoken over it, such as kubernetes.io/h2c; a hint.'),
  port: int32(3).required().doc("The service's port."),
  targetPort: intOrString(4)
    .always()
    .doc("The pods' port by number or name; the same number if absent."),
  nodePort: int32(5).doc('The port on every node, for NodePort and LoadBalancer; chosen if 0.'),
})
export type ServicePort = ValueOfShape<typeof servicePort>

export const clientIPConfig = shape(
  'io.k8s.api.core.v1.ClientIPConfig',
  'How clients stick to an endpoint by their address.',
  {
    timeoutSeconds: int32(1).optional().doc('For how long, up to a day; three hours if absent.'),
  },
)
export type ClientIPConfig = ValueOfShape<typeof clientIPConfig>

export const sessionAffinityConfig = shape(
  'io.k8s.api.core.v1.SessionAffinityConfig',
  'How clients stick to an endpoint.',
  {
    clientIP: struct(1, clientIPConfig).optional().doc('By their address.'),
  },
)
export type SessionAffinityConfig = ValueOfShape<typeof sessionAffinityConfig>

export const serviceSpec = shape(
  'io.k8s.api.core.v1.ServiceSpec',
  'What a service offers and where it leads.',
  {
    ports: list(1, servicePort).listMap('port', 'protocol').mergeKey('port').doc('Its ports.'),
    selector: map(2, string())
      .atomic()
      .doc('Labels of the pods that it leads to; without it, endpoints are set by others.'),
    clusterIP: string(3).doc(
      'Its address inside the cluster; chosen if empty, None for a headless service.',
    ),
    clusterIPs: list(18, string())
      .atomic()
      .doc('Its addresses, at most one for each family; the first is clusterIP.'),
    type: string(4)
      .enum('ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName')
      .doc('ClusterIP, NodePort, LoadBalancer or ExternalName.'),
    externalIPs: list(5, string())
      .atomic()
      .doc('Addresses of nodes on which it is served too; their routing is up to you.'),
    sessionAffinity: string(7)
      .enum('ClientIP', 'None')
      .doc('ClientIP keeps a client with one endpoint; None.'),
    loadBalancerIP: string(8)
      .deprecated()
      .doc(
        'The address that is asked of the load balancer. Deprecated; providers have annotations.',
      ),
    loadBalancerSourceRanges: list(9, string())
      .atomic()
      .doc('Clients that the load balancer lets in.'),
    externalName: string(10).doc('The name that an ExternalName service stands for.'),
    externalTrafficPolicy: string(11)
      .enum('Cluster', 'Local')
      .doc('Local sends traffic from outside to pods of the same node only; Cluster to all.'),
    healthCheckNodePort: int32(12).doc(
      'Port on which nodes tell a load balancer that they have endpoints.',
    ),
    publishNotReadyAddresses: boolean(13).doc('Whether endpoints are given before they are ready.'),
    sessionAffinityConfig: struct(14, sessionAffinityConfig)
      .optional()
      .doc('How clients stick to an endpoint.'),
    ipFamilies: list(19, string().enum('IPv4', 'IPv6', ''))
      .atomic()
      .doc('IPv4, IPv6 or both, in order of preference.'),
    ipFamilyPolicy: string(17)
      .enum('SingleStack', 'PreferDualStack', 'RequireDualStack')
      .optional()
      .doc('SingleStack, PreferDualStack or RequireDualStack.'),
    allocateLoadBalancerNodePorts: boolean(20)
      .optional()
      .doc('Whether a LoadBalancer service gets node ports as well.'),
    loadBalancerClass: string(21)
      .optional()
      .doc('The load balancer that shall serve it; the default one if absent.'),
    internalTrafficPolicy: string(22)
      .enum('Cluster', 'Local')
      .optional()
      .doc('Local sends traffic from inside to pods of the same node only; Cluster to all.'),
    trafficDistribution: string(23)
      .optional()
      .doc('Which endpoints are preferred: PreferSameZone or PreferSameNode.'),
  },
)
export type ServiceSpec = ValueOfShape<typeof serviceSpec>

export const portStatus = shape(
  'io.k8s.api.core.v1.PortStatus',
  'What became of a port of a load balancer.',
  {
    port: int32(1).required().doc('The port.'),
    protocol: string(2).enum('TCP', 'UDP', 'SCTP').required().doc('TCP, UDP or SCTP.'),
    error: string(3).optional().doc('Why it could not be set up, as one word.'),
  },
)
export type PortStatus = ValueOfShape<typeof portStatus>

export const loadBalancerIngress = shape(
  'io.k8s.api.core.v1.LoadBalancerIngress',
  'A point where a load balancer takes traffic.',
  {
    ip: string(1).doc('Its address.'),
    hostname: string(2).doc('Its name, if it has no fixed address.'),
    ipMode: string(3)
      .optional()
      .doc("VIP if traffic arrives with this address, Proxy if with the node's."),
    ports: list(4, portStatus).atomic().doc('What became of the ports.'),
  },
)
export type LoadBalancerIngress = ValueOfShape<typeof loadBalancerIngress>

export const loadBalancerStatus = shape(
  'io.k8s.api.core.v1.LoadBalancerStatus',
  'What a load balancer has set up.',
  {
    ingress: list(1, loadBalancerIngress).atomic().doc('Where it takes traffic.'),
  },
)
export type LoadBalancerStatus = ValueOfShape<typeof loadBalancerStatus>

export const serviceStatus = shape(
  'io.k8s.api.core.v1.ServiceStatus',
  'What became of a service.',
  {
    loadBalancer: struct(1, loadBalancerStatus).always().doc('What its load balancer has set up.'),
    conditions: list(2, condition).listMap('type').mergeKey('type').doc('Aspects of its state.'),
  },
)
export type ServiceStatus = ValueOfShape<typeof serviceStatus>

export const serviceShape = objectShape(
  'io.k8s.api.core.v1.Service',
  'One stable address for a set of pods.',
  {
    spec: struct(2, serviceSpec).always().doc('What it offers and where it leads.'),
    status: struct(3, serviceStatus).always().doc('What became of it.'),
  },
)
export type Service = ObjectOfShape<typeof serviceShape>
