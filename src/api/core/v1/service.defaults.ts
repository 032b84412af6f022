import type { Service, ServiceSpec } from './service.schema.ts'

/** How long a client's connections stick to one endpoint: three hours. */
const AFFINITY_TIMEOUT_SECONDS = 3 * 60 * 60

export function defaultService(draft: Service): void {
  const { spec, status } = draft
  spec.sessionAffinity ||= 'None'
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig
  else {
    spec.sessionAffinityConfig ??= {}
    spec.sessionAffinityConfig.clientIP ??= {}
    spec.sessionAffinityConfig.clientIP.timeoutSeconds ??= AFFINITY_TIMEOUT_SECONDS
  }
  spec.type ||= 'ClusterIP'
  for (const port of spec.ports ?? []) {
    port.protocol ||= 'TCP'
    port.targetPort ||= port.port
  }
  if (isReachableFromOutside(spec)) spec.externalTrafficPolicy ||= 'Cluster'
  if (spec.type !== 'ExternalName') spec.internalTrafficPolicy ??= 'Cluster'
  if (spec.type === 'LoadBalancer') {
    spec.allocateLoadBalancerNodePorts ??= true
    for (const ingress of status.loadBalancer.ingress ?? [])
      if (ingress.ip) ingress.ipMode ??= 'VIP'
  }
}

export function isReachableFromOutside(spec: ServiceSpec): boolean {
  if (spec.type === 'NodePort' || spec.type === 'LoadBalancer') return true
  return spec.type === 'ClusterIP' && (spec.externalIPs?.length ?? 0) > 0
}
