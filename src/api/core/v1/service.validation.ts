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
import { isReachableFromOutside } from './service.defaults.ts'
import type { Service, ServicePort, ServiceSpec } from './service.schema.ts'
import { HEADLESS } from './service.update.ts'
import { TOPOLOGY_HINTS, TOPOLOGY_MODE } from './service.warnings.ts'
import { given, oneOf, wrong } from './validation.ts'

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']
const LONGEST_AFFINITY_SECONDS = 24 * 60 * 60
const POLICIES = ['Cluster', 'Local']
const IP_MODES = ['Proxy', 'VIP']
const ONLY_BALANCED = "may only be used when `type` is 'LoadBalancer'"
const SOURCE_RANGES = 'service.beta.kubernetes.io/load-balancer-source-ranges'

export function validateService({ metadata, spec }: Service): readonly FieldError[] {
  return [
    ...validateAnnotations(metadata.annotations ?? {}, spec),
    ...oneOf('spec.type', spec.type, TYPES),
    ...validatePorts(spec),
    ...validateLabels('spec.selector', spec.selector),
    ...validateAffinity(spec),
    ...validateClusterIps(spec),
    ...validateExternal(spec),
    ...validatePolicies(spec),
    ...validateLoadBalancer(spec),
  ]
}

export function validateServiceUpdate(next: Service, previous: Service): readonly FieldError[] {
  const errors: FieldError[] = []
  const [spec, before] = [next.spec, previous.spec]
  if (spec.type !== 'ExternalName' && before.type !== 'ExternalName') {
    const [after, old] = [spec.clusterIPs?.[0] ?? '', before.clusterIPs?.[0] ?? '']
    if (old !== '' && after === '')
      errors.push(
        invalid('spec.clusterIPs[0]', spec.clusterIPs ?? [], 'primary clusterIP can not be unset'),
      )
    else if (old !== '' && after !== old)
      errors.push(invalid('spec.clusterIPs[0]', spec.clusterIPs ?? [], 'may not change once set'))
    const [family, oldFamily] = [spec.ipFamilies?.[0], before.ipFamilies?.[0]]
    if (oldFamily !== undefined && family !== undefined && family !== oldFamily)
      errors.push(invalid('spec.ipFamilies[0]', spec.ipFamilies, 'may not change once set'))
  }
  if (
    spec.type === 'LoadBalancer' &&
    before.type === 'LoadBalancer' &&
    spec.loadBalancerClass !== before.loadBalancerClass
  )
    errors.push(
      invalid('spec.loadBalancerClass', spec.loadBalancerClass, 'may not change once set'),
    )
  const takesHealthPort = [spec, before].every(
    each => each.type === 'LoadBalancer' && each.externalTrafficPolicy === 'Local',
  )
  if (takesHealthPort && spec.healthCheckNodePort !== before.healthCheckNodePort)
    errors.push(forbidden('spec.healthCheckNodePort', 'field is immutable'))
  return errors
}

/** Older ways to say what fields or other annotations say now. */
function validateAnnotations(
  annotations: Readonly<Record<string, string>>,
  { type, loadBalancerSourceRanges = [] }: ServiceSpec,
): FieldError[] {
  const errors: FieldError[] = []
  const [mode, hints] = [annotations[TOPOLOGY_MODE], annotations[TOPOLOGY_HINTS]]
  if (mode !== undefined && hints !== undefined && mode !== hints)
    errors.push(
      invalid(
        `metadata.annotations[${TOPOLOGY_MODE}]`,
        mode,
        `must match annotations[${TOPOLOGY_HINTS}] when both are specified`,
      ),
    )
  const ranges = annotations[SOURCE_RANGES]
  if (ranges === undefined || loadBalancerSourceRanges.length > 0) return errors
  const field = `metadata.annotations[${SOURCE_RANGES}]`
  if (type !== 'LoadBalancer') errors.push(forbidden(field, ONLY_BALANCED))
  for (const range of ranges.trim() === '' ? [] : ranges.split(','))
    errors.push(...wrong(field, range.trim(), isCidr(range.trim())))
  return errors
}

