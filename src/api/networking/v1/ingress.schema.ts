import { typedLocalObjectReference } from '../../core/v1/references.ts'
import { type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { int32, list, shape, string, struct, type ValueOfShape } from '../../machinery/schema.ts'

export const serviceBackendPort = shape(
  'io.k8s.api.networking.v1.ServiceBackendPort',
  'A port of a service, by name or by number.',
  {
    name: string(1).doc('Name of the port; not together with number.'),
    number: int32(2).doc('Number of the port; not together with name.'),
  },
  { atomic: true },
)
export type ServiceBackendPort = ValueOfShape<typeof serviceBackendPort>

export const ingressServiceBackend = shape(
  'io.k8s.api.networking.v1.IngressServiceBackend',
  'A service that answers.',
  {
    name: string(1).required().doc('Name of the service, in the namespace of the ingress.'),
    port: struct(2, serviceBackendPort).always().doc('Its port.'),
  },
)
export type IngressServiceBackend = ValueOfShape<typeof ingressServiceBackend>

export const ingressBackend = shape(
  'io.k8s.api.networking.v1.IngressBackend',
  'What answers requests: a service or another object.',
  {
    service: struct(4, ingressServiceBackend).optional().doc('A service; not with resource.'),
    resource: struct(3, typedLocalObjectReference)
      .optional()
      .doc('An object that the controller knows, such as a bucket; not with service.'),
  },
)
export type IngressBackend = ValueOfShape<typeof ingressBackend>

export const ingressTls = shape(
  'io.k8s.api.networking.v1.IngressTLS',
  'A certificate, and for whom it is.',
  {
    hosts: list(1, string())
      .atomic()
      .doc('Host names in the certificate; * may be the first label.'),
    secretName: string(2).doc('The secret with certificate and key; the default one if empty.'),
  },
)
export type IngressTls = ValueOfShape<typeof ingressTls>

export const httpIngressPath = shape(
  'io.k8s.api.networking.v1.HTTPIngressPath',
  'Paths, and what answers them.',
  {
    path: string(1).doc('The path that requests are compared with; begins with a slash.'),
    pathType: string(3)
      .enum('Exact', 'ImplementationSpecific', 'Prefix')
      .required()
      .mayBeAbsent()
      .doc('How they are compared; Prefix compares whole parts between slashes.'),
    backend: struct(2, ingressBackend).required().doc('What answers.'),
  },
)
export type HttpIngressPath = ValueOfShape<typeof httpIngressPath>

export const httpIngressRuleValue = shape(
  'io.k8s.api.networking.v1.HTTPIngressRuleValue',
  'What answers which paths of a host.',
  { paths: list(1, httpIngressPath).required().atomic().doc('Paths and what answers them.') },
)
export type HttpIngressRuleValue = ValueOfShape<typeof httpIngressRuleValue>

export const ingressRule = shape(
  'io.k8s.api.networking.v1.IngressRule',
  'What answers requests to one host.',
  {
    host: string(1).doc('The host name; all hosts if empty. Its first label may be *.'),
    http: struct(1, httpIngressRuleValue)
      .optional()
      .doc('What answers which paths; the default backend answers all if absent.'),
  },
  {
    inlined: [
      { number: 2, shapeName: 'io.k8s.api.networking.v1.IngressRuleValue', fields: ['http'] },
    ],
  },
)
export type IngressRule = ValueOfShape<typeof ingressRule>

export const ingressSpec = shape(
  'io.k8s.api.networking.v1.IngressSpec',
  'How requests from outside reach services.',
  {
    ingressClassName: string(4)
      .optional()
      .doc('The IngressClass, and so the controller; the default class if absent.'),
    defaultBackend: struct(1, ingressBackend).optional().doc('What answers where no rule fits.'),
    tls: list(2, ingressTls).atomic().doc('Certificates; the controller chooses by host name.'),
    rules: list(3, ingressRule).atomic().doc('What answers which host and path.'),
  },
)
export type IngressSpec = ValueOfShape<typeof ingressSpec>

export const ingressPortStatus = shape(
  'io.k8s.api.networking.v1.IngressPortStatus',
  'A port of a load balancer.',
  {
    port: int32(1).required().doc('The number of the port.'),
    protocol: string(2).enum('SCTP', 'TCP', 'UDP').required().doc('TCP, UDP or SCTP.'),
    error: string(3).optional().doc('What is wrong with it, as one CamelCase word for programs.'),
  },
)
export type IngressPortStatus = ValueOfShape<typeof ingressPortStatus>

export const ingressLoadBalancerIngress = shape(
  'io.k8s.api.networking.v1.IngressLoadBalancerIngress',
  'Where a load balancer takes requests.',
  {
    ip: string(1).doc('Its address, if it is reached by address.'),
    hostname: string(2).doc('Its host name, if it is reached by name.'),
    ports: list(4, ingressPortStatus).atomic().doc('Its ports.'),
  },
)
export type IngressLoadBalancerIngress = ValueOfShape<typeof ingressLoadBalancerIngress>

export const ingressLoadBalancerStatus = shape(
  'io.k8s.api.networking.v1.IngressLoadBalancerStatus',
  'The state of the load balancer.',
  {
    ingress: list(1, ingressLoadBalancerIngress).atomic().doc('Where it takes requests.'),
  },
)
export type IngressLoadBalancerStatus = ValueOfShape<typeof ingressLoadBalancerStatus>

export const ingressStatus = shape(
  'io.k8s.api.networking.v1.IngressStatus',
  'Where an ingress takes requests.',
  {
    loadBalancer: struct(1, ingressLoadBalancerStatus)
      .always()
      .doc('The state of the load balancer.'),
  },
)
export type IngressStatus = ValueOfShape<typeof ingressStatus>

export const ingressShape = objectShape(
  'io.k8s.api.networking.v1.Ingress',
  'Leads HTTP requests from outside to services, by host and path.',
  {
    spec: struct(2, ingressSpec).always().doc('How requests reach services.'),
    status: struct(3, ingressStatus).always().doc('Where it takes requests.'),
  },
)
export type Ingress = ObjectOfShape<typeof ingressShape>
