/**
 * What the server fills in before addresses and ports are allocated. Families and the pair of clusterIP and
 * clusterIPs are settled here; picking free addresses and node ports is the API server's.
 */
import { isReachableFromOutside } from './service.defaults.ts'
import type { Service, ServiceSpec } from './service.schema.ts'

export const HEADLESS = 'None'

export function prepareServiceForCreate(draft: Service): void {
  draft.status = { loadBalancer: {} }
  const { spec } = draft
  if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP]
  withoutPolicy(spec)
  settleFamilies(spec)
}

/** Who replaces a service usually leaves out what was allocated for it: that stays, unless the type no longer has it. */
export function prepareServiceForUpdate(draft: Service, previous: Service): void {
  const isLeft = previous.spec.type === 'LoadBalancer' && draft.spec.type !== 'LoadBalancer'
  draft.status = isLeft ? { ...previous.status, loadBalancer: {} } : previous.status
  keepAllocated(draft.spec, previous.spec)
  followClusterIp(draft.spec, previous.spec)
  dropWhatTypeLacks(draft.spec, previous.spec)
  withoutPolicy(draft.spec)
  settleFamilies(draft.spec)
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
    if (!spec.ipFamilies?.length && before.ipFamilies) spec.ipFamilies = [...before.ipFamilies]
    spec.ipFamilyPolicy ??= before.ipFamilyPolicy
  }
  if (hasNodePorts(before) && hasNodePorts(spec))
    for (const port of spec.ports ?? []) {
      if (port.nodePort) continue
      const same = before.ports?.find(
        other => other.port === port.port && other.protocol === port.protocol,
      )
      const isTaken = spec.ports?.some(other => other.nodePort === same?.nodePort)
      if (same?.nodePort && !isTaken) port.nodePort = same.nodePort
    }
  if (hasHealthCheckPort(before) && hasHealthCheckPort(spec))
    spec.healthCheckNodePort ||= before.healthCheckNodePort
}

/** Old clients know only clusterIP: what they change there leads clusterIPs. */
function followClusterIp(spec: ServiceSpec, before: ServiceSpec): void {
  const changed = (spec.clusterIP ?? '') !== (before.clusterIP ?? '')
  const listChanged = (spec.clusterIPs ?? []).join() !== (before.clusterIPs ?? []).join()
  if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP]
  if (!changed || listChanged) return
  if (spec.clusterIP) spec.clusterIPs = [spec.clusterIP]
  else delete spec.clusterIPs
}

/** A field that is as before, but means nothing for the new type, goes; one that was set anew is left to validation. */
function dropWhatTypeLacks(spec: ServiceSpec, before: ServiceSpec): void {
  if (hasClusterIp(before) && !hasClusterIp(spec)) {
    if (spec.clusterIP === before.clusterIP) {
      delete spec.clusterIP
      delete spec.clusterIPs
    }
    delete spec.ipFamilies
    delete spec.ipFamilyPolicy
  }
  if (mayHaveNodePorts(before) && !mayHaveNodePorts(spec))
    for (const port of spec.ports ?? [])
      if (before.ports?.some(other => other.nodePort === port.nodePort)) delete port.nodePort
  if (hasHealthCheckPort(before) && !hasHealthCheckPort(spec)) delete spec.healthCheckNodePort
  if (before.type === 'LoadBalancer' && spec.type !== 'LoadBalancer') {
    if (spec.allocateLoadBalancerNodePorts === before.allocateLoadBalancerNodePorts)
      delete spec.allocateLoadBalancerNodePorts
    if (spec.loadBalancerClass === before.loadBalancerClass) delete spec.loadBalancerClass
  }
  const hasNoPolicy = isReachableFromOutside(before) && !isReachableFromOutside(spec)
  if (hasNoPolicy && spec.externalTrafficPolicy === before.externalTrafficPolicy)
    delete spec.externalTrafficPolicy
}

/** A cluster of one address family: families follow the address asked for, else IPv4. */
function settleFamilies(spec: ServiceSpec): void {
  if (spec.type === 'ExternalName') return
  // Endpoints without a selector may be of any family, so such headless services claim both.
  const anyFamily = spec.clusterIP === HEADLESS && Object.keys(spec.selector ?? {}).length === 0
  spec.ipFamilyPolicy ??= anyFamily && !spec.ipFamilies?.length ? 'RequireDualStack' : 'SingleStack'
  if (spec.ipFamilies?.length) return
  if (anyFamily && spec.ipFamilyPolicy !== 'SingleStack') spec.ipFamilies = ['IPv4', 'IPv6']
  else spec.ipFamilies = [spec.clusterIP?.includes(':') ? 'IPv6' : 'IPv4']
}