export function validateServiceStatus({ spec, status }: Service): readonly FieldError[] {
  const path = 'status.loadBalancer.ingress'
  const ingress = status.loadBalancer.ingress ?? []
  const errors: FieldError[] = []
  if (ingress.length > 0 && spec.type !== 'LoadBalancer')
    errors.push(forbidden(path, ONLY_BALANCED))
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

function validatePorts(spec: ServiceSpec): readonly FieldError[] {
  const ports = spec.ports ?? []
  const errors: FieldError[] = []
  if (ports.length === 0 && spec.clusterIP !== HEADLESS && spec.type !== 'ExternalName')
    errors.push(required('spec.ports'))
  const [names, pairs, nodePorts] = [new Set<string>(), new Set<string>(), new Set<string>()]
  for (const [index, port] of ports.entries()) {
    const at = `spec.ports[${index}]`
    errors.push(...validatePort(at, port, ports.length > 1))
    if (port.name && names.has(port.name)) errors.push(duplicate(`${at}.name`, port.name))
    if (port.name) names.add(port.name)
    const pair = `${port.protocol}/${port.port}`
    if (pairs.has(pair)) errors.push(duplicate(at, { port: port.port, protocol: port.protocol }))
    pairs.add(pair)
    if (!port.nodePort) continue
    if (spec.type === 'ClusterIP')
      errors.push(forbidden(`${at}.nodePort`, "may not be used when `type` is 'ClusterIP'"))
    const nodePair = `${port.protocol}/${port.nodePort}`
    if (nodePorts.has(nodePair)) errors.push(duplicate(`${at}.nodePort`, port.nodePort))
    nodePorts.add(nodePair)
  }
  return errors
}

function validatePort(path: string, port: ServicePort, isOneOfMany: boolean): FieldError[] {
  const { name, targetPort = 0, nodePort = 0 } = port
  const errors: FieldError[] = []
  if (isOneOfMany && !name) errors.push(required(`${path}.name`))
  errors.push(
    ...given(`${path}.name`, name, isDns1123Label),
    ...wrong(`${path}.port`, port.port, isPortNumber(port.port)),
    ...oneOf(`${path}.protocol`, port.protocol, ['SCTP', 'TCP', 'UDP']),
    ...wrong(
      `${path}.targetPort`,
      targetPort,
      typeof targetPort === 'number' ? isPortNumber(targetPort) : isPortName(targetPort),
    ),
    ...given(`${path}.appProtocol`, port.appProtocol, isQualifiedName),
  )
  if (nodePort !== 0) errors.push(...wrong(`${path}.nodePort`, nodePort, isPortNumber(nodePort)))
  return errors
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

function validateClusterIps(spec: ServiceSpec): readonly FieldError[] {
  const { clusterIP = '', clusterIPs = [], type } = spec
  const field = 'spec.clusterIPs'
  if (type === 'ExternalName')
    return [
      ...(clusterIP || clusterIPs.length > 0 ? [forbidden(field, NOT_OF_NAMES)] : []),
      ...(spec.ipFamilies?.length ? [forbidden('spec.ipFamilies', NOT_OF_NAMES)] : []),
      ...(spec.ipFamilyPolicy !== undefined
        ? [forbidden('spec.ipFamilyPolicy', NOT_OF_NAMES)]
        : []),
    ]
  const errors: FieldError[] = []
  if (!clusterIP && clusterIPs.length > 0)
    errors.push(invalid(field, clusterIPs, 'must be empty when `clusterIP` is not specified'))
  else if (clusterIP && clusterIPs[0] !== clusterIP)
    errors.push(invalid(field, clusterIPs, 'first value must match `clusterIP`'))
  if (clusterIPs.length > 1 && clusterIPs.includes(HEADLESS))
    errors.push(invalid(field, HEADLESS, "'None' must be the first and only value"))
  if (clusterIPs.length > 2) errors.push(invalid(field, clusterIPs, 'may only hold up to 2 values'))
  for (const [index, address] of clusterIPs.entries())
    if (address !== HEADLESS) errors.push(...wrong(`${field}[${index}]`, address, isIp(address)))
  const families = clusterIPs.map(addressFamily)
  if (clusterIPs.length === 2 && families[0] === families[1])
    errors.push(invalid(field, clusterIPs, 'may specify no more than one IP for each IP family'))
  for (const [index, family] of families.entries()) {
    const wanted = spec.ipFamilies?.[index]
    if (family && wanted && family !== wanted)
      errors.push(
        invalid(
          `${field}[${index}]`,
          clusterIPs[index],
          `expected an ${wanted} value as indicated by \`ipFamilies[${index}]\``,
        ),
      )
  }
  if (clusterIP === HEADLESS && (type === 'NodePort' || type === 'LoadBalancer'))
    errors.push(invalid(`${field}[0]`, HEADLESS, `may not be set to 'None' for ${type} services`))
  for (const [index, family] of (spec.ipFamilies ?? []).entries()) {
    if (family !== 'IPv4' && family !== 'IPv6')
      errors.push(notSupported(`spec.ipFamilies[${index}]`, family, ['IPv4', 'IPv6']))
    if (spec.ipFamilies?.indexOf(family) !== index)
      errors.push(duplicate(`spec.ipFamilies[${index}]`, family))
  }
  return errors
}

function validateExternal(spec: ServiceSpec): readonly FieldError[] {
  const errors = (spec.externalIPs ?? []).flatMap((address, index) =>
    wrong(`spec.externalIPs[${index}]`, address, isOrdinaryIp(address)),
  )
  if (spec.type !== 'ExternalName') return errors
  const name = (spec.externalName ?? '').replace(/\.$/, '')
  if (name === '') errors.push(required('spec.externalName'))
  else errors.push(...wrong('spec.externalName', name, isDns1123Subdomain(name)))
  return errors
}

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
  if (spec.type !== 'ExternalName')
    errors.push(...oneOf('spec.internalTrafficPolicy', spec.internalTrafficPolicy, POLICIES))
  const takesHealthPort = spec.type === 'LoadBalancer' && externalTrafficPolicy === 'Local'
  if (healthCheckNodePort !== 0 && !takesHealthPort)
    errors.push(
      invalid(
        'spec.healthCheckNodePort',
        healthCheckNodePort,
        "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
      ),
    )
  if (trafficDistribution !== undefined)
    errors.push(
      ...oneOf('spec.trafficDistribution', trafficDistribution, [
        'PreferClose',
        'PreferSameNode',
        'PreferSameZone',
      ]),
    )
  return errors
}

function validateLoadBalancer(spec: ServiceSpec): readonly FieldError[] {
  const isBalanced = spec.type === 'LoadBalancer'
  const ranges = spec.loadBalancerSourceRanges ?? []
  const errors: FieldError[] = []
  if (ranges.length > 0 && !isBalanced)
    errors.push(forbidden('spec.LoadBalancerSourceRanges', ONLY_BALANCED))
  for (const [index, range] of ranges.entries())
    errors.push(...wrong(`spec.LoadBalancerSourceRanges[${index}]`, range, isCidr(range.trim())))
  if (isBalanced && spec.allocateLoadBalancerNodePorts === undefined)
    errors.push(required('spec.allocateLoadBalancerNodePorts'))
  for (const field of ['allocateLoadBalancerNodePorts', 'loadBalancerClass'] as const)
    if (!isBalanced && spec[field] !== undefined)
      errors.push(forbidden(`spec.${field}`, ONLY_BALANCED))
  errors.push(...given('spec.loadBalancerClass', spec.loadBalancerClass, isQualifiedName))
  return errors
}
