import {
  duplicate,
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
} from '../../machinery/field-error.ts'
import {
  isDns1123Label,
  isDns1123Subdomain,
  isPortName,
  isPortNumber,
  isQualifiedName,
} from '../../machinery/names.ts'
import { validateLabels } from '../../machinery/validate-metadata.ts'
import { addressFamily, isCidr, isIp, isOrdinaryIp } from './addresses.ts'
import { HEADLESS } from './service.addresses.ts'
import { isReachableFromOutside } from './service.defaults.ts'
import type { Service, ServicePort, ServiceSpec } from './service.schema.ts'
import { TOPOLOGY_HINTS, TOPOLOGY_MODE } from './service.warnings.ts'
import { given, needed, oneOf, whenSet, wrong } from './validation.ts'

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']
const LONGEST_AFFINITY_SECONDS = 24 * 60 * 60
const POLICIES = ['Cluster', 'Local']
/** In this order, in which they are told. */
const DISTRIBUTIONS = ['PreferClose', 'PreferSameZone', 'PreferSameNode']
const IP_MODES = ['Proxy', 'VIP']
const ONLY_BALANCED = "may only be used when `type` is 'LoadBalancer'"
const SOURCE_RANGES = 'service.beta.kubernetes.io/load-balancer-source-ranges'

/** In upstream's order, in which the causes are told; those of addresses and families were told before, see settleService. */
export function validateService(
  { metadata, spec }: Service,
  previous?: Service,
): readonly FieldError[] {
  const annotations = metadata.annotations ?? {}
  return [
    ...validateTopology(annotations),
    ...validateType(spec),
    ...validatePorts(spec.ports ?? []),
    ...validateLabels('spec.selector', spec.selector),
    ...validateAffinity(spec),
    ...(spec.externalIPs ?? []).flatMap((address, index) =>
      wrong(`spec.externalIPs[${index}]`, address, isOrdinaryIp(address)),
    ),
    ...oneOf('spec.type', spec.type, TYPES),
    ...validatePortsTogether(spec),
    ...validateLoadBalancer(spec, annotations),
    ...validatePolicies(spec),
    ...(previous ? validateHealthPort(spec, previous.spec) : []),
  ]
}

/** One that is new is judged where it is allocated. */
function validateHealthPort({ healthCheckNodePort: port = 0 }: ServiceSpec, before: ServiceSpec) {
  if (!takesHealthPort(before) || port === 0) return []
  return wrong('spec.healthCheckNodePort', port, isPortNumber(port))
}

const takesHealthPort = ({ type, externalTrafficPolicy }: ServiceSpec) =>
  type === 'LoadBalancer' && externalTrafficPolicy === 'Local'

export function validateServiceUpdate(next: Service, previous: Service): readonly FieldError[] {
  const errors: FieldError[] = []
  const [spec, before] = [next.spec, previous.spec]
  if (spec.type !== 'ExternalName' && before.type !== 'ExternalName')
    errors.push(...changedAddresses(spec, before), ...changedFamilies(spec, before))
  if (
    spec.type === 'LoadBalancer' &&
    before.type === 'LoadBalancer' &&
    spec.loadBalancerClass !== before.loadBalancerClass
  )
    errors.push(
      invalid('spec.loadBalancerClass', spec.loadBalancerClass, 'may not change once set'),
    )
  // Told once more with the rest, as upstream does.
  errors.push(...validateClass(spec))
  const keepsHealthPort = takesHealthPort(spec) && takesHealthPort(before)
  if (keepsHealthPort && spec.healthCheckNodePort !== before.healthCheckNodePort)
    errors.push(forbidden('spec.healthCheckNodePort', 'field is immutable'))
  return errors
}

const isHeadless = ({ clusterIPs = [] }: ServiceSpec) =>
  clusterIPs.length === 1 && clusterIPs[0] === HEADLESS

/** An address that was given stays, the second as much as the first: what is put in its place was allocated to nobody. */
function changedAddresses(spec: ServiceSpec, before: ServiceSpec): FieldError[] {
  const [now, then] = [spec.clusterIPs ?? [], before.clusterIPs ?? []]
  if (then.length > 0 && now.length === 0)
    return [invalid('spec.clusterIPs[0]', now, 'primary clusterIP can not be unset')]
  return then.flatMap((address, at) =>
    // A second one that goes was settled before.
    at < now.length && now[at] !== address
      ? [invalid(`spec.clusterIPs[${at}]`, now, 'may not change once set')]
      : [],
  )
}

function changedFamilies(spec: ServiceSpec, before: ServiceSpec): FieldError[] {
  // Without addresses there is nothing that the families could not change with.
  if (isHeadless(spec) || isHeadless(before)) return []
  const [now = [], then = []] = [spec.ipFamilies, before.ipFamilies]
  if (now.length === 0 || then.length === 0 || now[0] === then[0]) return []
  // Where one comes or goes, upstream shows the addresses.
  const shown = now.length === then.length ? now : (spec.clusterIPs ?? [])
  return [invalid('spec.ipFamilies[0]', shown, 'may not change once set')]
}

