import { isCidr, isWithin } from '../../core/v1/addresses.ts'
import { validateLabelSelector } from '../../core/v1/validation.selectors.ts'
import { wrong } from '../../core/v1/validation.ts'
import {
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
} from '../../machinery/field-error.ts'
import { isPortName, isPortNumber } from '../../machinery/names.ts'
import type {
  IpBlock,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
  NetworkPolicySpec,
} from './network-policy.schema.ts'

const PROTOCOLS = ['TCP', 'UDP', 'SCTP']
const POLICY_TYPES = ['Ingress', 'Egress']

export function validateNetworkPolicy({ spec }: NetworkPolicy): readonly FieldError[] {
  const errors = [...validateLabelSelector('spec.podSelector', spec.podSelector)]
  for (const { path, ports, peers, side } of rulesOf(spec)) {
    for (const [index, port] of ports.entries())
      errors.push(...validatePort(`${path}.ports[${index}]`, port))
    for (const [index, peer] of peers.entries())
      errors.push(...validatePeer(`${path}.${side}[${index}]`, peer))
  }
  const { policyTypes = [] } = spec
  if (policyTypes.length > POLICY_TYPES.length)
    return [
      ...errors,
      invalid('spec.policyTypes', policyTypes, 'may not specify more than two policyTypes'),
    ]
  for (const [index, type] of policyTypes.entries())
    if (!POLICY_TYPES.includes(type))
      errors.push(notSupported(`spec.policyTypes[${index}]`, type, POLICY_TYPES))
  return errors
}

/** Rules of both directions, which differ in the name of their peers alone. */
function rulesOf({ ingress = [], egress = [] }: NetworkPolicySpec) {
  const side = { ingress: 'from', egress: 'to' } as const
  return [
    ...ingress.map(({ ports = [], from = [] }, index) => ({
      path: `spec.ingress[${index}]`,
      side: side.ingress,
      ports,
      peers: from,
    })),
    ...egress.map(({ ports = [], to = [] }, index) => ({
      path: `spec.egress[${index}]`,
      side: side.egress,
      ports,
      peers: to,
    })),
  ]
}

/** Every range of addresses, with its place. */
export function blocksOf(spec: NetworkPolicySpec): { path: string; block: IpBlock }[] {
  return rulesOf(spec).flatMap(({ path, side, peers }) =>
    peers.flatMap(({ ipBlock }, index) =>
      ipBlock ? [{ path: `${path}.${side}[${index}].ipBlock`, block: ipBlock }] : [],
    ),
  )
}

function validatePort(
  path: string,
  { protocol, port, endPort }: NetworkPolicyPort,
): readonly FieldError[] {
  const errors: FieldError[] = []
  if (protocol !== undefined && !PROTOCOLS.includes(protocol))
    errors.push(notSupported(`${path}.protocol`, protocol, PROTOCOLS))
  const refuseEnd = (why: string) => errors.push(invalid(`${path}.endPort`, endPort, why))
  if (typeof port === 'number') {
    errors.push(...wrong(`${path}.port`, port, isPortNumber(port)))
    if (endPort === undefined) return errors
    // As upstream, the other port is shown.
    if (endPort < port)
      errors.push(invalid(`${path}.endPort`, port, 'must be greater than or equal to `port`'))
    for (const why of isPortNumber(endPort)) refuseEnd(why)
    return errors
  }
  if (endPort !== undefined)
    refuseEnd(
      port === undefined
        ? 'may not be specified when `port` is not specified'
        : 'may not be specified when `port` is non-numeric',
    )
  if (port !== undefined) errors.push(...wrong(`${path}.port`, port, isPortName(port)))
  return errors
}

function validatePeer(path: string, peer: NetworkPolicyPeer): readonly FieldError[] {
  const { podSelector, namespaceSelector, ipBlock } = peer
  const errors = [
    ...validateLabelSelector(`${path}.podSelector`, podSelector),
    ...validateLabelSelector(`${path}.namespaceSelector`, namespaceSelector),
    ...(ipBlock ? validateBlock(`${path}.ipBlock`, ipBlock) : []),
  ]
  if (!podSelector && !namespaceSelector && !ipBlock)
    errors.push(required(path, 'must specify a peer'))
  else if (ipBlock && (podSelector || namespaceSelector))
    errors.push(forbidden(path, 'may not specify both ipBlock and another peer'))
  return errors
}

function validateBlock(path: string, { cidr, except = [] }: IpBlock): readonly FieldError[] {
  if (!cidr) return [required(`${path}.cidr`)]
  const errors = [...wrong(`${path}.cidr`, cidr, isCidr(cidr))]
  const isRange = errors.length === 0
  for (const [index, range] of except.entries()) {
    const field = `${path}.except[${index}]`
    const problems = isCidr(range)
    errors.push(...wrong(field, range, problems))
    if (!isRange || problems.length > 0) continue
    if (!isWithin(range, cidr) || isWithin(cidr, range))
      errors.push(invalid(field, range, 'must be a strict subset of `cidr`'))
  }
  return errors
}
