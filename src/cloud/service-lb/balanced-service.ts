/** Which Services want a load balancer of the cloud, and which changes of one it has to be told of. Pure. */
import type { Service } from '#api/core/v1/service.ts'

/** Keeps a Service until its load balancer is gone. */
export const FINALIZER = 'service.kubernetes.io/load-balancer-cleanup'

/** One with a class is somebody else's. */
export const wantsBalancer = ({ spec }: Service): boolean =>
  spec.type === 'LoadBalancer' && spec.loadBalancerClass === undefined

export const hasFinalizer = ({ metadata }: Service): boolean =>
  (metadata.finalizers ?? []).includes(FINALIZER)

/** It has, or may have, a load balancer that it should not have any more. */
export const needsCleanup = (service: Service): boolean =>
  hasFinalizer(service) &&
  (service.metadata.deletionTimestamp !== undefined || service.spec.type !== 'LoadBalancer')

export function needsUpdate(next: Service, previous: Service): boolean {
  const wants = wantsBalancer(next)
  if (wants !== wantsBalancer(previous)) return true
  return wants && toldOf(next) !== toldOf(previous)
}

/** All of a Service that may mean something to a load balancer. Its endpoints do not: traffic comes by way of the nodes. */
function toldOf({ metadata, spec }: Service): string {
  const ports = (spec.ports ?? []).map(({ name, protocol, port, nodePort, appProtocol }) => [
    name,
    protocol,
    port,
    nodePort,
    appProtocol,
  ])
  return JSON.stringify([
    metadata.uid,
    Object.entries(metadata.annotations ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    ports,
    spec.loadBalancerSourceRanges,
    spec.sessionAffinity,
    spec.sessionAffinityConfig,
    spec.loadBalancerIP,
    spec.externalIPs,
    spec.externalTrafficPolicy,
    spec.healthCheckNodePort,
    // One is added or taken away; which they are cannot change.
    (spec.ipFamilies ?? []).length,
  ])
}
