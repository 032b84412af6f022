/**
 * What the server fills in before addresses and ports are allocated. What was allocated before and the pair of clusterIP and
 * clusterIPs are settled here; picking free addresses and node ports is the API server's.
 */
import type { FieldError } from '../../machinery/field-error.ts'
import { type ClusterFamilies, IPV4_ALONE, isSame, settleFamilies } from './service.addresses.ts'
import { isReachableFromOutside } from './service.defaults.ts'
import type { Service, ServicePort, ServiceSpec } from './service.schema.ts'

/**
 * Comes first, before the draft is prepared. Who replaces a service usually leaves out what was allocated for it: that stays. What is
 * wrong with addresses and families afterwards is told alone.
 */
export function settleService(
  { spec }: Service,
  previous?: Service,
  families: ClusterFamilies = IPV4_ALONE,
): readonly FieldError[] {
  const before = previous?.spec
  if (before) {
    keepAllocated(spec, before)
    followClusterIp(spec, before)
  } else if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP]
  return settleFamilies(spec, before, families)
}

export function prepareServiceForCreate(draft: Service): void {
  draft.status = { loadBalancer: {} }
  withoutPolicy(draft.spec)
}

/** What was kept goes where the type no longer has it. */
export function prepareServiceForUpdate(draft: Service, previous: Service): void {
  const isLeft = previous.spec.type === 'LoadBalancer' && draft.spec.type !== 'LoadBalancer'
  draft.status = isLeft ? { ...previous.status, loadBalancer: {} } : previous.status
  dropWhatTypeLacks(draft.spec, previous.spec)
  withoutPolicy(draft.spec)
}

/** Where no address in the cluster leads to it, no policy says which endpoints are used. */
function withoutPolicy(spec: ServiceSpec): void {
  if (!hasClusterIp(spec)) delete spec.internalTrafficPolicy
}

const hasClusterIp = ({ type }: ServiceSpec) => type !== 'ExternalName'
const mayHaveNodePorts = ({ type }: ServiceSpec) => type === 'NodePort' || type === 'LoadBalancer'
const hasNodePorts = ({ type, allocateLoadBalancerNodePorts }: ServiceSpec) =>
  type === 'NodePort' || (type === 'LoadBalancer' && allocateLoadBalancerNodePorts !== false)
const hasHealthCheckPort = ({ type, externalTrafficPolicy }: ServiceSpec) =>
  type === 'LoadBalancer' && externalTrafficPolicy === 'Local'

function keepAllocated(spec: ServiceSpec, before: ServiceSpec): void {
  if (hasClusterIp(before) && hasClusterIp(spec)) {
    if (!spec.clusterIP && before.clusterIP) spec.clusterIP = before.clusterIP
    if (!spec.clusterIPs?.length && spec.clusterIP === before.clusterIP && before.clusterIPs)
      spec.clusterIPs = [...before.clusterIPs]
  }
  if (hasNodePorts(before) && hasNodePorts(spec))
    keepNodePorts(spec.ports ?? [], before.ports ?? [])
  if (hasHealthCheckPort(before) && hasHealthCheckPort(spec))
    spec.healthCheckNodePort ||= before.healthCheckNodePort
}

/** By name, whatever else of a port is changed; but not where the number is said of another port. */
function keepNodePorts(ports: readonly ServicePort[], before: readonly ServicePort[]): void {
  const said = new Set(ports.map(({ nodePort }) => nodePort))
  const known = new Map(before.map(({ name = '', nodePort }) => [name, nodePort]))
  for (const port of ports) {
    const nodePort = known.get(port.name ?? '')
    if (!port.nodePort && nodePort && !said.has(nodePort)) port.nodePort = nodePort
  }
}

/** Old clients know only clusterIP: what they change there leads clusterIPs. */
function followClusterIp(spec: ServiceSpec, before: ServiceSpec): void {
  const changed = (spec.clusterIP ?? '') !== (before.clusterIP ?? '')
  const listChanged = (spec.clusterIPs ?? []).join() !== (before.clusterIPs ?? []).join()
  if (spec.clusterIP && !spec.clusterIPs?.length)
    spec.clusterIPs = (!changed && before.clusterIPs) || [spec.clusterIP]
  if (!changed || listChanged) return
  if (spec.clusterIP) spec.clusterIPs = [spec.clusterIP]
  else delete spec.clusterIPs
}

/** A field that is as before, but means nothing for the new type, goes; one that was set anew is left to validation. */
function dropWhatTypeLacks(spec: ServiceSpec, before: ServiceSpec): void {
  if (hasClusterIp(before) && !hasClusterIp(spec)) {
    if (spec.clusterIP === before.clusterIP && isSame(spec.clusterIPs, before.clusterIPs)) {
      delete spec.clusterIP
      delete spec.clusterIPs
    }
    if (isSame(spec.ipFamilies, before.ipFamilies)) delete spec.ipFamilies
    if (spec.ipFamilyPolicy === before.ipFamilyPolicy) delete spec.ipFamilyPolicy
  }
  const losesNodePorts = mayHaveNodePorts(before) && !mayHaveNodePorts(spec)
  if (losesNodePorts && hasNoOtherNodePorts(spec, before))
    for (const port of spec.ports ?? []) delete port.nodePort
  const losesHealthPort = hasHealthCheckPort(before) && !hasHealthCheckPort(spec)
  if (losesHealthPort && spec.healthCheckNodePort === before.healthCheckNodePort)
    delete spec.healthCheckNodePort
  if (before.type === 'LoadBalancer' && spec.type !== 'LoadBalancer') {
    if (spec.allocateLoadBalancerNodePorts === before.allocateLoadBalancerNodePorts)
      delete spec.allocateLoadBalancerNodePorts
    if (spec.loadBalancerClass === before.loadBalancerClass) delete spec.loadBalancerClass
  }
  const hasNoPolicy = isReachableFromOutside(before) && !isReachableFromOutside(spec)
  if (hasNoPolicy && spec.externalTrafficPolicy === before.externalTrafficPolicy)
    delete spec.externalTrafficPolicy
}

function hasNoOtherNodePorts({ ports = [] }: ServiceSpec, before: ServiceSpec): boolean {
  const known = new Set(before.ports?.map(({ nodePort }) => nodePort))
  return ports.every(({ nodePort }) => !nodePort || known.has(nodePort))
}
