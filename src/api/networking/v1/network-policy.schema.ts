import { type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { labelSelector } from '../../machinery/metadata.ts'
import {
  int32,
  intOrString,
  list,
  shape,
  string,
  struct,
  type ValueOfShape,
} from '../../machinery/schema.ts'

export const networkPolicyPort = shape(
  'io.k8s.api.networking.v1.NetworkPolicyPort',
  'Ports that traffic may use.',
  {
    protocol: string(1)
      .enum('SCTP', 'TCP', 'UDP')
      .optional()
      .unpublishedDefault('TCP')
      .doc('TCP, UDP or SCTP.'),
    port: intOrString(2)
      .optional()
      .doc('Number of the port, or its name at the pod; all ports if absent.'),
    endPort: int32(3).optional().doc('The last of a range of ports that begins with port.'),
  },
)
export type NetworkPolicyPort = ValueOfShape<typeof networkPolicyPort>

export const ipBlock = shape('io.k8s.api.networking.v1.IPBlock', 'A range of addresses.', {
  cidr: string(1).required().doc('The range, such as 192.168.1.0/24.'),
  except: list(2, string()).atomic().doc('Smaller ranges in it that are left out.'),
})
export type IpBlock = ValueOfShape<typeof ipBlock>

export const networkPolicyPeer = shape(
  'io.k8s.api.networking.v1.NetworkPolicyPeer',
  'The other side of traffic: pods, or a range of addresses.',
  {
    podSelector: struct(1, labelSelector)
      .optional()
      .doc('Labels of the pods; in the own namespace unless namespaceSelector says otherwise.'),
    namespaceSelector: struct(2, labelSelector)
      .optional()
      .doc('Labels of the namespaces of the pods; empty is all of them.'),
    ipBlock: struct(3, ipBlock).optional().doc('A range of addresses; alone.'),
  },
)
export type NetworkPolicyPeer = ValueOfShape<typeof networkPolicyPeer>

export const networkPolicyIngressRule = shape(
  'io.k8s.api.networking.v1.NetworkPolicyIngressRule',
  'Traffic to the pods that is allowed.',
  {
    ports: list(1, networkPolicyPort).atomic().doc('On which ports; all if empty.'),
    from: list(2, networkPolicyPeer).atomic().doc('From where; everywhere if empty.'),
  },
)
export type NetworkPolicyIngressRule = ValueOfShape<typeof networkPolicyIngressRule>

export const networkPolicyEgressRule = shape(
  'io.k8s.api.networking.v1.NetworkPolicyEgressRule',
  'Traffic from the pods that is allowed.',
  {
    ports: list(1, networkPolicyPort).atomic().doc('To which ports; all if empty.'),
    to: list(2, networkPolicyPeer).atomic().doc('To where; everywhere if empty.'),
  },
)
export type NetworkPolicyEgressRule = ValueOfShape<typeof networkPolicyEgressRule>

export const networkPolicySpec = shape(
  'io.k8s.api.networking.v1.NetworkPolicySpec',
  'Which traffic of which pods is allowed.',
  {
    podSelector: struct(1, labelSelector)
      .always()
      .doc('Labels of the pods; empty is all of the namespace.'),
    ingress: list(2, networkPolicyIngressRule)
      .atomic()
      .doc('Traffic to them that is allowed; none if empty, where policyTypes has Ingress.'),
    egress: list(3, networkPolicyEgressRule)
      .atomic()
      .doc('Traffic from them that is allowed; none if empty, where policyTypes has Egress.'),
    policyTypes: list(4, string().enum('Egress', 'Ingress'))
      .atomic()
      .doc('Which direction it governs; Ingress, and Egress where there are such rules, if empty.'),
  },
)
export type NetworkPolicySpec = ValueOfShape<typeof networkPolicySpec>

export const networkPolicyShape = objectShape(
  'io.k8s.api.networking.v1.NetworkPolicy',
  'Says which traffic of pods is allowed; all other is not, once a policy selects them.',
  { spec: struct(2, networkPolicySpec).always().doc('Which traffic of which pods.') },
)
export type NetworkPolicy = ObjectOfShape<typeof networkPolicyShape>