type Annotations = Readonly<Record<string, string>>

/** Two ways to say the same. */
function validateTopology(annotations: Annotations): FieldError[] {
  const [mode, hints] = [annotations[TOPOLOGY_MODE], annotations[TOPOLOGY_HINTS]]
  if (mode === undefined || hints === undefined || mode === hints) return []
  return [
    invalid(
      `metadata.annotations[${TOPOLOGY_MODE}]`,
      mode,
      `must match annotations[${TOPOLOGY_HINTS}] when both are specified`,
    ),
  ]
}

export function validateServiceStatus({ spec, status }: Service): readonly FieldError[] {
  const path = 'status.loadBalancer.ingress'
  const ingress = status.loadBalancer.ingress ?? []
  const errors: FieldError[] = []
  if (ingress.length > 0 && spec.type !== 'LoadBalancer')
    return [forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'")]
  for (const [index, { ip, hostname, ipMode }] of ingress.entries()) {
    const at = `${path}[${index}]`
    errors.push(...given(`${at}.ip`, ip, isIp))
    if (ip && ipMode === undefined)
      errors.push(required(`${at}.ipMode`, 'must be specified when `ip` is set'))
    if (!ip && ipMode !== undefined)
      errors.push(forbidden(`${at}.ipMode`, 'may not be specified when `ip` is not set'))
    if (ipMode !== undefined && !IP_MODES.includes(ipMode))
      errors.push(notSupported(`${at}.ipMode`, ipMode, IP_MODES))
    errors.push(...given(`${at}.hostname`, hostname, isDns1123Subdomain))
    if (hostname && addressFamily(hostname))
      errors.push(invalid(`${at}.hostname`, hostname, 'must be a DNS name, not an IP address'))
  }
  return errors
}

/** What a service of its type must have, and may not. */
function validateType(spec: ServiceSpec): readonly FieldError[] {
  const { type, clusterIPs = [] } = spec
  const isHeadless = clusterIPs.length === 1 && clusterIPs[0] === HEADLESS
  const errors: FieldError[] = []
  if (!spec.ports?.length && !isHeadless && type !== 'ExternalName')
    errors.push(required('spec.ports'))
  if (isHeadless && (type === 'NodePort' || type === 'LoadBalancer'))
    errors.push(
      invalid('spec.clusterIPs[0]', HEADLESS, `may not be set to 'None' for ${type} services`),
    )
  if (type !== 'ExternalName') return errors
  if (clusterIPs.length > 0) errors.push(forbidden('spec.clusterIPs', NOT_OF_NAMES))
  if (spec.ipFamilies?.length) errors.push(forbidden('spec.ipFamilies', NOT_OF_NAMES))
  if (spec.ipFamilyPolicy !== undefined) errors.push(forbidden('spec.ipFamilyPolicy', NOT_OF_NAMES))
  const name = (spec.externalName ?? '').replace(/\.$/, '')
  return [...errors, ...needed('spec.externalName', name, isDns1123Subdomain)]
}

function validatePorts(ports: readonly ServicePort[]): readonly FieldError[] {
  const names = new Set<string>()
  return ports.flatMap((port, index) => {
    const at = `spec.ports[${index}]`
    const { name = '', targetPort = 0 } = port
    const errors: FieldError[] = []
    if (ports.length > 1 && name === '') errors.push(required(`${at}.name`))
    errors.push(...given(`${at}.name`, name, isDns1123Label))
    if (name !== '' && names.has(name)) errors.push(duplicate(`${at}.name`, name))
    names.add(name)
    return [
      ...errors,
      ...wrong(`${at}.port`, port.port, isPortNumber(port.port)),
      ...oneOf(`${at}.protocol`, port.protocol, ['SCTP', 'TCP', 'UDP']),
      ...wrong(
        `${at}.targetPort`,
        targetPort,
        typeof targetPort === 'number' ? isPortNumber(targetPort) : isPortName(targetPort),
      ),
      ...whenSet(`${at}.appProtocol`, port.appProtocol, isQualifiedName),
    ]
  })
}

/** The numbers that nodes listen on are judged where they are allocated. */
function validatePortsTogether({ type, ports = [] }: ServiceSpec): readonly FieldError[] {
  const [ofClusterIp, onNodes, onService]: FieldError[][] = [[], [], []]
  const [nodePorts, pairs] = [new Set<string>(), new Set<string>()]
  for (const [index, { port, protocol, nodePort = 0 }] of ports.entries()) {
    const at = `spec.ports[${index}]`
    if (nodePort !== 0 && type === 'ClusterIP')
      ofClusterIp?.push(forbidden(`${at}.nodePort`, "may not be used when `type` is 'ClusterIP'"))
    const nodePair = `${protocol}/${nodePort}`
    if (nodePort !== 0 && nodePorts.has(nodePair))
      onNodes?.push(duplicate(`${at}.nodePort`, nodePort))
    nodePorts.add(nodePair)
    const pair = `${protocol}/${port}`
    if (pairs.has(pair)) onService?.push(duplicate(at, { port, protocol }))
    pairs.add(pair)
  }
  return [...(ofClusterIp ?? []), ...(onNodes ?? []), ...(onService ?? [])]
}

function validateAffinity(spec: ServiceSpec): readonly FieldError[] {
  const errors = [...oneOf('spec.sessionAffinity', spec.sessionAffinity, ['ClientIP', 'None'])]
  const config = spec.sessionAffinityConfig
  if (spec.sessionAffinity === 'None' && config)
    errors.push(
      forbidden('spec.sessionAffinityConfig', 'must not be set when session affinity is None'),
    )
  if (spec.sessionAffinity !== 'ClientIP') return errors
  const field = 'spec.sessionAffinityConfig.clientIP.timeoutSeconds'
  const seconds = config?.clientIP?.timeoutSeconds
  if (seconds === undefined) errors.push(required(field, 'when session affinity type is ClientIP'))
  else if (seconds <= 0 || seconds > LONGEST_AFFINITY_SECONDS)
    errors.push(
      invalid(field, seconds, `must be greater than 0 and less than ${LONGEST_AFFINITY_SECONDS}`),
    )
  return errors
}

const NOT_OF_NAMES = 'may not be set for ExternalName services'

function validatePolicies(spec: ServiceSpec): readonly FieldError[] {
  const { externalTrafficPolicy, healthCheckNodePort = 0, trafficDistribution } = spec
  const errors: FieldError[] = []
  if (isReachableFromOutside(spec))
    errors.push(...oneOf('spec.externalTrafficPolicy', externalTrafficPolicy, POLICIES))
  else if (externalTrafficPolicy)
    errors.push(
      invalid(
        'spec.externalTrafficPolicy',
        externalTrafficPolicy,
        'may only be set for externally-accessible services',
      ),
    )
  if (healthCheckNodePort !== 0 && !takesHealthPort(spec))
    errors.push(
      invalid(
        'spec.healthCheckNodePort',
        healthCheckNodePort,
        "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
      ),
    )
  if (spec.type !== 'ExternalName') {
    if (spec.internalTrafficPolicy === undefined)
      errors.push(required('spec.internalTrafficPolicy'))
    else if (!POLICIES.includes(spec.internalTrafficPolicy))
      errors.push(notSupported('spec.internalTrafficPolicy', spec.internalTrafficPolicy, POLICIES))
  }
  if (trafficDistribution !== undefined && !DISTRIBUTIONS.includes(trafficDistribution))
    errors.push(notSupported('spec.trafficDistribution', trafficDistribution, DISTRIBUTIONS))
  return errors
}

function validateLoadBalancer(spec: ServiceSpec, annotations: Annotations): readonly FieldError[] {
  const isBalanced = spec.type === 'LoadBalancer'
  const errors = [...validateSourceRanges(spec, annotations[SOURCE_RANGES])]
  if (isBalanced && spec.allocateLoadBalancerNodePorts === undefined)
    errors.push(required('spec.allocateLoadBalancerNodePorts'))
  if (!isBalanced && spec.allocateLoadBalancerNodePorts !== undefined)
    errors.push(forbidden('spec.allocateLoadBalancerNodePorts', ONLY_BALANCED))
  return [...errors, ...validateClass(spec)]
}

function validateClass({ type, loadBalancerClass }: ServiceSpec): readonly FieldError[] {
  const field = 'spec.loadBalancerClass'
  if (type === 'LoadBalancer') return whenSet(field, loadBalancerClass, isQualifiedName)
  return loadBalancerClass === undefined ? [] : [forbidden(field, ONLY_BALANCED)]
}

/** An annotation says the same in an older way, and counts where the field says nothing. */
function validateSourceRanges(
  { type, loadBalancerSourceRanges: ranges = [] }: ServiceSpec,
  annotation: string | undefined,
): readonly FieldError[] {
  const isBalanced = type === 'LoadBalancer'
  if (ranges.length > 0) {
    const field = 'spec.LoadBalancerSourceRanges'
    return [
      ...(isBalanced ? [] : [forbidden(field, ONLY_BALANCED)]),
      ...ranges.flatMap((range, index) => wrong(`${field}[${index}]`, range, isCidr(range.trim()))),
    ]
  }
  if (annotation === undefined) return []
  const field = `metadata.annotations[${SOURCE_RANGES}]`
  const parts = annotation.trim() === '' ? [] : annotation.split(',')
  return [
    ...(isBalanced ? [] : [forbidden(field, ONLY_BALANCED)]),
    ...parts.flatMap(range => wrong(field, range.trim(), isCidr(range.trim()))),
  ]
}
